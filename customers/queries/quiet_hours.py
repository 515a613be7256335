"""When somebody may be disturbed: quiet hours and the slots of digests on the customer's own clock, exact at the hours that summer time
repeats or leaves out."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_LOOK_AHEAD = timedelta(hours=28)
_STEP = timedelta(minutes=30)
_DAY = timedelta(days=1)


def is_quiet(at: datetime, start: time | None, end: time | None, zone: ZoneInfo) -> bool:
    """Does the clock in `zone` show a time from `start` up to, not including, `end`? They may cross midnight."""
    if start is None or end is None:
        return False
    shown = at.astimezone(zone).time()
    return start <= shown < end if start < end else shown >= start or shown < end


def first_allowed(at: datetime, start: time | None, end: time | None, zone: ZoneInfo) -> datetime:
    """The first moment from `at` on that is not quiet, in UTC."""
    if start is None or end is None or not is_quiet(at, start, end, zone):
        return at.astimezone(UTC)
    at = at.astimezone(UTC)
    today = at.astimezone(zone).date()
    moments = set(_changes(at, zone))
    for days in range(-1, 3):
        moments |= set(_moments(today + days * _DAY, end, zone))
    return min(moment for moment in moments if moment > at and not is_quiet(moment, start, end, zone))


def moment_of(day: date, shown: time, zone: ZoneInfo) -> datetime:
    """When the clock in `zone` first shows this time on this day, in UTC; where it is left out, the moment when the clock jumps over it."""
    moments = list(_moments(day, shown, zone))
    if moments:
        return min(moments)
    before = (
        datetime.combine(day, shown, zone).replace(fold=1).astimezone(UTC)
    )  # with the offset that holds after the jump
    return next(_changes(before, zone))


def next_digest(
    at: datetime, *, weekday: int | None, slot: time, start: time | None, end: time | None, zone: ZoneInfo
) -> datetime:
    """The first moment after `at` at which a digest goes out, in UTC: at its slot, or when the quiet hours that the slot lies in are over.

    `weekday` is 1 (Monday) … 7, or None for every day.
    """
    today = at.astimezone(zone).date()
    days = (today + count * _DAY for count in range(-8, 16))
    moments = (
        first_allowed(moment_of(day, slot, zone), start, end, zone)
        for day in days
        if weekday is None or day.isoweekday() == weekday
    )
    return next(moment for moment in moments if moment > at)


def _moments(day: date, shown: time, zone: ZoneInfo) -> Iterator[datetime]:
    """When the clock shows this: once, twice where an hour is repeated, never where it is left out."""
    for fold in (0, 1):
        moment = datetime.combine(day, shown, zone).replace(fold=fold).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, shown):
            yield moment


def _changes(at: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The moments within the next day at which the clock is put forward or back, to the second."""
    moment = at
    while moment < at + _LOOK_AHEAD:
        following = moment + _STEP
        if moment.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            before, after = moment, following
            while after - before > timedelta(seconds=1):
                middle = before + (after - before) / 2
                if middle.astimezone(zone).utcoffset() == moment.astimezone(zone).utcoffset():
                    before = middle
                else:
                    after = middle
            yield after.replace(microsecond=0)
        moment = following
