"""Second factors at every door: pages, the admin, the API; and that no code and no page comes round them."""

import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from crm import clock, services
from crm.actor import Actor
from crm.models import Activity, Business, Membership, Schedule, User
from crm.scope import scope
from crm.second_factors import PERIOD, TRIES, SecondFactorAdapter, count_try, matching_step, spend_code
from tests.crm.api.calling import Caller, assert_problem, make_key
from tests.crm.security_key import ALONE, SecurityKey, add_key, asked
from tests.factories import make_membership, make_user
from tests.factories.crm import PASSWORD
from tests.factories.second_factors import SECRET, code_of, make_app, make_passkey, make_recovery_codes

NOON = datetime(2026, 3, 1, 12, 0, 15, tzinfo=UTC)
SECOND_STEP = "/account/sign-in/second-step"
SECURITY = "/account/security"


def _password_step(user: User, browser: Client | None = None, **more: Any) -> tuple[Client, Any]:
    browser = browser or Client()
    response = browser.post("/account/sign-in", {"login": user.email, "password": PASSWORD, **more})
    return browser, response


def _is_signed_in(browser: Client) -> bool:
    return browser.get(SECURITY).status_code == 200


def _confirm(browser: Client) -> Client:
    """Show once more who one is, by password."""
    assert browser.post("/account/re-authenticate", {"password": PASSWORD}).status_code == 302
    return browser


@pytest.fixture
def app(owner: Membership) -> Authenticator:
    return make_app(owner.user)


# Codes


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_taken_one_period_early_or_late(app: Authenticator, steps: int, taken: bool) -> None:
    found = spend_code(user=app.user, code=code_of(at=NOON, steps=steps), at=NOON)
    assert (found == app) is taken


def test_the_window_ends_with_its_second(app: Authenticator) -> None:
    start = NOON.replace(second=0)
    code = code_of(at=start)
    assert matching_step(SECRET, code, start - timedelta(seconds=PERIOD)) is not None
    assert matching_step(SECRET, code, start - timedelta(seconds=PERIOD + 1)) is None
    assert matching_step(SECRET, code, start + timedelta(seconds=2 * PERIOD - 1)) is not None
    assert matching_step(SECRET, code, start + timedelta(seconds=2 * PERIOD)) is None


def test_each_code_works_once_and_none_before_it_any_more(app: Authenticator) -> None:
    user = app.user
    assert spend_code(user=user, code=code_of(at=NOON), at=NOON) == app
    assert spend_code(user=user, code=code_of(at=NOON), at=NOON) is None
    assert spend_code(user=user, code=code_of(at=NOON), at=NOON + timedelta(seconds=PERIOD)) is None
    assert spend_code(user=user, code=code_of(at=NOON, steps=-1), at=NOON) is None
    assert spend_code(user=user, code=code_of(at=NOON, steps=1), at=NOON) == app


@pytest.mark.django_db(transaction=True)
def test_a_code_that_comes_twice_at_once_is_taken_once() -> None:
    user = make_user()
    make_app(user)
    gate, found = threading.Barrier(8), []

    def spend() -> None:
        gate.wait()
        found.append(spend_code(user=user, code=code_of(at=NOON), at=NOON))
        connection.close()

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(row is not None for row in found) == 1


@pytest.mark.parametrize("typed", ["", " ", "abcdef", "12345", "٠٠٠٠٠٠", "１２３４５６", "123456\x00", "9" * 40])
def test_what_is_no_code_is_refused(app: Authenticator, typed: str) -> None:
    assert spend_code(user=app.user, code=typed, at=NOON) is None


def test_codes_may_be_typed_with_blanks(app: Authenticator) -> None:
    code = code_of(at=NOON)
    assert spend_code(user=app.user, code=f" {code[:3]} {code[3:]} ", at=NOON) == app


def test_recovery_codes_work_once_each(app: Authenticator) -> None:
    codes = make_recovery_codes(app.user)
    assert len(set(codes)) == 10
    for code in codes:
        assert spend_code(user=app.user, code=code, at=NOON) is not None
        assert spend_code(user=app.user, code=code, at=NOON) is None


def test_a_code_of_somebody_else_opens_nothing(app: Authenticator) -> None:
    other = make_user()
    codes = make_recovery_codes(app.user)
    assert spend_code(user=other, code=code_of(at=NOON), at=NOON) is None
    assert spend_code(user=other, code=codes[0], at=NOON) is None


