"""Boxes and figures about customers on the home dashboard, and customers in the search palette."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from crm import charts, clock
from crm.actor import Actor
from crm.models import Business
from crm.templatetags import ui
from customers.choices import Kind, LifecycleStage
from customers.models import Customer
from customers.queries import customers_by_stage, fitting, opened_last

_RECENT_DAYS = timedelta(days=30)
_PROFILE = ("customers:customer_detail", "customers:customer_history", "customers:customer_update")


def customer_figures(actor: Actor, business: Business, at: datetime) -> list[dict[str, Any]]:
    """Live customers, and those at risk of leaving."""
    counts = {stage: count for stage, _label, count in customers_by_stage(actor, business)}
    total, gone, at_risk = sum(counts.values()), counts[LifecycleStage.CHURNED], counts[LifecycleStage.CHURN_RISK]
    href = reverse("customers:customer_list")
    return [
        {
            "label": _("Customers"), "value": ui.number(total), "href": href, "trend": None, "trend_good": True,
            "hint": _("%(count)s of them churned") % {"count": ui.number(gone)},
            "how": _("Customers that are not archived and that you may see."),
        },
        {
            "label": _("At risk"), "value": ui.number(at_risk), "href": f"{href}?lifecycle_stage={LifecycleStage.CHURN_RISK}",
            "trend": None, "trend_good": False, "hint": _("in stage Churn risk"),
            "how": _("Customers whose lifecycle stage is Churn risk."),
        },
    ]  # fmt: skip


def stage_panel(actor: Actor, business: Business, at: datetime) -> tuple[str, dict[str, Any]] | None:
    """Live customers by lifecycle stage; nothing while there are none."""
    href = reverse("customers:customer_list")
    stages = customers_by_stage(actor, business)
    if not any(count for _stage, _label, count in stages):
        return None
    items = [charts.Bar(str(label), count, f"{href}?lifecycle_stage={stage}") for stage, label, count in stages]
    return "customers/stage_panel.html", {"chart": charts.bars(_("Customers by stage"), items)}


def customer_entries(actor: Actor, business: Business, words: str, limit: int) -> list[dict[str, Any]]:
    """The customers that the words fit and, where there are more, the way to all of them; none without words."""
    if not words:
        return []
    found = fitting(actor, words, limit + 1)
    entries = [_entry(customer) for customer in found[:limit]]
    if len(found) > limit:
        href = f"{reverse('customers:customer_list')}?{urlencode({'view': 'none', 'search': words})}"
        entries.append({"label": _("All customers that fit"), "hint": "", "href": href, "icon": "search"})
    return entries


def recent_entries(actor: Actor, business: Business, words: str, limit: int) -> list[dict[str, Any]]:
    """Without words, the customers whose profiles the actor has opened last."""
    if words:
        return []
    return [_entry(customer) for customer in opened_last(actor, _PROFILE, clock.now() - _RECENT_DAYS, limit)]


def _entry(customer: Customer) -> dict[str, Any]:
    return {
        "label": customer.display_name,
        "hint": customer.email or customer.city,
        "icon": "building-2" if customer.kind == Kind.COMPANY else "user",
        "href": reverse("customers:customer_detail", args=[customer.pk]),
        "shows": customer.pk,
    }


def subjects(actor: Actor, words: str, limit: int) -> list[tuple[UUID, str, str]]:
    """Id, name and e-mail address or city of the customers that the words fit, for pages of the trail."""
    return [(row.pk, row.display_name, row.email or row.city) for row in fitting(actor, words, limit)]
