"""Getting in is tried only so often, counted before any password is hashed; nobody learns who has an account."""

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.urls import reverse

from crm import attempts, work
from crm.models import Business, Invitation, Job, Membership, User
from crm.services.people import token_digest
from tests.crm.api.calling import Caller, assert_problem
from tests.crm.test_sessions import enter
from tests.factories import make_session, make_user
from tests.factories.crm import PASSWORD

PAGE = "/account/sign-in"
RESET = "/account/password/reset"
WRONG = "not the password"


class CountingHasher(MD5PasswordHasher):
    """Counts how often a password is hashed."""

    hashed = 0
    _lock = threading.Lock()

    def encode(self, password: str, salt: str) -> str:
        with self._lock:
            type(self).hashed += 1
        return super().encode(password, salt)


@pytest.fixture
def hashed(settings: Any, db: None) -> Callable[[], int]:
    """How many passwords were hashed since the last question."""
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.hashed = 0

    def count() -> int:
        found, CountingHasher.hashed = CountingHasher.hashed, 0
        return found

    return count


@pytest.fixture
def nothing_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the test takes, no try comes back meanwhile."""
    for name in ("ADDRESS", "LINKS"):
        monkeypatch.setattr(attempts, name, (getattr(attempts, name)[0], 1e-6))


def at_page(email: str, password: str = WRONG, address: str = "192.0.2.1", **headers: str) -> Any:
    return Client().post(PAGE, {"login": email, "password": password}, REMOTE_ADDR=address, headers=headers)


def at_api(email: str, password: str = WRONG, address: str = "192.0.2.1", **headers: str) -> Any:
    return Caller().post("/auth/token", {"email": email, "password": password}, REMOTE_ADDR=address, headers=headers)


def refused(answer: Any) -> bool:
    return answer.status_code == 429


def test_guessing_one_password_is_stopped_and_the_owner_comes_in_from_elsewhere(owner: Membership) -> None:
    answers = [at_page(owner.user.email, f"wrong {n}") for n in range(20)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 15
    assert 0 < int(answers[-1]["Retry-After"]) <= 60
    assert b"Too many attempts" in answers[-1].content
    assert refused(at_page(owner.user.email, PASSWORD))
    assert at_page(owner.user.email, PASSWORD, address="198.51.100.4").status_code == 302


def test_both_doors_share_the_count(owner: Membership) -> None:
    for _ in range(3):
        at_page(owner.user.email)
    assert [at_api(owner.user.email).status_code for _ in range(3)] == [401, 401, 429]
    problem = at_api(owner.user.email)
    assert_problem(problem, 429)
    assert int(problem["Retry-After"]) > 0


def test_success_uses_nothing_up(owner: Membership) -> None:
    for _ in range(8):
        assert at_page(owner.user.email, PASSWORD).status_code == 302
    assert at_page(owner.user.email).status_code == 200


def test_many_accounts_from_one_address(db: None, nothing_comes_back: None) -> None:
    answers = [at_page(f"nobody{n}@example.com") for n in range(33)]
    assert not any(map(refused, answers[:30]))
    assert refused(answers[-1])


@pytest.mark.parametrize("header", ["x-forwarded-for", "x-real-ip", "forwarded"])
def test_headers_name_no_other_address(owner: Membership, header: str) -> None:
    answers = [at_page(owner.user.email, **{header: f"203.0.113.{n}"}) for n in range(8)]
    assert sum(map(refused, answers)) == 3


def test_one_caller_has_one_network(owner: Membership) -> None:
    answers = [at_page(owner.user.email, address=f"2001:db8:0:1::{n:x}") for n in range(8)]
    assert sum(map(refused, answers)) == 3
    assert not refused(at_page(owner.user.email, address="2001:db8:0:2::1"))


def test_strangers_everywhere_do_not_lock_the_owner_out(owner: Membership) -> None:
    make_session(owner.user, ip="198.51.100.4")
    answers = [at_page(owner.user.email, address=f"203.0.113.{n}") for n in range(60)]
    assert 50 <= sum(not refused(answer) for answer in answers) <= 53
    assert refused(at_page(owner.user.email, PASSWORD, address="203.0.113.99"))
    assert at_page(owner.user.email, PASSWORD, address="198.51.100.4").status_code == 302


def test_what_is_refused_is_not_hashed(owner: Membership, hashed: Any, nothing_comes_back: None) -> None:
    for _ in range(20):
        at_page(owner.user.email)
    assert hashed() == 5
    for n in range(60):
        at_page(f"nobody{n}@example.com", address="192.0.2.9")
    assert hashed() == attempts.ADDRESS[0]


@pytest.mark.django_db(transaction=True)
def test_sixty_at_once_get_no_further(hashed: Any) -> None:
    user = make_user()
    hashed()
    start, statuses = threading.Barrier(60), []

    def guess(number: int) -> None:
        client = Client()
        start.wait()
        try:
            answer = client.post(PAGE, {"login": user.email, "password": f"wrong {number}"}, REMOTE_ADDR="192.0.2.1")
            statuses.append(answer.status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=guess, args=(n,)) for n in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == 60
    assert statuses.count(200) <= attempts.ACCOUNT_AND_ADDRESS[0] + 2
    assert hashed() <= attempts.ACCOUNT_AND_ADDRESS[0] + 2


def _seen(answer: Any, email: str) -> tuple[int, dict[str, str], str]:
    """What a stranger sees of an answer, but for what is new in each."""
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in ("X-Request-ID", "RateLimit", "Content-Length", "Expires")
    }
    body = answer.content.decode().replace(email, "…")
    body = re.sub(r'csrfmiddlewaretoken" value="\w+"|X-CSRFToken": "\w+"|"request_id": ?"[^"]+"', "", body)
    return answer.status_code, headers, body


def test_existing_unknown_and_inactive_are_answered_alike(owner: Membership, hashed: Any) -> None:
    gone = make_user(is_active=False)
    hashed()
    tries = [
        (owner.user.email, "wrong"),
        ("nobody@example.com", "wrong"),
        (gone.email, "wrong"),
        (gone.email, PASSWORD),
    ]
    for door in (at_page, at_api):
        seen = []
        for n, (email, password) in enumerate(tries):
            seen.append(_seen(door(email, password, address=f"192.0.2.{n + 10}"), email))
            assert hashed() == 1
        assert all(one == seen[0] for one in seen), door


def test_a_reset_is_answered_alike_and_sent_by_a_job(owner: Membership, mailoutbox: Any) -> None:
    gone = make_user(is_active=False)
    emails = [owner.user.email, "nobody@example.com", gone.email]
    seen = [_seen(Client().post(RESET, {"email": email}), email) for email in emails]
    assert seen[0][0] == 302
    assert seen[0] == seen[1] == seen[2]
    assert mailoutbox == []
    waiting = list(Job.unscoped.filter(task="crm.tasks.send_reset_link").order_by("id"))
    assert [job.params for job in waiting] == [{"user_id": str(owner.user.pk)}, {"user_id": ""}, {"user_id": ""}]
    assert not any(owner.user.email in str(job.__dict__) for job in waiting)


@pytest.mark.django_db(transaction=True)
def test_the_job_sends_the_link_and_nothing_to_nobody(mailoutbox: Any, settings: Any) -> None:
    settings.PUBLIC_URL = "https://crm.example.com"
    user = make_user()
    for email in (user.email.upper(), "nobody@example.com"):
        Client().post(RESET, {"email": email})
    for job in Job.unscoped.filter(task="crm.tasks.send_reset_link"):
        work.run(str(job.pk))
    assert [message.to for message in mailoutbox] == [[user.email]]
    assert "https://crm.example.com/account/password/reset/key/" in mailoutbox[0].body


def test_nobody_is_flooded_with_reset_links(owner: Membership) -> None:
    answers = [Client().post(RESET, {"email": owner.user.email}, REMOTE_ADDR=f"203.0.113.{n}") for n in range(8)]
    assert {answer.status_code for answer in answers} == {302}
    assert Job.unscoped.filter(task="crm.tasks.send_reset_link").count() == 3
    assert Client().post(RESET, {"email": "other@example.com"}).status_code == 302
    many = [Client().post(RESET, {"email": f"x{n}@example.com"}, REMOTE_ADDR="192.0.2.77") for n in range(22)]
    assert refused(many[-1])


def _invited(business: Business, email: str) -> str:
    token = f"link-of-{email.split('@')[0]}"
    Invitation.unscoped.create(
        business=business, email=email, role="agent", token_digest=token_digest(token), expires_at="2099-01-01T00:00Z"
    )
    return f"/invitation/{token}"


def test_an_invitation_does_not_say_who_has_an_account(business: Business) -> None:
    emails = ["nobody@example.com", make_user().email, make_user(is_active=False).email]
    seen = []
    for email in emails:
        path = _invited(business, email)
        status, headers, body = _seen(Client().get(path), email)
        seen.append((status, headers, body.replace(path, "").replace(path.replace("/", "%2F"), "")))
    assert seen[0][0] == 200
    assert seen[0] == seen[1] == seen[2]


def test_links_are_not_guessed(db: None, nothing_comes_back: None) -> None:
    for path in ("/invitation/guess", "/account/password/reset/key/abc-def-123"):
        answers = [Client().get(f"{path}{n}", REMOTE_ADDR="192.0.2.5") for n in range(33)]
        assert not any(map(refused, answers[:30]))
        assert refused(answers[-1])


@pytest.mark.parametrize("name", ["token", "access_token", "api_key", "API_KEY", "refresh_token"])
def test_secrets_in_an_address_are_refused_and_not_logged(
    browser: Client, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "crm_12345678_very-secret-value"
    for path in ("/customers", "/api/v1/customers", "/nothing", PAGE):
        answer = browser.get(path, {name: secret})
        assert answer.status_code == 400
        assert secret.encode() not in answer.content
        assert name.encode() in answer.content
    assert secret not in caplog.text
    assert secret not in "".join(str(record.__dict__) for record in caplog.records if record.name.startswith("crm"))


def test_buckets_hold_no_addresses_of_people(owner: Membership) -> None:
    enter(owner.user)
    at_page(owner.user.email)
    with connection.cursor() as cursor:
        cursor.execute("select string_agg(key, ' ') from crm_bucket")
        keys = cursor.fetchone()[0]
    assert "sign-in:pair:" in keys
    assert owner.user.email not in keys
    assert "@" not in keys


def test_signing_in_still_answers_like_a_page_does(owner: Membership) -> None:
    answer = at_page(owner.user.email)
    assert b"not correct" in answer.content
    assert User.objects.get(pk=owner.user.pk).last_login is None
    assert reverse("account_reset_password").encode() in answer.content
