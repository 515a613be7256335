"""Recency, frequency, monetary: three scores from 1 to 5 by which customers are compared, and the groups that two of them make.

The four bounds of a score are the values below or at which a fifth, two, three and four fifths of the live customers with an order lie
(the percentile that is itself a value); the score is 1 + how many bounds lie below the customer's value. Equal values so have equal
scores, and a score is a range of a stored figure: what is counted is what the list filters. Recency goes by the day of the last order
in the business's zone.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from commerce.choices import ZERO
from commerce.models import OrderPatterns
from crm import clock, formats
from crm.models import Business
from crm.registry import Text
from customers.models import CustomerFacts

SCORES = range(1, 6)
_GRID = """
select width_bucket(last_order_at, %(recency)s::timestamptz[]) + 1, width_bucket(order_count, %(frequency)s::integer[]) + 1,
       count(*), sum(total_spent), count(*) filter (where order_count > 1)
from customers_customerfacts
where business_id = %(business)s and is_live and order_count > 0 group by 1, 2
"""


@dataclass(frozen=True)
class Group:
    """A named group: the scores of recency and of frequency that its customers have, both ends included."""

    key: str
    label: Text
    text: Text
    recency: tuple[int, int]
    frequency: tuple[int, int]

    def holds(self, recency: int, frequency: int) -> bool:
        return self.recency[0] <= recency <= self.recency[1] and self.frequency[0] <= frequency <= self.frequency[1]


GROUPS = (
    Group("champions", gettext_lazy("Champions"), gettext_lazy("Ordered just now, and order often."), (5, 5), (4, 5)),
    Group("loyal", gettext_lazy("Loyal"), gettext_lazy("Order often, not long ago."), (3, 4), (4, 5)),
    Group("potential", gettext_lazy("May become loyal"), gettext_lazy("Ordered lately, more than once."), (4, 5), (2, 3)),
    Group("new", gettext_lazy("New"), gettext_lazy("Ordered just now, seldom before."), (5, 5), (1, 1)),
    Group("promising", gettext_lazy("Promising"), gettext_lazy("Ordered lately, seldom before."), (4, 4), (1, 1)),
    Group("attention", gettext_lazy("Need attention"), gettext_lazy("In the middle of both."), (3, 3), (3, 3)),
    Group("fading", gettext_lazy("About to fade"), gettext_lazy("Seldom, and not lately."), (3, 3), (1, 2)),
    Group("at_risk", gettext_lazy("At risk"), gettext_lazy("Ordered often, but long ago."), (1, 2), (3, 4)),
    Group("cannot_lose", gettext_lazy("Not to be lost"), gettext_lazy("Ordered most often, but long ago."), (1, 2), (5, 5)),
    Group("hibernating", gettext_lazy("Hibernating"), gettext_lazy("Seldom, and long ago."), (1, 2), (1, 2)),
)  # fmt: skip
"""Each pair of scores is in exactly one of them."""


class Scores(NamedTuple):
    recency: int
    frequency: int
    monetary: int


@dataclass(frozen=True)
class Quintiles:
    """The bounds of the three scores, four each, upwards; `zone` is where the days of recency are."""

    zone: ZoneInfo
    recency: tuple[date, ...]
    frequency: tuple[int, ...]
    monetary: tuple[Decimal, ...]

    @classmethod
    def of(cls, patterns: OrderPatterns) -> "Quintiles | None":
        """As they are stored; None where no customer had ordered."""
        if not patterns.frequency:
            return None
        return cls(
            ZoneInfo(patterns.business.time_zone),
            tuple(date.fromisoformat(day) for day in patterns.recency),
            tuple(patterns.frequency),
            tuple(Decimal(amount) for amount in patterns.monetary),
        )

    def scores(self, facts: CustomerFacts) -> Scores | None:
        """Of a customer's facts; None for who has never ordered."""
        if facts.last_order_at is None or not facts.order_count:
            return None
        day = facts.last_order_at.astimezone(self.zone).date()
        return Scores(
            _score(self.recency, day),
            _score(self.frequency, facts.order_count),
            _score(self.monetary, facts.total_spent),
        )

    def narrowed(self, customers: QuerySet[Any], measure: str, lowest: int, highest: int) -> QuerySet[Any]:
        """Those of the customers whose score of the measure lies between the two, both included."""
        above = getattr(self, measure)[lowest - 2] if lowest > 1 else None
        up_to = getattr(self, measure)[highest - 1] if highest < len(SCORES) else None
        bounds: dict[str, Any] = {"facts__order_count__gt": 0}
        if measure == "recency":
            bounds |= {"facts__last_order_at__gte": self.end_of(above)} if above else {}
            bounds |= {"facts__last_order_at__lt": self.end_of(up_to)} if up_to else {}
            return customers.filter(**bounds)
        column = {"frequency": "facts__order_count", "monetary": "facts__total_spent"}[measure]
        if above is not None:
            customers = customers.filter(**{f"{column}__gt": above})
        if up_to is not None:
            customers = customers.filter(**{f"{column}__lte": up_to})
        return customers.filter(**bounds)

    def end_of(self, day: date) -> datetime:
        """The moment at which the day is over, in UTC."""
        return datetime.combine(day + timedelta(days=1), time(), tzinfo=self.zone).astimezone(UTC)


