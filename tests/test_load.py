"""Questions that ask for too much, and a service that has lost what it may lose."""

import time
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from crm.models import Business, Membership
from tests.crm.api.calling import Caller, assert_problem, make_key
from tests.factories import make_customer, make_order
from tests.factories.crm import PASSWORD
from tests.timing import swiftly

SECONDS = 1.0
IDS = ",".join(str(uuid4()) for _number in range(300))
GREEDY = {
    "2,000 words": {"search": " ".join(f"word{number}" for number in range(2000))},
    "2,000 letters": {"search": " ".join("a" * 2000)},
    "10,000 values": {"country__in": ",".join(f"c{number}" for number in range(10_000))},
    "300 ids": {"owner": IDS},
    "500 fields": {"fields": ",".join(f"field{number}" for number in range(500))},
    "the same field 500 times": {"fields": ",".join(["email"] * 500)},
    "a million rows": {"limit": "1000000"},
    "no rows": {"limit": "0"},
    "50 sorts": {"sort": ",".join(f"name{number}" for number in range(50))},
    "one sort 50 times": {"sort": ",".join(["display_name"] * 50)},
    "50 inclusions": {"include": ",".join(["orders"] * 50)},
    "a page far behind": {"page": "999999999"},
    "a long cursor": {"cursor": "A" * 10_000},
}


@pytest.fixture
def rows(business: Business) -> None:
    for number in range(30):
        make_customer(business, first_name=f"word{number}")


@pytest.mark.parametrize("name", GREEDY)
def test_who_asks_for_too_much_is_refused_or_cut_within_a_second(
    rows: None, business: Business, browser: Client, name: str
) -> None:
    caller = Caller(make_key(business))
    browser.get("/customers")
    caller.get("/customers")
    for get in (
        lambda: caller.client.get("/api/v1/customers", GREEDY[name], headers=caller.headers),
        lambda: browser.get("/customers", GREEDY[name]),
    ):
        answer = swiftly(get, SECONDS, time.perf_counter)
        assert answer.status_code in (200, 400, 404, 414), (answer.status_code, answer.content[:300])
        if answer.status_code == 200 and answer["Content-Type"] == "application/json":
            assert len(answer.json()["data"]) <= 200


def _smoke(owner: Membership) -> None:
    """Sign in, see a list and a profile, add a customer; read and write by API."""
    browser = Client()
    customer = make_customer(owner.business)
    make_order(customer)
    entered = browser.post(reverse("account_login"), {"login": owner.user.email, "password": PASSWORD})
    assert entered.status_code == 302
    for path in ("/", "/customers", f"/customers/{customer.pk}", "/orders", "/settings", "/account"):
        assert browser.get(path).status_code == 200, path
    caller = Caller(make_key(owner.business))
    assert caller.get("/customers").status_code == 200
    assert caller.post("/customers", {"first_name": "Jo", "phone": "1"}).status_code == 201


def test_an_emptied_cache_is_not_missed(owner: Membership) -> None:
    _smoke(owner)
    cache.clear()
    _smoke(owner)


def test_a_cache_that_is_gone_is_not_missed(owner: Membership) -> None:
    """As after a crash of the database, which empties the table, or with a restore without it."""
    with connection.cursor() as cursor:
        cursor.execute("drop table crm_cache")
    _smoke(owner)


def test_emptied_limits_are_full_again_and_lost_ones_let_nothing_through(owner: Membership) -> None:
    _smoke(owner)
    with connection.cursor() as cursor:
        cursor.execute("truncate crm_bucket")
    _smoke(owner)
    caller = Caller(make_key(owner.business))
    with connection.cursor() as cursor:
        cursor.execute("drop table crm_bucket")
    assert_problem(caller.get("/customers"), 503, "limits_unavailable")
