"""Quiet hours and digest slots, held against an oracle that watches the clock on the wall minute by minute."""

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from customers.queries.quiet_hours import first_allowed, is_quiet, moment_of, next_digest

ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Chatham", "America/Santiago",
    "Africa/Casablanca",
]  # fmt: skip
MINUTE = timedelta(minutes=1)
# Nights of 2026 in which one of the zones puts its clock forward or back.
NIGHTS = [
    date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 10, 4), date(2026, 10, 25), date(2026, 11, 1), date(2026, 9, 6),
    date(2026, 2, 15), date(2026, 3, 22), date(2026, 4, 4), date(2026, 9, 27),
]  # fmt: skip


def _wall(at: datetime, zone: ZoneInfo) -> time:
    return at.astimezone(zone).time()


def _quiet(shown: time, start: time, end: time) -> bool:
    """By counting minutes from the beginning around the dial."""
    minutes = [60 * t.hour + t.minute for t in (shown, start, end)]
    return (minutes[0] - minutes[1]) % 1440 < (minutes[2] - minutes[1]) % 1440


def _watched(at: datetime, start: time, end: time, zone: ZoneInfo) -> datetime:
    """Waits minute by minute."""
    while _quiet(_wall(at, zone), start, end):
        at += MINUTE
    return at


def _cases(count: int, seed: int) -> list[tuple[datetime, time, time, ZoneInfo]]:
    chance = random.Random(seed)
    found: list[tuple[datetime, time, time, ZoneInfo]] = []
    while len(found) < count:
        zone = ZoneInfo(chance.choice(ZONES))
        if chance.random() < 0.6:
            at = datetime.combine(chance.choice(NIGHTS), time(), UTC) + MINUTE * chance.randrange(-1440, 2 * 1440)
        else:
            at = datetime(2026, 1, 1, tzinfo=UTC) + MINUTE * chance.randrange(365 * 1440)
        if chance.random() < 0.5:  # ends among the hours that are left out and repeated
            start, end = (time(chance.randrange(4), chance.choice([0, 15, 30, 45])) for _ in range(2))
        else:
            start, end = (time(chance.randrange(24), chance.randrange(60)) for _ in range(2))
        if start != end:
            found.append((at, start, end, zone))
    return found


def test_ten_thousand_cases_are_those_of_the_clock_on_the_wall() -> None:
    wrong = []
    for at, start, end, zone in _cases(10_000, 1):
        allowed = first_allowed(at, start, end, zone)
        if allowed != _watched(at, start, end, zone) or is_quiet(allowed, start, end, zone):
            wrong.append((at, start, end, zone.key, allowed))
        length = (60 * (end.hour - start.hour) + end.minute - start.minute) % 1440
        assert allowed - at <= timedelta(hours=24) or length > 22 * 60
    assert wrong == []


def test_every_moment_of_the_nights_of_change_is_quiet_or_not_by_the_wall() -> None:
    for name in ZONES:
        zone = ZoneInfo(name)
        for night in NIGHTS:
            at = datetime.combine(night, time(), UTC) - timedelta(hours=14)
            for _minute in range(0, 30 * 60, 5):
                at += 5 * MINUTE
                shown = _wall(at, zone)
                assert is_quiet(at, time(22), time(8), zone) == _quiet(shown, time(22), time(8)), (name, at)
                assert is_quiet(at, time(2, 15), time(2, 45), zone) == _quiet(shown, time(2, 15), time(2, 45)), (
                    name,
                    at,
                )


