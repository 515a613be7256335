"""Subscriptions: rights, deeds, pages, figures of customers, files and demo data."""

from django.utils.translation import gettext_lazy as _

from commerce import services
from crm.hooks import EVERYBODY
from crm.registry import (
    Emptied,
    Listener,
    Permission,
    Verb,
    business_tables,
    listeners,
    permissions,
    verbs,
)

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
business_tables.plug(Emptied("subscriptions", ("commerce.SubscriptionChange", "commerce.Subscription"), order=295))
listeners.plug(
    Listener("customers.customer.created", "commerce.arr_created", services.follow_arr_manual),
    Listener("customers.customer.updated", "commerce.arr_updated", services.follow_arr_manual),
    Listener("customers.import.completed", "commerce.arr_imported", services.follow_imported_arr),
)
