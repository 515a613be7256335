"""How the id of a job gets to a worker: django-q2's ORM broker carries it, and the ledger stays right whatever dies.

`announce` belongs to the transaction that asks for the job. `tend` is called every second or two by each node (see
`crm.setup.node`) and mends everything else: jobs whose worker has died, ids that got lost, work that waits for its turn.
"""

import os
import socket
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_q.brokers import get_broker
from django_q.signing import SignedPackage

from crm.models import Job, Lane

STALE_SECONDS = 20
"""An id that was handed to a worker process this long ago, and whose job nobody has begun, is handed out again."""
DEAD_SECONDS = 60
"""A node that was not seen for this long counts as stopped."""


def worker_name() -> str:
    """Node, lane and process, as the ledger names who does a job."""
    node = os.environ.get("CRM_NODE") or socket.gethostname()
    return f"{node}/{os.environ.get('Q_CLUSTER_NAME', '-')}/{os.getpid()}"[:80]


def announce(job: Job) -> None:
    """Hand a new job out with the transaction that made it; long work waits for `tend`, which knows who is free."""
    if job.lane == Lane.FAST:
        job.queue_row = _hand_out(job.pk, Lane.FAST, job.limit_seconds)
        Job.unscoped.filter(pk=job.pk).update(queue_row=job.queue_row)


def _hand_out(job_id: Any, lane: str, limit: int) -> int:
    package = {
        "id": str(job_id).replace("-", ""),
        "name": str(job_id),
        "func": "crm.work.run",
        "args": (str(job_id),),
        "kwargs": {},
        "started": timezone.now(),
        "timeout": limit + 2,
        "save": False,
        "ack_failure": True,
    }
    return int(get_broker(lane).enqueue(SignedPackage.dumps(package)))


_LOST = """
update crm_job set lease_until = null, queue_row = null, alerted_at = null, updated_at = clock_timestamp(),
    state = case when cancel_asked_at is not null then 'cancelled' when attempts < max_attempts then 'queued' else 'dead' end,
    error = case when cancel_asked_at is null and attempts >= max_attempts then %s else error end,
    error_code = case when attempts >= max_attempts then 'worker_died' else error_code end,
    finished_at = case when cancel_asked_at is null and attempts < max_attempts then null else clock_timestamp() end
where id in (
    select id from crm_job where state = 'running' and lease_until < clock_timestamp() order by id for update skip locked
)
returning state
"""

# Ids on their way that no worker will bring home: those of jobs that are over, and those handed to a process that is gone.
_DEBRIS = """
delete from django_q_ormq q using crm_job j
where j.queue_row = q.id and j.state in ('done', 'failed', 'dead', 'cancelled') and j.updated_at < clock_timestamp() - interval '30 seconds'
"""

# Work that is due and not on its way, those first whose asker has the least running: one person's many exports don't
# keep another's small one waiting. A lane takes no more than its living workers can begin.
_DUE = f"""
with capacity as (
    select coalesce(sum((capacity ->> %(lane)s)::int), 0) as workers from crm_worker
    where seen_at > clock_timestamp() - interval '{DEAD_SECONDS} seconds'
), waiting as (
    select j.id, j.limit_seconds, j.created_at, j.business_id, j.actor_id, q.id as row, q.lock,
           row_number() over (partition by j.business_id, j.actor_id order by j.run_after, j.id) as turn,
           (select count(*) from crm_job r where r.state = 'running' and r.lane = j.lane
                and r.business_id is not distinct from j.business_id and r.actor_id = j.actor_id) as running
    from crm_job j left join django_q_ormq q on q.id = j.queue_row
    where j.lane = %(lane)s and j.state = 'queued' and j.run_after <= clock_timestamp()
), free as (
    select (select workers from capacity)
         - (select count(*) from crm_job where state = 'running' and lane = %(lane)s)
         - (select count(*) from waiting
            where row is not null and (lock <= clock_timestamp() or lock > clock_timestamp() + %(fresh)s)) as places
)
select w.id, w.limit_seconds, w.row from waiting w
where (w.row is null or (w.lock > clock_timestamp() and w.lock <= clock_timestamp() + %(fresh)s))
  and (%(all)s or w.running + w.turn <= %(share)s)
order by w.running + w.turn, w.created_at
limit case when %(all)s then 500 else greatest((select places from free), 0) end
"""


