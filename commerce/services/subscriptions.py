"""Starting, changing, pausing and ending subscriptions, with the ledger and the figures that follow from them."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.choices import MONTHS, ZERO, Interval, SubscriptionEvent, SubscriptionStatus
from commerce.models import Subscription, SubscriptionChange
from commerce.services.facts import refresh_recurring_facts
from commerce.services.rates import Rates
from crm import activity
from crm.actor import Actor
from crm.clock import today
from crm.errors import DomainError, InvalidInput, NotFound
from crm.formats import day as day_in_words
from crm.forms import check_version
from crm.models import Business
from crm.money import EXPONENTS, round_money
from crm.services.cleaning import clean, refuse_unknown

# What is paid and for what: a change of it holds from a day on and stands in the ledger.
SUBSCRIPTION_TERMS = ("plan", "amount", "currency", "interval", "seats")
# What else is known; a change of it holds at once.
SUBSCRIPTION_DETAILS = ("product", "renews_on", "auto_renews", "source", "external_id")
SUBSCRIPTION_FIELDS = ("customer", *SUBSCRIPTION_TERMS, *SUBSCRIPTION_DETAILS, "status", "started_on")
_COLUMNS = {"customer": "customer_id", "product": "product_id"}
_COMPARED = tuple(_COLUMNS.get(name, name) for name in SUBSCRIPTION_FIELDS)
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_MOST = Decimal(10) ** 12 - 1
_CENTS = Decimal("0.0001")


class SubscriptionDiffers(DomainError):
    """The external id is taken by a subscription with other content; `details["differences"]` maps each field to (as it is, as it
    was sent)."""

    field = "external_id"
    code = "subscription_differs"
    message = gettext_lazy("There is a subscription with this external id and other content.")


class SubscriptionEnded(DomainError):
    """The subscription has ended, or is going to; reopen it first."""

    code = "subscription_ended"
    message = gettext_lazy("The subscription has been cancelled. Reopen it first.")


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
        return _the_same(known, data), False
    try:
        return _start(actor, business, at, data), True
    except IntegrityError:
        # two requests of one subscription at once: whoever comes second finds that of the first
        known = _known_as(business, source, external_id) if external_id else None
        if known is None:
            raise
        return _the_same(known, data), False


@transaction.atomic
def _start(actor: Actor, business: Business, at: datetime, data: dict[str, Any]) -> Subscription:
    subscription = Subscription(business=business, currency=business.currency, started_on=today(business.time_zone, at))
    subscription.mrr = ZERO
    given = {name: value for name, value in data.items() if value is not None or name not in ("started_on", "status")}
    if not given.get("customer"):
        raise InvalidInput({"customer": [_("Say whose subscription it is.")]})
    if given.get("status", SubscriptionStatus.ACTIVE) not in (SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIAL):
        raise InvalidInput({"status": [_("A subscription begins as active or as a trial.")]})
    _assign(subscription, given, day=given.get("started_on") or subscription.started_on)
    if subscription.renews_on is None and "renews_on" not in data:
        subscription.renews_on = next_renewal(
            subscription.started_on, subscription.interval, today(business.time_zone, at)
        )
    subscription.save(force_insert=True)
    _note(subscription, SubscriptionEvent.STARTED, subscription.started_on, ZERO, None, actor)
    changes = {name: (None, v) for name in _COMPARED if (v := getattr(subscription, name)) not in ("", None)}
    _record("started", actor, subscription, changes)
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
    locked = _lock(actor, subscription, version)
    before = Subscription.objects.get(pk=locked.pk)
    is_new_terms = any(
        name in data and _as_stored(locked, name, data[name]) != getattr(before, name) for name in SUBSCRIPTION_TERMS
    )
    day = before.started_on
    if is_new_terms:
        _refuse_ended(locked)
        day = _day_of_change(locked, on, at)
    _assign(locked, data, day=day, convert=is_new_terms)
    changes = activity.changes_between(before, locked, _COMPARED)
    if not changes:
        return locked
    locked.save()
    if is_new_terms:
        _note(locked, SubscriptionEvent.CHANGED, day, counted(before), before.seats, actor, reason)
        changes["mrr"] = (before.mrr, locked.mrr)
    _record("changed", actor, locked, changes, {"on": day, "reason": reason.strip()} if is_new_terms else None)
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
    locked = _lock(actor, subscription, version)
    _refuse_ended(locked)
    if locked.status == SubscriptionStatus.PAUSED:
        raise SubscriptionUnchanged
    if locked.status == SubscriptionStatus.TRIAL:
        raise InvalidInput({"status": [_("A trial can't be paused; nothing is paid for it.")]})
    day, before = _day_of_change(locked, on, at), counted(locked)
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
    locked = _lock(actor, subscription, version)
    _refuse_ended(locked)
    if locked.status == SubscriptionStatus.ACTIVE:
        raise SubscriptionUnchanged
    event = SubscriptionEvent.RESUMED if locked.status == SubscriptionStatus.PAUSED else SubscriptionEvent.CHANGED
    day = _day_of_change(locked, on, at)
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
    locked = _lock(actor, subscription, version)
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
    last = _last_day(locked)
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise InvalidInput({"ended_on": [_("The day must lie between the years 1900 and 2199.")]})
    if day < last:
        raise InvalidInput(
            {"ended_on": [_("It can't end before its last change on %(day)s.") % {"day": day_in_words(last)}]}
        )
    before, status = counted(locked), locked.status
    locked.ended_on, locked.cancelled_on, locked.cancel_reason = day, now, reason.strip()
    if day <= now:
        locked.status = SubscriptionStatus.ENDED
    _save(locked)
    if day <= now:
        _note(locked, SubscriptionEvent.ENDED, day, before, locked.seats, actor, reason)
    changes = {"ended_on": (None, day), **({"status": (status, locked.status)} if status != locked.status else {})}
    _record("cancelled", actor, locked, changes, {"reason": locked.cancel_reason})
    refresh_recurring_facts([locked.customer_id])
    return locked


@transaction.atomic
def reopen_subscription(
    *, actor: Actor, subscription: Subscription, at: datetime, reason: str = "", version: str | None = None
) -> Subscription:
    """Take a cancellation back: one that is still to come as if it had not been; what has ended runs again from the day of `at` on.

    Raises NotAllowed, StaleVersion, SubscriptionUnchanged.
    """
    locked = _lock(actor, subscription, version)
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
    _save(locked)
    if status == SubscriptionStatus.ENDED:
        _note(locked, SubscriptionEvent.RESUMED, now, ZERO, locked.seats, actor, reason)
    changes = {"ended_on": (ended, None), **({"status": (status, locked.status)} if status != locked.status else {})}
    _record("reopened", actor, locked, changes, {"reason": reason.strip()})
    refresh_recurring_facts([locked.customer_id])
    return locked


# Those that were cancelled for a day that has come end on it, with their line in the ledger; those that renew by themselves renew on
# a later day.
_END = """
with due as (
    select id, case when status = 'active' then mrr else 0 end as mrr from commerce_subscription
    where business_id = %(business)s and status <> 'ended' and ended_on <= %(day)s order by id for no key update
), ended as (
    update commerce_subscription s set status = 'ended' from due where s.id = due.id
    returning s.id, s.business_id, s.ended_on, due.mrr, s.seats, s.cancel_reason
)
insert into commerce_subscriptionchange (business_id, subscription_id, event, "on", mrr_before, mrr_after, seats_before, seats_after,
    actor_label, reason)
