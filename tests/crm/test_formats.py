"""Amounts, numbers and moments are written in the words of the language."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from crm import formats

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (Decimal("1234.5"), "EUR", "€1,234.50"),
        (1234567, "JPY", "¥1,234,567"),
        (-3, "USD", "-$3.00"),
        (None, "EUR", "–"),
        (float("nan"), "EUR", "–"),
        (2, "", "2.00"),
    ],
)
def test_money(amount: Decimal | int | None, currency: str, words: str) -> None:
    assert formats.money(amount, currency) == words


def test_the_language_decides_the_form() -> None:
    with translation.override("de"):
        assert formats.money(Decimal("1234.5"), "EUR") == "1.234,50\xa0€"
        assert formats.number(1234.5) == "1.234,5"
        assert formats.ago(NOW - timedelta(hours=2), NOW) == "vor 2 Stunden"
    with translation.override("xx-unknown"):
        assert formats.number(1234) == "1,234"


def test_numbers_and_shares() -> None:
    assert formats.number(1234567) == "1,234,567"
    assert formats.number(Decimal("0.5"), 2) == "0.50"
    assert formats.number(2.6, 0) == "3"
    assert formats.percent(12.34) == "12.3%"
    assert formats.percent(Decimal("91.26"), 2) == "91.26%"
    assert formats.percent(80) == "80%"
    assert [formats.number(None), formats.percent(None), formats.compact(None)] == ["–", "–", "–"]


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (999, "999"), (1_500, "1.5K"), (1_234_567, "1.2M"), (-20_000, "-20K"), (0.25, "0.25")],
)
def test_compact(value: float, words: str) -> None:
    assert formats.compact(value) == words


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=-10), "just now"),
        (timedelta(minutes=-5), "5 minutes ago"),
        (timedelta(hours=-2), "2 hours ago"),
        (timedelta(days=-3), "3 days ago"),
        (timedelta(days=12), "in 2 weeks"),
        (timedelta(days=-400), "1 year ago"),
    ],
)
def test_ago(distance: timedelta, words: str) -> None:
    assert formats.ago(NOW + distance, NOW) == words


@pytest.mark.parametrize(("days", "words"), [(0, "today"), (-1, "yesterday"), (1, "tomorrow"), (-3, "3 days ago")])
def test_days_count_by_the_calendar(days: int, words: str) -> None:
    assert formats.ago(date(2026, 11, 21) + timedelta(days=days), NOW) == words


def test_moments_stand_in_the_active_time_zone() -> None:
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert formats.day(late) == "Nov 22, 2026"
        assert "8:30" in formats.moment(late)
    with timezone.override(ZoneInfo("UTC")):
        assert formats.day(late) == "Nov 21, 2026"
        assert formats.day(date(2026, 1, 2)) == "Jan 2, 2026"


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("10.005", "GBP", "£10.01"), ("-10.005", "GBP", "-£10.01"), ("0.5", "JPY", "JP¥1"), ("1.0005", "KWD", "KWD1.001"),
        ("1234.5", "RSD", "RSD1,234.50"),
    ],
)  # fmt: skip
def test_money_is_rounded_as_it_is_stored_and_answered(amount: str, currency: str, shown: str) -> None:
    with formats.region("en-GB"):
        assert formats.money(Decimal(amount), currency) == shown


def test_unit_prices_keep_their_digits() -> None:
    with formats.region("en-GB"):
        prices = [formats.money(Decimal(price), "GBP", exact=True) for price in ("0.0375", "2.5500", "500", "1E+2")]
    assert prices == ["£0.0375", "£2.55", "£500.00", "£100.00"]
