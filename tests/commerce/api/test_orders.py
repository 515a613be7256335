"""Endpoints of orders."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from crm.models import AccessRecord, Business, Membership
from customers.api.profile import PROFILE_FIELDS
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key, sign_in
from tests.factories import make_customer, make_membership, make_order


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


def test_list_of_a_customer(caller: Caller, business: Business) -> None:
    customer = make_customer(business)
    order = make_order(customer, "30.00")
    refund = make_order(customer, "-10.00", ordered_at=datetime(2026, 2, 1, tzinfo=UTC), refund_of=order)
    make_order(make_customer(business))
    listed = caller.get(f"/orders?customer={customer.pk}").json()
    assert [row["number"] for row in listed["data"]] == [refund.number, order.number]
    assert listed["total"] == 2
    first = listed["data"][0]
    assert (first["total"], first["total_base"], first["currency"], first["base_currency"]) == (
        "-10.00",
        "-10.00",
        "GBP",
        "GBP",
    )
    assert (first["customer"], first["refund_of"], first["status"]) == (str(customer.pk), str(order.pk), "refund")
    assert AccessRecord.unscoped.latest("pk").customer_ids == [customer.pk]


def test_detail_with_lines(caller: Caller, business: Business) -> None:
    order = make_order(make_customer(business), "30.00", lines=3, currency="JPY")
    response = caller.get(f"/orders/{order.pk}")
    shown = response.json()
    assert response["ETag"]
    assert shown["total"] == "30"
    assert [line["position"] for line in shown["lines"]] == [1, 2, 3]
    line = {
        "position": 1,
        "product": None,
        "description": "Thing 1",
        "quantity": "1",
        "unit_price": "10",
        "amount": "10",
    }
    assert shown["lines"][0] == line


def test_filters_and_pages(caller: Caller, business: Business) -> None:
    customer = make_customer(business)
    orders = [
        make_order(customer, f"{n + 1}.00", ordered_at=datetime(2026, 1 + n % 2, 10, tzinfo=UTC)) for n in range(7)
    ]
    everything = [row["id"] for row in caller.get("/orders").json()["data"]]
    walked: list[str] = []
    following: str | None = ""
    while following is not None:
        page = caller.get("/orders?limit=2" + (f"&cursor={following}" if following else "")).json()
        walked += [row["id"] for row in page["data"]]
        following = page["next"]
    assert walked == everything
    assert sorted(walked) == sorted(str(order.pk) for order in orders)
    assert caller.get("/orders?ordered_at__month=2026-02").json()["total"] == 3
    assert caller.get("/orders?total__gte=5&total__lte=6").json()["total"] == 2
    assert caller.get("/orders?status=refund").json()["data"] == []
    assert caller.get(f"/orders?number={orders[0].number}").json()["total"] == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("customer=me", "customer"), ("status=lost", "status"), ("ordered_at__month=2026-13", "ordered_at__month"),
        ("ordered_at__gte=yesterday", "ordered_at__gte"),
        ("sort=total", "sort"), ("search=x", "search"), ("total__gte=x", "total__gte"), ("limit=500", "limit"),
    ],
)  # fmt: skip
def test_bad_parameters(caller: Caller, query: str, field: str) -> None:
    assert fields_at_fault(assert_problem(caller.get(f"/orders?{query}"), 400)) == {field}


def test_another_business_is_not_there(caller: Caller, other_business: Business) -> None:
    theirs = make_customer(other_business)
    order = make_order(theirs)
    assert caller.get("/orders").json()["total"] == 0
    assert caller.get(f"/orders?customer={theirs.pk}").json()["data"] == []
    foreign, unknown = caller.get(f"/orders/{order.pk}"), caller.get(f"/orders/{uuid4()}")
    problems = [{**assert_problem(response, 404), "request_id": ""} for response in (foreign, unknown)]
    assert problems[0] == problems[1]


def test_orders_of_customers_that_the_role_does_not_see(business: Business, owner: Membership) -> None:
    agent = make_membership(business, "agent", visibility="own")
    mine, other = make_order(make_customer(business, owner=agent.user)), make_order(make_customer(business))
    caller = Caller(sign_in(agent.user.email)["access_token"])
    assert [row["id"] for row in caller.get("/orders").json()["data"]] == [str(mine.pk)]
    assert_problem(caller.get(f"/orders/{other.pk}"), 404)


def test_customer_and_lines_are_included(caller: Caller, business: Business, django_assert_num_queries: Any) -> None:
    orders = [make_order(make_customer(business), lines=2) for _n in range(2)]
    caller.get("/orders?include=customer,lines")
    with django_assert_num_queries(7):
        rows = {row["id"]: row for row in caller.get("/orders?include=customer,lines").json()["data"]}
    for order in orders:
        included = rows[str(order.pk)]["included"]
        customer = caller.get(f"/customers/{order.customer_id}").json()
        assert included["customer"] == {name: value for name, value in customer.items() if name not in PROFILE_FIELDS}
        assert included["lines"] == caller.get(f"/orders/{order.pk}").json()["lines"]
    one = caller.get(f"/orders/{orders[0].pk}?include=customer").json()
    assert one["included"]["customer"]["id"] == str(orders[0].customer_id)
    assert caller.get(f"/orders/{orders[0].pk}?include=lines").status_code == 400


def test_customers_are_included_for_those_who_may_see_them(business: Business) -> None:
    make_order(make_customer(business))
    caller = Caller(make_key(business, scopes=["commerce.view_orders"]))
    assert caller.get("/orders?include=lines").status_code == 200
    assert caller.get("/orders?include=customer").status_code == 403


def test_an_order_that_is_known_is_not_sent_again(caller: Caller, business: Business) -> None:
    one = f"/orders/{make_order(make_customer(business)).pk}"
    tag = caller.get(one)["ETag"]
    assert caller.get(one, headers={"if-none-match": tag}).status_code == 304
