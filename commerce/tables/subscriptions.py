"""How subscriptions are shown: columns, badges, figures and details."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commerce.choices import SubscriptionStatus
from commerce.models import Subscription
from commerce.services import counted
from crm import clock, formats
from crm.models import Business
from crm.paging import Sort
from crm.tables import Column
from crm.templatetags import ui

BY_START = Sort("started_on", "started_on", descending_first=True)
BY_RENEWAL = Sort("renews_on", "renews_on", nullable=True)
BY_MRR = Sort("mrr", "mrr", descending_first=True)
_KINDS = {
    SubscriptionStatus.TRIAL: "accent", SubscriptionStatus.ACTIVE: "good", SubscriptionStatus.PAUSED: "warn",
    SubscriptionStatus.ENDED: "neutral",
}  # fmt: skip


def subscription_href(subscription: Subscription) -> str:
    """The address of the subscription's page."""
    return reverse("commerce:subscription_detail", args=[subscription.pk])


def subscription_badge(subscription: Subscription) -> SafeString:
    """Where it stands; of one that was cancelled for a day to come, when it ends."""
    badge = ui.badge(subscription.get_status_display(), _KINDS[SubscriptionStatus(subscription.status)])
    if subscription.ended_on is not None and subscription.status != SubscriptionStatus.ENDED:
        ends = _("Ends on %(day)s") % {"day": formats.day(subscription.ended_on)}
        return format_html("{} {}", badge, ui.badge(ends, "warn", "calendar-x"))
    return badge


def price_of(subscription: Subscription) -> str:
    """What is paid at which interval, in its own currency."""
    return _("%(amount)s %(interval)s") % {
        "amount": ui.money(subscription.amount, subscription.currency),
        "interval": subscription.get_interval_display().lower(),
    }


def subscription_columns(business: Business) -> list[Column]:
    """The columns of lists of subscriptions."""
    return [
        Column("plan", _("Plan"), lambda row: format_html("<bdi>{}</bdi>", row.plan)),
        Column("customer", _("Customer"), lambda row: format_html("<bdi>{}</bdi>", row.customer.display_name)),
        Column("status", _("Status"), subscription_badge),
        Column("price", _("Price"), price_of, align="end"),
        Column("mrr", _("Per month"), lambda row: ui.money(row.mrr, business.currency), align="end", sort=BY_MRR),
        Column("seats", _("Seats"), lambda row: formats.number(row.seats) if row.seats is not None else "", align="end"),
        Column("started_on", _("Started"), lambda row: ui.when(row.started_on, "day"), sort=BY_START),
        Column(
            "renews_on", _("Renews"), lambda row: ui.when(row.renews_on, "day") if row.renews_on else "", sort=BY_RENEWAL
        ),
    ]  # fmt: skip


def subscription_figures(subscription: Subscription, business: Business, at: datetime) -> list[dict[str, Any]]:
    """The figures on top of a subscription's page, as the component takes them."""
    today = clock.today(business.time_zone, at)
    over = subscription.ended_on is not None and subscription.ended_on <= today
    mrr = counted(subscription) if subscription.started_on <= today and not over else 0
    days = ((subscription.ended_on if over and subscription.ended_on else today) - subscription.started_on).days
    return [
        {
            "label": _("Per month"), "value": ui.money(mrr, business.currency), "hint": price_of(subscription),
            "how": _("The amount in the reporting currency, at the rate of the day from which it holds, divided by the months of the"
                     " interval; nothing on trial, paused or ended."),
        },
        {
            "label": _("Per year"), "value": ui.money(12 * mrr, business.currency), "hint": "",
            "how": _("Twelve times what it brings per month."),
        },
        {
            "label": _("Seats"), "value": formats.number(subscription.seats), "hint": "",
            "how": _("For how many people it was bought."),
        },
        {
            "label": _("Runs for"), "value": ngettext("%(count)s day", "%(count)s days", max(0, days)) % {
                "count": formats.number(max(0, days))
            },
            "hint": _("since %(day)s") % {"day": formats.day(subscription.started_on)}, "how": "",
        },
    ]  # fmt: skip


def subscription_facts(subscription: Subscription) -> list[tuple[str, Any]]:
    """What is known of the subscription, as (label, value)."""
    customer = reverse("customers:customer_detail", args=[subscription.customer_id])
    pairs: list[tuple[str, Any]] = [
        (_("Customer"), format_html('<a href="{}"><bdi>{}</bdi></a>', customer, subscription.customer)),
        (_("Price"), price_of(subscription)),
        (_("Started"), ui.when(subscription.started_on, "day")),
        (_("Renews"), ui.when(subscription.renews_on, "day") if subscription.renews_on else ""),
        (_("Renews by itself"), _("Yes") if subscription.auto_renews else _("No")),
    ]
    if subscription.product:
        pairs.append(
            (_("Product"), format_html("<bdi>{}</bdi>", subscription.product.name or subscription.product.code))
        )
    if subscription.ended_on:
        pairs.append((_("Ends"), ui.when(subscription.ended_on, "day")))
    if subscription.cancelled_on:
        pairs.append((_("Cancelled"), ui.when(subscription.cancelled_on, "day")))
    if subscription.cancel_reason:
        pairs.append((_("Why it ends"), ui.user_text(subscription.cancel_reason)))
    if subscription.external_id:
        known_as = ", ".join(part for part in (subscription.source, subscription.external_id) if part)
        pairs.append((_("External id"), ui.user_text(known_as)))
    return pairs