def test_secrets_are_sealed_and_follow_a_new_key(app: Authenticator, settings: Any) -> None:
    make_recovery_codes(app.user)
    assert SECRET not in str(list(Authenticator.objects.values_list("data", flat=True)))
    former = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key " * 5, [former]
    assert spend_code(user=app.user, code=code_of(at=NOON), at=NOON) == app
    settings.SECRET_KEY_FALLBACKS = []
    assert spend_code(user=app.user, code=code_of(at=NOON, steps=1), at=NOON) == app
    settings.SECRET_KEY = "a third key " * 5
    assert (
        spend_code(user=app.user, code=code_of(at=NOON + timedelta(minutes=2)), at=NOON + timedelta(minutes=2)) is None
    )


# Signing in


def test_a_password_alone_does_not_sign_in(app: Authenticator) -> None:
    browser, response = _password_step(app.user)
    assert (response.status_code, response["Location"]) == (302, SECOND_STEP)
    assert not _is_signed_in(browser)


def test_a_code_signs_in_and_leads_where_one_wanted(app: Authenticator) -> None:
    browser, _response = _password_step(app.user, next="/customers")
    before = browser.session.session_key
    response = browser.post(SECOND_STEP, {"code": code_of()})
    assert (response.status_code, response["Location"]) == (302, "/customers")
    assert browser.session.session_key != before
    assert _is_signed_in(browser)


def test_a_recovery_code_signs_in_once(app: Authenticator) -> None:
    codes = make_recovery_codes(app.user)
    for status in (302, 200):
        browser, _response = _password_step(app.user)
        assert browser.post(SECOND_STEP, {"code": codes[0]}).status_code == status
        assert _is_signed_in(browser) == (status == 302)


def test_a_used_code_does_not_sign_in_again(app: Authenticator) -> None:
    code = code_of()
    browser, _response = _password_step(app.user)
    assert browser.post(SECOND_STEP, {"code": code}).status_code == 302
    thief, _response = _password_step(app.user)
    assert b"Incorrect code" in thief.post(SECOND_STEP, {"code": code}).content
    assert not _is_signed_in(thief)


def test_twenty_wrong_codes_are_cut_short(app: Authenticator) -> None:
    browser, _response = _password_step(app.user)
    answers = [browser.post(SECOND_STEP, {"code": f"{n:06}"}) for n in range(20)]
    statuses = [answer.status_code for answer in answers]
    assert statuses == [200] * TRIES + [429] * (20 - TRIES)
    assert 0 < int(answers[-1]["Retry-After"]) <= 300
    right = browser.post(SECOND_STEP, {"code": code_of()})
    assert right.status_code == 429
    assert not _is_signed_in(browser)


def test_a_new_sign_in_is_no_way_round_the_limit(app: Authenticator) -> None:
    for _try in range(TRIES):
        count_try(app.user)
    browser, _response = _password_step(app.user)
    assert browser.post(SECOND_STEP, {"code": code_of()}).status_code == 429
    body = {"email": app.user.email, "password": PASSWORD, "code": code_of()}
    assert_problem(Caller().post("/auth/token", body), 429)


BETWEEN = [
    "/", "/customers", "/account", SECURITY, "/account/security/app/add", "/account/security/recovery-codes",
    "/account/password/change", "/account/re-authenticate", "/account/re-authenticate/code", "/settings", "/admin/",
    "/activity", "/settings/people", "/switch-business", "/no-business", "/styleguide",
]  # fmt: skip


@pytest.mark.parametrize("path", BETWEEN)
def test_no_page_is_reached_between_the_steps(app: Authenticator, path: str) -> None:
    app.user.is_staff = app.user.is_superuser = True
    app.user.save()
    for method in ("get", "post"):
        browser, _response = _password_step(app.user)
        response = getattr(browser, method)(path, follow=True)
        assert response.status_code in (200, 405), (method, response.status_code)
        if response.status_code == 200:
            assert response.redirect_chain[-1][0].startswith("/account/sign-in"), method
        assert "_auth_user_id" not in browser.session