select business_id, id, 'ended', ended_on, mrr, 0, seats, seats, %(who)s, cancel_reason from ended order by id
"""
_RENEW = """
update commerce_subscription s set renews_on = (
    select (s.renews_on + make_interval(months => m.months * n))::date
    from jsonb_each_text(%(months)s::jsonb) i cross join lateral (select i.value::int as months) m
    cross join generate_series(1, 1 + (%(day)s::date - s.renews_on) / 28) n
    where i.key = s.interval and (s.renews_on + make_interval(months => m.months * n))::date > %(day)s
    order by n limit 1)
where s.business_id = %(business)s and s.status <> 'ended' and s.auto_renews and s.ended_on is null and s.renews_on <= %(day)s
"""


@transaction.atomic
def settle_subscriptions(*, actor: Actor, business: Business, day: date) -> int:
    """Let those end that were cancelled for `day` or before, and those renew that do so by themselves; returns how many.

    Called by the daily slide, which brings the figures of their customers up to date.
    """
    months = "{" + ", ".join(f'"{interval.value}": {number}' for interval, number in MONTHS.items()) + "}"
    parameters: dict[str, Any] = {"business": business.pk, "day": day, "months": months, "who": actor.label[:120]}
    with connection.cursor() as cursor:
        cursor.execute(_END, parameters)
        count = int(cursor.rowcount)
        cursor.execute(_RENEW, parameters)
        return count + int(cursor.rowcount)


def counted(subscription: Subscription) -> Decimal:
    """What it brings per month as it stands: nothing on trial, paused or ended."""
    return subscription.mrr if subscription.status == SubscriptionStatus.ACTIVE else ZERO


def per_month(amount: Decimal, interval: str) -> Decimal:
    """An amount of each interval per month: divided by its months, with four digits, rounded half-up."""
    return (amount / MONTHS[Interval(interval)]).quantize(_CENTS, rounding=ROUND_HALF_UP)


def next_renewal(started_on: date, interval: str, after: date) -> date:
    """The first day behind `after` on which an interval that began on `started_on` is over. The 31st becomes the last day of
    shorter months."""
    months = MONTHS[Interval(interval)]
    passed = (after.year - started_on.year) * 12 + after.month - started_on.month
    count = max(1, passed // months)
    while (day := _later(started_on, months * count)) <= after:
        count += 1
    return day


def _later(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - date.resolution).day
    return date(year, month, min(day.day, last))


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
    _save(locked)
    _note(locked, event, day, before, locked.seats, actor, reason)
    _record(deed, actor, locked, {"status": (was, status.value)}, {"on": day, "reason": reason.strip()})
    refresh_recurring_facts([locked.customer_id])
    return locked


def _lock(actor: Actor, subscription: Subscription, version: str | None) -> Subscription:
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("business")
    locked: Subscription | None = rows.filter(pk=subscription.pk).first()
    if locked is None:
        raise NotFound
    actor.require("commerce.change_subscriptions", locked.business)
    check_version(locked, version)
    return locked


def _refuse_ended(subscription: Subscription) -> None:
    if subscription.ended_on is not None:
        words = _("The subscription has been cancelled and ends on %(day)s. Reopen it first.")
        raise SubscriptionEnded(words % {"day": day_in_words(subscription.ended_on)})


def _last_day(subscription: Subscription) -> date:
    """The day of the last change; the ledger only goes forward."""
    last = subscription.changes.order_by("-on", "-id").values_list("on", flat=True).first()
    return max(last or subscription.started_on, subscription.started_on)


def _day_of_change(subscription: Subscription, on: date | None, at: datetime) -> date:
    now = today(subscription.business.time_zone, at)
    last = _last_day(subscription)
    latest = max(now, last)
    day = on or latest
    if day < last:
        raise InvalidInput({"on": [_("There is a later change on %(day)s.") % {"day": day_in_words(last)}]})
    if day > latest:
        raise InvalidInput({"on": [_("A change can't be in the future.")]})
    return day


def _known_as(business: Business, source: str, external_id: str) -> Subscription | None:
    rows = Subscription.objects.select_related("business").filter(business=business, source=source)
    found: Subscription | None = rows.filter(external_id=external_id).first()
    return found


def _as_stored(subscription: Subscription, name: str, value: Any) -> Any:
    value = getattr(value, "pk", value)
    value = value.strip() if isinstance(value, str) else value
    if name == "currency":
        return (value or subscription.business.currency).upper()
    if name == "amount" and isinstance(value, Decimal) and subscription.currency in EXPONENTS:
        return round_money(value, subscription.currency)
    return value


def _the_same(known: Subscription, data: dict[str, Any]) -> Subscription:
    """The subscription that is there, if what was sent says the same of it. Raises SubscriptionDiffers."""
    differences = {
        name: (stored, sent)
        for name, value in data.items()
        if value is not None or name not in ("started_on", "status", "renews_on")
        if (stored := getattr(known, _COLUMNS.get(name, name))) != (sent := _as_stored(known, name, value))
    }
    if differences:
        faults = [
            {
                "field": name, "code": SubscriptionDiffers.code,
                "message": _("It is %(value)s.") % {"value": "—" if stored in (None, "") else stored},
            }
            for name, (stored, _sent) in differences.items()
        ]  # fmt: skip
        words = _("There is a subscription with this external id and other content: %(fields)s.")
        raise SubscriptionDiffers(words % {"fields": ", ".join(differences)}, differences=differences, faults=faults)
    return known


def _assign(subscription: Subscription, data: dict[str, Any], *, day: date, convert: bool = True) -> None:
    """Put the values on the subscription as they are stored, with what it brings per month. Raises InvalidInput."""
    for name, value in data.items():
        setattr(subscription, name, value.strip() if isinstance(value, str) else value)
    subscription.currency = (subscription.currency or subscription.business.currency).upper()
    if subscription.currency not in EXPONENTS:
        raise InvalidInput({"currency": [_("Not a currency code such as EUR.")]})
    faults = _faults_of(subscription, data)
    if faults:
        raise InvalidInput(faults)
    subscription.amount = round_money(subscription.amount, subscription.currency)
    clean(subscription, exclude=["business", "customer", "product", "mrr", "ended_on", "cancelled_on"])
    if convert:
        subscription.mrr = _converted(subscription, day)


def _faults_of(subscription: Any, data: dict[str, Any]) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    for name in ("started_on", "renews_on"):
        if (day := data.get(name)) and not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            faults[name] = [_("The day must lie between the years 1900 and 2199.")]
    if subscription.renews_on and "renews_on" not in faults and subscription.renews_on < subscription.started_on:
        faults["renews_on"] = [_("It can't renew before it has started.")]
    if subscription.amount is None:
        faults["amount"] = [_("Say what is paid at each interval.")]
    elif subscription.amount < 0:
        faults["amount"] = [_("An amount can't be negative.")]
    elif subscription.amount >= _MOST:
        faults["amount"] = [_("More than can be stored.")]
    if subscription.interval not in Interval.values:
        faults["interval"] = [_("There is no such interval.")]
    if not subscription.plan:
        faults["plan"] = [_("Name the plan.")]
    return faults


def _converted(subscription: Subscription, day: date) -> Decimal:
    """What it brings per month in the reporting currency, at the rate of the day from which the terms hold."""
    rates = Rates(subscription.business)
    rate = rates.on(subscription.currency, day)
    if rate is None:
        words = _("There is no exchange rate for this currency on %(day)s. Add one under Settings, Exchange rates.")
        raise InvalidInput({"currency": [words % {"day": day_in_words(day)}]})
    amount = rates.converted(subscription.amount, rate)
    if amount >= _MOST:
        raise InvalidInput({"amount": [_("More than can be stored.")]})
    return per_month(amount, subscription.interval)


def _save(subscription: Subscription) -> None:
    clean(subscription, exclude=["business", "customer", "product", "mrr"])
    subscription.save()


def _note(
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


_VERBS = {
    "started": "commerce.subscription.started", "changed": "commerce.subscription.changed", "paused": "commerce.subscription.paused",
    "resumed": "commerce.subscription.resumed", "cancelled": "commerce.subscription.cancelled",
    "reopened": "commerce.subscription.reopened",
}  # fmt: skip


def _record(
    deed: str, actor: Actor, subscription: Subscription, changes: dict[str, Any], payload: dict[str, Any] | None = None
) -> None:
    activity.record(
        _VERBS[deed], actor=actor, business=subscription.business, subject=subscription, about=subscription.customer_id,
        changes={name.removesuffix("_id") if name != "external_id" else name: pair for name, pair in changes.items()},
        payload={"plan": subscription.plan, **{k: v.isoformat() if isinstance(v, date) else v for k, v in (payload or {}).items()}},
    )  # fmt: skip