def _score(bounds: tuple[Any, ...], value: Any) -> int:
    return 1 + len([bound for bound in bounds if bound < value])


def latest_patterns() -> OrderPatterns | None:
    """What was computed last of the open business; None before the first time."""
    found: OrderPatterns | None = OrderPatterns.objects.select_related("business").first()
    return found


def latest_quintiles() -> Quintiles | None:
    patterns = latest_patterns()
    return Quintiles.of(patterns) if patterns else None


def group_of(recency: int, frequency: int) -> Group:
    return next(group for group in GROUPS if group.holds(recency, frequency))


@dataclass(frozen=True)
class Cell:
    """Live customers of one score of recency and one of frequency: how many, what they have spent, how many ordered more than once."""

    customers: int = 0
    spent: Decimal = ZERO
    repeaters: int = 0

    @property
    def average(self) -> Decimal | None:
        return self.spent / self.customers if self.customers else None

    def __add__(self, other: "Cell") -> "Cell":
        return Cell(self.customers + other.customers, self.spent + other.spent, self.repeaters + other.repeaters)


Grid = dict[tuple[int, int], Cell]


def grid_of(business: Business, quintiles: Quintiles) -> Grid:
    """All 25 cells by (recency, frequency), counted now by the stored bounds; of all customers of the business."""
    parameters: dict[str, Any] = {
        "business": business.pk,
        "recency": [quintiles.end_of(day) for day in quintiles.recency],
        "frequency": [bound + 1 for bound in quintiles.frequency],
    }
    with connection.cursor() as cursor:
        cursor.execute(_GRID, parameters)
        found = {(r, f): Cell(*rest) for r, f, *rest in cursor.fetchall()}
    return {(r, f): found.get((r, f), Cell()) for r in SCORES for f in SCORES}


def of_group(grid: Grid, group: Group) -> Cell:
    """What the cells of a group come to."""
    return sum((cell for place, cell in grid.items() if group.holds(*place)), Cell())


def score_words(measure: str, score: int, quintiles: Quintiles, currency: str) -> str:
    """What a score stands for, in words."""
    bounds = getattr(quintiles, measure)
    above, up_to = bounds[score - 2] if score > 1 else None, bounds[score - 1] if score < len(SCORES) else None
    if measure == "frequency" and up_to is not None and up_to == (above or 0) + 1:
        return ngettext("%(count)s order", "%(count)s orders", up_to) % {"count": formats.number(up_to)}
    first, last = _worded(measure, above, 1, currency), _worded(measure, up_to, 0, currency)
    texts = {
        "recency": (
            _("last order on %(first)s or later"), _("last order up to %(last)s"), _("last order from %(first)s to %(last)s"),
        ),
        "frequency": (_("%(first)s orders or more"), _("up to %(last)s orders"), _("%(first)s to %(last)s orders")),
        "monetary": (
            _("more than %(first)s spent"), _("up to %(last)s spent"), _("more than %(first)s and up to %(last)s spent"),
        ),
    }[measure]  # fmt: skip
    if above is not None and above == up_to:
        return _("nobody, as equal values have equal scores")
    words = texts[2] if above is not None and up_to is not None else texts[0] if above is not None else texts[1]
    return words % {"first": first, "last": last}


def _worded(measure: str, bound: Any, step: int, currency: str) -> str:
    """A bound for people; days and counts by the first value behind it when `step` is 1."""
    if bound is None:
        return ""
    match measure:
        case "recency":
            return formats.day(bound + timedelta(days=step))
        case "frequency":
            return formats.number(bound + step)
        case _:
            return formats.money(bound, currency)


def as_of(patterns: OrderPatterns) -> date:
    """The day of the computation, in the business's zone."""
    return clock.today(patterns.business.time_zone, patterns.computed_at)
