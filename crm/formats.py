"""How amounts, numbers, shares and moments are written for people, in the active language and time zone."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent, format_scientific
from django.utils import timezone
from django.utils.translation import get_language, gettext, to_locale

from crm import clock
from crm.money import EXPONENTS, round_money

Number = int | float | Decimal
NOTHING = "–"
"""What stands where there is no value."""
_HUGE = 10**20
"""From here on digits say nothing to anybody: powers of ten do."""


@lru_cache(maxsize=32)
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(to_locale(language))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_US")


_region: ContextVar[str] = ContextVar("region", default="")


@contextmanager
def region(code: str) -> Iterator[None]:
    """Write dates and numbers as in `code` (a business's language and region, en-GB) while its language is the active one."""
    token = _region.set(code)
    try:
        yield
    finally:
        _region.reset(token)


def locale() -> Locale:
    """Babel's locale of the active language, in the open business's region when it speaks that language; else English."""
    language, code = get_language() or "en", _region.get()
    return _locale(code.lower() if code.split("-")[0].lower() == language.split("-")[0] else language)


def is_shown(value: object) -> bool:
    """Whether `value` is a finite number; NaN and infinity are written like a missing value."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value)


def money(amount: Number | None, currency: str, *, exact: bool = False) -> str:
    """`1234.5, "EUR"` -> `€1,234.50`, rounded half-up as everywhere, or `exact` with all its digits; an empty currency gives the
    bare number."""
    if amount is None or not is_shown(amount):
        return NOTHING
    if not currency:
        return number(amount, 2)
    if abs(float(amount)) >= _HUGE:
        return f"{currency} {number(amount)}"
    if currency not in EXPONENTS:
        return format_currency(amount, currency, locale=locale())
    digits = EXPONENTS[currency]
    exactly = Decimal(str(amount))
    if exact:
        digits = max(digits, -int(exactly.normalize().as_tuple().exponent))
    else:
        exactly = round_money(exactly, currency)
    here = locale()
    shown: str = _money_pattern(here, digits).apply(exactly, here, currency=currency, currency_digits=False)
    return shown


@lru_cache(maxsize=256)
def _money_pattern(here: Locale, digits: int) -> Any:
    """How `here` writes amounts, with so many digits behind the point: our table of them is that of ISO 4217."""
    pattern = copy(here.currency_formats["standard"])
    pattern.frac_prec = (digits, digits)
    return pattern


def number(value: Number | None, decimals: int | None = None) -> str:
    """Grouped digits; `decimals` fixes the digits behind the point, without it up to three are kept."""
    if value is None or not is_shown(value):
        return NOTHING
    if abs(float(value)) >= _HUGE:
        return format_scientific(value, format="0.##E0", locale=locale())
    pattern = None if decimals is None else f"#,##0.{'0' * decimals}".rstrip(".")
    return format_decimal(value, format=pattern, locale=locale())


def compact(value: Number | None) -> str:
    """Short form for axes and labels: `1234567` -> `1.2M`."""
    if value is None or not is_shown(value):
        return NOTHING
    if abs(float(value)) < 1000:
        return format_decimal(round(float(value), 2), locale=locale())
    if abs(float(value)) >= _HUGE:
        return number(value)
    return format_compact_decimal(value, locale=locale(), fraction_digits=1)


def percent(value: Number | None, decimals: int = 1) -> str:
    """`value` in hundredths, as `_pct` columns hold it: `12.5` -> `12.5%`."""
    if value is None or not is_shown(value):
        return NOTHING
    pattern = "#,##0" + (f".{'#' * decimals}" if decimals else "") + "%"
    return format_percent(value / 100, format=pattern, locale=locale(), decimal_quantization=True)


def moment(value: datetime | date) -> str:
    """The full form in the active time zone: `Nov 21, 2026, 7:03:00 AM UTC`."""
    if isinstance(value, datetime):
        at, zone = _aware(value), timezone.get_current_timezone()
        return " ".join(format_datetime(at, form, tzinfo=zone, locale=locale()) for form in ("medium", "z"))
    return day(value)


def day(value: datetime | date) -> str:
    """The calendar day in the active time zone: `Nov 21, 2026`, in the order of the language."""
    if isinstance(value, datetime):
        value = timezone.localtime(_aware(value)).date()
    return format_date(value, "medium", locale=locale())


def ago(value: datetime | date, at: datetime | None = None) -> str:
    """How far `value` lies from `at` (default: now) in words: `2 hours ago`, `in 3 days`, `yesterday`."""
    at = at or clock.now()
    if isinstance(value, datetime):
        distance = _aware(value) - at
        if abs(distance) < timedelta(seconds=45):
            return gettext("just now")
        return format_timedelta(distance, add_direction=True, threshold=0.95, locale=locale())
    days = (value - timezone.localtime(at).date()).days
    near = {0: gettext("today"), -1: gettext("yesterday"), 1: gettext("tomorrow")}
    if days in near:
        return near[days]
    return format_timedelta(timedelta(days=days), add_direction=True, threshold=0.95, locale=locale())


def _aware(value: datetime) -> datetime:
    return value if timezone.is_aware(value) else timezone.make_aware(value)
