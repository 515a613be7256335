"""Questions about subscriptions: what they come to, and what is told of them elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, Q, QuerySet, Sum, When
from django.urls import reverse
from django.utils.translation import gettext as _

from commerce.choices import ZERO, SubscriptionEvent, SubscriptionStatus
from commerce.models import Subscription, SubscriptionChange
from commerce.queries.days import behind_day, start_of
from crm import clock, formats
from crm.actor import Actor
from crm.models import Business
from customers.models import Customer
from customers.registry import TimelineEntry


@dataclass(frozen=True)
class Recurring:
    """How many subscriptions, and what those of them that run bring per month and per year, in the reporting currency."""

    count: int = 0
    mrr: Decimal = ZERO

    @property
    def arr(self) -> Decimal:
        return 12 * self.mrr


def running(business: Business, at: datetime) -> Q:
    """Subscriptions that count on the day of `at`: active, begun and not yet ended."""
    today = clock.today(business.time_zone, at)
    return Q(status=SubscriptionStatus.ACTIVE, started_on__lte=today) & (
        Q(ended_on__isnull=True) | Q(ended_on__gt=today)
    )


def recurring_of(rows: QuerySet[Any], business: Business, at: datetime) -> Recurring:
    """What the subscriptions come to."""
    found = rows.order_by().aggregate(n=Count("pk"), mrr=Sum("mrr", filter=running(business, at)))
    return Recurring(found["n"], found["mrr"] or ZERO)


def subscriptions_of(actor: Actor, customer: Customer, limit: int = 10) -> list[Subscription]:
    """The customer's subscriptions, those that have not ended first, the latest of each on top."""
    is_over = Case(When(status=SubscriptionStatus.ENDED, then=1), default=0)
    rows = Subscription.objects.visible_to(actor).filter(customer=customer)
    return list(rows.order_by(is_over, "-started_on", "-id")[:limit])


def change_title(change: SubscriptionChange) -> str:
    """What a line of the ledger says, in words."""
    if change.event == SubscriptionEvent.CHANGED and change.mrr_after > change.mrr_before:
        return _("More is paid")
    if change.event == SubscriptionEvent.CHANGED and change.mrr_after < change.mrr_before:
        return _("Less is paid")
    return str(change.get_event_display())


def change_entries_of(
    actor: Actor, customer_ids: Sequence[UUID], before: tuple[datetime, str] | None, limit: int
) -> list[TimelineEntry]:
    """The source of the timeline that tells of subscriptions: each line of their ledgers, at the start of its day."""
    rows = SubscriptionChange.objects.select_related("subscription", "business").filter(
        subscription__customer__in=list(customer_ids)
    )
    rows = behind_day(rows, before, "on", "id")
    return [
        TimelineEntry(
            at=start_of(change.on), key=str(change.pk),
            title=_("Subscription %(plan)s: %(event)s") % {"plan": change.subscription.plan, "event": change_title(change).lower()},
            text=change.reason, by=change.actor_label,
            amount=_("%(money)s per month") % {"money": formats.money(change.mrr_after, change.business.currency)},
            href=reverse("commerce:subscription_detail", args=[change.subscription_id]),
            customer_id=change.subscription.customer_id,
        )
        for change in rows[:limit]
    ]  # fmt: skip
