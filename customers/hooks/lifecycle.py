"""Stages and the way through them."""

from django.utils.translation import gettext_lazy as _

from crm.registry import (
    DemoPart,
    HomePanel,
    IntegrityCheck,
    SettingsBlock,
    SidebarItem,
    Verb,
    demo_parts,
    home_panels,
    integrity_checks,
    settings_blocks,
    sidebar,
    verbs,
)
from customers.choices import LifecycleStage
from customers.demo.lifecycle import fill_lifecycle
from customers.forms.lifecycle import inactive_field, loyal_field
from customers.panels.home import stage_panel
from customers.panels.profile import lifecycle_panel
from customers.queries import integrity
from customers.queries.profile import stage_risk
from customers.queries.projections import INACTIVE_AFTER_DAYS, LOYAL_AFTER_ORDERS
from customers.queries.timeline import stage_entries
from customers.registry import (
    ProfileAction,
    ProfilePanel,
    RiskReason,
    RowAction,
    TimelineSource,
    profile_actions,
    profile_panels,
    risk_reasons,
    row_actions,
    timeline_sources,
)

profile_actions.plug(
    ProfileAction(
        "stage", _("Change stage"), "milestone", "customers:stage_change", "customers.change", "button", order=20
    ),
    ProfileAction(
        "convert",
        _("Mark as customer"),
        "badge-check",
        "customers:customer_convert",
        "customers.change",
        "button",
        stages=(LifecycleStage.PROSPECT, LifecycleStage.OPPORTUNITY),
        order=30,
    ),
)
row_actions.plug(
    RowAction("stage", _("Change stage"), "route", "customers:stage_change", "customers.change", order=20),
)
timeline_sources.plug(
    TimelineSource("stages", _("Stages"), "milestone", "customers.view", stage_entries, order=10),
)
risk_reasons.plug(
    RiskReason("stage", _("Stage Churn risk"), stage_risk, order=10),
)
verbs.plug(
    Verb("customers.lifecycle.changed", _("Stage changed")),
    Verb("customers.lifecycle.corrected", _("Date of a stage change corrected")),
)
sidebar.plug(
    SidebarItem(_("Reports"), _("Stages"), "git-compare-arrows", "customers:stage_report", "customers.view", order=600),
)
profile_panels.plug(
    ProfilePanel("lifecycle", "customers.view", lifecycle_panel, order=10),
)
settings_blocks.plug(
    SettingsBlock(
        "lifecycle",
        _("Lifecycle"),
        {
            "inactive_after_days": (inactive_field, INACTIVE_AFTER_DAYS),
            "loyal_after_orders": (loyal_field, LOYAL_AFTER_ORDERS),
        },
    ),
)
integrity_checks.plug(
    IntegrityCheck("customers.ways", _("Customers stand where their ways end"), integrity.WAYS, order=145),
)
demo_parts.plug(
    DemoPart("lifecycle", fill_lifecycle, ("customers.LifecycleChange",), order=110),
)
home_panels.plug(
    HomePanel("stages", stage_panel, "customers.view", order=30),
)