def test_the_second_step_needs_the_first(app: Authenticator) -> None:
    for browser in (Client(), _password_step(app.user, Client(), password="wrong")[0]):
        for data in (None, {"code": code_of()}):
            response = browser.post(SECOND_STEP, data) if data else browser.get(SECOND_STEP)
            assert (response.status_code, response["Location"]) == (302, "/account/sign-in")
            assert not _is_signed_in(browser)


def test_one_can_start_again(app: Authenticator) -> None:
    browser, _response = _password_step(app.user)
    assert browser.post("/account/sign-out", {"next": "/account/sign-in"})["Location"] == "/account/sign-in"
    assert browser.get(SECOND_STEP)["Location"] == "/account/sign-in"


def test_a_password_reset_does_not_skip_the_factor(app: Authenticator) -> None:
    from allauth.account.forms import default_token_generator
    from allauth.account.utils import user_pk_to_url_str

    browser = Client()
    key = f"{user_pk_to_url_str(app.user)}-{default_token_generator.make_token(app.user)}"
    there = browser.get(f"/account/password/reset/key/{key}")["Location"]
    fresh = "lantern-orbit-velvet-93"
    assert browser.post(there, {"password1": fresh, "password2": fresh}).status_code == 302
    assert not _is_signed_in(browser)
    response = browser.post("/account/sign-in", {"login": app.user.email, "password": fresh})
    assert response["Location"] == SECOND_STEP


def test_an_invitation_does_not_skip_the_factor(app: Authenticator, other_owner: Membership) -> None:
    with scope(other_owner.business):
        made = services.invite(
            actor=Actor.for_user(other_owner.user), business=other_owner.business, email=app.user.email, role="agent",
            at=clock.now(),
        )  # fmt: skip
    browser = Client()
    response = browser.post(f"/invitation/{made.token}", {"name": "Thief", "password": "lantern-orbit-velvet-93"})
    assert response.status_code == 409
    assert not _is_signed_in(browser)
    assert not Membership.unscoped.filter(business=other_owner.business, user=app.user).exists()


@pytest.mark.parametrize(
    "credential",
    ["", "{}", "[]", "5", "null", '"x"', '{"id": 1}', '{"id": "\\u0000"}', "not json", "[" * 3000, '{"id": "\\ud800"}', '{"response": 7}',
     '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"userHandle": null}}',
     '{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA","userHandle":"AA"}}'],
)  # fmt: skip
def test_made_up_passkeys_are_refused(owner: Membership, sign_in: Any, credential: str) -> None:
    make_app(owner.user)
    stranger = Client()
    stranger.get("/account/sign-in/passkey", headers={"accept": "application/json"})
    response = stranger.post("/account/sign-in/passkey", {"credential": credential})
    assert (response.status_code, response["Location"]) == (302, "/account/sign-in")
    assert not _is_signed_in(stranger)
    half, _response = _password_step(owner.user)
    half.get(SECOND_STEP)
    assert half.post(SECOND_STEP, {"credential": credential}).status_code == 200
    assert not _is_signed_in(half)
    browser = _confirm(sign_in(owner))
    browser.get("/account/security/passkeys/add")
    assert browser.post("/account/security/passkeys/add", {"name": "x", "credential": credential}).status_code == 200
    browser.get("/account/re-authenticate/passkey")
    assert browser.post("/account/re-authenticate/passkey", {"credential": credential}).status_code == 302
    assert not Authenticator.objects.filter(type="webauthn").exists()


# Setting up


@pytest.mark.django_db(transaction=True)
def test_setting_up_an_app_shows_recovery_codes_once(owner: Membership, sign_in: Any) -> None:
    browser = _confirm(sign_in(owner))
    page = browser.get("/account/security/app/add").content.decode()
    [secret] = re.findall(r"data-secret>([A-Z2-7]{32})<", page)
    assert 'src="data:image/svg+xml;base64,' in page
    wrong = browser.post("/account/security/app/add", {"code": "000000"})
    assert wrong.status_code == 200
    assert secret in wrong.content.decode()
    assert not Authenticator.objects.exists()
    code = code_of(secret)
    response = browser.post("/account/security/app/add", {"code": code})
    assert response["Location"] == "/account/security/recovery-codes"
    shown = browser.get(response["Location"]).content.decode()
    codes = re.findall(r"<li><code>(\d{8})</code></li>", shown)
    assert len(codes) == 10
    assert f"data:text/plain;charset=utf-8,{'%0A'.join(codes)}" in shown
    again = browser.get(response["Location"]).content.decode()
    assert "shown once already" in again
    assert not any(code in again for code in codes)
    assert spend_code(user=owner.user, code=code, at=clock.now()) is None, "the code of the set-up is spent"
    assert Activity.unscoped.get().verb == "crm.user.second_factor_added"
    assert [message.subject for message in mail.outbox] == ["An authenticator app was set up"]
    assert secret not in mail.outbox[0].body


