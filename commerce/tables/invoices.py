"""How invoices are shown: columns, badges, figures and details."""

from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from commerce.choices import Interval, InvoiceStatus
from commerce.models import Invoice
from commerce.services import is_overdue
from crm.models import Business
from crm.paging import Sort
from crm.tables import Column
from crm.templatetags import ui

BY_ISSUE = Sort("issued_on", "issued_on", descending_first=True)
BY_DUE = Sort("due_on", "due_on", nullable=True)
_LINK = '<a href="{}"><bdi>{}</bdi></a>'
_KINDS = {
    InvoiceStatus.DRAFT: "neutral", InvoiceStatus.OPEN: "accent", InvoiceStatus.PARTIAL: "warn", InvoiceStatus.PAID: "good",
    InvoiceStatus.VOID: "neutral",
}  # fmt: skip


def invoice_href(invoice: Invoice) -> str:
    """The address of the invoice's page."""
    return reverse("commerce:invoice_detail", args=[invoice.pk])


def invoice_badge(invoice: Invoice, today: date) -> SafeString:
    """Where it stands, and that it is overdue."""
    badge = ui.badge(invoice.get_status_display(), _KINDS[InvoiceStatus(invoice.status)])
    if is_overdue(invoice, today):
        return format_html("{} {}", badge, ui.badge(_("Overdue"), "bad", "calendar-x"))
    return badge


def owed_of(invoice: Invoice) -> Any:
    """What is still to be paid, in the invoice's currency; nothing for drafts and void ones."""
    is_owed = invoice.status in (InvoiceStatus.OPEN, InvoiceStatus.PARTIAL)
    return invoice.amount - invoice.paid if is_owed else 0


def invoice_columns(today: date) -> list[Column]:
    """The columns of lists of invoices."""
    return [
        Column("number", _("Number"), lambda row: row.number),
        Column("customer", _("Customer"), lambda row: format_html("<bdi>{}</bdi>", row.customer.display_name)),
        Column("status", _("Status"), lambda row: invoice_badge(row, today)),
        Column("amount", _("Amount"), lambda row: ui.money(row.amount, row.currency), align="end"),
        Column("owed", _("Owed"), lambda row: ui.money(owed_of(row), row.currency), align="end"),
        Column("issued_on", _("Issued"), lambda row: ui.when(row.issued_on, "day"), sort=BY_ISSUE),
        Column("due_on", _("Due"), lambda row: ui.when(row.due_on, "day") if row.due_on else "", sort=BY_DUE),
    ]  # fmt: skip


def invoice_figures(invoice: Invoice, business: Business) -> list[dict[str, Any]]:
    """The figures on top of an invoice's page, as the component takes them."""
    is_foreign = invoice.currency != business.currency
    how = _("Converted at the rate of the day of issue.") if is_foreign else ""
    return [
        {
            "label": _("Amount"), "value": ui.money(invoice.amount, invoice.currency),
            "hint": ui.money(invoice.amount_base, business.currency) if is_foreign else "", "how": how,
        },
        {
            "label": _("Paid"), "value": ui.money(invoice.paid, invoice.currency),
            "hint": ui.money(invoice.paid_base, business.currency) if is_foreign else "",
            "how": _("The sum of the payments."),
        },
        {
            "label": _("Owed"), "value": ui.money(owed_of(invoice), invoice.currency), "hint": "",
            "how": _("The amount less what was paid; nothing for drafts and void invoices."),
        },
    ]  # fmt: skip


def invoice_facts(invoice: Invoice) -> list[tuple[str, Any]]:
    """What is known of the invoice, as (label, value)."""
    customer = reverse("customers:customer_detail", args=[invoice.customer_id])
    pairs: list[tuple[str, Any]] = [
        (_("Customer"), format_html(_LINK, customer, invoice.customer)),
        (_("Issued"), ui.when(invoice.issued_on, "day")),
        (_("Due"), ui.when(invoice.due_on, "day") if invoice.due_on else ""),
    ]
    if invoice.paid_on:
        pairs.append((_("Paid on"), ui.when(invoice.paid_on, "day")))
    if invoice.recurs:
        pairs.append((_("Comes again"), Interval(invoice.recurs).label))
    for label, name, url in (
        (_("Subscription"), "subscription", "commerce:subscription_detail"),
        (_("Order"), "order", "commerce:order_detail"),
        (_("Deal"), "opportunity", "commerce:deal_detail"),
    ):
        linked = getattr(invoice, name)
        if linked is not None:
            pairs.append((label, format_html(_LINK, reverse(url, args=[linked.pk]), linked)))
    if invoice.note:
        pairs.append((_("Note"), ui.user_text(invoice.note)))
    return pairs