@transaction.atomic
def tend() -> dict[str, int]:
    """Bring the ledger and the queue back in step; does nothing while another node is at it. Returns what was mended."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(hashtextextended('crm.queue.tend', 0))")
        if not cursor.fetchone()[0]:
            return {}
        words = _("The worker stopped in the middle, every time it was tried. Start it again; the log has the details.")
        cursor.execute(_LOST, [words])
        lost = [state for (state,) in cursor.fetchall()]
        cursor.execute(_DEBRIS)
        debris = cursor.rowcount
    handed = sum(_hand_out_due(lane) for lane in Lane.values)
    return {"lost": len(lost), "given up": lost.count("dead"), "debris": debris, "handed out": handed}


def _hand_out_due(lane: str) -> int:
    workers = settings.JOB_WORKERS[lane]
    with connection.cursor() as cursor:
        cursor.execute(
            _DUE,
            {
                "lane": lane,
                "fresh": f"{int(str(settings.Q_CLUSTER['retry'])) - STALE_SECONDS} seconds",
                "all": lane == Lane.FAST,
                "share": max(workers - 1, 1),
            },
        )
        due = cursor.fetchall()
        for job_id, limit, row in due:
            if row is not None:
                get_broker(lane).delete(row)
            cursor.execute("update crm_job set queue_row = %s where id = %s", [_hand_out(job_id, lane, limit), job_id])
    return len(due)


def release(worker: str) -> int:
    """Queue the jobs again whose processes are known to be dead (`worker` is the beginning of their name). The attempt isn't
    counted if the job was alive until now: then the node itself has stopped it. One without attempts left is given up by `tend`."""
    alive = "coalesce((heartbeat_at > clock_timestamp() - interval '8 seconds')::int, 0)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"update crm_job set state = case when attempts - {alive} < max_attempts then 'queued' else state end, "
            f"lease_until = case when attempts - {alive} < max_attempts then null else clock_timestamp() end, "
            f"queue_row = null, attempts = attempts - {alive}, updated_at = clock_timestamp() "
            "where state = 'running' and starts_with(worker, %s)",
            [worker],
        )
        return int(cursor.rowcount)


def is_stuck(lane: str, node: str) -> str:
    """Why the workers of a lane look dead although their processes live; "" when they don't.

    Waiting work that nobody begins, or ended work whose id was not taken out of the queue, for 10 seconds.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select
                exists (select from crm_job j join django_q_ormq q on q.id = j.queue_row
                        where j.lane = %(lane)s and j.state = 'queued' and j.updated_at < clock_timestamp() - interval '10 seconds'
                          and j.run_after < clock_timestamp() - interval '10 seconds')
                and not exists (select from crm_job where lane = %(lane)s
                                and (state = 'running' or started_at > clock_timestamp() - interval '10 seconds'
                                     or finished_at > clock_timestamp() - interval '10 seconds'))
                and not exists (select from crm_servicemode where is_read_only),
                exists (select from crm_job j join django_q_ormq q on q.id = j.queue_row
                        where j.lane = %(lane)s and j.state = 'done' and starts_with(j.worker, %(node)s)
                          and j.finished_at between clock_timestamp() - interval '25 seconds' and clock_timestamp() - interval '10 seconds')
            """,
            {"lane": lane, "node": f"{node}/{lane}/"},
        )
        idle, unacknowledged = cursor.fetchone()
    return "nobody begins what waits" if idle else "what is done is not acknowledged" if unacknowledged else ""