def test_there_is_one_app_at_a_time(app: Authenticator, owner: Membership, sign_in: Any) -> None:
    browser = _confirm(sign_in(owner))
    assert browser.get("/account/security/app/add").status_code == 302
    assert browser.post("/account/security/app/add", {"code": code_of()}).status_code == 302
    assert Authenticator.objects.get() == app


def test_switching_the_app_off_takes_the_recovery_codes_along(
    app: Authenticator, owner: Membership, sign_in: Any
) -> None:
    make_recovery_codes(owner.user)
    browser = _confirm(sign_in(owner))
    assert browser.get("/account/security/app/remove").status_code == 200
    assert Authenticator.objects.count() == 2
    assert browser.post("/account/security/app/remove")["Location"] == SECURITY
    assert not Authenticator.objects.exists()
    assert Activity.unscoped.get().verb == "crm.user.second_factor_removed"
    assert browser.get("/account/security/app/remove").status_code == 404


def test_new_recovery_codes_replace_the_old_ones(app: Authenticator, owner: Membership, sign_in: Any) -> None:
    old = make_recovery_codes(owner.user)
    browser = _confirm(sign_in(owner))
    assert b"10 codes that are left stop" in browser.get("/account/security/recovery-codes/new").content
    assert browser.post("/account/security/recovery-codes/new").status_code == 302
    assert spend_code(user=owner.user, code=old[0], at=NOON) is None
    assert Activity.unscoped.get().verb == "crm.user.recovery_codes_made"


def test_recovery_codes_need_a_factor(owner: Membership, sign_in: Any) -> None:
    browser = _confirm(sign_in(owner))
    browser.post("/account/security/recovery-codes/new")
    assert browser.get("/account/security/recovery-codes").status_code == 404
    assert not Authenticator.objects.exists()


def test_a_passkey_is_renamed_and_removed_by_its_owner_alone(owner: Membership, sign_in: Any) -> None:
    make_app(owner.user)
    mine, other = make_passkey(owner.user), make_passkey(make_user(), "Other")
    browser = _confirm(sign_in(owner))
    assert browser.post(f"/account/security/passkeys/{mine.pk}/rename", {"name": "Blue key"}).status_code == 302
    mine.refresh_from_db()
    assert mine.data["name"] == "Blue key"
    page = browser.get(SECURITY).content.decode()
    assert "Blue key" in page
    assert "Other" not in page
    for deed in ("rename", "remove"):
        assert browser.get(f"/account/security/passkeys/{other.pk}/{deed}").status_code == 404
        assert browser.post(f"/account/security/passkeys/{other.pk}/{deed}", {"name": "Mine"}).status_code == 404
    assert browser.post(f"/account/security/passkeys/{mine.pk}/remove").status_code == 302
    assert list(Authenticator.objects.filter(type="webauthn")) == [other]
    assert Activity.unscoped.get().verb == "crm.user.second_factor_removed"


@pytest.mark.parametrize("name", ["<b>Key</b>", "x" * 61, ""])
def test_names_of_passkeys(owner: Membership, sign_in: Any, name: str) -> None:
    key = make_passkey(owner.user)
    browser = _confirm(sign_in(owner))
    response = browser.post(f"/account/security/passkeys/{key.pk}/rename", {"name": name})
    assert response.status_code == (302 if name.startswith("<") else 200)
    assert b"<b>Key" not in browser.get(SECURITY).content


def test_a_code_confirms_who_one_is(app: Authenticator, owner: Membership, sign_in: Any) -> None:
    browser = sign_in(owner)
    assert browser.post("/account/re-authenticate/code", {"code": "000000"}).status_code == 200
    response = browser.post(
        "/account/re-authenticate/code", {"code": code_of(), "next": "/account/security/app/remove"}
    )
    assert response["Location"] == "/account/security/app/remove"
    assert browser.get("/account/security/app/remove").status_code == 200


