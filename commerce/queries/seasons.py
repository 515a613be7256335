"""Seasonality: how revenue differs by month of the year and by weekday; 100 is the average.

Of the last whole years of full months, so that each month of the year counts as often: the index of a month is its mean revenue divided
by the mean of all months; that of a weekday its mean revenue a day divided by the mean of all days. Days without revenue count as 0.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from commerce.choices import ZERO
from commerce.models import RevenueDay
from commerce.queries.retention import add_months, months_between
from crm.models import Business

MOST_YEARS = 5


@dataclass(frozen=True)
class Part:
    """A month of the year (1 to 12) or a weekday (1 Monday to 7 Sunday): its mean revenue, and its index; None where the mean of all is
    not above 0."""

    number: int
    mean: Decimal
    index: Decimal | None


@dataclass(frozen=True)
class Seasons:
    """From the first day to the last, which make whole years."""

    first: date
    last: date
    months: Sequence[Part]
    weekdays: Sequence[Part]


def seasons_of(business: Business, today: date) -> Seasons | None:
    """Of all customers of the business; None as long as there are not twelve full months with orders before the running one."""
    begun = RevenueDay.objects.filter(business=business).order_by("day").values_list("day", flat=True).first()
    if begun is None:
        return None
    running = today.replace(day=1)
    full = begun if begun.day == 1 else add_months(begun, 1)
    years = min(months_between(full, running) // 12, MOST_YEARS)
    if years < 1:
        return None
    first, last = add_months(running, -12 * years), running - timedelta(days=1)
    revenue = dict(
        RevenueDay.objects.filter(business=business, day__gte=first, day__lte=last).values_list("day", "revenue")
    )
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    by_month: dict[int, Decimal] = defaultdict(Decimal)
    by_weekday: dict[int, list[Decimal]] = defaultdict(list)
    for day in days:
        by_month[day.month] += revenue.get(day, ZERO)
        by_weekday[day.isoweekday()].append(revenue.get(day, ZERO))
    months = {number: total / years for number, total in by_month.items()}
    weekdays = {number: sum(amounts, ZERO) / len(amounts) for number, amounts in by_weekday.items()}
    total = sum(by_month.values(), ZERO)
    return Seasons(first, last, _parts(months, total / (12 * years)), _parts(weekdays, total / len(days)))


def _parts(means: Mapping[int, Decimal], mean: Decimal) -> list[Part]:
    return [Part(number, means[number], 100 * means[number] / mean if mean > 0 else None) for number in sorted(means)]
