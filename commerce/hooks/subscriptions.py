"""Subscriptions: rights, deeds, pages, recurring revenue of customers, files and demo data."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from commerce import queries, services
from commerce.choices import ArrSource
from commerce.demo import fill_subscriptions
from commerce.panels.subscriptions import subscription_panel
from commerce.queries.subscriptions import change_entries_of
from commerce.resources import SUBSCRIPTIONS
from crm.hooks import EVERYBODY
from crm.registry import (
    DemoPart,
    Emptied,
    IntegrityCheck,
    Listener,
    Permission,
    QuickAction,
    RecordPage,
    SidebarItem,
    Verb,
    business_tables,
    demo_parts,
    integrity_checks,
    listeners,
    permissions,
    quick_actions,
    record_pages,
    sidebar,
    verbs,
)
from customers.registry import (
    Field,
    ProfilePanel,
    TimelineSource,
    fields,
    import_resources,
    profile_panels,
    timeline_sources,
)


def _running(customer: Any) -> str:
    """The subscriptions that count; of revenue that was entered by hand, the customer itself."""
    if customer.facts.arr_source == ArrSource.MANUAL:
        return reverse("customers:customer_update", args=[customer.pk])
    return f"{reverse('commerce:subscription_list')}?customer={customer.pk}&counts=true"


permissions.plug(
    Permission("commerce.view_subscriptions", _("See subscriptions"), EVERYBODY),
    Permission(
        "commerce.change_subscriptions", _("Start, change and end subscriptions"), ("owner", "manager", "agent", "integration")
    ),
)  # fmt: skip
verbs.plug(
    Verb("commerce.subscription.started", _("Subscription started")),
    Verb("commerce.subscription.changed", _("Subscription changed")),
    Verb("commerce.subscription.paused", _("Subscription paused")),
    Verb("commerce.subscription.resumed", _("Subscription resumed")),
    Verb("commerce.subscription.cancelled", _("Subscription cancelled")),
    Verb("commerce.subscription.reopened", _("Subscription reopened")),
)
sidebar.plug(
    SidebarItem(
        _("Commerce"), _("Subscriptions"), "repeat", "commerce:subscription_list", "commerce.view_subscriptions", order=310
    )
)  # fmt: skip
sidebar.plug(
    SidebarItem(
        _("Reports"), _("Recurring revenue"), "chart-line", "commerce:recurring_report", "commerce.view_subscriptions", order=525
    )
)  # fmt: skip
quick_actions.plug(
    QuickAction(
        _("Add subscription"), "repeat", "commerce:subscription_create", "commerce.change_subscriptions", order=34
    )
)
business_tables.plug(Emptied("subscriptions", ("commerce.SubscriptionChange", "commerce.Subscription"), order=295))
record_pages.plug(
    RecordPage("commerce.subscription", "commerce:subscription_detail", "commerce.view_subscriptions"),
)
profile_panels.plug(
    ProfilePanel("subscriptions", "commerce.view_subscriptions", subscription_panel, order=92, tab="commerce")
)
timeline_sources.plug(
    TimelineSource(
        "subscriptions", _("Subscriptions"), "repeat", "commerce.view_subscriptions", change_entries_of, order=36
    )
)
listeners.plug(
    Listener("customers.customer.created", "commerce.arr_created", services.follow_arr_manual),
    Listener("customers.customer.updated", "commerce.arr_updated", services.follow_arr_manual),
    Listener("customers.import.completed", "commerce.arr_imported", services.follow_imported_arr),
)
import_resources.plug(SUBSCRIPTIONS)
demo_parts.plug(
    DemoPart(
        "subscriptions",
        fill_subscriptions,
        ("commerce.Subscription", "commerce.SubscriptionChange", "commerce.Invoice", "commerce.Payment"),
        order=315,
    )
)
integrity_checks.plug(
    IntegrityCheck(
        "commerce.recurring_facts", _("Recurring revenue and invoice facts are what the rows say"), queries.RECURRING_FACTS, order=340
    ),
    IntegrityCheck(
        "commerce.subscription_steps", _("Subscriptions bring what their ledger says"), queries.SUBSCRIPTION_STEPS, order=350
    ),
)  # fmt: skip
fields.plug(
    Field(
        "mrr", _("MRR"), "money", "facts__mrr", filters=("gte", "lte", "isnull"), order=270, rows_url=_running, family="sum",
        how=_("Monthly recurring revenue in the reporting currency: subscriptions that run and recurring invoices, per month; without any,"
              " a twelfth of the revenue that was entered by hand."),
    ),
    Field(
        "arr", _("ARR"), "money", "facts__arr", filters=("gte", "lte", "isnull"), order=275, figure=True, rows_url=_running, family="sum",
        how=_("Annual recurring revenue: twelve times the MRR; without subscriptions and recurring invoices, the revenue that was entered"
              " by hand."),
    ),
    Field(
        "arr_source", _("Source of the ARR"), "choice", "facts__arr_source", choices=ArrSource.choices, filters=("exact",), order=276,
        how=_("Whether the ARR follows from subscriptions and recurring invoices, or was entered by hand; empty without any."),
    ),
)  # fmt: skip
