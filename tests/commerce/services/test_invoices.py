"""Deeds on invoices and payments: status and sums in step, the figures that follow, and what they refuse."""

import threading
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from commerce import services
from commerce.models import Invoice, Payment
from crm import clock
from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed, StaleVersion
from crm.forms import version_of
from crm.models import Activity, Business, ExchangeRate
from crm.scope import scope
from customers.models import Customer, CustomerFacts
from tests.factories import make_customer, make_deal, make_invoice, make_membership, make_order, make_subscription

SYSTEM = Actor.system("test")
NOW = clock.now()


def _pay(invoice: Invoice, amount: str | None = None, **data: Any) -> Invoice:
    values = {**data, **({"amount": Decimal(amount)} if amount else {})}
    return services.record_payment(actor=SYSTEM, invoice=invoice, at=NOW, **values)[0]


def _of(invoice: Invoice, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(invoice, name) for name in names)


def _facts(customer: Customer) -> tuple[Any, ...]:
    facts = CustomerFacts.objects.get(customer=customer)
    return facts.ltv_invoiced, facts.invoices_owed, facts.last_invoice_amount, facts.last_invoice_on


def test_status_and_sums_follow_the_payments(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    invoice = make_invoice(customer, amount=Decimal("90.00"), issued_on=date(2026, 5, 1))
    assert _of(invoice, "status", "paid", "amount_base") == ("open", 0, 90)
    assert _facts(customer) == (0, 90, 90, date(2026, 5, 1))
    invoice = _pay(invoice, "40", paid_on=date(2026, 5, 10))
    assert _of(invoice, "status", "paid", "paid_on") == ("partial", 40, None)
    assert _facts(customer)[:2] == (40, 50)
    invoice = _pay(invoice, paid_on=date(2026, 5, 9))
    assert _of(invoice, "status", "paid", "paid_on") == ("paid", 90, date(2026, 5, 10))
    assert _facts(customer)[:2] == (90, 0)
    last = Payment.objects.order_by("paid_on").last()
    assert last is not None
    invoice = services.remove_payment(actor=SYSTEM, payment=last)
    assert _of(invoice, "status", "paid", "paid_on") == ("partial", 50, None)
    assert _facts(customer)[:2] == (50, 40)
    verbs = list(Activity.objects.filter(subject_id=str(invoice.pk)).order_by("id").values_list("verb", flat=True))
    assert verbs == [
        "commerce.invoice.created", "commerce.payment.recorded", "commerce.payment.recorded", "commerce.payment.removed",
    ]  # fmt: skip


def test_more_than_is_owed_is_refused_with_what_is_owed(in_scope: Business) -> None:
    invoice = _pay(make_invoice(make_customer(in_scope), amount=Decimal("90.00")), "60")
    with pytest.raises(InvalidInput) as refusal:
        _pay(invoice, "30.01")
    assert refusal.value.errors == {"amount": ["That is more than is owed: £30.00."]}
    invoice = _pay(invoice, "30")
    with pytest.raises(InvalidInput):
        _pay(invoice)
    assert Payment.objects.count() == 2


@pytest.mark.parametrize(
    ("data", "field"),
    [({"amount": Decimal(0)}, "amount"), ({"amount": Decimal("-3")}, "amount"), ({"paid_on": date(2199, 1, 1)}, "paid_on"),
     ({"paid_on": date(1800, 1, 1)}, "paid_on"), ({"method": "shells"}, "method"), ({"by": "me"}, "by")],
)  # fmt: skip
def test_what_no_payment_can_be(in_scope: Business, data: dict[str, Any], field: str) -> None:
    invoice = make_invoice(make_customer(in_scope))
    with pytest.raises(InvalidInput) as refusal:
        services.record_payment(actor=SYSTEM, invoice=invoice, at=NOW, **data)
    assert set(refusal.value.errors) == {field}
    assert not Payment.objects.exists()


def test_drafts_and_void_invoices_take_no_payments_and_owe_nothing(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    draft = make_invoice(customer, status="draft")
    assert _facts(customer) == (0, 0, None, None)
    with pytest.raises(services.InvoiceNotOpen):
        _pay(draft)
    issued = services.update_invoice(actor=SYSTEM, invoice=draft, status="open")
    assert (issued.status, _facts(customer)[1]) == ("open", 100)
    paid = _pay(issued, "1")
    with pytest.raises(services.InvoiceSettled):
        services.void_invoice(actor=SYSTEM, invoice=paid)
    services.remove_payment(actor=SYSTEM, payment=Payment.objects.get())
    void = services.void_invoice(actor=SYSTEM, invoice=issued, reason="twice")
    assert (void.status, _facts(customer)) == ("void", (0, 0, None, None))
    refused = (services.InvoiceNotOpen, services.InvoiceSettled)
    with pytest.raises(refused):
        _pay(void)
    with pytest.raises(refused):
        services.update_invoice(actor=SYSTEM, invoice=void, note="x")
    with pytest.raises(refused):
        services.void_invoice(actor=SYSTEM, invoice=void)


def test_an_invoice_with_payments_keeps_its_amount(in_scope: Business) -> None:
    invoice = _pay(make_invoice(make_customer(in_scope)), "10")
    with pytest.raises(services.InvoiceSettled):
        services.update_invoice(actor=SYSTEM, invoice=invoice, amount=Decimal(5))
    changed = services.update_invoice(actor=SYSTEM, invoice=invoice, note="by cheque", due_on=date(2199, 1, 1))
    assert _of(changed, "note", "status", "paid") == ("by cheque", "partial", 10)


def test_another_currency_counts_at_the_rate_of_the_day_of_issue(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    ExchangeRate.objects.create(business=in_scope, currency="EUR", valid_on="2026-01-01", rate="0.835")
    invoice = make_invoice(customer, currency="EUR", amount=Decimal("33.33"), issued_on=date(2026, 1, 5))
    assert invoice.amount_base == Decimal("27.83")
    invoice = _pay(invoice, "11.11")
    assert invoice.paid_base == Decimal("9.28")
    invoice = _pay(invoice)
    assert (invoice.paid_base, _facts(customer)[:2]) == (Decimal("27.83"), (Decimal("27.83"), 0))
    with pytest.raises(InvalidInput) as refusal:
        make_invoice(customer, currency="USD")
    assert set(refusal.value.errors) == {"currency"}


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"number": " "}, "number"),
        ({"amount": None}, "amount"), ({"amount": Decimal(-1)}, "amount"), ({"amount": Decimal(10) ** 13}, "amount"),
        ({"currency": "XXX"}, "currency"), ({"status": "paid"}, "status"), ({"customer": None}, "customer"), ({"recurs": "week"}, "recurs"),
        ({"issued_on": date(2026, 1, 2), "due_on": date(2026, 1, 1)}, "due_on"), ({"color": "red"}, "color"),
        ({"issued_on": date(1800, 1, 1)}, "issued_on"),
    ],
)  # fmt: skip
def test_what_no_invoice_can_be(in_scope: Business, data: dict[str, Any], field: str) -> None:
    values = {"customer": make_customer(in_scope), "number": "A1", "amount": Decimal(5)}
    with pytest.raises(InvalidInput) as refusal:
        services.create_invoice(actor=SYSTEM, business=in_scope, at=NOW, **values | data)
    assert set(refusal.value.errors) == {field}


