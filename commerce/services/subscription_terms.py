"""The terms of a subscription: its fields, what it brings per month, and when it renews."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext as _

from commerce.choices import MONTHS, ZERO, Interval, SubscriptionStatus
from commerce.models import Subscription
from commerce.services.rates import Rates
from crm.errors import InvalidInput
from crm.formats import day as day_in_words
from crm.money import EXPONENTS, round_money
from crm.services.cleaning import clean

# What is paid and for what: a change of it holds from a day on and stands in the ledger.
SUBSCRIPTION_TERMS = ("plan", "amount", "currency", "interval", "seats")
# What else is known; a change of it holds at once.
SUBSCRIPTION_DETAILS = ("product", "renews_on", "auto_renews", "source", "external_id")
SUBSCRIPTION_FIELDS = ("customer", *SUBSCRIPTION_TERMS, *SUBSCRIPTION_DETAILS, "status", "started_on")
COLUMNS = {"customer": "customer_id", "product": "product_id"}
COMPARED = tuple(COLUMNS.get(name, name) for name in SUBSCRIPTION_FIELDS)
FIRST_YEAR, LAST_YEAR = 1900, 2199
_MOST = Decimal(10) ** 12 - 1
_CENTS = Decimal("0.0001")


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


def as_stored(subscription: Subscription, name: str, value: Any) -> Any:
    """A value that was sent as the subscription would hold it: stripped, rounded, an id for a record."""
    value = getattr(value, "pk", value)
    value = value.strip() if isinstance(value, str) else value
    if name == "currency":
        return (value or subscription.business.currency).upper()
    if name == "amount" and isinstance(value, Decimal) and subscription.currency in EXPONENTS:
        return round_money(value, subscription.currency)
    return value


def assign(subscription: Subscription, data: dict[str, Any], *, day: date, convert: bool = True) -> None:
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
        if (day := data.get(name)) and not FIRST_YEAR <= day.year <= LAST_YEAR:
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