def _berlin(*moment: int, fold: int = 0) -> datetime:
    return datetime(*moment, tzinfo=ZoneInfo("Europe/Berlin"), fold=fold).astimezone(UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("at", "start", "end", "allowed"),
    [
        # crossing midnight: the first and the last quiet minute, and the first that isn't
        (_berlin(2026, 5, 4, 21, 59), time(22), time(8), _berlin(2026, 5, 4, 21, 59)),
        (_berlin(2026, 5, 4, 22, 0), time(22), time(8), _berlin(2026, 5, 5, 8, 0)),
        (_berlin(2026, 5, 5, 7, 59), time(22), time(8), _berlin(2026, 5, 5, 8, 0)),
        (_berlin(2026, 5, 5, 8, 0), time(22), time(8), _berlin(2026, 5, 5, 8, 0)),
        # the night that is an hour short, and the one that is an hour long
        (_berlin(2026, 3, 28, 23, 0), time(22), time(8), datetime(2026, 3, 29, 6, 0, tzinfo=UTC)),
        (_berlin(2026, 10, 24, 23, 0), time(22), time(8), datetime(2026, 10, 25, 7, 0, tzinfo=UTC)),
        # an end that the clock jumps over: the moment of the jump
        (_berlin(2026, 3, 29, 1, 30), time(1), time(2, 30), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        # an end that comes twice: the first; and once more quiet when the hour is repeated
        (_berlin(2026, 10, 25, 2, 10), time(1), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (_berlin(2026, 10, 25, 2, 10, fold=1), time(1), time(2, 30), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        # put back to before the beginning: not quiet at that moment
        (_berlin(2026, 10, 25, 2, 40), time(2, 30), time(6), datetime(2026, 10, 25, 1, 0, tzinfo=UTC)),
    ],
)
def test_the_edges_of_quiet_hours(at: datetime, start: time, end: time, allowed: datetime) -> None:
    assert first_allowed(at, start, end, ZoneInfo("Europe/Berlin")) == allowed


def test_seconds_count() -> None:
    zone = ZoneInfo("UTC")
    at = datetime(2026, 5, 4, 7, 59, 59, 999999, tzinfo=UTC)
    assert first_allowed(at, time(22), time(8), zone) == datetime(2026, 5, 4, 8, tzinfo=UTC)


def test_without_quiet_hours_everything_is_allowed() -> None:
    at = datetime(2026, 5, 4, 3, tzinfo=UTC)
    assert first_allowed(at, None, None, ZoneInfo("Asia/Kolkata")) == at


def test_a_time_that_the_clock_jumps_over_is_the_jump_and_one_that_comes_twice_the_first() -> None:
    berlin, lord_howe = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")
    assert moment_of(date(2026, 3, 29), time(2, 30), berlin) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert moment_of(date(2026, 10, 25), time(2, 30), berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert moment_of(date(2026, 10, 4), time(2, 15), lord_howe) == datetime(2026, 10, 3, 15, 30, tzinfo=UTC)
    assert moment_of(date(2026, 4, 5), time(1, 45), lord_howe) == datetime(2026, 4, 4, 14, 45, tzinfo=UTC)


def _watched_digest(at: datetime, weekday: int | None, slot: time, start: time, end: time, zone: ZoneInfo) -> datetime:
    """Watches from ten days before: at each slot a digest becomes due, and goes out as soon as it is not quiet."""
    moment, waiting = at - timedelta(days=10), False
    seen: set[date] = set()
    previous = moment.astimezone(zone).replace(tzinfo=None)
    while True:
        shown = moment.astimezone(zone).replace(tzinfo=None)
        # the slot has come when the clock shows it, or has jumped over it
        day = shown.date()
        is_day = weekday is None or day.isoweekday() == weekday
        reached = shown.time() >= slot and (previous.date() < day or previous.time() < slot)
        if is_day and reached and day not in seen:
            seen.add(day)
            waiting = True
        if waiting and not _quiet(shown.time(), start, end):
            if moment > at:
                return moment
            waiting = False
        previous, moment = shown, moment + MINUTE


def test_digests_go_out_at_their_slot_or_when_quiet_hours_end() -> None:
    chance = random.Random(2)
    wrong = []
    for at, start, end, zone in _cases(150, 3):
        slot = time(chance.randrange(24), chance.choice([0, 15, 30]))
        weekday = chance.choice([None, None, 1, 7])
        expected = _watched_digest(at, weekday, slot, start, end, zone)
        found = next_digest(at, weekday=weekday, slot=slot, start=start, end=end, zone=zone)
        if found != expected:
            wrong.append((at, start, end, zone.key, slot, weekday, found, expected))
    assert wrong == []


def test_a_digest_that_waits_for_the_morning_takes_what_comes_before_it() -> None:
    zone = ZoneInfo("UTC")
    night: dict[str, Any] = {"slot": time(7), "start": time(22), "end": time(8), "zone": zone, "weekday": None}
    assert next_digest(datetime(2026, 5, 4, 7, 30, tzinfo=UTC), **night) == datetime(2026, 5, 4, 8, tzinfo=UTC)
    assert next_digest(datetime(2026, 5, 4, 8, 0, tzinfo=UTC), **night) == datetime(2026, 5, 5, 8, tzinfo=UTC)
