"""Subscriptions on the profile."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from commerce.choices import ArrSource, SubscriptionStatus
from commerce.queries.subscriptions import subscriptions_of
from commerce.tables.subscriptions import subscription_badge
from crm import formats
from crm.actor import Actor
from crm.templatetags import ui
from customers.models import Customer

Panel = tuple[str, dict[str, Any]]


def subscription_panel(actor: Actor, customer: Customer, at: datetime) -> Panel | None:
    """What the customer pays again and again: what that brings, its seats, when the next one renews, and its subscriptions."""
    business, facts = customer.business, customer.facts
    found = subscriptions_of(actor, customer)
    list_href = f"{reverse('commerce:subscription_list')}?customer={customer.pk}"
    may_add = actor.may("commerce.change_subscriptions", business) and not customer.is_archived
    running = [row for row in found if row.status == SubscriptionStatus.ACTIVE]
    renewals = [row.renews_on for row in running if row.renews_on and row.ended_on is None]
    seats = [row.seats for row in running if row.seats is not None]
    figures: list[dict[str, Any]] = [
        {
            "label": _("Per month"), "value": ui.money(facts.mrr, business.currency), "href": f"{list_href}&counts=true",
            "hint": ArrSource(facts.arr_source).label if facts.arr_source else "",
            "how": _("What subscriptions that run and recurring invoices bring per month; without any, a twelfth of the revenue that was"
                     " entered by hand."),
        },
        {
            "label": _("Per year"), "value": ui.money(facts.arr, business.currency), "href": f"{list_href}&counts=true", "hint": "",
            "how": _("Twelve times what is paid per month; without any, the annual recurring revenue that was entered by hand."),
        },
        {
            "label": _("Seats"), "value": formats.number(sum(seats)) if seats else formats.NOTHING, "href": "", "hint": "",
            "how": _("Seats of the active subscriptions shown here."),
        },
        {
            "label": _("Renews"), "value": formats.day(min(renewals)) if renewals else formats.NOTHING, "href": "", "hint": "",
            "how": _("The next renewal of the active subscriptions shown here."),
        },
    ] if found or facts.arr is not None else []  # fmt: skip
    return "commerce/subscription_panel.html", {
        "customer": customer, "business": business, "figures": figures,
        "subscriptions": [(row, subscription_badge(row)) for row in found],
        "href": f"{reverse('commerce:subscription_create')}?customer={customer.pk}" if may_add else list_href,
        "link": _("Add subscription") if may_add else _("All subscriptions"),
    }  # fmt: skip
