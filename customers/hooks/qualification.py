"""Fit with the ideal customer, assessments, technologies, signals and competitors."""

from django.utils.translation import gettext_lazy as _

from crm.paging import Sort
from crm.registry import (
    DemoPart,
    Listener,
    Permission,
    RecordPage,
    SettingsPage,
    TaskKind,
    Verb,
    demo_parts,
    listeners,
    permissions,
    record_pages,
    settings_pages,
    task_kinds,
    verbs,
)
from customers.demo.findings import fill_findings
from customers.queries.profile import signal_risk
from customers.queries.qualification import signal_entries
from customers.querysets import led_by_facts
from customers.registry import (
    Field,
    ProfileTab,
    RiskReason,
    TimelineSource,
    fields,
    profile_tabs,
    risk_reasons,
    timeline_sources,
)
from customers.services.icp import follow_custom_fields

risk_reasons.plug(
    RiskReason("signals", _("Open risk signals"), signal_risk, order=30),
)
permissions.plug(
    Permission("customers.manage_icp", _("Define the ideal customer"), ("owner", "manager")),
)
verbs.plug(
    Verb("customers.qualification.assessed", _("Customer assessed")),
    Verb("customers.technology.created", _("Technology noted")),
    Verb("customers.technology.updated", _("Technology changed")),
    Verb("customers.technology.deleted", _("Technology removed")),
    Verb("customers.signal.created", _("Signal noted")),
    Verb("customers.signal.updated", _("Signal changed")),
    Verb("customers.signal.closed", _("Signal closed")),
    Verb("customers.signal.deleted", _("Signal removed")),
    Verb("customers.competitor.created", _("Competitor noted")),
    Verb("customers.competitor.updated", _("Competitor changed")),
    Verb("customers.competitor.deleted", _("Competitor removed")),
    Verb("customers.icp_criterion.created", _("Criterion of the ideal customer added")),
    Verb("customers.icp_criterion.updated", _("Criterion of the ideal customer changed")),
    Verb("customers.icp_criterion.deleted", _("Criterion of the ideal customer deleted")),
)
profile_tabs.plug(
    ProfileTab("qualification", _("Qualification"), "customers:customer_qualification", "customers.view", order=40),
)
settings_pages.plug(
    SettingsPage(
        _("Ideal customer"),
        _("What makes a company fit, and how much it counts."),
        "target",
        "customers:icp_criterion_list",
        "customers.manage_icp",
        67,
    ),
)
record_pages.plug(
    RecordPage("customers.icpcriterion", "customers:icp_criterion_update", "customers.manage_icp"),
)
timeline_sources.plug(
    TimelineSource("signals", _("Signals"), "radio", "customers.view", signal_entries, order=30),
)
listeners.plug(
    Listener("customers.custom_field.updated", "customers.icp", follow_custom_fields),
    Listener("customers.custom_field.archived", "customers.icp_archived", follow_custom_fields),
    Listener("customers.custom_field.restored", "customers.icp_restored", follow_custom_fields),
)
demo_parts.plug(
    DemoPart(
        "findings",
        fill_findings,
        ("customers.Technology", "customers.Signal", "customers.CompetitorMention", "customers.Qualification"),
        order=160,
    ),
)
task_kinds.plug(
    TaskKind(
        "customers.tasks.score_companies", _("Score companies"), lane="slow", limit_seconds=1800, alert_seconds=600
    ),
)
fields.plug(
    Field(
        "icp_score",
        _("Fit with the ideal customer"),
        "number",
        "facts__icp_score",
        filters=("gte", "lte"),
        sort=Sort(
            "icp_score",
            "facts__icp_score",
            "facts__customer_id",
            nullable=True,
            descending_first=True,
            narrow=led_by_facts,
        ),
        kinds=("company",),
        order=290,
        how=_(
            "0 to 100: the weight of the criteria that the company matches, of the weight of all. What is not known counts 0."
        ),
    ),
)
