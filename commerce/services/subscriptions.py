"""Starting, changing, pausing and ending subscriptions, with the ledger and the figures that follow from them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.choices import ZERO, SubscriptionEvent, SubscriptionStatus
from commerce.models import Subscription
from commerce.services.facts import refresh_recurring_facts
from commerce.services.sent_again import refuse_differences
from commerce.services.subscription_ledger import day_of_change, last_day, lock, note, record, refuse_ended, save
from commerce.services.subscription_terms import (
    COLUMNS,
    COMPARED,
    FIRST_YEAR,
    LAST_YEAR,
    SUBSCRIPTION_DETAILS,
    SUBSCRIPTION_FIELDS,
    SUBSCRIPTION_TERMS,
    as_stored,
    assign,
    counted,
    next_renewal,
)
from crm import activity
from crm.actor import Actor
from crm.clock import today
from crm.errors import DomainError, InvalidInput
from crm.formats import day as day_in_words
from crm.models import Business
from crm.services.cleaning import refuse_unknown


class SubscriptionDiffers(DomainError):
    """The external id is taken by a subscription with other content; `details["differences"]` maps each field to (as it is, as it
    was sent)."""

    field = "external_id"
    code = "subscription_differs"
    message = gettext_lazy("There is a subscription with this external id and other content.")


class SubscriptionUnchanged(DomainError):
    """It stands so already: somebody else was quicker, or the request came twice."""

    code = "subscription_unchanged"
    message = gettext_lazy("The subscription is in this state already.")


def start_subscription(*, actor: Actor, business: Business, at: datetime, **data: Any) -> tuple[Subscription, bool]:
    """Begin a subscription, as active unless it is a trial; with the source, the external id and the content of one that is there
    it is that one. Without a day it starts on that of `at`. Returns (subscription, whether it is new).

    Raises NotAllowed, InvalidInput, SubscriptionDiffers.
    """
    actor.require("commerce.change_subscriptions", business)
    refuse_unknown(data, SUBSCRIPTION_FIELDS)
    source, external_id = (str(data.get(name) or "").strip() for name in ("source", "external_id"))
    if external_id and (known := _known_as(business, source, external_id)):
        return _the_same(actor, known, data), False
    try:
        return _start(actor, business, at, data), True
    except IntegrityError:
        # two requests of one subscription at once: whoever comes second finds that of the first
        known = _known_as(business, source, external_id) if external_id else None
        if known is None:
            raise
        return _the_same(actor, known, data), False


@transaction.atomic
def _start(actor: Actor, business: Business, at: datetime, data: dict[str, Any]) -> Subscription:
    subscription = Subscription(business=business, currency=business.currency, started_on=today(business.time_zone, at))
    subscription.mrr = ZERO
    given = {name: value for name, value in data.items() if value is not None or name not in ("started_on", "status")}
    if not given.get("customer"):
        raise InvalidInput({"customer": [_("Say whose subscription it is.")]})
    if given.get("status", SubscriptionStatus.ACTIVE) not in (SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIAL):
        raise InvalidInput({"status": [_("A subscription begins as active or as a trial.")]})
    assign(subscription, given, day=given.get("started_on") or subscription.started_on)
    if subscription.renews_on is None and "renews_on" not in data:
        subscription.renews_on = next_renewal(
            subscription.started_on, subscription.interval, today(business.time_zone, at)
        )
    subscription.save(force_insert=True)
    note(subscription, SubscriptionEvent.STARTED, subscription.started_on, ZERO, None, actor)
    changes = {name: (None, v) for name in COMPARED if (v := getattr(subscription, name)) not in ("", None)}
    record("started", actor, subscription, changes)
    refresh_recurring_facts([subscription.customer_id])
    return subscription


@transaction.atomic
def change_subscription(
    *,
    actor: Actor,
    subscription: Subscription,
    at: datetime,
    on: date | None = None,
    reason: str = "",
    version: str | None = None,
    **data: Any,
) -> Subscription:
    """Change the given fields; nothing is written when all are as they were. New terms (amount, currency, interval, seats, plan)
    hold from `on` (default: the day of `at`) and stand in the ledger with what was paid per month before and after, converted at the
    rate of that day.

    Raises NotAllowed, StaleVersion, SubscriptionEnded, InvalidInput.
    """
    refuse_unknown(data, (*SUBSCRIPTION_TERMS, *SUBSCRIPTION_DETAILS))
    locked = lock(actor, subscription, version)
    before = Subscription.objects.get(pk=locked.pk)
    is_new_terms = any(
        name in data and as_stored(locked, name, data[name]) != getattr(before, name) for name in SUBSCRIPTION_TERMS
    )
    day = before.started_on
    if is_new_terms:
        refuse_ended(locked)
        day = day_of_change(locked, on, at)
    assign(locked, data, day=day, convert=is_new_terms)
    changes = activity.changes_between(before, locked, COMPARED)
    if not changes:
        return locked
    locked.save()
    if is_new_terms:
        note(locked, SubscriptionEvent.CHANGED, day, counted(before), before.seats, actor, reason)
        changes["mrr"] = (before.mrr, locked.mrr)
    record("changed", actor, locked, changes, {"on": day, "reason": reason.strip()} if is_new_terms else None)
    refresh_recurring_facts([locked.customer_id])
    return locked


@transaction.atomic
def pause_subscription(
    *,
    actor: Actor,
    subscription: Subscription,
    at: datetime,
    on: date | None = None,
    reason: str = "",
    version: str | None = None,
) -> Subscription:
    """Let nothing be paid from `on` (default: the day of `at`) until it is resumed. Raises NotAllowed, StaleVersion, SubscriptionEnded,
    SubscriptionUnchanged, InvalidInput."""
    locked = lock(actor, subscription, version)
    refuse_ended(locked)
    if locked.status == SubscriptionStatus.PAUSED:
        raise SubscriptionUnchanged
    if locked.status == SubscriptionStatus.TRIAL:
        raise InvalidInput({"status": [_("A trial can't be paused; nothing is paid for it.")]})
    day, before = day_of_change(locked, on, at), counted(locked)
    return _enter(locked, SubscriptionStatus.PAUSED, SubscriptionEvent.PAUSED, "paused", day, before, actor, reason)


@transaction.atomic
def resume_subscription(
    *,
    actor: Actor,
    subscription: Subscription,
    at: datetime,
    on: date | None = None,
    reason: str = "",
    version: str | None = None,
) -> Subscription:
    """Let a paused subscription, or one on trial, be paid from `on` (default: the day of `at`). Raises NotAllowed, StaleVersion,
    SubscriptionEnded, SubscriptionUnchanged, InvalidInput."""
    locked = lock(actor, subscription, version)
    refuse_ended(locked)
    if locked.status == SubscriptionStatus.ACTIVE:
        raise SubscriptionUnchanged
    event = SubscriptionEvent.RESUMED if locked.status == SubscriptionStatus.PAUSED else SubscriptionEvent.CHANGED
    day = day_of_change(locked, on, at)
    return _enter(locked, SubscriptionStatus.ACTIVE, event, "resumed", day, ZERO, actor, reason)


@transaction.atomic
def cancel_subscription(
    *,
    actor: Actor,
    subscription: Subscription,
    at: datetime,
    ended_on: date | None = None,
    at_renewal: bool = False,
    reason: str = "",
    version: str | None = None,
) -> Subscription:
    """End it: `ended_on` (default: the day of `at`; with `at_renewal` the day on which it would renew) is the first day without it.
    Until a day to come it stays as it is, and counts.

    Raises NotAllowed, StaleVersion, SubscriptionUnchanged, InvalidInput.
    """
    locked = lock(actor, subscription, version)
    if locked.ended_on is not None:
        raise SubscriptionUnchanged(_("The subscription has been cancelled already."))
    now = today(locked.business.time_zone, at)
    if at_renewal:
        if ended_on is not None:
            raise InvalidInput({"ended_on": [_("Give either a day or the renewal.")]})
        if locked.renews_on is None or locked.renews_on < now:
            raise InvalidInput({"at_renewal": [_("It is not known when it renews. Give the day on which it ends.")]})
        ended_on = locked.renews_on
    day = ended_on or max(now, locked.started_on)
    latest = last_day(locked)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidInput({"ended_on": [_("The day must lie between the years 1900 and 2199.")]})
    if day < latest:
        raise InvalidInput(
            {"ended_on": [_("It can't end before its last change on %(day)s.") % {"day": day_in_words(latest)}]}
        )
    before, status = counted(locked), locked.status
    locked.ended_on, locked.cancelled_on, locked.cancel_reason = day, now, reason.strip()
    if day <= now:
        locked.status = SubscriptionStatus.ENDED
    save(locked)
    if day <= now:
        note(locked, SubscriptionEvent.ENDED, day, before, locked.seats, actor, reason)
    changes = {"ended_on": (None, day), **({"status": (status, locked.status)} if status != locked.status else {})}
    record("cancelled", actor, locked, changes, {"reason": locked.cancel_reason})
    refresh_recurring_facts([locked.customer_id])
    return locked


@transaction.atomic
def reopen_subscription(
    *, actor: Actor, subscription: Subscription, at: datetime, reason: str = "", version: str | None = None
) -> Subscription:
    """Take a cancellation back: one that is still to come as if it had not been; what has ended runs again from the day of `at` on.

    Raises NotAllowed, StaleVersion, SubscriptionUnchanged.
    """
    locked = lock(actor, subscription, version)
    if locked.ended_on is None:
        raise SubscriptionUnchanged(_("The subscription has not been cancelled."))
    now = today(locked.business.time_zone, at)
    ended, status = locked.ended_on, locked.status
    if status == SubscriptionStatus.ENDED:
        was_trial = locked.mrr > 0 and not locked.changes.filter(mrr_after__gt=0).exists()
        locked.status = SubscriptionStatus.TRIAL if was_trial else SubscriptionStatus.ACTIVE
    locked.ended_on = locked.cancelled_on = None
    locked.cancel_reason = ""
    if locked.renews_on is not None and locked.renews_on <= now:
        locked.renews_on = next_renewal(locked.started_on, locked.interval, now)
    save(locked)
    if status == SubscriptionStatus.ENDED:
        note(locked, SubscriptionEvent.RESUMED, now, ZERO, locked.seats, actor, reason)
    changes = {"ended_on": (ended, None), **({"status": (status, locked.status)} if status != locked.status else {})}
    record("reopened", actor, locked, changes, {"reason": reason.strip()})
    refresh_recurring_facts([locked.customer_id])
    return locked


def _enter(
    locked: Subscription,
    status: SubscriptionStatus,
    event: SubscriptionEvent,
    deed: str,
    day: date,
    before: Decimal,
    actor: Actor,
    reason: str,
) -> Subscription:
    was, locked.status = locked.status, status
    save(locked)
    note(locked, event, day, before, locked.seats, actor, reason)
    record(deed, actor, locked, {"status": (was, status.value)}, {"on": day, "reason": reason.strip()})
    refresh_recurring_facts([locked.customer_id])
    return locked


def _known_as(business: Business, source: str, external_id: str) -> Subscription | None:
    rows = Subscription.objects.select_related("business").filter(business=business, source=source)
    found: Subscription | None = rows.filter(external_id=external_id).first()
    return found


def _the_same(actor: Actor, known: Subscription, data: dict[str, Any]) -> Subscription:
    """The subscription that is there, if what was sent says the same of it. Raises SubscriptionDiffers."""
    differences = {
        name: (stored, sent)
        for name, value in data.items()
        if value is not None or name not in ("started_on", "status", "renews_on")
        if (stored := getattr(known, COLUMNS.get(name, name))) != (sent := as_stored(known, name, value))
    }
    refuse_differences(
        SubscriptionDiffers, differences, actor, known,
        _("There is a subscription with this external id and other content: %(fields)s."),
    )  # fmt: skip
    return known