def test_what_it_belongs_to_is_the_same_customers(in_scope: Business) -> None:
    customer, other = make_customer(in_scope), make_customer(in_scope)
    theirs = {"order": make_order(other), "opportunity": make_deal(other), "subscription": make_subscription(other)}
    for name, record in theirs.items():
        with pytest.raises(InvalidInput) as refusal:
            make_invoice(customer, **{name: record})
        assert set(refusal.value.errors) == {name}
    assert make_invoice(other, **theirs).subscription_id == theirs["subscription"].pk


def test_a_recurring_invoice_counts_until_its_interval_is_over(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    today = clock.today("Europe/London", NOW)
    make_invoice(customer, amount=Decimal("300"), recurs="quarter", issued_on=today - timedelta(days=80))
    assert CustomerFacts.objects.get(customer=customer).mrr == 100
    make_invoice(customer, amount=Decimal("30"), recurs="month", issued_on=today - timedelta(days=40))
    assert CustomerFacts.objects.get(customer=customer).mrr == 100


def test_the_same_number_is_the_same_invoice(in_scope: Business) -> None:
    values = {"customer": make_customer(in_scope), "number": "A1", "amount": Decimal("5.00")}
    first, created = services.create_invoice(actor=SYSTEM, business=in_scope, at=NOW, **values)
    _pay(first)
    again, created_again = services.create_invoice(actor=SYSTEM, business=in_scope, at=NOW, **values)
    assert (again.pk, created, created_again) == (first.pk, True, False)
    with pytest.raises(services.InvoiceDiffers) as refusal:
        services.create_invoice(actor=SYSTEM, business=in_scope, at=NOW, **values | {"amount": Decimal(6)})
    assert refusal.value.details["differences"] == {"amount": (Decimal("5.0000"), Decimal("6.00"))}


def test_whose_number_is_taken_is_told_only_to_those_who_may_see_it(in_scope: Business) -> None:
    make_invoice(make_customer(in_scope), number="A1", amount=Decimal("777"))
    agent = Actor.for_user(make_membership(in_scope, "agent", visibility="own").user)
    with pytest.raises(services.InvoiceDiffers) as refusal:
        services.create_invoice(
            actor=agent, business=in_scope, at=NOW, customer=make_customer(in_scope), number="A1", amount=Decimal(1)
        )
    assert (refusal.value.details, "777" in str(refusal.value)) == ({}, False)


def test_rights_and_versions(in_scope: Business) -> None:
    invoice = make_invoice(make_customer(in_scope))
    actors = {
        role: Actor.for_user(make_membership(in_scope, role).user)
        for role in ("agent", "manager", "analyst", "marketing")
    }
    for role in ("analyst", "marketing"):
        with pytest.raises(NotAllowed):
            services.record_payment(actor=actors[role], invoice=invoice, at=NOW)
    with pytest.raises(NotAllowed):
        services.void_invoice(actor=actors["agent"], invoice=invoice)
    version = version_of(Invoice.objects.get())
    services.record_payment(actor=actors["agent"], invoice=invoice, at=NOW, amount=Decimal(1), version=version)
    with pytest.raises(StaleVersion):
        services.record_payment(actor=actors["manager"], invoice=invoice, at=NOW, version=version)


def test_overdue_is_what_was_due_before_today(in_scope: Business) -> None:
    invoice = make_invoice(make_customer(in_scope), issued_on=date(2026, 1, 1), due_on=date(2026, 1, 31))
    assert not services.is_overdue(invoice, date(2026, 1, 31))
    assert services.is_overdue(invoice, date(2026, 2, 1))
    assert not services.is_overdue(_pay(invoice), date(2026, 2, 1))


@pytest.mark.django_db(transaction=True)
def test_two_payments_at_once_never_overpay(business: Business) -> None:
    with scope(business):
        invoice = make_invoice(make_customer(business), amount=Decimal("100.00"))
    start, outcomes = threading.Barrier(4), []

    def pay() -> None:
        try:
            with scope(business):
                start.wait()
                try:
                    services.record_payment(actor=SYSTEM, invoice=invoice, at=NOW, amount=Decimal("40"))
                    outcomes.append("paid")
                except InvalidInput as refusal:
                    outcomes.append(next(iter(refusal.errors)))
        finally:
            connection.close()

    threads = [threading.Thread(target=pay) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with scope(business):
        invoice.refresh_from_db()
        assert sorted(outcomes) == ["amount", "amount", "paid", "paid"]
        assert _of(invoice, "paid", "status") == (80, "partial")
        assert Payment.objects.count() == 2
        assert CustomerFacts.objects.get(customer=invoice.customer_id).invoices_owed == 20
