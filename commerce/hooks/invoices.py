"""Invoices and payments: rights, deeds, pages, figures of customers, the headline lifetime value, files and demo data."""

from django.utils.translation import gettext_lazy as _

from commerce import services
from commerce.choices import LtvBasis
from commerce.forms.invoices import ltv_basis_field
from crm.hooks import EVERYBODY
from crm.registry import (
    Emptied,
    Listener,
    Permission,
    SettingsBlock,
    TaskKind,
    Verb,
    business_tables,
    listeners,
    permissions,
    settings_blocks,
    task_kinds,
    verbs,
)

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