def test_only_the_pages_that_are_offered_are_there() -> None:
    for name in ("mfa_trust", "mfa_list_webauthn", "mfa_signup_webauthn", "mfa_download_recovery_codes"):
        with pytest.raises(Exception, match="not a valid"):
            reverse(name)


# A business that asks for a second factor


@pytest.fixture
def strict(business: Business) -> Business:
    business.requires_second_factor = True
    business.save()
    return business


def test_who_has_no_factor_reaches_the_set_up_alone(strict: Business, owner: Membership, sign_in: Any) -> None:
    browser = sign_in(owner)
    for path in ("/", "/customers", "/account", "/settings", "/settings/sign-in", "/account/password/change"):
        for method in ("get", "post"):
            response = getattr(browser, method)(path)
            assert (response.status_code, response["Location"]) == (302, SECURITY), (method, path)
    assert b"Acme Retail asks its members" in browser.get(SECURITY).content
    _confirm(browser)
    for path in ("/account/security/app/add", "/account/security/passkeys/add"):
        assert browser.get(path).status_code == 200
    assert browser.get("/customers", headers={"hx-request": "true"}).status_code == 204, "parts of pages stay empty"
    assert browser.post("/account/sign-out")["Location"] == "/account/sign-in"


def test_who_has_a_factor_comes_in(strict: Business, owner: Membership, sign_in: Any) -> None:
    make_recovery_codes(owner.user)
    browser = sign_in(owner)
    assert browser.get("/customers").status_code == 302
    make_passkey(owner.user)
    assert browser.get("/customers").status_code == 200
    assert b"asks its members" not in browser.get(SECURITY).content


def test_another_business_without_the_rule_stays_open(
    strict: Business, owner: Membership, other_business: Business, sign_in: Any
) -> None:
    make_membership(other_business, "agent", owner.user)
    browser = sign_in(owner)
    assert browser.get("/customers").status_code == 302
    browser.post("/switch-business", {"business": other_business.slug})
    assert browser.get("/customers").status_code == 200


def test_tokens_of_people_without_a_factor_open_nothing_there(
    strict: Business, owner: Membership, other_business: Business
) -> None:
    make_membership(other_business, "agent", owner.user)
    pair = Caller().post("/auth/token", {"email": owner.user.email, "password": PASSWORD}).json()
    token = pair["access_token"]
    assert_problem(Caller(token, strict.slug).get("/customers"), 403, "second_factor_required")
    assert_problem(Caller(token, strict.slug).get("/me"), 403, "second_factor_required")
    assert Caller(token, other_business.slug).get("/customers").status_code == 200
    assert Caller(make_key(strict)).get("/customers").status_code == 200, "a program has no second factor"
    make_app(owner.user)
    assert Caller(token, strict.slug).get("/customers").status_code == 200


def test_the_rule_is_made_on_its_page(business: Business, owner: Membership, sign_in: Any) -> None:
    make_membership(business, "agent", make_user(name="Without Any"))
    browser = sign_in(owner)
    page = browser.get("/settings/sign-in")
    assert b"Without Any" in page.content
    refused = browser.post("/settings/sign-in", {"requires_second_factor": "on"})
    assert refused.status_code == 409
    assert b"Set up a second factor of your own first" in refused.content
    make_app(owner.user)
    assert browser.post("/settings/sign-in", {"requires_second_factor": "on"}).status_code == 302
    business.refresh_from_db()
    assert business.requires_second_factor
    assert browser.post("/settings/sign-in", {}).status_code == 302
    business.refresh_from_db()
    assert not business.requires_second_factor


def test_an_owner_resets_a_members_factor(business: Business, owner: Membership, sign_in: Any) -> None:
    member = make_membership(business, "agent")
    make_app(member.user)
    theirs, browser = sign_in(member), sign_in(owner)
    assert theirs.get("/customers").status_code == 200
    path = f"/settings/people/{member.pk}/second-factor"
    assert path.encode() in browser.get(f"/settings/people/{member.pk}").content
    assert browser.get(path).status_code == 200
    assert browser.post(path).status_code == 302
    assert not Authenticator.objects.exists()
    assert [message.to for message in mail.outbox] == [[member.user.email]]
    assert path.encode() not in browser.get(f"/settings/people/{member.pk}").content
    assert browser.post(path).status_code == 409
    assert browser.post(f"/settings/people/{owner.pk}/second-factor").status_code == 409


