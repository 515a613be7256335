"""The clock."""

from datetime import UTC, date, datetime

import pytest

from crm import clock


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("Europe/London", datetime(2026, 3, 29, 0, 59, tzinfo=UTC), date(2026, 3, 29)),
        ("Europe/London", datetime(2026, 6, 30, 23, 30, tzinfo=UTC), date(2026, 7, 1)),
        ("America/New_York", datetime(2026, 1, 1, 4, 59, tzinfo=UTC), date(2025, 12, 31)),
        ("Pacific/Kiritimati", datetime(2026, 1, 1, 10, 0, tzinfo=UTC), date(2026, 1, 2)),
        ("America/New_York", datetime(2026, 11, 1, 4, 0, tzinfo=UTC), date(2026, 11, 1)),
    ],
)
def test_today_is_the_day_in_the_zone(zone: str, at: datetime, day: date) -> None:
    assert clock.today(zone, at) == day


def test_ids_are_version_7_and_rise_with_time() -> None:
    ids = [clock.uuid7() for _ in range(200)]
    assert {i.version for i in ids} == {7}
    assert {i.variant for i in ids} == {"specified in RFC 4122"}
    assert len(set(ids)) == 200
    assert sorted(ids, key=lambda i: i.int >> 80) == sorted(ids, key=lambda i: (i.int >> 80, ids.index(i)))


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Europe/London", True),
        ("UTC", True),
        ("Mars/Phobos", False),
        ("posix/UTC", False),
        ("../etc/passwd", False),
        ("", False),
    ],
)
def test_time_zones_are_those_of_the_data_base(name: str, known: bool) -> None:
    assert clock.is_time_zone(name) is known
