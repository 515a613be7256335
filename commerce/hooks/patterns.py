"""Order patterns: cadence and gaps, scores of recency, frequency and money, cohorts, seasons; their reports, filters, setting and tasks."""

from functools import partial

from django.utils.translation import gettext_lazy as _

from commerce import bench, services
from commerce.demo import fill_patterns
from commerce.filters.patterns import group_filter, ordered_in_filter, overdue_filter, score_filter
from commerce.forms.gaps import factor_field
from commerce.panels.patterns import gap_risk, pattern_panel
from commerce.queries.gaps import BLOCK, FACTOR
from crm.hooks import EVERYBODY
from crm.registry import (
    Benchmark,
    DemoPart,
    Emptied,
    Listener,
    NotificationKind,
    Permission,
    RegularTask,
    SettingsBlock,
    SidebarItem,
    TaskKind,
    Verb,
    benchmarks,
    business_tables,
    demo_parts,
    listeners,
    notification_kinds,
    permissions,
    regular_tasks,
    settings_blocks,
    sidebar,
    task_kinds,
    verbs,
)
from customers.registry import (
    CustomerFilter,
    Field,
    ProfilePanel,
    RiskReason,
    customer_filters,
    fields,
    profile_panels,
    risk_reasons,
)

permissions.plug(
    Permission("commerce.view_patterns", _("See how all customers order"), EVERYBODY, sees_all=True),
    Permission("commerce.compute_patterns", _("Have order patterns computed anew"), ("owner", "manager"), sees_all=True),
)  # fmt: skip
verbs.plug(Verb("commerce.patterns.computed", _("Order patterns computed")))
sidebar.plug(
    SidebarItem(_("Reports"), _("Retention"), "repeat-2", "commerce:retention_report", "commerce.view_patterns", order=610),
    SidebarItem(_("Reports"), _("Overdue to order"), "alarm-clock", "commerce:order_gap_list", "commerce.view_orders", order=615),
)  # fmt: skip
settings_blocks.plug(SettingsBlock(BLOCK, _("Orders that don't come"), {"factor": (factor_field, FACTOR)}))
business_tables.plug(
    Emptied("commerce.patterns", ("commerce.OrderGap", "commerce.CohortMonth", "commerce.OrderPatterns"), order=280)
)
risk_reasons.plug(RiskReason("order_gap", _("Overdue to order"), gap_risk, order=21))
profile_panels.plug(
    ProfilePanel("patterns", "commerce.view_orders", pattern_panel, wide=False, order=80, tab="commerce")
)
notification_kinds.plug(
    NotificationKind(
        "commerce.order_gaps", _("Customers of yours are overdue to order"), _("Once a day, those whose gap is new.")
    )
)
listeners.plug(
    Listener("customers.import.completed", "commerce.patterns_of_files", services.follow_order_files),
    Listener("crm.business.updated", "commerce.patterns_of_days", services.follow_days),
)
demo_parts.plug(DemoPart("patterns", fill_patterns, order=330))
fields.plug(
    Field(
        "days_between_orders", _("Days between orders"), "decimal", "facts__days_between_orders", filters=("gte", "lte", "isnull"),
        order=245,
        how=_("From the first completed order to the last, divided by the number of orders after the first."),
    ),
    Field(
        "next_order_on", _("Next order expected"), "date", "facts__next_order_on", filters=("gte", "lte", "isnull"), order=247,
        how=_("The day of the last completed order and the days between orders, rounded, after it."),
    ),
)  # fmt: skip
customer_filters.plug(
    CustomerFilter("overdue_to_order", overdue_filter, "commerce.view_orders", order=10),
    CustomerFilter("ordered_in", ordered_in_filter, "commerce.view_orders", order=20),
    *(
        CustomerFilter(f"rfm_{measure}", partial(score_filter, measure), "commerce.view_patterns", order=30)
        for measure in ("recency", "frequency", "monetary")
    ),
    CustomerFilter("rfm_group", group_filter, "commerce.view_patterns", order=40),
)
benchmarks.plug(
    Benchmark("retention_page", _("Retention, page"), 1000, bench.retention_page, order=56),
    Benchmark("retention_api", _("Retention and scores, API"), 1000, bench.retention_api, order=57),
    Benchmark("order_gaps", _("Overdue to order, page and API"), 1000, bench.order_gaps, order=58),
)
task_kinds.plug(
    TaskKind(
        "commerce.tasks.compute_patterns", _("Compute order patterns"), lane="slow", limit_seconds=1800, alert_seconds=600
    ),
    TaskKind(
        "commerce.tasks.compute_all_patterns", _("Compute order patterns of all businesses"), lane="slow", hidden=True
    ),
    TaskKind(
        "commerce.tasks.tell_order_gaps", _("Tell of order gaps"), lane="slow", limit_seconds=900, hidden=True
    ),
)  # fmt: skip
regular_tasks.plug(
    RegularTask("compute order patterns", "commerce.tasks.compute_all_patterns", "37 * * * *"),
    RegularTask("tell of order gaps", "commerce.tasks.tell_order_gaps", "47 * * * *"),
)
