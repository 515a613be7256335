"""What every deed on a subscription does: lock it, find the day from which it holds, and note it in the ledger and the trail."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.choices import SubscriptionEvent
from commerce.models import Subscription, SubscriptionChange
from commerce.services.subscription_terms import counted
from crm import activity
from crm.actor import Actor
from crm.clock import today
from crm.errors import DomainError, InvalidInput, NotFound
from crm.formats import day as day_in_words
from crm.forms import check_version
from crm.services.cleaning import clean

_VERBS = {
    "started": "commerce.subscription.started", "changed": "commerce.subscription.changed", "paused": "commerce.subscription.paused",
    "resumed": "commerce.subscription.resumed", "cancelled": "commerce.subscription.cancelled",
    "reopened": "commerce.subscription.reopened",
}  # fmt: skip


class SubscriptionEnded(DomainError):
    """The subscription has ended, or is going to; reopen it first."""

    code = "subscription_ended"
    message = gettext_lazy("The subscription has been cancelled. Reopen it first.")


def lock(actor: Actor, subscription: Subscription, version: str | None) -> Subscription:
    """The subscription as it stands, locked. Raises NotFound, NotAllowed, StaleVersion."""
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("business")
    locked: Subscription | None = rows.filter(pk=subscription.pk).first()
    if locked is None:
        raise NotFound
    actor.require("commerce.change_subscriptions", locked.business)
    check_version(locked, version)
    return locked


def refuse_ended(subscription: Subscription) -> None:
    """Raise SubscriptionEnded if it has been cancelled, be it for a day to come."""
    if subscription.ended_on is not None:
        words = _("The subscription has been cancelled and ends on %(day)s. Reopen it first.")
        raise SubscriptionEnded(words % {"day": day_in_words(subscription.ended_on)})


def last_day(subscription: Subscription) -> date:
    """The day of the last change; the ledger only goes forward."""
    last = subscription.changes.order_by("-on", "-id").values_list("on", flat=True).first()
    return max(last or subscription.started_on, subscription.started_on)


def day_of_change(subscription: Subscription, on: date | None, at: datetime) -> date:
    """The day from which a change holds: `on`, else that of `at`; never before the last change nor in the future. Raises InvalidInput."""
    now = today(subscription.business.time_zone, at)
    last = last_day(subscription)
    latest = max(now, last)
    day = on or latest
    if day < last:
        raise InvalidInput({"on": [_("There is a later change on %(day)s.") % {"day": day_in_words(last)}]})
    if day > latest:
        raise InvalidInput({"on": [_("A change can't be in the future.")]})
    return day


def save(subscription: Subscription) -> None:
    """Check and write it."""
    clean(subscription, exclude=["business", "customer", "product", "mrr"])
    subscription.save()


def note(
    subscription: Subscription,
    event: SubscriptionEvent,
    day: date,
    mrr_before: Decimal,
    seats_before: int | None,
    actor: Actor,
    reason: str = "",
) -> None:
    """A line of the ledger: what was paid per month before, and what the subscription brings from `day` on."""
    line = SubscriptionChange(
        business=subscription.business, subscription=subscription, event=event, on=day, mrr_before=mrr_before,
        mrr_after=counted(subscription), seats_before=seats_before, seats_after=subscription.seats,
        actor_label=actor.label[:120], reason=reason.strip(),
    )  # fmt: skip
    clean(line, exclude=["business", "subscription", "mrr_before", "mrr_after", "seats_before", "seats_after"])
    line.save()


def record(
    deed: str, actor: Actor, subscription: Subscription, changes: dict[str, Any], payload: dict[str, Any] | None = None
) -> None:
    """Write the deed into the trail."""
    activity.record(
        _VERBS[deed], actor=actor, business=subscription.business, subject=subscription, about=subscription.customer_id,
        changes={name.removesuffix("_id") if name != "external_id" else name: pair for name, pair in changes.items()},
        payload={"plan": subscription.plan, **{k: v.isoformat() if isinstance(v, date) else v for k, v in (payload or {}).items()}},
    )  # fmt: skip
