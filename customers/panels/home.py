"""Figures and boxes about customers on the home dashboard."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from crm import charts
from crm.registry import HomeVisit
from crm.templatetags import ui
from customers.choices import LifecycleStage
from customers.queries import customers_by_stage


def customer_figures(visit: HomeVisit) -> list[dict[str, Any]]:
    """Live customers, and those at risk of leaving."""
    counts = {stage: count for stage, _label, count in visit.ask(customers_by_stage)}
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


def stage_panel(visit: HomeVisit) -> tuple[str, dict[str, Any]] | None:
    """Live customers by lifecycle stage; nothing while there are none."""
    href = reverse("customers:customer_list")
    stages = visit.ask(customers_by_stage)
    if not any(count for _stage, _label, count in stages):
        return None
    items = [charts.Bar(str(label), count, f"{href}?lifecycle_stage={stage}") for stage, label, count in stages]
    return "customers/stage_panel.html", {"chart": charts.bars(_("Customers by stage"), items)}
