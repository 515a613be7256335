"""Asking for background work: `enqueue` writes the job in the caller's transaction, `crm.queue` brings its id to a worker,
where `crm.work` does it."""

from typing import Any

from django.db import connection, transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy

from crm import clock, queue
from crm.actor import Actor
from crm.errors import DomainError
from crm.models import Business, Job, JobState
from crm.registry import TaskKind, task_kinds

OVER = (JobState.DONE, JobState.FAILED, JobState.DEAD, JobState.CANCELLED)


class JobIsOver(DomainError):
    code = "job_is_over"
    message = gettext_lazy("This job is over already.")


class NotGivenUp(DomainError):
    code = "not_given_up"
    message = gettext_lazy("Only a job that was refused or given up can be started again.")


def kind_of(task: str) -> TaskKind:
    """What the queue knows of a task; a task that nobody has registered is short work."""
    return task_kinds.get(task) or TaskKind(task, task.rsplit(".", 1)[-1].replace("_", " "))


def enqueue(
    task: str,
    *,
    actor: Actor,
    business: Business | None,
    dedupe_key: str = "",
    max_attempts: int | None = None,
    **params: Any,
) -> Job | None:
    """Add a job that runs `task` (dotted path) with `params` (ids only) once the transaction commits.

    With a `dedupe_key`, a job that waits under the same key already stands for this one: then None is returned.
    """
    import_string(task)
    kind = kind_of(task)
    job = Job(
        business=business, task=task, params=params, dedupe_key=dedupe_key, lane=kind.lane, limit_seconds=kind.limit_seconds,
        max_attempts=max_attempts or kind.max_attempts,
        actor_kind=actor.kind, actor_id=actor.id, actor_label=actor.label[:120],
    )  # fmt: skip
    with transaction.atomic():
        if dedupe_key:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"job:{dedupe_key}"])
            if Job.unscoped.filter(dedupe_key=dedupe_key, state=JobState.QUEUED).exists():
                return None
        job.save(force_insert=True)
        queue.announce(job)
    return job


def cancel(*, actor: Actor, job: Job) -> Job:
    """Stop a job: a waiting one at once, a running one at its next report of progress. Raises JobIsOver."""
    with transaction.atomic():
        locked: Job = Job.unscoped.select_for_update(of=("self",)).get(pk=job.pk)
        if locked.state in OVER:
            raise JobIsOver
        locked.cancel_asked_at = clock.now()
        if locked.state == JobState.QUEUED:
            locked.state, locked.finished_at = JobState.CANCELLED, clock.now()
        locked.save(update_fields=["state", "cancel_asked_at", "finished_at", "updated_at"])
    return locked


def retry(*, actor: Actor, job: Job) -> Job:
    """Queue a refused or given-up job again, with all its attempts. Raises NotGivenUp."""
    with transaction.atomic():
        locked: Job = Job.unscoped.select_for_update(of=("self",)).get(pk=job.pk)
        if locked.state not in (JobState.FAILED, JobState.DEAD):
            raise NotGivenUp
        locked.state, locked.attempts, locked.run_after = JobState.QUEUED, 0, clock.now()
        locked.error = locked.error_code = locked.dedupe_key = ""
        locked.finished_at = locked.cancel_asked_at = locked.alerted_at = None
        locked.save()
        queue.announce(locked)
    return locked
