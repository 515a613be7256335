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
    with django_assert_num_queries(8):  # one of them for what the orders come to
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


BODY: dict[str, Any] = {
    "number": "A-1", "customer_external_id": "C-7", "ordered_at": "2026-01-31T14:05:00Z", "source": "shop",
    "lines": [{"product": "85123A", "description": "Heart", "quantity": "6", "unit_price": "2.55"}],
}  # fmt: skip


def test_an_order_is_taken_once_however_often_it_is_sent(caller: Caller, business: Business) -> None:
    made = caller.post("/orders", BODY)
    assert made.status_code == 201
    assert made["Location"] == f"/api/v1/orders/{made.json()['id']}"
    assert (made.json()["total"], made.json()["lines"][0]["amount"]) == ("15.30", "15.30")
    again = caller.post("/orders", BODY)
    assert (again.status_code, again.json()) == (200, made.json())
    assert caller.get("/orders").json()["total"] == 1
    profile = caller.get(f"/customers/{made.json()['customer']}").json()
    assert (profile["total_spent"], profile["order_count"], profile["external_id"]) == ("15.30", 1, "C-7")


def test_other_content_of_a_number_is_told_field_by_field(caller: Caller) -> None:
    caller.post("/orders", BODY)
    problem = assert_problem(caller.post("/orders", BODY | {"total": "20.00", "channel": "web"}), 409, "order_differs")
    assert {fault["field"]: fault["message"] for fault in problem["errors"]} == {
        "total": "It is 15.3 there.", "channel": "It is empty there.",
    }  # fmt: skip


def test_an_order_is_corrected_by_its_version_and_deleted(caller: Caller) -> None:
    made = caller.post("/orders", BODY)
    place = f"/orders/{made.json()['id']}"
    changed = caller.patch(place, {"status": "cancelled"}, headers={"If-Match": made["ETag"]})
    assert (changed.status_code, changed.json()["status"]) == (200, "cancelled")
    assert_problem(caller.patch(place, {"status": "completed"}, headers={"If-Match": made["ETag"]}), 412)
    steps = caller.get(f"{place}/steps").json()["data"]
    assert [(step["before"], step["after"]) for step in steps] == [("", "completed"), ("completed", "cancelled")]
    assert caller.call("DELETE", place).status_code == 204
    assert_problem(caller.get(place), 404)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"currency": "XYZ"}, "currency"),
        ({"status": "sent"}, "status"),
        ({"total": "-1.00", "status": "completed"}, "total"),
        ({"ordered_at": "yesterday"}, "ordered_at"),
        ({"lines": [{"quantity": "1"}]}, "lines.0.unit_price"),
        ({"customer": str(uuid4())}, "customer"),
        ({"refund_of": str(uuid4()), "status": "refund", "total": "-1"}, "refund_of"),
        ({"shipped": True}, "shipped"),
    ],
)
def test_bad_orders_name_their_field(caller: Caller, change: dict[str, Any], field: str) -> None:
    answer = caller.post("/orders", BODY | change)
    assert answer.status_code in (400, 422)
    assert field in {fault["field"] for fault in answer.json()["errors"]}
    assert caller.get("/orders").json()["total"] == 0


def test_a_refund_larger_than_its_order_is_refused(caller: Caller) -> None:
    caller.post("/orders", BODY)
    refund = {"number": "R-1", "ordered_at": "2026-02-01T09:00:00Z", "total": "-15.31", "refund_of_number": "A-1"}
    assert fields_at_fault(assert_problem(caller.post("/orders", refund), 422)) == {"total"}
    linked = caller.post("/orders", refund | {"total": "-15.30"}).json()
    assert (linked["status"], linked["flags"]) == ("refund", [])
    assert caller.get(f"/orders/{linked['refund_of']}").json()["is_refunded"] is True


def test_a_batch_gives_each_row_its_result(caller: Caller) -> None:
    rows = [
        BODY,
        BODY | {"number": "A-2", "total": "x"},
        BODY | {"number": "A-3", "ordered_at": None},
        BODY | {"number": "A-4"},
    ]
    answer = caller.post("/orders/batch", {"orders": rows})
    assert answer.status_code == 200
    found = answer.json()
    assert [(row["number"], row["status"]) for row in found["data"]] == [
        ("A-1", "created"), ("A-2", "refused"), ("A-3", "refused"), ("A-4", "created"),
    ]  # fmt: skip
    assert [{fault["field"] for fault in row["errors"]} for row in found["data"]] == [
        set(),
        {"total"},
        {"ordered_at"},
        set(),
    ]
    assert (found["created"], found["refused"]) == (2, 2)
    again = caller.post("/orders/batch", {"orders": [rows[0], rows[3] | {"channel": "web"}]}).json()
    assert [row["status"] for row in again["data"]] == ["unchanged", "refused"]
    mended = caller.post("/orders/batch", {"orders": [rows[3] | {"channel": "web"}], "on_difference": "replace"}).json()
    assert mended["updated"] == 1


def test_who_may_only_look_takes_no_orders(business: Business) -> None:
    reader = Caller(make_key(business, role="analyst"))
    for path, body in (("/orders", BODY), ("/orders/batch", {"orders": [BODY]})):
        assert_problem(reader.post(path, body), 403)
    integration = Caller(make_key(business, role="integration"))
    made = integration.post("/orders", BODY)
    assert made.status_code == 201
    assert_problem(integration.call("DELETE", f"/orders/{made.json()['id']}"), 403)
