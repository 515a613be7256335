"""Endpoints of deals."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from commerce.models import Opportunity
from crm.models import AccessRecord, Business, Membership
from crm.scope import scope
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key, sign_in
from tests.factories import make_contact, make_customer, make_deal, make_membership


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


def test_a_deal_is_made_once(caller: Caller, business: Business) -> None:
    customer = make_customer(business)
    body = {
        "name": "Seats", "customer": str(customer.pk), "amount": "1200.5", "kind": "expansion", "source": "crm", "external_id": "D-1",
        "expected_close_on": "2026-09-30",
    }  # fmt: skip
    first = caller.post("/deals", body)
    assert first.status_code == 201
    made = first.json()
    assert (made["amount"], made["amount_base"], made["currency"], made["stage"], made["probability"]) == (
        "1200.50", "1200.50", "GBP", "discovery", 10,
    )  # fmt: skip
    assert first["Location"] == f"/api/v1/deals/{made['id']}"
    again = caller.post("/deals", body)
    assert (again.status_code, again.json()["id"]) == (200, made["id"])
    other = caller.post("/deals", {**body, "amount": "1300", "name": "Chairs"})
    assert fields_at_fault(assert_problem(other, 409, "deal_differs")) == {"amount", "name"}
    assert AccessRecord.unscoped.filter(customer_ids=[customer.pk]).exists()


def test_the_list_says_what_the_deals_come_to(caller: Caller, business: Business) -> None:
    customer = make_customer(business)
    big = make_deal(customer, amount="900", stage="closing", kind="renewal", expected_close_on=date(2020, 1, 5))
    small = make_deal(None, business, amount="100", expected_close_on=date(2099, 1, 31))
    unknown = make_deal(customer, amount=None)
    listed = caller.get("/deals?sort=-amount").json()
    assert [row["id"] for row in listed["data"]] == [str(deal.pk) for deal in (big, small, unknown)]
    assert listed["totals"] == {"amount": "1000.00", "weighted": "820.00", "currency": "GBP"}
    for query, found in (
        (f"customer={customer.pk}", {big, unknown}), ("stage=closing,won", {big}), ("state=closed", set()), ("kind=renewal", {big}),
        ("slipping=true", {big}), ("slipping=false", {small, unknown}), ("amount__gte=500", {big}), ("stale=true", set()),
        ("expected_close_on__lte=2030-01-01", {big}), ("expected_close_on__month=2099-01", {small}),
        ("expected_close_on__isnull=true", {unknown}),
    ):  # fmt: skip
        answer = caller.get(f"/deals?{query}").json()
        assert {row["id"] for row in answer["data"]} == {str(deal.pk) for deal in found}, query
    below = caller.get(f"/customers/{customer.pk}/deals?include=customer,owner").json()
    assert (below["total"], below["totals"]["amount"]) == (2, "900.00")
    assert below["data"][0]["included"]["customer"]["id"] == str(customer.pk)
    for query in ("sort=name", "stage=nowhere", "colour=red", "amount__gte=x", "expected_close_on__month=2026-13"):
        assert_problem(caller.get(f"/deals?{query}"), 400)


def test_moving_and_its_steps(caller: Caller, business: Business) -> None:
    customer = make_customer(business, lifecycle_stage="active", acquired_on=date(2026, 1, 1))
    deal = make_deal(customer, kind="expansion", amount=None)
    address = f"/deals/{deal.pk}"
    assert fields_at_fault(caller.post(f"{address}/move", {"stage": "lost"}).json()) == {"reason"}
    assert fields_at_fault(caller.post(f"{address}/move", {"stage": "won"}).json()) == {"amount"}
    assert fields_at_fault(caller.post(f"{address}/move", {"stage": "nowhere"}).json()) == {"stage"}
    shown = caller.post(f"{address}/move", {"stage": "negotiation", "probability": 65}).json()
    assert (shown["stage"], shown["probability"]) == ("negotiation", 65)
    assert_problem(caller.post(f"{address}/move", {"stage": "negotiation"}), 409)
    won = caller.post(f"{address}/move", {"stage": "won", "amount": "250"}).json()
    assert (won["stage"], won["probability"], won["amount"]) == ("won", 100, "250.00")
    assert won["closed_at"]
    steps = caller.get(f"{address}/stages").json()["data"]
    assert [(step["before"], step["after"]) for step in steps] == [
        ("", "discovery"), ("discovery", "negotiation"), ("negotiation", "won"),
    ]  # fmt: skip
    customer.refresh_from_db()
    assert customer.lifecycle_stage == "expansion"
    profile = caller.get(f"/customers/{customer.pk}").json()
    assert (profile["ltv_deals"], profile["deals_won"]) == ("250.00", 1)


def test_versions(caller: Caller, business: Business) -> None:
    deal = make_deal(make_customer(business))
    first = caller.get(f"/deals/{deal.pk}")
    tag = first["ETag"]
    assert caller.get(f"/deals/{deal.pk}", headers={"If-None-Match": tag}).status_code == 304
    changed = caller.patch(f"/deals/{deal.pk}", {"name": "Other"}, headers={"If-Match": tag})
    assert changed.json()["name"] == "Other"
    assert_problem(caller.patch(f"/deals/{deal.pk}", {"name": "Third"}, headers={"If-Match": tag}), 412)
    assert_problem(caller.post(f"/deals/{deal.pk}/move", {"stage": "closing"}, headers={"If-Match": tag}), 412)
    assert_problem(caller.call("DELETE", f"/deals/{deal.pk}", headers={"If-Match": tag}), 412)
    key = Caller(make_key(business, role="owner"))
    assert key.call("DELETE", f"/deals/{deal.pk}").status_code == 204
    assert_problem(key.get(f"/deals/{deal.pk}"), 404)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"amount": "-1"}, "amount"), ({"amount": "1e40"}, "amount"), ({"currency": "XXX"}, "currency"),
        ({"currency": "EUR", "amount": "5"}, "currency"),
        ({"stage": "somewhere"}, "stage"), ({"stage": "lost"}, "lost_reason"), ({"kind": "x"}, "kind"),
        ({"probability": 101}, "probability"),
        ({"customer": str(uuid4())}, "customer"), ({"contact": str(uuid4())}, "contact"), ({"owner": str(uuid4())}, "owner"),
        ({"product": str(uuid4())}, "product"), ({"closed_at": "2026-01-01T00:00:00Z"}, "closed_at"),
        ({"opened_on": "2999-01-01"}, "opened_on"),
        ({"push_count": 3}, "push_count"), ({"colour": "red"}, "colour"), ({"name": ""}, "name"), ({"name": "x" * 201}, "name"),
    ],
)  # fmt: skip
def test_bad_bodies(caller: Caller, body: dict[str, Any], field: str) -> None:
    answer = caller.post("/deals", {"name": "Deal", **body})
    assert answer.status_code in (400, 422)
    assert fields_at_fault(answer.json()) == {field}


def test_nothing_of_another_business(caller: Caller, business: Business, other_business: Business) -> None:
    foreign = make_customer(other_business, kind="company")
    deal = make_deal(foreign)
    contact = make_contact(foreign)
    for method, path in (("get", ""), ("patch", ""), ("get", "/stages"), ("post", "/move")):
        body = {"stage": "won"} if path == "/move" else {"name": "x"}
        answer = getattr(caller, method)(f"/deals/{deal.pk}{path}", *([] if method == "get" else [body]))
        assert_problem(answer, 404)
    assert_problem(caller.get(f"/customers/{foreign.pk}/deals"), 404)
    for body in ({"customer": str(foreign.pk)}, {"contact": str(contact.pk)}):
        assert caller.post("/deals", {"name": "x", **body}).status_code == 422
    with scope(business):
        assert not Opportunity.objects.exists()


def test_who_sees_some_customers_sees_their_deals_and_the_own_ones(business: Business) -> None:
    agent = make_membership(business, "agent", visibility="own")
    mine = make_deal(make_customer(business, owner=agent.user))
    own = make_deal(None, business, owner=agent.user, external_id="D-1")
    make_deal(make_customer(business), external_id="D-2")
    make_deal(None, business)
    caller = Caller(sign_in(agent.user.email)["access_token"])
    listed = caller.get("/deals").json()
    assert {row["id"] for row in listed["data"]} == {str(mine.pk), str(own.pk)}
    assert listed["totals"]["amount"] == "2000.00"
    assert_problem(caller.post("/deals", {"name": "Mine", "external_id": "D-2"}), 409)


def test_roles(business: Business, members: dict[str, Membership]) -> None:
    deal = make_deal(make_customer(business))
    analyst = Caller(make_key(business, role="analyst"))
    assert analyst.get(f"/deals/{deal.pk}").status_code == 200
    assert_problem(analyst.post("/deals", {"name": "x"}), 403)
    assert_problem(Caller(make_key(business, role="agent")).call("DELETE", f"/deals/{deal.pk}"), 403)
