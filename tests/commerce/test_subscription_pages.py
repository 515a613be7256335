"""Pages of subscriptions and invoices: lists, details, forms, and their boxes on the profile."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from commerce.models import Invoice, Payment, Subscription
from crm import clock
from crm.forms import version_of
from crm.models import AccessRecord, Business
from crm.scope import scope
from customers.models import Customer
from tests.factories import make_customer, make_invoice, make_membership, make_order, make_subscription

MOST_QUERIES = 15


def _today(days: int = 0) -> date:
    return clock.today("Europe/London", clock.now()) + timedelta(days=days)


def _words(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def _queries(browser: Client, address: str) -> str:
    browser.get(address)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        answer = browser.get(address)
    assert answer.status_code == 200
    assert len(caught) <= MOST_QUERIES, [query["sql"][:120] for query in caught]
    return _words(answer)


def test_the_list_of_subscriptions_narrows_and_sorts(browser: Client, business: Business) -> None:
    customer = make_customer(business, display_name="Initech")
    make_subscription(customer, plan="Basic", renews_on=_today(10))
    make_subscription(
        make_customer(business), plan="Pro", amount=Decimal(900), interval="year", status="trial", renews_on=_today(90)
    )
    shown = _queries(browser, "/subscriptions?sort=-mrr")
    assert shown.index("Basic") < re.search(r"\bPro\b", shown).start()  # type: ignore[union-attr]
    assert "Initech" in shown
    for query, hidden in (
        ("status=trial", "Basic"), ("interval=month", "Pro"), (f"renews_on__lte={_today(30)}", "Pro"), (f"customer={customer.pk}", "Pro"),
        ("counts=true", "Pro"), ("plan=Pro", "Basic"), (f"changed__month={_today():%Y-%m}&status=active", "Pro"),
    ):  # fmt: skip
        answer = _words(browser.get(f"/subscriptions?{query}"))
        table = answer[answer.index("<tbody") : answer.index("</tbody")]
        assert hidden not in table, query
    assert "Nothing matches" in _words(browser.get("/subscriptions?is_cancelled=true"))
    assert browser.get("/subscriptions?sort=seats").status_code == 400
    assert browser.get("/subscriptions?sort=renews_on").status_code == 200
    assert AccessRecord.unscoped.filter(customer_ids__contains=[customer.pk]).exists()


def test_a_subscription_is_added_changed_paused_and_ended(browser: Client, business: Business) -> None:
    customer = make_customer(business, display_name="Initech", external_id="INI")
    form = {
        "customer": "INI", "plan": "Pro", "amount": "120", "currency": "GBP", "interval": "year", "seats": "4", "status": "active",
        "started_on": str(_today(-30)), "auto_renews": "on",
    }  # fmt: skip
    assert browser.get(f"/subscriptions/new?customer={customer.pk}").status_code == 200
    faulty = browser.post("/subscriptions/new", form | {"amount": ""})
    assert faulty.status_code == 422
    assert browser.post("/subscriptions/new", form).status_code == 302
    with scope(business):
        subscription = Subscription.objects.get()
        assert (subscription.mrr, subscription.customer_id) == (Decimal(10), customer.pk)
    page = f"/subscriptions/{subscription.pk}"
    assert "£10.00" in _queries(browser, page)
    terms = {
        **form,
        "version": version_of(subscription),
        "amount": "240",
        "on": str(_today(-5)),
        "reason": "more people",
    }
    assert browser.post(f"{page}/edit", terms).status_code == 302
    assert browser.post(f"{page}/edit", terms | {"amount": "1"}).status_code == 412
    shown = _words(browser.get(page))
    assert "£20.00" in shown
    assert "more people" in shown
    assert browser.post(f"{page}/pause", {}).status_code == 302
    assert browser.post(f"{page}/resume", {}).status_code == 302
    assert browser.post(f"{page}/cancel", {"at_renewal": "on", "ended_on": str(_today())}).status_code == 422
    assert browser.post(f"{page}/cancel", {"reason": "too dear"}).status_code == 302
    assert "too dear" in _words(browser.get(page))
    assert browser.post(f"{page}/reopen", {}).status_code == 302
    with scope(business):
        subscription.refresh_from_db()
        assert subscription.status == "active"


def test_the_list_of_invoices_narrows_and_sorts(browser: Client, business: Business) -> None:
    customer = make_customer(business, display_name="Initech")
    make_invoice(customer, number="LATE-1", issued_on=_today(-60), due_on=_today(-30))
    make_invoice(customer, number="FINE-2", due_on=_today(30), amount=Decimal(5))
    shown = _queries(browser, "/invoices?sort=due_on")
    assert shown.index("LATE-1") < shown.index("FINE-2")
    assert "Overdue" in shown
    for query, hidden in (("overdue=true", "FINE-2"), ("overdue=false", "LATE-1"), ("number=LATE-1", "FINE-2"),
                          (f"issued_on__gte={_today(-5)}", "LATE-1"), (f"due_on__lte={_today()}", "FINE-2")):  # fmt: skip
        answer = _words(browser.get(f"/invoices?{query}"))
        assert hidden not in answer[answer.index("<tbody") : answer.index("</tbody")], query
    assert "Nothing matches" in _words(browser.get("/invoices?status=paid"))
    assert browser.get("/invoices?sort=amount").status_code == 400


def test_an_invoice_is_added_paid_and_its_payment_removed(browser: Client, business: Business) -> None:
    customer = make_customer(business, external_id="INI")
    order = make_order(customer, number="SO-77")
    form = {"customer": "INI", "number": "I-1", "amount": "100", "currency": "GBP", "issued_on": str(_today()), "status": "open",
            "order": str(order.pk)}  # fmt: skip
    assert browser.get(f"/invoices/new?customer={customer.pk}").status_code == 200
    assert browser.post("/invoices/new", form | {"due_on": "2020-01-01"}).status_code == 422
    assert browser.post("/invoices/new", form).status_code == 302
    with scope(business):
        invoice = Invoice.objects.get()
    assert invoice.order_id == order.pk
    page = f"/invoices/{invoice.pk}"
    assert "SO-77" in _queries(browser, page)
    assert "Record payment" in _words(browser.get(page))
    pay = {"amount": "60", "paid_on": str(_today()), "method": "card", "reference": "R7"}
    refused = browser.post(f"{page}/payments/new", pay | {"amount": "100.01"})
    assert refused.status_code == 422
    assert "That is more than is owed: £100.00." in _words(refused)
    assert browser.post(f"{page}/payments/new", pay).status_code == 302
    assert "R7" in _words(browser.get(page))
    assert browser.get(f"{page}/edit").status_code == 200
    with scope(business):
        invoice.refresh_from_db()
        payment = Payment.objects.get()
    version = {"version": version_of(invoice)}
    assert browser.post(f"{page}/edit", {**version, "note": "by card"}).status_code == 302
    assert browser.post(f"{page}/void", {}).status_code == 409
    assert browser.post(f"/payments/{payment.pk}/remove").status_code == 302
    assert browser.post(f"{page}/void", {"reason": "twice"}).status_code == 302
    with scope(business):
        invoice.refresh_from_db()
        assert (invoice.status, invoice.note) == ("void", "by card")


def test_the_profile_shows_both_and_warns(browser: Client, business: Business) -> None:
    customer = make_customer(business)
    make_subscription(customer, plan="Pro", seats=7, renews_on=_today(40))
    make_invoice(customer, number="LATE-1", issued_on=_today(-60), due_on=_today(-30))
    shown = "".join(_words(browser.get(f"/customers/{customer.pk}{tab}")) for tab in ("", "/commerce"))
    for words in ("1 invoice overdue", "An invoice is overdue.", "£1,200.00", "LATE-1", "Pro", "At risk"):
        assert words in shown, words
    timeline = _words(browser.get(f"/customers/{customer.pk}/timeline"))
    assert "Subscription Pro: started" in timeline
    assert "Invoice LATE-1" in timeline
    assert "LATE-1" in _words(browser.get("/search?words=LATE"))


def test_of_customers_that_the_role_does_not_see_nothing_is_shown(client: Client, business: Business) -> None:
    agent = make_membership(business, "agent", visibility="own")
    subscription, invoice = make_subscription(make_customer(business)), make_invoice(make_customer(business))
    client.force_login(agent.user)
    assert "No subscriptions yet" in _words(client.get("/subscriptions"))
    for address in (
        f"/subscriptions/{subscription.pk}",
        f"/invoices/{invoice.pk}",
        f"/invoices/{invoice.pk}/payments/new",
    ):
        assert client.get(address).status_code == 404


def test_the_list_of_customers_sorts_by_the_headline(browser: Client, business: Business) -> None:
    customers = [make_customer(business, display_name=f"Customer {n}") for n in range(3)]
    for n, customer in enumerate(customers):
        make_order(customer, f"{n + 1}.00")
    shown = _words(browser.get("/customers?sort=-lifetime_value"))
    assert shown.index("Customer 2") < shown.index("Customer 1") < shown.index("Customer 0")
    with scope(business):
        assert Customer.objects.count() == 3
