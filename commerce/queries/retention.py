"""Retention: cohorts by the month of the first order, who was lost and came back, read from what a job has computed.

The retention rate of a cohort in month n is the share of its customers with a completed order in the n-th month after that of their
first one; month 0 is 100 %. Only months that were over when it was computed make averages. The last month shown is the running one.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from commerce.choices import ZERO
from commerce.models import CohortMonth, OrderPatterns
from commerce.queries.rfm import as_of

MONTHS_AFTER = 24
"""Up to how many months after the first one a cohort is followed."""
COHORTS, MOST_COHORTS = 25, 120


@dataclass(frozen=True)
class CohortCell:
    """A cohort n months after its first: who ordered, how often, what it brought then and up to then. `is_over`: the month had ended."""

    months_after: int
    month: date
    customers: int
    orders: int
    revenue: Decimal
    revenue_to_date: Decimal
    is_over: bool


@dataclass(frozen=True)
class Cohort:
    """The customers whose first order was in the month."""

    month: date
    customers: int
    cells: list[CohortCell] = field(default_factory=list)

    def retention(self, cell: CohortCell) -> Decimal:
        """Percent of the cohort that ordered in the month of the cell."""
        return Decimal(100 * cell.customers) / self.customers

    def per_customer(self, cell: CohortCell) -> Decimal:
        """What the cohort has brought up to the month of the cell, per customer."""
        return cell.revenue_to_date / self.customers


@dataclass(frozen=True)
class Moves:
    """Live customers of a month: with their first order, lost, of these not back yet, and back."""

    month: date
    new: int
    lost: int
    away: int
    back: int


def cohorts_of(patterns: OrderPatterns, last: int = COHORTS) -> list[Cohort]:
    """The cohorts of the last months up to the running one, the oldest first; months without a new customer are left out."""
    running = as_of(patterns).replace(day=1)
    first = add_months(running, 1 - last)
    rows = CohortMonth.objects.filter(
        business=patterns.business_id, cohort__gte=first, cohort__lte=running, month__lte=running
    )
    found: dict[date, dict[date, CohortMonth]] = defaultdict(dict)
    for row in rows.order_by("cohort", "month"):
        found[row.cohort][row.month] = row
    return [_cohort(month, by_month, running) for month, by_month in found.items()]


def _cohort(first: date, by_month: dict[date, CohortMonth], running: date) -> Cohort:
    cohort = Cohort(first, by_month[first].customers)
    to_date = ZERO
    for after in range(min(months_between(first, running), MONTHS_AFTER) + 1):
        month = add_months(first, after)
        row = by_month.get(month)
        revenue = row.revenue if row else ZERO
        to_date += revenue
        cohort.cells.append(
            CohortCell(
                after, month, row.customers if row else 0, row.orders if row else 0, revenue, to_date, month < running
            )
        )
    return cohort


def average_of(cohorts: Sequence[Cohort], measure: Callable[[CohortCell], int | Decimal]) -> list[Decimal | None]:
    """The measure per customer of the cohorts together, by months after the first order, from months that are over; None behind them."""
    means: list[Decimal | None] = []
    for after in range(MONTHS_AFTER + 1):
        pairs = [
            (cohort.customers, measure(cohort.cells[after]))
            for cohort in cohorts
            if len(cohort.cells) > after and cohort.cells[after].is_over
        ]
        total = sum(size for size, _value in pairs)
        means.append(Decimal(sum(value for _size, value in pairs)) / total if total else None)
    return means


def moves_of(patterns: OrderPatterns, last: int = COHORTS) -> list[Moves]:
    """New, lost and reactivated customers by month up to the running one, the oldest first; empty months between are there."""
    running = as_of(patterns).replace(day=1)
    months = [add_months(running, after) for after in range(1 - last, 1)]
    known = {text: (lost, away, back) for text, lost, away, back in patterns.months}
    new = {
        row.cohort: row.customers
        for row in CohortMonth.objects.filter(
            business=patterns.business_id, cohort__gte=months[0], cohort__lte=running
        ).order_by("cohort", "month")
        if row.cohort == row.month
    }
    shown = [Moves(month, new.get(month, 0), *known.get(f"{month:%Y-%m}", (0, 0, 0))) for month in months]
    begun = next((place for place, row in enumerate(shown) if row.new or row.lost or row.back), len(shown))
    return shown[begun:]


def months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def add_months(first: date, months: int) -> date:
    """The first day of the month so many months after that of `first`."""
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
