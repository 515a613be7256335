"""What operators do with schedules."""

from datetime import UTC, datetime

import pytest

from crm import services
from crm.actor import Actor
from crm.errors import NotAllowed, NotFound
from crm.models import Membership, Schedule
from crm.schedules import BadSchedule

SYSTEM = Actor.system("test")
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def schedule(db: None) -> Schedule:
    row: Schedule = Schedule.unscoped.create(
        key="clean up", task="crm.tasks.clean_up", cron="0 3 * * *", next_due_at="2026-05-01T03:00Z"
    )
    return row


def test_a_schedule_is_paused_and_resumed_without_what_was_due_meanwhile(
    schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    assert not services.pause_schedule(actor=SYSTEM, schedule=schedule).is_active
    resumed = services.resume_schedule(actor=SYSTEM, schedule=schedule, at=AT)
    assert (resumed.is_active, resumed.next_due_at) == (True, datetime(2026, 6, 2, 3, tzinfo=UTC))
    assert "paused" in caplog.text
    assert "resumed" in caplog.text


def test_doing_it_twice_changes_nothing(schedule: Schedule) -> None:
    before = schedule.next_due_at
    services.resume_schedule(actor=SYSTEM, schedule=schedule, at=AT)
    schedule.refresh_from_db()
    assert schedule.next_due_at == datetime(2026, 5, 1, 3, tzinfo=UTC)
    assert before
    for _ in range(2):
        assert not services.pause_schedule(actor=SYSTEM, schedule=schedule).is_active


def test_a_schedule_that_can_not_be_read_is_not_resumed(schedule: Schedule) -> None:
    Schedule.unscoped.update(is_active=False, cron="nonsense", fault="BadSchedule")
    with pytest.raises(BadSchedule):
        services.resume_schedule(actor=SYSTEM, schedule=schedule, at=AT)
    schedule.refresh_from_db()
    assert not schedule.is_active


def test_schedules_are_for_operators(schedule: Schedule, owner: Membership) -> None:
    actor = Actor.for_user(owner.user)
    with pytest.raises(NotAllowed):
        services.pause_schedule(actor=actor, schedule=schedule)
    with pytest.raises(NotAllowed):
        services.resume_schedule(actor=actor, schedule=schedule, at=AT)


def test_a_schedule_that_is_gone_is_not_found(schedule: Schedule) -> None:
    Schedule.unscoped.all().delete()
    with pytest.raises(NotFound):
        services.pause_schedule(actor=SYSTEM, schedule=schedule)
