"""Limits of the API, and how answers tell them."""

import re
from typing import Any

import pytest
from django.db import connection

from crm.models import Business
from tests.crm.api.calling import Caller, assert_problem, make_key, sign_in
from tests.factories import make_membership

POLICY = re.compile(r'"[a-z-]+";q=[0-9]+;w=60')
STATE = re.compile(r'"[a-z-]+";r=[0-9]+;t=[0-9]+')


@pytest.fixture
def few(settings: Any) -> None:
    """Limits that a test reaches."""
    settings.API_LIMITS = {"read": 3, "search": 2, "write": 2, "heavy": 1, "sign-in": 2, "anonymous": 2}
    settings.API_BUSINESS_FACTOR = 2


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


def _statuses(count: int, call: Any) -> list[int]:
    return [call().status_code for _n in range(count)]


def test_every_answer_tells_what_is_left(caller: Caller) -> None:
    for answer in (
        caller.get("/customers"),
        caller.get("/me"),
        caller.get("/schema"),
        caller.post("/customers", {"first_name": "Jo", "phone": "1"}),
        caller.post("/customers", {"nonsense": 1}),
        caller.get("/customers?nonsense=1"),
        caller.call("OPTIONS", "/customers"),
        caller.call("HEAD", "/customers"),
        caller.call("PUT", "/customers"),
        Caller(make_key(Business.objects.get(), "analyst")).post("/customers", {"first_name": "Jo", "phone": "1"}),
        Caller("crm_wrong").get("/customers"),
        Caller().get("/customers"),
    ):
        assert all(POLICY.fullmatch(part) for part in answer["RateLimit-Policy"].split(", ")), answer
        assert all(STATE.fullmatch(part) for part in answer["RateLimit"].split(", ")), answer


def test_the_headers_count_down(caller: Caller, few: None) -> None:
    assert caller.get("/me")["RateLimit-Policy"] == '"read";q=3;w=60, "business-read";q=6;w=60'
    assert caller.get("/me")["RateLimit"] == '"read";r=1;t=40, "business-read";r=4;t=20'


def test_too_many_are_told_when_to_come_again(caller: Caller, few: None) -> None:
    assert _statuses(3, lambda: caller.get("/customers")) == [200, 200, 200]
    answer = caller.get("/customers")
    assert_problem(answer, 429, "throttled")
    assert 15 <= int(answer["Retry-After"]) <= 21
    assert answer["RateLimit"].startswith('"read";r=0;t=60')
    with connection.cursor() as cursor:
        cursor.execute("update crm_bucket set at = at - interval '21 seconds'")
    assert caller.get("/customers").status_code == 200


def test_classes_are_counted_apart(caller: Caller, few: None) -> None:
    assert _statuses(4, lambda: caller.get("/me"))[-1] == 429
    assert _statuses(3, lambda: caller.get("/customers?search=jo")) == [200, 200, 429]
    assert _statuses(3, lambda: caller.post("/customers", {"first_name": "Jo", "phone": "1"})) == [201, 201, 429]
    bulk = {"operations": [{"action": "create", "data": {"first_name": "Sam", "phone": "2"}}]}
    assert _statuses(2, lambda: caller.post("/customers/bulk", bulk)) == [200, 429]


def test_what_is_refused_counts_too(caller: Caller, few: None) -> None:
    assert _statuses(4, lambda: caller.get("/customers?nonsense=1")) == [400, 400, 400, 429]


def test_a_flood_of_one_business_leaves_others_alone(business: Business, other_business: Business, few: None) -> None:
    flood = [Caller(make_key(business)) for _n in range(3)]
    found = [caller.get("/me").status_code for caller in flood for _n in range(3)]
    assert found == [200] * 6 + [429] * 3
    assert Caller(make_key(other_business)).get("/me").status_code == 200


def test_two_keys_of_a_business_have_a_limit_each(business: Business, few: None) -> None:
    one, other = Caller(make_key(business)), Caller(make_key(business))
    assert _statuses(4, lambda: one.get("/me"))[-1] == 429
    assert other.get("/me").status_code == 200


def test_strangers_are_counted_by_their_address(db: None, few: None) -> None:
    assert _statuses(3, lambda: Caller().get("/customers")) == [401, 401, 429]
    assert Caller().get("/customers", REMOTE_ADDR="203.0.113.9").status_code == 401
    assert Caller().get("/schema").status_code == 429
    forged = {"x-forwarded-for": "203.0.113.10"}
    assert Caller().get("/schema", headers=forged).status_code == 429


def test_one_network_of_ipv6_is_one_stranger(db: None, few: None) -> None:
    found = [Caller().get("/customers", REMOTE_ADDR=f"2001:db8::{n}").status_code for n in range(3)]
    assert found == [401, 401, 429]
    assert Caller().get("/customers", REMOTE_ADDR="2001:db8:0:1::1").status_code == 401


def test_guessed_keys_are_counted_by_address(caller: Caller, few: None) -> None:
    guesses = [Caller(f"crm_abcdefgh_{number}").get("/customers") for number in range(3)]
    assert [answer.status_code for answer in guesses] == [401, 401, 429]
    assert int(guesses[2]["Retry-After"]) >= 1
    assert caller.get("/customers").status_code == 200


def test_sign_in_is_counted_by_address(business: Business, few: None) -> None:
    member = make_membership(business)
    assert "access_token" in sign_in(member.user.email)
    wrong = {"email": "nobody@example.com", "password": "wrong"}
    assert Caller().post("/auth/token", wrong).status_code == 401
    assert_problem(Caller().post("/auth/token", wrong), 429)


def test_counting_is_one_statement(caller: Caller, django_assert_num_queries: Any) -> None:
    caller.get("/me")
    with django_assert_num_queries(2) as seen:
        caller.get("/me")
    assert sum("crm_bucket" in query["sql"] for query in seen.captured_queries) == 1


def test_wiped_counters_start_anew(caller: Caller, few: None) -> None:
    assert _statuses(4, lambda: caller.get("/me"))[-1] == 429
    with connection.cursor() as cursor:
        cursor.execute("truncate crm_bucket")
    assert caller.get("/me").status_code == 200
