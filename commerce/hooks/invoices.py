"""Invoices and payments: rights, deeds, pages, figures of customers, the headline lifetime value, files and demo data."""

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from commerce import queries, services
from commerce.choices import LtvBasis
from commerce.forms.invoices import ltv_basis_field
from commerce.panels.invoices import invoice_entries, invoice_panel, overdue_risk
from commerce.queries.invoices import invoice_entries_of
from commerce.resources import INVOICES, PAYMENTS
from crm.hooks import EVERYBODY
from crm.paging import Sort
from crm.registry import (
    Emptied,
    IntegrityCheck,
    Listener,
    PaletteEntries,
    Permission,
    QuickAction,
    RecordPage,
    SettingsBlock,
    SidebarItem,
    TaskKind,
    Verb,
    business_tables,
    integrity_checks,
    listeners,
    palette_entries,
    permissions,
    quick_actions,
    record_pages,
    settings_blocks,
    sidebar,
    task_kinds,
    verbs,
)
from customers.querysets import led_by_facts
from customers.registry import (
    Field,
    ProfilePanel,
    RiskReason,
    TimelineSource,
    fields,
    import_resources,
    profile_panels,
    risk_reasons,
    timeline_sources,
)


def _invoices(narrowed: str = "") -> Callable[[Any], str]:
    """Leads from a customer to its invoices that are narrowed so."""
    return lambda customer: f"{reverse('commerce:invoice_list')}?customer={customer.pk}{narrowed}"


def _headline(customer: Any) -> str:
    """Leads from a customer to the rows of the lifetime value that the business has chosen."""
    page, narrowed = {
        LtvBasis.DEALS: ("commerce:deal_list", "&stage=won"), LtvBasis.INVOICES: ("commerce:invoice_list", "&has_payments=true"),
    }.get(customer.business.settings.get("commerce", {}).get("ltv_basis"), ("commerce:order_list", ""))  # fmt: skip
    return f"{reverse(page)}?customer={customer.pk}{narrowed}"


permissions.plug(
    Permission("commerce.view_invoices", _("See invoices and payments"), EVERYBODY),
    Permission(
        "commerce.change_invoices", _("Write invoices and record payments"), ("owner", "manager", "agent", "integration")
    ),
    Permission("commerce.void_invoices", _("Void invoices"), ("owner", "manager", "integration")),
)  # fmt: skip
verbs.plug(
    Verb("commerce.invoice.created", _("Invoice written")),
    Verb("commerce.invoice.updated", _("Invoice changed")),
    Verb("commerce.invoice.voided", _("Invoice voided")),
    Verb("commerce.payment.recorded", _("Payment recorded")),
    Verb("commerce.payment.removed", _("Payment removed")),
)
business_tables.plug(Emptied("invoices", ("commerce.Payment", "commerce.Invoice"), order=290))
settings_blocks.plug(
    SettingsBlock("commerce", _("Lifetime value"), {"ltv_basis": (ltv_basis_field, LtvBasis.ORDERS.value)})
)
listeners.plug(Listener("crm.business.updated", "commerce.headlines", services.follow_ltv_basis))
task_kinds.plug(
    TaskKind(
        "commerce.tasks.rebuild_headlines", _("Set lifetime values"), lane="slow", limit_seconds=900, alert_seconds=300
    )
)
sidebar.plug(
    SidebarItem(_("Commerce"), _("Invoices"), "receipt", "commerce:invoice_list", "commerce.view_invoices", order=320)
)
quick_actions.plug(QuickAction(_("Add invoice"), "receipt", "commerce:invoice_create", "commerce.change_invoices", 36))
palette_entries.plug(PaletteEntries("invoices", _("Invoices"), "commerce.view_invoices", invoice_entries, order=32))
import_resources.plug(INVOICES, PAYMENTS)
record_pages.plug(RecordPage("commerce.invoice", "commerce:invoice_detail", "commerce.view_invoices"))
profile_panels.plug(ProfilePanel("invoices", "commerce.view_invoices", invoice_panel, order=94, tab="commerce"))
timeline_sources.plug(
    TimelineSource(
        "invoices", _("Invoices and payments"), "receipt", "commerce.view_invoices", invoice_entries_of, order=37
    ),
)
integrity_checks.plug(
    IntegrityCheck("commerce.payments", _("Invoices follow their payments"), queries.INVOICE_PAYMENTS, order=360)
)
risk_reasons.plug(RiskReason("overdue_invoice", _("Invoice overdue"), overdue_risk, order=30))
fields.plug(
    Field(
        "lifetime_value", _("Lifetime value"), "money", "facts__lifetime_value", filters=("gte", "lte"), order=195,
        figure=True, rows_url=_headline, family="sum",
        sort=Sort("lifetime_value", "facts__lifetime_value", "facts__customer_id", descending_first=True, narrow=led_by_facts),
        how=_("What was ordered, won in deals or paid for invoices, all time: whichever the business has chosen in its settings."),
    ),
    Field(
        "ltv_invoiced", _("Invoices paid"), "money", "facts__ltv_invoiced", filters=("gte", "lte"), order=280,
        rows_url=_invoices("&has_payments=true"), family="sum",
        how=_("What was paid for invoices, in the reporting currency at the rate of their day of issue, all time."),
    ),
    Field(
        "invoices_owed", _("Owed"), "money", "facts__invoices_owed", filters=("gte", "lte"), order=282, figure=True,
        rows_url=_invoices("&is_owed=true"), family="sum",
        how=_("What open and partly paid invoices lack, in the reporting currency."),
    ),
    Field(
        "last_invoice_amount", _("Last invoice"), "money", "facts__last_invoice_amount", filters=("gte", "lte", "isnull"), order=284,
        rows_url=_invoices(),
        how=_("The amount of the invoice that was issued last, in the reporting currency; drafts and void ones left out."),
    ),
    Field(
        "last_invoice_on", _("Last invoice issued"), "date", "facts__last_invoice_on", filters=("gte", "lte", "isnull"), order=286,
        rows_url=_invoices(), family="latest", how=_("When the last invoice was issued; drafts and void ones left out."),
    ),
)  # fmt: skip
