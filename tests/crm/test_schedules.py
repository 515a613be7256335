"""Schedules: wall-clock times in a zone, asked for once each, and no bad row stops another."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from crm import schedules
from crm.models import Job, Schedule
from crm.registry import regular_tasks
from crm.schedules import BadSchedule, BadTimeZone, next_due
from crm.work import JobRun
from tests.factories import make_business

LONG_AGO = "2000-01-01T00:00Z"


def work(job: JobRun) -> None:
    """A task."""


def _due_times(cron: str, zone: str, year: int) -> list[datetime]:
    """Every moment of the local year, as wall-clock times."""
    at = datetime(year, 1, 1, tzinfo=ZoneInfo(zone)) - timedelta(seconds=1)
    found: list[datetime] = []
    while True:
        at = next_due(cron, zone, at)
        local = at.astimezone(ZoneInfo(zone))
        if local.year > year:
            return found
        found.append(local)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York", "UTC"])
@pytest.mark.parametrize("cron", ["30 2 * * *", "0 2 * * *", "45 1 * * *", "15 2 * * *"])
def test_a_daily_time_is_due_once_on_each_day_of_a_year(zone: str, cron: str) -> None:
    found = _due_times(cron, zone, 2026)
    assert [at.timetuple().tm_yday for at in found] == list(range(1, 366))


@pytest.mark.parametrize(
    ("cron", "zone", "day", "wall"),
    [
        ("30 2 * * *", "Europe/Berlin", (2026, 3, 29), "03:00+02:00"),  # skipped: right after the gap
        ("30 2 * * *", "Europe/Berlin", (2026, 10, 25), "02:30+02:00"),  # twice: the first
        ("15 2 * * *", "Australia/Lord_Howe", (2026, 10, 4), "02:30+11:00"),  # a gap of half an hour
        ("45 1 * * *", "Australia/Lord_Howe", (2026, 4, 5), "01:45+11:00"),
        ("30 2 * * *", "Asia/Kolkata", (2026, 3, 29), "02:30+05:30"),
    ],
)
def test_changes_of_the_clock(cron: str, zone: str, day: tuple[int, int, int], wall: str) -> None:
    due = next_due(cron, zone, datetime(*day, tzinfo=ZoneInfo(zone)))
    assert due.tzinfo == UTC
    assert due.astimezone(ZoneInfo(zone)).isoformat() == f"{day[0]}-{day[1]:02}-{day[2]:02}T{wall[:5]}:00{wall[5:]}"


def test_the_last_day_of_the_month_is_an_l_and_the_31st_is_the_31st() -> None:
    assert [at.day for at in _due_times("0 3 L * *", "UTC", 2026)] == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    assert [at.month for at in _due_times("0 3 31 * *", "UTC", 2026)] == [1, 3, 5, 7, 8, 10, 12]


def test_a_leap_day_is_due_in_leap_years() -> None:
    assert next_due("0 0 29 2 *", "UTC", datetime(2026, 1, 1, tzinfo=UTC)) == datetime(2028, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize("cron", ["", "* * * *", "61 * * * *", "0 0 30 2 *", "a b c d e", "* * * * * * *", "\x00"])
def test_what_is_no_cron_expression_is_refused(cron: str) -> None:
    with pytest.raises(BadSchedule):
        next_due(cron, "UTC", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("zone", ["Mars/Phobos", "", "../../etc/passwd", "UTC+25", "x" * 300])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(BadTimeZone):
        next_due("* * * * *", zone, datetime(2026, 1, 1, tzinfo=UTC))


def _schedule(key: str = "work", **values: Any) -> Schedule:
    values = {"task": "tests.crm.test_schedules.work", "cron": "*/5 * * * *", "next_due_at": LONG_AGO} | values
    return Schedule.unscoped.create(key=key, **values)


@pytest.mark.django_db(transaction=True)
def test_what_is_due_becomes_one_job_and_is_due_again_later() -> None:
    business = make_business()
    row = _schedule(business=business)
    assert schedules.ask_for_due() == 1
    row.refresh_from_db()
    job = Job.unscoped.get()
    assert (job.task, job.business_id, job.actor_kind, job.actor_label) == (row.task, business.pk, "schedule", "work")
    assert row.last_due_at == datetime(2000, 1, 1, tzinfo=UTC)
    assert row.next_due_at is not None
    assert row.next_due_at > row.updated_at, "what was missed is done once"
    assert schedules.ask_for_due() == 0


@pytest.mark.django_db(transaction=True)
def test_a_job_that_still_waits_stands_for_the_next_one() -> None:
    row = _schedule()
    schedules.ask_for_due()
    Schedule.unscoped.filter(pk=row.pk).update(next_due_at=LONG_AGO)
    schedules.ask_for_due()
    assert Job.unscoped.count() == 1


@pytest.mark.django_db(transaction=True)
def test_bad_rows_stop_no_other_and_say_what_is_wrong() -> None:
    bad = [
        _schedule("bad 1", cron="not a cron"),
        _schedule("bad 2", task="no.such.module.task"),
        _schedule("bad 3", params={"job": "unparsable", "actor": 3}),
        _schedule("bad 4", time_zone="Mars/Phobos"),
    ]
    for number in range(5):
        _schedule(f"good {number}")
    assert schedules.ask_for_due() == 5
    assert set(Job.unscoped.values_list("actor_label", flat=True)) == {f"good {number}" for number in range(5)}
    for row in bad:
        row.refresh_from_db()
        assert (row.is_active, row.fault != "") == (False, True)


@pytest.mark.django_db(transaction=True)
def test_a_paused_schedule_is_not_asked_for() -> None:
    _schedule(is_active=False)
    assert schedules.ask_for_due() == 0


@pytest.mark.django_db(transaction=True)
def test_of_several_nodes_one_asks() -> None:
    for number in range(20):
        _schedule(f"task {number}")

    def ask() -> None:
        try:
            schedules.ask_for_due()
        finally:
            connection.close()

    nodes = [threading.Thread(target=ask) for _number in range(4)]
    for thread in nodes:
        thread.start()
    for thread in nodes:
        thread.join()
    assert Job.unscoped.count() == 20


@pytest.mark.django_db(transaction=True)
def test_regular_tasks_become_rows_once_and_stay_paused() -> None:
    assert schedules.take_over_regular_tasks() == len(regular_tasks)
    assert schedules.take_over_regular_tasks() == 0
    Schedule.unscoped.filter(key="clean up").update(is_active=False, cron="0 0 * * *")
    _schedule("gone")
    assert schedules.take_over_regular_tasks() == 2
    row = Schedule.unscoped.get(key="clean up")
    assert (row.is_active, row.cron) == (False, regular_tasks["clean up"].cron)
    assert not Schedule.unscoped.filter(key="gone").exists()
    schedules.ask_for_due()
    assert Job.unscoped.count() == 0, "a new row is due at its next time, not at once"
    for plug in regular_tasks:
        next_due(plug.cron, plug.time_zone, datetime(2026, 1, 1, tzinfo=UTC))
