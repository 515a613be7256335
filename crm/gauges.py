"""The kernel's own gauges for monitoring, over all businesses."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from crm import health, service_mode
from crm.models import JobState, Lane
from crm.queue import DEAD_SECONDS
from crm.registry import task_kinds

Reading = list[tuple[dict[str, str], float]]


def _rows(statement: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())


def jobs() -> Reading:
    """Jobs by lane and state; those that ended well are not counted, their number has no meaning."""
    found = _rows(
        "select lane, state, count(*) from crm_job where state in ('queued', 'running') group by lane, state "
        "union all select lane, state, count(*) from crm_job where state = 'dead' group by lane, state"
    )
    counts = {(lane, state): count for lane, state, count in found}
    states = (JobState.QUEUED, JobState.RUNNING, JobState.DEAD)
    return [
        ({"lane": str(lane), "state": str(state)}, counts.get((lane, state), 0))
        for lane in Lane.values
        for state in states
    ]


def job_wait() -> Reading:
    """Seconds that the oldest job that is due has waited, by lane."""
    found = dict(
        _rows(
            "select lane, extract(epoch from clock_timestamp() - min(run_after))::float8 from crm_job "
            "where state = 'queued' and run_after <= clock_timestamp() group by lane"
        )
    )
    return [({"lane": str(lane)}, found.get(lane, 0)) for lane in Lane.values]


def slow_jobs() -> Reading:
    """Running jobs that have taken longer than their kind's `alert_seconds`."""
    limits = {kind.task: kind.alert_seconds for kind in task_kinds if kind.alert_seconds}
    counts = dict.fromkeys(limits, 0)
    running = _rows(
        "select task, extract(epoch from clock_timestamp() - started_at) from crm_job where state = 'running'"
    )
    for task, seconds in running:
        if task in limits and seconds > limits[task]:
            counts[task] += 1
    return [({"task": task}, count) for task, count in counts.items()]


def workers() -> Reading:
    """Nodes that have shown themselves of late."""
    ((count,),) = _rows(
        "select count(*) from crm_worker where seen_at > clock_timestamp() - %s * interval '1 second'", [DEAD_SECONDS]
    )
    return [({}, count)]


def unsealed() -> Reading:
    """Rows of the activity after the last seal of their business, by the business's short name."""
    found = _rows(
        """
        select b.slug, (
            select count(*) from crm_activity a
            where a.business_id = b.id and (a.xid, a.id) > (coalesce(s.last_xid, '0'::xid8), coalesce(s.last_id, 0))
        )
        from crm_business b left join lateral (
            select last_xid, last_id from crm_activityseal where business_id = b.id order by id desc limit 1
        ) s on true
        """
    )
    return [({"business": slug}, count) for slug, count in found]


def backup_age() -> Reading:
    """Seconds since the newest proven backup; nothing without one."""
    age = health.backup_age(datetime.now(UTC))
    return [] if age is None else [({}, age)]


def read_only() -> Reading:
    return [({}, float(service_mode.current().is_read_only))]
