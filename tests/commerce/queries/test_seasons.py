"""Seasonality: whole years of full months, 100 is the average, days without revenue are days."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest

from commerce.models import RevenueDay
from commerce.queries.seasons import Seasons, seasons_of
from crm.models import Business
from tests.crm.api.calling import Caller, make_key


def take(business: Business, revenue: dict[date, int]) -> None:
    RevenueDay.objects.bulk_create(
        RevenueDay(business=business, day=day, revenue=Decimal(money), order_count=1) for day, money in revenue.items()
    )


@pytest.mark.parametrize(
    ("begun", "today", "span"),
    [
        (date(2025, 6, 1), date(2026, 6, 1), (date(2025, 6, 1), date(2026, 5, 31))),
        (date(2025, 6, 1), date(2026, 5, 31), None),  # the twelfth month is not over
        (date(2025, 6, 2), date(2026, 6, 30), None),  # the first month is not full
        (date(2024, 2, 2), date(2026, 4, 15), (date(2024, 4, 1), date(2026, 3, 31))),
        (date(2001, 1, 1), date(2026, 6, 15), (date(2021, 6, 1), date(2026, 5, 31))),
    ],
)
def test_whole_years_of_full_months(
    in_scope: Business, begun: date, today: date, span: tuple[date, date] | None
) -> None:
    take(in_scope, {begun: 100})
    found = seasons_of(in_scope, today)
    assert ((found.first, found.last) if found else None) == span


def test_without_orders_there_are_no_seasons(in_scope: Business) -> None:
    assert seasons_of(in_scope, date(2026, 6, 15)) is None


def test_indexes_are_those_of_plain_python(in_scope: Business) -> None:
    draw, first, today = Random(2), date(2024, 1, 1), date(2026, 1, 20)
    days = [first + timedelta(days=n) for n in range((today - first).days)]
    revenue = {day: draw.randrange(-20, 500) for day in days if draw.random() < 0.8 or day == first}
    take(in_scope, revenue)
    found = seasons_of(in_scope, today)
    assert isinstance(found, Seasons)
    assert (found.first, found.last) == (date(2024, 1, 1), date(2025, 12, 31))
    span = [day for day in days if day <= found.last]
    total = sum(revenue.get(day, 0) for day in span)
    for part in found.months:
        mean = sum(revenue.get(day, 0) for day in span if day.month == part.number) / 2
        assert float(part.mean) == pytest.approx(mean)
        assert float(part.index or 0) == pytest.approx(100 * mean / (total / 24))
    for part in found.weekdays:
        those = [revenue.get(day, 0) for day in span if day.isoweekday() == part.number]
        assert float(part.index or 0) == pytest.approx(100 * (sum(those) / len(those)) / (total / len(span)))
    assert sum(part.index or 0 for part in found.months) / 12 == pytest.approx(Decimal(100))


def test_nothing_taken_has_no_average(in_scope: Business) -> None:
    take(in_scope, {date(2025, 1, 1): 50, date(2025, 3, 1): -50})
    found = seasons_of(in_scope, date(2026, 2, 1))
    assert found is not None
    assert {part.index for part in (*found.months, *found.weekdays)} == {None}


def test_the_api_is_empty_until_a_year_is_full(in_scope: Business) -> None:
    caller = Caller(make_key(in_scope, "analyst"))
    assert caller.get("/api/v1/reports/seasonality").json() == {
        "first": None, "last": None, "months": [], "weekdays": [], "currency": "GBP",
    }  # fmt: skip
    take(in_scope, {date.today() - timedelta(days=n): 10 for n in range(500)})  # noqa: DTZ011 - any day of the last years will do
    answer = caller.get("/api/v1/reports/seasonality").json()
    assert len(answer["months"]) == 12
    assert [part["number"] for part in answer["weekdays"]] == [1, 2, 3, 4, 5, 6, 7]
    assert {part["index"] for part in answer["weekdays"]} == {"100"}
