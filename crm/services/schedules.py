"""What operators do with schedules. They belong to the service: what is done with them stands in the log."""

import logging
from datetime import datetime

from django.db import transaction

from crm.actor import Actor
from crm.errors import NotAllowed, NotFound
from crm.models import Schedule
from crm.schedules import next_due

log = logging.getLogger(__name__)


@transaction.atomic
def pause_schedule(*, actor: Actor, schedule: Schedule) -> Schedule:
    """Ask for the schedule's task no more, until it is resumed. Raises NotAllowed."""
    locked = _lock(actor, schedule)
    if locked.is_active:
        locked.is_active = False
        locked.save(update_fields=["is_active", "updated_at"])
        log.warning("schedule %s was paused by user %s", locked.key, actor.id)
    return locked


@transaction.atomic
def resume_schedule(*, actor: Actor, schedule: Schedule, at: datetime) -> Schedule:
    """Ask for the schedule's task again, next when it is due after `at`; what was due meanwhile is left out.

    Raises NotAllowed, BadSchedule.
    """
    locked = _lock(actor, schedule)
    if not locked.is_active:
        locked.is_active, locked.fault = True, ""
        locked.next_due_at = next_due(locked.cron, locked.time_zone, at)
        locked.save(update_fields=["is_active", "fault", "next_due_at", "updated_at"])
        log.warning("schedule %s was resumed by user %s", locked.key, actor.id)
    return locked


def _lock(actor: Actor, schedule: Schedule) -> Schedule:
    if not actor.everything:
        raise NotAllowed
    locked: Schedule | None = Schedule.unscoped.select_for_update(of=("self",)).filter(pk=schedule.pk).first()
    if locked is None:
        raise NotFound
    return locked
