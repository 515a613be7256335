"""Endpoints of subscriptions, invoices and payments."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from commerce.models import Payment
from crm.models import AccessRecord, Business
from crm.scope import scope
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key, sign_in
from tests.factories import make_customer, make_deal, make_invoice, make_membership, make_subscription


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


def _body(customer: Any, **more: Any) -> dict[str, Any]:
    return {
        "customer": str(customer.pk),
        "plan": "Pro",
        "amount": "120.00",
        "interval": "year",
        "started_on": "2026-01-31",
        **more,
    }


def test_a_subscription_goes_its_way(caller: Caller, business: Business) -> None:
    customer = make_customer(business)
    made = caller.post("/subscriptions", _body(customer, source="app", external_id="7", seats=3))
    assert made.status_code == 201
    shown = made.json()
    assert (shown["mrr"], shown["status"], shown["currency"]) == ("10.00", "active", "GBP")
    one = f"/subscriptions/{shown['id']}"
    assert made["Location"].endswith(one)
    again = caller.post("/subscriptions", _body(customer, source="app", external_id="7", seats=3))
    assert (again.status_code, again.json()["id"]) == (200, shown["id"])
    problem = assert_problem(
        caller.post("/subscriptions", _body(customer, source="app", external_id="7", amount="9")), 409
    )
    assert {"amount"} <= fields_at_fault(problem)
    changed = caller.patch(one, {"amount": "240.00", "reason": "more"}, headers={"if-match": made["ETag"]})
    assert changed.json()["mrr"] == "20.00"
    assert_problem(caller.patch(one, {"seats": 1}, headers={"if-match": made["ETag"]}), 412)
    assert caller.post(f"{one}/pause", {}).json()["status"] == "paused"
    assert_problem(caller.post(f"{one}/pause", {}), 409)
    assert caller.post(f"{one}/resume", {"reason": "back"}).json()["status"] == "active"
    assert caller.post(f"{one}/cancel", {"reason": "too dear"}).json()["status"] == "ended"
    assert_problem(caller.patch(one, {"amount": "1.00"}), 409)
    assert caller.post(f"{one}/reopen", {}).json()["ended_on"] is None
    lines = caller.get(f"{one}/changes").json()["data"]
    assert [line["event"] for line in lines] == ["started", "changed", "paused", "resumed", "ended", "resumed"]
    assert (lines[1]["mrr_before"], lines[1]["mrr_after"]) == ("10.00", "20.00")


def test_lists_say_what_they_come_to(caller: Caller, business: Business) -> None:
    customer, other = make_customer(business), make_customer(business)
    make_subscription(customer)
    make_subscription(other, amount=Decimal("50"))
    make_subscription(other, amount=Decimal("900"), status="trial")
    listed = caller.get("/subscriptions").json()
    assert (listed["total"], listed["totals"]) == (3, {"mrr": "150.00", "arr": "1800.00", "currency": "GBP"})
    mine = caller.get(f"/customers/{customer.pk}/subscriptions").json()
    assert (mine["total"], mine["totals"]["mrr"]) == (1, "100.00")
    make_invoice(customer, amount=Decimal("70"))
    make_invoice(customer, amount=Decimal("30"), status="draft")
    invoices = caller.get(f"/customers/{customer.pk}/invoices").json()
    assert invoices["totals"] == {"amount": "70.00", "paid": "0.00", "owed": "70.00", "currency": "GBP"}
    assert caller.get("/invoices?status=open,draft&include=customer").json()["total"] == 2
    assert AccessRecord.unscoped.filter(customer_ids__contains=[customer.pk]).exists()


def test_an_invoice_is_written_and_paid(caller: Caller, business: Business) -> None:
    customer = make_customer(business)
    body = {
        "customer": str(customer.pk),
        "number": "I-1",
        "amount": "100",
        "issued_on": "2026-02-01",
        "due_on": "2026-03-01",
    }
    made = caller.post("/invoices", body)
    assert (made.status_code, made.json()["status"]) == (201, "open")
    one = f"/invoices/{made.json()['id']}"
    assert caller.post("/invoices", body).status_code == 200
    problem = assert_problem(caller.post("/invoices", body | {"amount": "101"}), 409)
    assert "amount" in problem["detail"]
    assert caller.get("/invoices?overdue=true").json()["total"] == 1
    paid = caller.post(f"{one}/payments", {"amount": "60", "method": "card", "reference": "R7"})
    assert (paid.status_code, paid.json()["amount"], paid.json()["customer"]) == (201, "60.00", str(customer.pk))
    problem = assert_problem(caller.post(f"{one}/payments", {"amount": "41"}), 422)
    assert fields_at_fault(problem) == {"amount"}
    assert caller.get(one).json()["status"] == "partial"
    assert_problem(caller.patch(one, {"amount": "5"}), 409)
    assert caller.patch(one, {"note": "by card"}).json()["note"] == "by card"
    assert_problem(caller.post(f"{one}/void", {}), 409)
    assert [row["id"] for row in caller.get(f"{one}/payments").json()["data"]] == [paid.json()["id"]]
    assert caller.get("/payments?method=card").json()["total"] == 1
    assert caller.call("delete", f"/payments/{paid.json()['id']}").status_code == 204
    assert caller.post(f"{one}/void", {"reason": "twice"}).json()["status"] == "void"
    assert_problem(caller.post(f"{one}/payments", {}), 409)


def test_a_payment_with_a_key_is_taken_once(caller: Caller, business: Business) -> None:
    invoice = make_invoice(make_customer(business))
    headers = {"idempotency-key": "k1"}
    first, second = (
        caller.post(f"/invoices/{invoice.pk}/payments", {"amount": "10"}, headers=headers) for _n in range(2)
    )
    assert first.json()["id"] == second.json()["id"]
    with scope(business):
        assert Payment.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [({"amount": "-1"}, "amount"), ({"currency": "XXX"}, "currency"), ({"currency": "USD"}, "currency"), ({"interval": "week"}, "interval"),
     ({"customer": str(uuid4())}, "customer"), ({"mrr": "5"}, "mrr"), ({"started_on": "soon"}, "started_on"),
     ({"renews_on": "2020-01-01"}, "renews_on"), ({"status": "ended"}, "status"), ({"color": "red"}, "color")],
)  # fmt: skip
def test_bad_subscriptions_are_refused_at_the_field(
    caller: Caller, business: Business, change: dict[str, Any], field: str
) -> None:
    answer = caller.post("/subscriptions", _body(make_customer(business)) | change)
    assert answer.status_code in (400, 422)
    assert fields_at_fault(assert_problem(answer, answer.status_code)) == {field}


def test_links_to_records_of_others_are_refused(caller: Caller, business: Business, other_business: Business) -> None:
    customer = make_customer(business)
    body = {"customer": str(customer.pk), "number": "I-1", "amount": "100"}
    theirs = {
        "subscription": make_subscription(make_customer(business)),
        "opportunity": make_deal(make_customer(business)),
    }
    for name, record in theirs.items():
        answer = caller.post("/invoices", {**body, name: str(record.pk)})
        assert fields_at_fault(assert_problem(answer, 422)) == {name}
    elsewhere = make_subscription(make_customer(other_business))
    answer = caller.post("/invoices", {**body, "subscription": str(elsewhere.pk)})
    assert fields_at_fault(assert_problem(answer, answer.status_code)) == {"subscription"}
    assert_problem(caller.get(f"/subscriptions/{elsewhere.pk}"), 404)


def test_of_customers_that_the_role_does_not_see_nothing_is_told(business: Business) -> None:
    agent = make_membership(business, "agent", visibility="own")
    mine = make_invoice(make_customer(business, owner=agent.user))
    other = make_invoice(make_customer(business))
    caller = Caller(sign_in(agent.user.email)["access_token"])
    assert [row["id"] for row in caller.get("/invoices").json()["data"]] == [str(mine.pk)]
    assert_problem(caller.get(f"/invoices/{other.pk}"), 404)
    assert_problem(caller.post(f"/invoices/{other.pk}/payments", {}), 404)
    assert_problem(caller.get(f"/invoices/{other.pk}/payments"), 404)
