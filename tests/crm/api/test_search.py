"""The search over everything, for programs."""

from typing import Any

import pytest

from crm.models import AccessRecord, Business
from tests.crm.api.calling import Caller, assert_problem, make_key, sign_in
from tests.factories import make_customer, make_membership, make_order


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


def test_records_of_all_kinds_are_found_with_what_fits(caller: Caller, business: Business) -> None:
    john = make_customer(business, first_name="John", last_name="Smith", phone="+44 20 7946 0018")
    order = make_order(john, number="john-7")
    found = caller.get("/search?search=john").json()
    assert {(row["type"], row["id"], row["matched"]) for row in found["data"]} == {
        ("customer", str(john.pk), "display_name"),
        ("order", str(order.pk), "number"),
    }
    assert found["total"] == 2
    (row,) = caller.get("/search?search=020 7946-0018").json()["data"]
    assert (row["matched"], row["customer"], row["url"]) == ("phone", str(john.pk), f"/customers/{john.pk}")


def test_a_slip_is_put_right(caller: Caller, business: Business) -> None:
    make_customer(business, first_name="John", last_name="Smith")
    (row,) = caller.get("/search?search=Jon Smyth").json()["data"]
    assert (row["name"], row["matched"]) == ("John Smith", "close")


def test_who_was_found_is_recorded(caller: Caller, business: Business) -> None:
    john = make_customer(business, first_name="John")
    caller.get("/search?search=john")
    assert AccessRecord.unscoped.latest("id").customer_ids == [john.pk]


def test_nothing_of_other_businesses_is_found(caller: Caller, other_business: Business) -> None:
    make_customer(other_business, first_name="John", last_name="Smith")
    for words in ("john", "jon smyth"):
        assert caller.get(f"/search?search={words}").json() == {"data": [], "total": 0}


def test_those_who_see_their_own_customers_find_these(business: Business) -> None:
    member = make_membership(business, "agent", visibility="own")
    own = make_customer(business, first_name="John", last_name="Own", owner=member.user)
    make_customer(business, first_name="John", last_name="Other")
    found = Caller(sign_in(member.user.email)["access_token"]).get("/search?search=john").json()
    assert [row["id"] for row in found["data"]] == [str(own.pk)]


@pytest.mark.parametrize(
    "query", ["search=", "search=x&limit=0", "search=x&limit=26", "search=x&page=1", "search=" + "x" * 101]
)
def test_what_it_can_not_read_is_named(caller: Caller, query: str) -> None:
    problem: dict[str, Any] = assert_problem(caller.get(f"/search?{query}"), 400)
    assert problem["errors"][0]["field"] in ("search", "limit", "page")