def test_a_reset_signs_out_everywhere(business: Business, owner: Membership, sign_in: Any) -> None:
    member = make_membership(business, "agent")
    make_app(member.user)
    theirs, _response = _password_step(member.user)
    theirs.post(SECOND_STEP, {"code": code_of()})
    assert _is_signed_in(theirs)
    sign_in(owner).post(f"/settings/people/{member.pk}/second-factor")
    assert not _is_signed_in(theirs)
    _browser, response = _password_step(member.user)
    assert response["Location"] == "/"


# Operators


@pytest.fixture
def operator(db: None) -> User:
    return make_user(email="operator@example.com", is_staff=True, is_superuser=True)


def _desk(user: User) -> Client:
    browser = Client()
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


@pytest.mark.parametrize("asked", [True, False])
def test_operators_need_a_factor_where_the_installation_says_so(operator: User, settings: Any, asked: bool) -> None:
    settings.OPERATORS_NEED_SECOND_FACTOR = asked
    response = _desk(operator).get("/admin/")
    assert response.status_code == (302 if asked else 200)
    if asked:
        assert response["Location"] == SECURITY
        assert b"Operators need a second factor" in _desk(operator).get(SECURITY).content
    make_app(operator)
    assert _desk(operator).get("/admin/").status_code == 200


def test_the_admin_has_no_sign_in_of_its_own(operator: User) -> None:
    make_app(operator)
    browser = Client()
    for path in ("/admin/login/", "/admin/"):
        data = {"username": operator.email, "login": operator.email, "password": PASSWORD}
        response = browser.post(path, data, follow=True)
        assert response.redirect_chain[-1][0].startswith("/account/sign-in")
        assert "_auth_user_id" not in browser.session
    _browser, response = _password_step(operator, browser, next="/admin/")
    assert response["Location"] == SECOND_STEP
    assert browser.get("/admin/").status_code == 302
    _password_step(operator, browser, next="/admin/")
    assert browser.post(SECOND_STEP, {"code": code_of()})["Location"] == "/admin/"
    assert browser.get("/admin/").status_code == 200


def test_operators_reset_factors_in_the_admin(operator: User, owner: Membership) -> None:
    make_app(owner.user)
    make_app(operator)
    chosen = {"action": "reset_second_factor", "_selected_action": [str(owner.user.pk), str(operator.pk)]}
    response = _desk(operator).post("/admin/crm/user/", chosen, follow=True)
    assert "reset your own second factor" in response.content.decode().replace("&#x27;", "'")
    assert list(Authenticator.objects.values_list("user", flat=True)) == [operator.pk]
    assert Activity.unscoped.get().verb == "crm.user.second_factor_reset"


# Tokens of the API


def _token(user: User, **body: Any) -> Any:
    return Caller().post("/auth/token", {"email": user.email, "password": PASSWORD, **body})


def test_a_token_needs_a_code(app: Authenticator) -> None:
    assert_problem(_token(app.user), 401, "mfa_required")
    assert_problem(_token(app.user, code=""), 422)
    assert_problem(_token(app.user, code="000000"), 401, "invalid_credentials")
    assert_problem(_token(app.user, code=5), 400)
    assert_problem(_token(app.user, code="1" * 41), 422)
    assert not Session.objects.exists()
    code = code_of()
    pair = _token(app.user, code=code)
    assert pair.status_code == 200
    assert Caller(pair.json()["access_token"]).get("/me").status_code == 200
    assert_problem(_token(app.user, code=code), 401, "invalid_credentials")


def test_a_recovery_code_gets_a_token(app: Authenticator) -> None:
    codes = make_recovery_codes(app.user)
    assert _token(app.user, code=codes[3]).status_code == 200
    assert_problem(_token(app.user, code=codes[3]), 401, "invalid_credentials")


def test_a_code_does_not_replace_the_password(app: Authenticator) -> None:
    code = code_of()
    answer = Caller().post("/auth/token", {"email": app.user.email, "password": "wrong", "code": code})
    assert_problem(answer, 401, "invalid_credentials")
    assert _token(app.user, code=code).status_code == 200, "a wrong password spends no code"


