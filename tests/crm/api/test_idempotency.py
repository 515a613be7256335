"""A POST with an `Idempotency-Key` has its effect once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from crm import clock
from crm.api import idempotency
from crm.models import AccessRecord, Activity, ApiKey, Business, IdempotentRequest, Job
from customers.models import Customer, ImportJob
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key, sign_in
from tests.factories import make_business, make_customer, make_membership

BODY = {"first_name": "Jo", "email": "jo@example.com"}


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


def _post(caller: Caller, key: str, body: Any = None, path: str = "/customers", **more: Any) -> Any:
    return caller.post(path, BODY if body is None else body, headers={"idempotency-key": key}, **more)


def test_the_same_answer_and_one_effect(caller: Caller, business: Business) -> None:
    first, second = _post(caller, "k-1"), _post(caller, "k-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    for name in ("Location", "ETag", "Content-Type"):
        assert second[name] == first[name], name
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"
    assert second["X-Request-ID"] != first["X-Request-ID"]
    assert Customer.unscoped.count() == 1
    assert Activity.unscoped.filter(verb="customers.customer.created").count() == 1


def test_what_is_shown_again_is_recorded_again(caller: Caller, business: Business) -> None:
    _post(caller, "k")
    _post(caller, "k")
    customer = Customer.unscoped.get()
    assert list(AccessRecord.unscoped.values_list("customer_ids", flat=True)) == [[customer.pk], [customer.pk]]


def test_blanks_and_the_order_of_names_do_not_count(caller: Caller) -> None:
    _post(caller, "k")
    turned = json.dumps(dict(reversed(BODY.items())), indent=4).encode()
    again = caller.call("POST", "/customers", raw=turned, headers={"idempotency-key": "k"})
    assert again["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/customers", {**BODY, "city": "Leeds"}),
        ("/customers", {"first_name": "Jo", "email": "jo@example.com "}),
        ("/customers?x=1", BODY),
        ("/customers/bulk", BODY),
    ],
)
def test_a_key_used_for_something_else_is_refused(caller: Caller, path: str, body: Any) -> None:
    _post(caller, "k")
    problem = assert_problem(_post(caller, "k", body, path), 422, "idempotency_key_reused")
    assert fields_at_fault(problem) == {"Idempotency-Key"}
    assert Customer.unscoped.count() == 1


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 256, "é", "a\x7f"])
def test_keys_that_are_none(caller: Caller, key: str) -> None:
    problem = assert_problem(_post(caller, key), 400, "bad_idempotency_key")
    assert fields_at_fault(problem) == {"Idempotency-Key"}
    assert not Customer.unscoped.exists()


@pytest.mark.parametrize("key", ["k", "k" * 255, '"quoted"', "14ded2fb-618a-4b0c-bba5-87015974e763", "~!'"])
def test_keys_that_are_some(caller: Caller, key: str) -> None:
    assert _post(caller, key).status_code == 201
    assert _post(caller, key)["Idempotent-Replayed"] == "true"


def test_refusals_of_the_request_itself_are_stored(caller: Caller) -> None:
    for key, body, status in (("a", {"nonsense": 1}, 400), ("b", {"first_name": "Jo", "email": "no"}, 422)):
        first, second = _post(caller, key, body), _post(caller, key, body)
        assert (first.status_code, second.status_code) == (status, status)
        assert second["Idempotent-Replayed"] == "true"
        assert second.content == first.content
        assert second["Content-Type"] == "application/problem+json"


def test_refusals_that_may_turn_out_otherwise_are_not(caller: Caller, business: Business) -> None:
    other = make_customer(business, email="jo@example.com")
    assert_problem(_post(caller, "k"), 409, "duplicate")
    Customer.unscoped.filter(pk=other.pk).update(email="")
    assert _post(caller, "k").status_code == 201
    one = f"/customers/{other.pk}/archive"
    stale = caller.post(one, {}, headers={"idempotency-key": "s", "if-match": '"old"'})
    assert_problem(stale, 412)
    assert _post(caller, "s", {}, one).status_code == 200


def test_a_refused_deed_leaves_nothing_behind(caller: Caller, business: Business) -> None:
    make_customer(business, email="jo@example.com")
    before = Activity.unscoped.count()
    _post(caller, "k")
    assert Customer.unscoped.count() == 1
    assert Activity.unscoped.count() == before
    assert not IdempotentRequest.unscoped.exists()


def test_keys_of_two_callers_and_two_businesses_do_not_meet(
    caller: Caller, business: Business, other_business: Business
) -> None:
    mine = _post(caller, "k", {"first_name": "Jo", "phone": "1"})
    colleague = _post(Caller(make_key(business)), "k", {"first_name": "Sam", "phone": "2"})
    stranger = _post(Caller(make_key(other_business)), "k", {"first_name": "Kim", "phone": "3"})
    assert [answer.status_code for answer in (mine, colleague, stranger)] == [201, 201, 201]
    assert len({mine.json()["id"], colleague.json()["id"], stranger.json()["id"]}) == 3


def test_one_person_in_two_businesses_has_two_sets_of_keys(business: Business, other_business: Business) -> None:
    member = make_membership(business)
    make_membership(other_business, user=member.user)
    token = sign_in(member.user.email)["access_token"]
    ids = {_post(Caller(token, place.slug), "k").json()["id"] for place in (business, other_business)}
    assert len(ids) == 2


def test_rights_are_checked_before_anything_is_shown_again(caller: Caller, business: Business) -> None:
    _post(caller, "k")
    ApiKey.unscoped.update(scopes=["customers.view"])
    assert_problem(_post(caller, "k"), 403)


def test_who_no_longer_sees_the_customer_is_not_shown_it_again(business: Business) -> None:
    member = make_membership(business, "agent", visibility="own")
    caller = Caller(sign_in(member.user.email)["access_token"])
    body = {**BODY, "owner": str(member.user_id)}
    made = _post(caller, "k", body).json()
    assert _post(caller, "k", body).json() == made
    Customer.unscoped.update(owner=None)
    assert_problem(_post(caller, "k", body), 404)
    assert_problem(_post(caller, "a", {}, f"/customers/{made['id']}/archive"), 403)


def test_a_deed_on_a_record_is_shown_again_while_the_record_is_seen(caller: Caller, business: Business) -> None:
    one = f"/customers/{make_customer(business).pk}/archive"
    first = _post(caller, "k", {"reason": "Moved away"}, one)
    assert first.status_code == 200
    assert _post(caller, "k", {"reason": "Moved away"}, one).content == first.content
    assert_problem(_post(caller, "other", {"reason": "Moved away"}, one), 409, "already_archived")


def _upload(caller: Caller, name: str, content: bytes) -> Any:
    return caller.client.post(
        "/api/v1/imports",
        {"file": SimpleUploadedFile(name, content), "resource": "customers"},
        headers={**caller.headers, "idempotency-key": "k"},
    )


def test_the_same_file_is_imported_once(caller: Caller) -> None:
    rows = b"external_id,first_name\n1,Jo\n"
    first, second = _upload(caller, "a.csv", rows), _upload(caller, "a.csv", rows)
    assert (first.status_code, second.status_code) == (202, 202)
    assert second["Location"] == first["Location"]
    assert ImportJob.unscoped.count() == Job.unscoped.filter(task="customers.tasks.import_file").count() == 1
    with ImportJob.unscoped.get().file as kept:
        assert kept.read() == rows
    assert_problem(_upload(caller, "a.csv", rows + b"2,Sam\n"), 422, "idempotency_key_reused")
    assert_problem(_upload(caller, "b.csv", rows), 422, "idempotency_key_reused")


def test_sign_in_stores_no_secrets(business: Business) -> None:
    member = make_membership(business)
    body = {"email": member.user.email, "password": "correct horse battery staple"}
    answers = [Caller().post("/auth/token", body, headers={"idempotency-key": "k"}) for _n in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["refresh_token"] != answers[1].json()["refresh_token"]
    assert not IdempotentRequest.unscoped.exists()


def test_other_methods_take_no_notice(caller: Caller, business: Business) -> None:
    one = f"/customers/{make_customer(business).pk}"
    for city in ("Leeds", "York"):
        assert caller.patch(one, {"city": city}, headers={"idempotency-key": "k"}).json()["city"] == city


def test_answers_are_forgotten_after_a_day(caller: Caller) -> None:
    _post(caller, "k")
    at = clock.now()
    assert idempotency.purge(at + timedelta(hours=23, minutes=59)) == 0
    assert _post(caller, "k")["Idempotent-Replayed"] == "true"
    assert idempotency.purge(at + timedelta(hours=24, minutes=1)) == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_have_one_effect(settings: Any) -> None:
    settings.API_LIMITS = dict.fromkeys(settings.API_LIMITS, 10_000)
    key = make_key(make_business())
    deeds = {
        "/customers": BODY,
        "/customers/bulk": {
            "operations": [{"action": "create", "data": {"first_name": "Sam", "email": "sam@example.com"}}]
        },
    }
    for path, body in deeds.items():
        before = Customer.unscoped.count()

        def once(_number: int, path: str = path, body: Any = body) -> Any:
            try:
                return _post(Caller(key), path, body, path)
            finally:
                connection.close()

        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(once, range(50)))
        assert Customer.unscoped.count() == before + 1
        done = [answer for answer in answers if answer.status_code in (200, 201)]
        assert len({answer.content for answer in done}) == 1
        assert sum("Idempotent-Replayed" not in answer for answer in done) == 1
        for answer in answers:
            if answer not in done:
                assert_problem(answer, 409, "in_flight")
                assert int(answer["Retry-After"]) >= 1


@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_under_way_the_second_does_not_wait() -> None:
    business = make_business()
    caller = Caller(make_key(business))
    key = ApiKey.unscoped.get()
    name = f"idempotency:{business.pk}:api_key:{key.pk}:k"
    holder = connection.copy()
    with holder.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [name])
        answer = _post(caller, "k")
        assert_problem(answer, 409, "in_flight")
        assert answer["Retry-After"] == "1"
        assert _post(caller, "other", {"first_name": "Sam", "phone": "2"}).status_code == 201
        cursor.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [name])
    holder.close()
    assert _post(caller, "k").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_a_crash_leaves_the_key_free(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = Caller(make_key(make_business()))
    caller.client.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr(idempotency, "dumps", lambda data: 1 / 0)
        assert _post(caller, "k").status_code == 500
    assert not Customer.unscoped.exists()
    assert _post(caller, "k").status_code == 201
