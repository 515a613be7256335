"""Questions about invoices and payments: what they come to, what is overdue, and what is told of them elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum, Value
from django.urls import reverse
from django.utils.translation import gettext as _

from commerce.choices import ZERO, InvoiceStatus
from commerce.models import Invoice, Payment
from commerce.queries.days import behind_day, start_of
from commerce.queries.numbers import by_number
from crm import clock, formats
from crm.actor import Actor
from customers.models import Customer
from customers.registry import TimelineEntry

OWED = (InvoiceStatus.OPEN, InvoiceStatus.PARTIAL)
"""Statuses of invoices for which something is still to be paid."""


def overdue(today: date) -> Q:
    """Invoices for which something is owed that was due before `today`."""
    return Q(status__in=OWED, due_on__lt=today)


@dataclass(frozen=True)
class Billed:
    """How many invoices, what they come to, what was paid and what is owed; in the reporting currency, void ones and drafts left out
    of the amounts."""

    count: int = 0
    amount: Decimal = ZERO
    paid: Decimal = ZERO
    owed: Decimal = ZERO


def billed_of(rows: QuerySet[Any]) -> Billed:
    """What the invoices come to."""
    counts = ~Q(status__in=[InvoiceStatus.DRAFT, InvoiceStatus.VOID])
    found = rows.order_by().aggregate(
        n=Count("pk"), amount=Sum("amount_base", filter=counts), paid=Sum("paid_base", filter=counts),
        owed=Sum(F("amount_base") - F("paid_base"), filter=Q(status__in=OWED)),
    )  # fmt: skip
    return Billed(found["n"], found["amount"] or ZERO, found["paid"] or ZERO, found["owed"] or ZERO)


def invoices_of(actor: Actor, customer: Customer, limit: int = 10) -> list[Invoice]:
    """The customer's latest invoices, newest first."""
    rows = Invoice.objects.visible_to(actor).filter(customer=customer)
    return list(rows.order_by("-issued_on", "-id")[:limit])


def overdue_of(customer: Customer, at: datetime) -> int:
    """How many invoices of the customer are overdue on the day of `at`; no question is asked of one that owes nothing."""
    if customer.facts.invoices_owed <= 0:
        return 0
    today = clock.today(customer.business.time_zone, at)
    return int(Invoice.objects.filter(overdue(today), customer=customer).count())


def invoices_by_number(actor: Actor, words: str, limit: int) -> list[Invoice]:
    """The invoices whose number is or begins with the words; the one that it is comes first."""
    return by_number(Invoice.objects.visible_to(actor).select_related("customer"), words, limit)


def invoice_entries_of(
    actor: Actor, customer_ids: Sequence[UUID], before: tuple[datetime, str] | None, limit: int
) -> list[TimelineEntry]:
    """The source of the timeline that tells of invoices that were issued and of money that came in, each at the start of its day."""
    ids = list(customer_ids)
    issued = Invoice.objects.filter(customer__in=ids).exclude(status=InvoiceStatus.DRAFT)
    paid = Payment.objects.filter(invoice__customer__in=ids)
    columns = ("day", "key", "invoice_key", "number", "status", "reference", "money", "currency", "customer")
    invoices = behind_day(issued, before, "issued_on", "id").values_list(
        "issued_on", "pk", "pk", "number", "status", Value(""), "amount", "currency", "customer_id"
    )
    payments = behind_day(paid, before, "paid_on", "id").values_list(
        "paid_on",
        "pk",
        "invoice_id",
        "invoice__number",
        Value(""),
        "reference",
        "amount",
        "invoice__currency",
        "invoice__customer_id",
    )
    rows = [dict(zip(columns, row, strict=True)) for row in invoices[:limit].union(payments[:limit], all=True)]
    rows.sort(key=lambda row: (row["day"], row["key"]), reverse=True)
    return [
        TimelineEntry(
            at=start_of(row["day"]), key=str(row["key"]),
            title=(_("Invoice %(number)s") if row["status"] else _("Payment for invoice %(number)s")) % {"number": row["number"]},
            text=str(InvoiceStatus(row["status"]).label) if row["status"] else row["reference"],
            amount=formats.money(row["money"], row["currency"]),
            href=reverse("commerce:invoice_detail", args=[row["invoice_key"]]), customer_id=row["customer"],
        )
        for row in rows[:limit]
    ]  # fmt: skip