def test_a_code_of_somebody_without_a_factor_is_not_looked_at(owner: Membership) -> None:
    assert _token(owner.user, code="123456").status_code == 200


def test_codes_for_tokens_are_limited(app: Authenticator) -> None:
    for _try in range(TRIES):
        count_try(app.user)
    answer = assert_problem(_token(app.user, code=code_of()), 429)
    assert answer["status"] == 429


def test_who_is_switched_off_gets_no_hint_of_a_factor(app: Authenticator) -> None:
    User.objects.filter(pk=app.user.pk).update(is_active=False)
    assert_problem(_token(app.user), 401, "invalid_credentials")


def test_the_adapter_names_the_product(app: Authenticator, settings: Any) -> None:
    address = SecondFactorAdapter().build_totp_url(app.user, SECRET)
    assert "issuer=Customer%20desk" in address


# Security keys


def _use_alone(browser: Client, key: SecurityKey, user: User, challenge: str = "") -> bool:
    """Whether the key signs in by itself."""
    challenge = challenge or asked(browser.get(ALONE, headers={"Accept": "application/json"}, secure=True))
    handle = user_pk_to_url_str(user).encode()
    browser.post(ALONE, {"credential": key.assertion(challenge, handle)}, secure=True)
    return "_auth_user_id" in browser.session


def _owns_key(owner: Membership, sign_in: Any, *, verifies: bool, **more: str) -> SecurityKey:
    key = SecurityKey(verifies=verifies)
    assert add_key(_confirm(sign_in(owner)), key, **more).status_code == 302
    return key


def test_a_key_that_was_set_up_for_it_signs_in_alone(owner: Membership, sign_in: Any) -> None:
    key = _owns_key(owner, sign_in, verifies=True, passwordless="on")
    assert _use_alone(Client(), key, owner.user)


def test_a_key_of_the_second_step_never_signs_in_alone(owner: Membership, sign_in: Any) -> None:
    key = _owns_key(owner, sign_in, verifies=True)
    assert not _use_alone(Client(), key, owner.user)
    browser, _answer = _password_step(owner.user)
    challenge = asked(browser.get(SECOND_STEP, secure=True))
    browser.post(SECOND_STEP, {"credential": key.assertion(challenge)}, secure=True)
    assert _is_signed_in(browser)


def test_a_stolen_key_without_its_pin_does_not_sign_in_alone(
    business: Business, owner: Membership, sign_in: Any
) -> None:
    key = _owns_key(owner, sign_in, verifies=True, passwordless="on")
    key.flags = SecurityKey(verifies=False).flags
    assert not _use_alone(Client(), key, owner.user)
    thief = make_membership(business, "agent")
    _owns_key(thief, sign_in, verifies=False)
    browser, _answer = _password_step(thief.user)
    challenge = asked(browser.get(SECOND_STEP, secure=True))
    assert not _use_alone(browser, key, owner.user, challenge)


def test_a_second_step_ends_when_the_password_changes(app: Authenticator) -> None:
    browser, _answer = _password_step(app.user)
    user = User.objects.get(pk=app.user.pk)
    services.set_password(actor=Actor.for_user(user), user=user, password="another horse altogether")
    answer = browser.post(SECOND_STEP, {"code": code_of()})
    assert (answer.status_code, answer["Location"]) == (302, "/account/sign-in")
    assert not _is_signed_in(browser)
    assert browser.get(SECOND_STEP).status_code == 302


def test_operators_without_a_factor_reach_no_page_of_the_service(operator: User, settings: Any) -> None:
    settings.OPERATORS_NEED_SECOND_FACTOR = True
    schedule = Schedule.unscoped.create(key="clean up", task="crm.tasks.clean_up", cron="0 3 * * *")
    browser = Client()
    browser.force_login(operator, backend="allauth.account.auth_backends.AuthenticationBackend")
    for answer in (browser.get("/service"), browser.post(f"/service/schedules/{schedule.pk}/pause")):
        assert (answer.status_code, answer["Location"]) == (302, SECURITY)
    assert Schedule.unscoped.get().is_active
    make_app(operator)
    assert browser.get("/service").status_code == 200
