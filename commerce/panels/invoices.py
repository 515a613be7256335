"""Invoices on pages of others: the profile, the signs of risk, the search palette."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commerce.queries.invoices import invoices_by_number, invoices_of, overdue_of
from commerce.tables.invoices import invoice_badge, invoice_href
from crm import clock, formats
from crm.actor import Actor
from crm.models import Business
from crm.templatetags import ui
from customers.models import Customer

Panel = tuple[str, dict[str, Any]]


def invoice_panel(actor: Actor, customer: Customer, at: datetime) -> Panel | None:
    """What the customer owes and has paid, and its latest invoices."""
    business, facts = customer.business, customer.facts
    today = clock.today(business.time_zone, at)
    found = invoices_of(actor, customer)
    list_href = f"{reverse('commerce:invoice_list')}?customer={customer.pk}"
    may_add = actor.may("commerce.change_invoices", business) and not customer.is_archived
    late = overdue_of(customer, at)
    figures: list[dict[str, Any]] = [
        {
            "label": _("Owed"), "value": ui.money(facts.invoices_owed, business.currency), "href": f"{list_href}&is_owed=true",
            "hint": "", "how": _("What open and partly paid invoices lack, in the reporting currency."),
        },
        {
            "label": _("Paid"), "value": ui.money(facts.ltv_invoiced, business.currency), "href": f"{list_href}&has_payments=true",
            "hint": "", "how": _("What was paid for invoices, in the reporting currency, all time."),
        },
        {
            "label": _("Last invoice"), "value": ui.money(facts.last_invoice_amount, business.currency), "href": list_href,
            "hint": formats.day(facts.last_invoice_on) if facts.last_invoice_on else "",
            "how": _("The amount of the invoice that was issued last; drafts and void ones left out."),
        },
    ]  # fmt: skip
    words = ngettext("%(count)s invoice overdue", "%(count)s invoices overdue", late) % {"count": formats.number(late)}
    return "commerce/invoice_panel.html", {
        "customer": customer, "figures": figures, "badge": ui.badge(words, "bad", "calendar-x") if late else "",
        "invoices": [(row, invoice_badge(row, today)) for row in found],
        "href": f"{reverse('commerce:invoice_create')}?customer={customer.pk}" if may_add else list_href,
        "link": _("Add invoice") if may_add else _("All invoices"),
    }  # fmt: skip


def overdue_risk(actor: Actor, customer: Customer, at: datetime) -> str:
    """The sign of risk that invoices give; nothing is said to those who may not see invoices."""
    if not actor.may("commerce.view_invoices", customer.business):
        return ""
    late = overdue_of(customer, at)
    if not late:
        return ""
    return ngettext("An invoice is overdue.", "%(count)s invoices are overdue.", late) % {"count": formats.number(late)}


def invoice_entries(actor: Actor, business: Business, words: str, limit: int) -> list[dict[str, Any]]:
    """The invoices whose number begins with the words; none without words."""
    if not words:
        return []
    return [
        {
            "label": _("Invoice %(number)s") % {"number": invoice.number}, "hint": invoice.customer.display_name, "icon": "receipt",
            "href": invoice_href(invoice), "shows": invoice.customer_id, "record": ("invoice", invoice.pk), "matched": "number",
        }
        for invoice in invoices_by_number(actor, words, limit)
    ]  # fmt: skip
