"""Schedules of our own: cron expressions in a time zone, asked for by one node at a time; a bad row stops no other.

Wall-clock rules are those of Debian's cron (by cronsim): a time that a change of the clock skips is due right after the
gap, a time that comes twice is due the first time. `L` as the day stands for the last of the month.
"""

import logging
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from django.db import connection, transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import jobs
from crm.actor import Actor
from crm.errors import DomainError
from crm.models import Schedule
from crm.registry import regular_tasks
from crm.services.notifications import tell_operators

log = logging.getLogger(__name__)
AT_ONCE = 100


class BadSchedule(DomainError):
    status = 422
    code = "bad_schedule"
    field = "cron"
    message = gettext_lazy(
        "This is no cron expression: give minute, hour, day, month and weekday, for example “30 2 * * *”."
    )


class BadTimeZone(BadSchedule):
    field = "time_zone"
    message = gettext_lazy("There is no such time zone; give a name such as “Europe/Berlin”.")


def next_due(cron: str, time_zone: str, after: datetime) -> datetime:
    """The first moment after `after` (aware) at which `cron` is due in the zone, in UTC. Raises BadSchedule, BadTimeZone."""
    if time_zone not in available_timezones():
        raise BadTimeZone
    try:
        return next(CronSim(cron, after.astimezone(ZoneInfo(time_zone)))).astimezone(UTC)
    except (CronSimError, StopIteration) as error:
        raise BadSchedule from error


@transaction.atomic
def take_over_regular_tasks() -> int:
    """Write the schedules that apps have plugged in; those that no app plugs any more go. Returns how many changed.

    Whether one is paused stays as the operator has set it.
    """
    changed = 0
    rows = {row.key: row for row in Schedule.unscoped.select_for_update().filter(business=None)}
    for plug in regular_tasks:
        row = rows.pop(plug.key, None) or Schedule(key=plug.key)
        wanted = (plug.task, plug.cron, plug.time_zone)
        if (row.task, row.cron, row.time_zone) != wanted:
            row.task, row.cron, row.time_zone = wanted
            row.next_due_at, row.fault = None, ""
            row.save()
            changed += 1
    for row in rows.values():
        row.delete()
        changed += 1
    return changed


def ask_for_due() -> int:
    """Queue a job for each schedule that is due and set when it is due next; returns how many were asked for.

    Each row is locked and handled by itself: of several nodes one asks, and a row that can't be read is marked and left.
    What was due while everything stood still is done once.
    """
    asked = 0
    for _turn in range(AT_ONCE):
        with transaction.atomic():
            row = (
                Schedule.unscoped.select_for_update(skip_locked=True, of=("self",))
                .select_related("business")
                .extra(
                    where=[
                        "crm_schedule.is_active and coalesce(crm_schedule.next_due_at, '-infinity') <= clock_timestamp()"
                    ]
                )
                .order_by("next_due_at", "pk")
                .first()
            )
            if row is None:
                return asked
            asked += _ask(row, _database_time())
    return asked


def _ask(row: Schedule, now: datetime) -> int:
    due = row.next_due_at
    try:
        with transaction.atomic():
            row.next_due_at = next_due(row.cron, row.time_zone, now)
            if due is not None:
                jobs.enqueue(
                    row.task,
                    actor=Actor.system(row.key, kind="schedule", id=str(row.pk)),
                    business=row.business,
                    dedupe_key=f"schedule:{row.pk}",
                    **row.params,
                )
                row.last_due_at = due
            row.fault = ""
    except Exception as error:
        log.exception("schedule %s can't be asked for", row.key)
        row.is_active, row.fault = False, f"{type(error).__name__}: {error}"[:200]
        tell_operators(
            actor=Actor.system("Queue"), kind="crm.schedule_fault", tone="bad", text=row.fault,
            title=_("The schedule “%(key)s” was stopped: it can't be followed") % {"key": row.key},
            href=reverse("crm:service"), dedupe_key=f"crm.schedule_fault:{row.pk}",
        )  # fmt: skip
    row.save(update_fields=["next_due_at", "last_due_at", "fault", "is_active", "updated_at"])
    return int(due is not None and not row.fault)


def _database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found
