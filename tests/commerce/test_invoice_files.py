"""Files of invoices and payments: taken over as the deeds would do it, or refused whole with row, column and reason."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from commerce import services
from commerce.models import Invoice, Payment
from commerce.queries import INVOICE_PAYMENTS, RECURRING_FACTS
from crm import clock
from crm.actor import Actor
from crm.models import Business, ExchangeRate
from crm.scope import scope
from customers.models import Customer, CustomerFacts, ImportJob
from tests.commerce.test_resources import bring_in
from tests.factories import make_customer, make_invoice

SYSTEM = Actor.system("test")
HEADER = "invoice_number,customer_external_id,customer_email,issued_on,due_on,amount,currency,recurs,status,note\n"
PAID = "invoice_number,paid_on,amount,method,reference\n"


@pytest.fixture
def customer(in_scope: Business) -> Customer:
    return make_customer(in_scope, external_id="A-1", email="Pay@Acme.example")


def _faults(record: ImportJob) -> set[tuple[int, str]]:
    return {(fault.line, fault.column) for fault in record.faults.all()}


def _sound() -> bool:
    return (RECURRING_FACTS().broken, INVOICE_PAYMENTS().broken) == (0, 0)


def test_rows_become_invoices(in_scope: Business, customer: Customer) -> None:
    day = clock.today(in_scope.time_zone).isoformat()
    rows = HEADER + (
        f"I-1,A-1,,{day},,1200,,annual,,Yearly plan\nI-2,,pay@acme.EXAMPLE,2026-01-31,2026-03-02,90.5,,,draft,\n"
        "I-3,A-1,,2026-01-31,,0,,,open,\nI-4,A-1,,2026-02-01T23:30:00-05:00,,5,,,void,\n"
    )
    record = bring_in(in_scope, rows)
    assert (record.resource, record.counts["invoices_created"]) == ("invoices", 4)
    shown = Invoice.objects.order_by("number").values_list(
        "number", "status", "amount", "issued_on", "due_on", "recurs"
    )
    assert list(shown) == [
        ("I-1", "open", 1200, date.fromisoformat(day), None, "year"),
        ("I-2", "draft", Decimal("90.5"), date(2026, 1, 31), date(2026, 3, 2), ""),
        ("I-3", "paid", 0, date(2026, 1, 31), None, ""),
        ("I-4", "void", 5, date(2026, 2, 2), None, ""),
    ]  # fmt: skip
    facts = CustomerFacts.objects.get(customer=customer)
    assert (facts.arr, facts.invoices_owed) == (1200, 1200)
    assert _sound()
    assert bring_in(in_scope, rows).counts["invoices_unchanged"] == 4
    changed = HEADER + "I-2,A-1,,2026-01-31,2026-04-02,91,,,,\nI-4,A-1,,2026-02-02,,5,,,void,Twice\n"
    assert bring_in(in_scope, changed).counts["invoices_updated"] == 2
    two = Invoice.objects.get(number="I-2")
    assert (two.status, two.amount, two.due_on) == ("open", 91, date(2026, 4, 2))
    assert _sound()


def test_a_file_makes_what_the_deeds_make(in_scope: Business, other_business: Business, customer: Customer) -> None:
    """The same invoices and payments by a file and by the deeds, in another currency, paid in part and in whole."""
    with scope(other_business):
        other = make_customer(other_business, external_id="A-1")
    names = (
        "number",
        "status",
        "amount",
        "amount_base",
        "paid",
        "paid_base",
        "paid_on",
        "issued_on",
        "due_on",
        "recurs",
    )
    made = []
    for business in (in_scope, other_business):
        with scope(business):
            ExchangeRate.objects.create(
                business=business, currency="EUR", valid_on=date(2024, 1, 1), rate=Decimal("0.8333")
            )
    bring_in(in_scope, HEADER + "I-1,A-1,,2026-01-31,2026-03-02,100.00,EUR,,,\nI-2,A-1,,2026-01-31,,33.33,eur,,,\n")
    bring_in(
        in_scope, PAID + "I-1,2026-02-10,60,card,R-1\nI-2,2026-02-10,11.11,,\nI-2,2026-02-12,22.22,,\n", "payments"
    )
    made.append(list(Invoice.objects.order_by("number").values_list(*names)))
    with scope(other_business):
        day = date(2026, 1, 31)
        one = make_invoice(
            other, number="I-1", amount=Decimal(100), currency="EUR", issued_on=day, due_on=date(2026, 3, 2)
        )
        two = make_invoice(other, number="I-2", amount=Decimal("33.33"), currency="EUR", issued_on=day, due_on=None)
        for invoice, amount, paid_on in ((one, "60", 10), (two, "11.11", 10), (two, "22.22", 12)):
            services.record_payment(
                actor=SYSTEM, invoice=invoice, at=clock.now(), amount=Decimal(amount), paid_on=date(2026, 2, paid_on)
            )
        made.append(list(Invoice.objects.order_by("number").values_list(*names)))
    assert made[0] == made[1]
    assert _sound()


def test_payments_are_noted_once(in_scope: Business, customer: Customer) -> None:
    make_invoice(customer, number="I-1", amount=Decimal(90), issued_on=date(2026, 5, 1))
    rows = PAID + "I-1,2026-05-10,40,card,R-1\nI-1,2026-05-10,40,card,R-2\n"
    record = bring_in(in_scope, rows)
    assert (record.resource, record.counts) == ("payments", {"payments_created": 2, "payments_unchanged": 0})
    assert bring_in(in_scope, rows).counts["payments_unchanged"] == 2
    assert list(Payment.objects.order_by("reference").values_list("amount", "method", "reference")) == [
        (40, "card", "R-1"), (40, "card", "R-2"),
    ]  # fmt: skip
    facts = CustomerFacts.objects.get(customer=customer)
    assert (facts.ltv_invoiced, facts.invoices_owed) == (80, 10)
    bring_in(in_scope, PAID + "I-1,2026-05-09,10,,\n")
    invoice = Invoice.objects.get()
    assert (invoice.status, invoice.paid, invoice.paid_on) == ("paid", 90, date(2026, 5, 10))
    assert _sound()


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("I-1,A-9,,2026-01-31,,5,,,,", "customer_external_id"), ("I-1,,,2026-01-31,,5,,,,", "customer_external_id"),
        ("I-1,,no@acme.example,2026-01-31,,5,,,,", "customer_email"), ("I-1,A-1,,soon,,5,,,,", "issued_on"),
        ("I-1,A-1,,1899-12-31,,5,,,,", "issued_on"), ("I-1,A-1,,2026-01-31,2026-01-30,5,,,,", "due_on"),
        ("I-1,A-1,,2026-01-31,2200-01-01,5,,,,", "due_on"), ("I-1,A-1,,2026-01-31,,-5,,,,", "amount"),
        ("I-1,A-1,,2026-01-31,,999999999999,,,,", "amount"), ("I-1,A-1,,2026-01-31,,5,XXX,,,", "currency"),
        ("I-1,A-1,,2026-01-31,,5,USD,,,", "currency"), ("I-1,A-1,,2026-01-31,,5,,weekly,,", "recurs"),
        ("I-1,A-1,,2026-01-31,,5,,,paid,", "status"), ("PAID,A-1,,2026-05-01,,91,,,,", "invoice_number"),
        ("PAID,A-1,,2026-05-01,,90,,,void,", "invoice_number"), ("OTHER,A-1,,2026-05-01,,90,,,,", "invoice_number"),
        ("VOID,A-1,,2026-05-01,,90,,,,", "status"), ("OPEN,A-1,,2026-05-01,,90,,,draft,", "status"),
        ("OPEN,A-1,,2026-07-01,,90,,,,", "due_on"),
    ],
)  # fmt: skip
def test_a_faulty_invoice_is_named(in_scope: Business, customer: Customer, row: str, column: str) -> None:
    values: dict[str, Any] = {"amount": Decimal(90), "issued_on": date(2026, 5, 1)}
    paid = make_invoice(customer, number="PAID", **values)
    services.record_payment(actor=SYSTEM, invoice=paid, at=clock.now(), amount=Decimal(1))
    make_invoice(make_customer(in_scope), number="OTHER", **values)
    services.void_invoice(actor=SYSTEM, invoice=make_invoice(customer, number="VOID", **values))
    make_invoice(customer, number="OPEN", **values | {"due_on": date(2026, 6, 1)})
    before = list(Invoice.objects.order_by("number").values_list("number", "amount", "updated_at"))
    assert _faults(bring_in(in_scope, HEADER + row + "\n", "invoices")) == {(2, column)}
    assert list(Invoice.objects.order_by("number").values_list("number", "amount", "updated_at")) == before


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("NONE,2026-05-10,5,,", (2, "invoice_number")), ("DRAFT,2026-05-10,5,,", (2, "invoice_number")),
        ("I-1,2026-05-10,0,,", (2, "amount")), ("I-1,2026-05-10,-5,,", (2, "amount")), ("I-1,2026-05-10,1.005,,", (2, "amount")),
        ("I-1,2999-01-01,5,,", (2, "paid_on")), ("I-1,1899-01-01,5,,", (2, "paid_on")), ("I-1,2026-05-10,5,cheque,", (2, "method")),
        ("I-1,2026-05-10,90.01,,", (2, "invoice_number")), ("I-1,2026-05-10,60,,a\nI-1,2026-05-10,31,,b", (2, "invoice_number")),
        ("I-1,2026-05-10,5,,\nI-1,2026-05-10,5.00,,", (3, "invoice_number")),
    ],
)  # fmt: skip
def test_a_faulty_payment_is_named(in_scope: Business, customer: Customer, rows: str, fault: tuple[int, str]) -> None:
    make_invoice(customer, number="I-1", amount=Decimal(90), issued_on=date(2026, 5, 1))
    make_invoice(customer, number="DRAFT", amount=Decimal(90), status="draft")
    assert _faults(bring_in(in_scope, PAID + rows + "\n", "payments")) == {fault}
    assert not Payment.objects.exists()


def test_the_due_day_of_a_paid_invoice_still_changes(in_scope: Business, customer: Customer) -> None:
    invoice = make_invoice(customer, number="I-1", amount=Decimal(90), issued_on=date(2026, 5, 1))
    services.record_payment(actor=SYSTEM, invoice=invoice, at=clock.now(), amount=Decimal(1))
    bring_in(in_scope, HEADER + "I-1,A-1,,2026-05-01,2026-07-01,90.00,,,open,Late\n")
    invoice.refresh_from_db()
    assert (invoice.due_on, invoice.note, invoice.status, invoice.paid) == (
        date(2026, 7, 1), "Late", "partial", Decimal(1),
    )  # fmt: skip


def test_customers_and_invoices_of_another_business_are_not_there(
    in_scope: Business, other_business: Business, customer: Customer
) -> None:
    with scope(other_business):
        elsewhere = make_invoice(make_customer(other_business, external_id="B-1"), number="B", amount=Decimal(9))
    assert _faults(bring_in(in_scope, HEADER + "I-1,B-1,,2026-01-31,,5,,,,\n")) == {(2, "customer_external_id")}
    assert _faults(bring_in(in_scope, PAID + "B,2026-05-10,5,,\n")) == {(2, "invoice_number")}
    bring_in(in_scope, HEADER + "B,A-1,,2026-01-31,,5,,,,\n")
    with scope(other_business):
        elsewhere.refresh_from_db()
    assert elsewhere.amount == 9
