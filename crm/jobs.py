"""Background work. `enqueue` writes the job in the caller's transaction; django-q2 carries its id to a worker,
where `run` claims and does it.

A task is a function `task(job: JobRun, **params)` named by its dotted path; it calls services. Its business is open while it runs.
"""

import logging
import time
from contextlib import nullcontext
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from crm.actor import Actor
from crm.clock import now, uuid7
from crm.errors import DomainError
from crm.models import Business, Job, JobState
from crm.scope import scope

log = logging.getLogger(__name__)
LEASE = "5 minutes"


class JobCancelled(Exception):
    """Somebody has cancelled the job while it ran."""


def enqueue(
    task: str, *, actor: Actor, business: Business | None, dedupe_key: str = "", max_attempts: int = 3, **params: Any
) -> Job | None:
    """Add a job that runs `task` (dotted path) with `params` (ids only) once the transaction commits.

    With a `dedupe_key`, a job that waits under the same key already stands for this one: then None is returned.
    """
    import_string(task)
    job = Job(
        business=business, task=task, params=params, dedupe_key=dedupe_key, max_attempts=max_attempts,
        actor_kind=actor.kind, actor_id=actor.id, actor_label=actor.label[:120],
    )  # fmt: skip
    with transaction.atomic():
        if dedupe_key:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"job:{dedupe_key}"])
            if Job.unscoped.filter(dedupe_key=dedupe_key, state=JobState.QUEUED).exists():
                return None
        job.save(force_insert=True)
        async_task("crm.jobs.run", str(job.pk), task_name=str(job.pk), cluster=None)
    return job


class JobRun:
    """A running job as its task sees it: reports progress on a connection of its own, so that people see it move
    while the task's transaction is still open, and learns that it was cancelled."""

    def __init__(self, job_id: UUID, token: UUID, actor: Actor, business: Business | None) -> None:
        self.id, self.token, self.actor, self.business = job_id, token, actor, business
        self._connection = connection.copy()
        self._last = 0.0

    def report(self, processed: int, total: int | None = None, step: str = "", *, force: bool = False) -> None:
        """Publish progress (at most five times a second unless forced) and extend the lease; raises JobCancelled."""
        if not force and time.monotonic() - self._last < 0.2:
            return
        self._last = time.monotonic()
        with self._connection.cursor() as cursor:
            cursor.execute(
                f"update crm_job set processed = %s, total = coalesce(%s, total), step = coalesce(nullif(%s, ''), step), "
                f"lease_until = clock_timestamp() + interval '{LEASE}', updated_at = clock_timestamp() "
                "where id = %s and lease_token = %s returning state",
                [processed, total, step, self.id, self.token],
            )
            row = cursor.fetchone()
        if row is not None and row[0] == JobState.CANCELLED:
            raise JobCancelled

    def close(self) -> None:
        self._connection.close()


_CLAIM = f"""
update crm_job set state = 'running', attempts = attempts + 1, lease_token = %s, lease_until = clock_timestamp() + interval '{LEASE}',
    started_at = coalesce(started_at, clock_timestamp()), updated_at = clock_timestamp()
where id = %s and attempts < max_attempts
  and (state = 'queued' and run_after <= clock_timestamp() or state = 'running' and lease_until < clock_timestamp())
returning task, params, business_id, actor_kind, actor_id, actor_label
"""


def run(job_id: str) -> None:
    """Claim the job and do it; a job that another worker holds, or that is over, is left alone."""
    token = uuid7()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [token, job_id])
        row = cursor.fetchone()
    if row is None:
        return
    job = Job.unscoped.select_related("business").get(pk=job_id)
    actor = Actor(job.actor_kind, job.actor_id, job.actor_label, door="job", everything=True, request_id=job_id)
    work = JobRun(job.pk, token, actor, job.business)
    try:
        with scope(job.business) if job.business else nullcontext():
            result = import_string(job.task)(work, **job.params)
    except JobCancelled:
        _finish(job_id, token, JobState.CANCELLED)
    except DomainError as refusal:
        _finish(job_id, token, JobState.FAILED, error=str(refusal.message))
    except Exception:
        log.exception("job %s (%s) failed", job_id, job.task)
        connection.close_if_unusable_or_obsolete()
        _finish(
            job_id,
            token,
            JobState.FAILED,
            error=_("Something went wrong. The log has the details under this job's id."),
        )
    else:
        _finish(job_id, token, JobState.DONE, result=result or {})
    finally:
        work.close()


def _finish(
    job_id: str, token: UUID, state: JobState, *, result: dict[str, Any] | None = None, error: str = ""
) -> None:
    done = {"processed": F("total")} if state == JobState.DONE else {}
    Job.unscoped.filter(pk=job_id, lease_token=token).update(
        state=state, result=result or {}, error=error, finished_at=now(), lease_until=None, updated_at=now(), **done
    )


_LOST = """
update crm_job set lease_until = null, updated_at = clock_timestamp(),
    state = case when attempts < max_attempts then 'queued' else 'failed' end,
    error = case when attempts < max_attempts then error else %s end,
    finished_at = case when attempts < max_attempts then null else clock_timestamp() end
where id in (
    select id from crm_job where state = 'running' and lease_until < clock_timestamp() order by id for update skip locked
)
returning id, state
"""


@transaction.atomic
def take_up_lost() -> dict[str, int]:
    """Queue the jobs again whose worker has died (their lease has run out); those without attempts left have failed."""
    words = _("The worker stopped in the middle, every time it was tried. Start it again; the log has the details.")
    with connection.cursor() as cursor:
        cursor.execute(_LOST, [words])
        lost = cursor.fetchall()
    again = [job_id for job_id, state in lost if state == JobState.QUEUED]
    for job_id in again:
        async_task("crm.jobs.run", str(job_id), task_name=str(job_id), cluster=None)
    return {"queued": len(again), "failed": len(lost) - len(again)}


def cancel(*, actor: Actor, job: Job) -> Job:
    """Ask a job to stop: a waiting one ends at once, a running one at its next report of progress."""
    Job.unscoped.filter(pk=job.pk, state__in=[JobState.QUEUED, JobState.RUNNING]).update(state=JobState.CANCELLED)
    job.refresh_from_db()
    return job
