"""Doing background work: `run` claims a job, calls its task and stores how it ended, whatever happens to the process.

A task is a function `task(work: JobRun, **params)` named by its dotted path; it calls services. Its business is open while it
runs. What a task changes, it changes inside `work.atomic()`: then nothing is written by a worker that has lost the job.
"""

import logging
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, connections, transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_q.exceptions import TimeoutException

from crm import clock, queue
from crm.actor import Actor
from crm.clock import uuid7
from crm.errors import DomainError
from crm.log import request_id
from crm.models import ApiKey, Job, JobState, Lane, Membership, User
from crm.scope import scope
from crm.services.jobs import tell_job_over

log = logging.getLogger(__name__)
LEASE_SECONDS = 30
BEAT_SECONDS = 5.0
GRACE_SECONDS = 10.0
"""How long a task may take to stop after its limit, before its process is killed."""


class JobCancelled(Exception):
    """Somebody has cancelled the job while it ran."""


class LeaseLost(Exception):
    """The job was given to another worker meanwhile: what this one has done must not be stored."""


class TimeIsUp(Exception):
    """The task has taken longer than its kind may."""


class JobRun:
    """A running job as its task sees it: where it writes, reports progress and learns that it has to stop.

    Progress and the heartbeat that keeps the lease go over a connection of their own, so that people see them while the
    task's transaction is open. A job that runs inside a transaction of its caller has neither: nobody else sees it yet.
    """

    def __init__(self, job: Job, token: UUID, actor: Actor, *, kill: Callable[[], None]) -> None:
        self.id, self.token, self.actor, self.business = job.pk, token, actor, job.business
        self.result: dict[str, Any] = {}
        self.refused = ""
        self.is_done = self.is_late = False
        self._limit, self._kill = job.limit_seconds, kill
        self._main = connections[connection.alias]
        self._has_heart = not self._main.in_atomic_block
        self._connection = self._main.copy()
        self._connection.inc_thread_sharing()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._last = 0.0
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        if self._has_heart:
            self._heart.start()

    def report(self, processed: int, total: int | None = None, step: str = "", *, force: bool = False) -> None:
        """Publish progress (at most five times a second unless forced). Raises JobCancelled, LeaseLost, TimeIsUp."""
        if not force and time.monotonic() - self._last < 0.2:
            return
        self._last = time.monotonic()
        if self.is_late:
            raise TimeIsUp
        row = self._update(
            "processed = %s, total = coalesce(%s, total), step = coalesce(nullif(%s, ''), step)",
            [processed, total, step[:120]],
        )
        if row is None:
            raise LeaseLost
        if row[0] is not None:
            raise JobCancelled

    @contextmanager
    def atomic(self, *, last: bool = False) -> Iterator[None]:
        """A transaction that commits only while this worker holds the job; the `last` one ends the job as well, with `result`,
        so that its effect and its end are stored together or not at all. With `refused`, a reason, the job ends as refused.
        Raises LeaseLost."""
        with transaction.atomic():
            yield
            if last:
                end, code = (JobState.FAILED, "refused") if self.refused else (JobState.DONE, "")
                held = _finish(self.id, self.token, end, result=self.result, error=self.refused, code=code)
            else:
                held = (
                    Job.unscoped.select_for_update()
                    .filter(pk=self.id, lease_token=self.token, state=JobState.RUNNING)
                    .exists()
                )
            if not held:
                raise LeaseLost
        self.is_done = last

    def close(self) -> None:
        self._over.set()
        if self._has_heart:
            self._heart.join()
        self._connection.close()

    def _update(self, values: str, params: list[Any]) -> Any:
        if not self._has_heart:
            return (None,)
        with self._lock, self._connection.cursor() as cursor:
            cursor.execute(
                f"update crm_job set {values + ', ' if values else ''}heartbeat_at = clock_timestamp(), "
                f"lease_until = clock_timestamp() + interval '{LEASE_SECONDS} seconds', updated_at = clock_timestamp() "
                "where id = %s and lease_token = %s and state = 'running' returning cancel_asked_at",
                [*params, self.id, self.token],
            )
            return cursor.fetchone()

    def _beat(self) -> None:
        """Keep the lease while the process lives; at the limit stop the statement that runs, and after a grace the process."""
        started = time.monotonic()
        while not self._over.wait(min(BEAT_SECONDS, max(0.05, self._limit - (time.monotonic() - started)))):
            try:
                self._update("", [])
            except DatabaseError as error:
                log.warning("no heartbeat: %s", type(error).__name__)
                self._connection.close()
            if time.monotonic() - started < self._limit:
                continue
            self.is_late = True
            self._cancel_statement()
            if not self._over.wait(GRACE_SECONDS):
                _finish(self.id, self.token, JobState.DEAD, error=_late(), code="time_limit")
                connection.close()
                self._kill()
                return

    def _cancel_statement(self) -> None:
        try:
            if self._main.connection is not None:
                self._main.connection.cancel()
        except Exception:
            log.warning("the statement of a late job could not be cancelled", exc_info=True)


_CLAIM = f"""
update crm_job set state = 'running', attempts = attempts + 1, lease_token = %s, worker = %s, dedupe_key = '',
    lease_until = clock_timestamp() + interval '{LEASE_SECONDS} seconds', heartbeat_at = clock_timestamp(),
    started_at = coalesce(started_at, clock_timestamp()), updated_at = clock_timestamp()
where id = %s and state = 'queued' and run_after <= clock_timestamp() and attempts < max_attempts
  and not exists (select from crm_servicemode where is_read_only)
returning id
"""


def kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run(job_id: str, *, kill: Callable[[], None] = kill_this_process) -> None:
    """Claim the job and do it; one that another worker holds, that is over or not due yet is left alone.

    The attempt is counted and committed before the work begins, so that work which kills its process is counted too.
    """
    token = uuid7()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [token, queue.worker_name(), job_id])
        if cursor.fetchone() is None:
            return
    job = Job.unscoped.select_related("business").get(pk=job_id)
    actor = Actor(job.actor_kind, job.actor_id, job.actor_label, door="job", everything=True, request_id=job_id)
    named = request_id.set(job_id)
    work = JobRun(job, token, actor, kill=kill)
    try:
        with scope(job.business) if job.business else nullcontext():
            _refuse_gone(job)
            result = import_string(job.task)(work, **job.params)
        if not work.is_done:
            _finish(job_id, token, JobState.DONE, result=result or work.result)
    except LeaseLost:
        log.warning("job %s was given to another worker; what this one did is not stored", job_id)
    except JobCancelled:
        _finish(job_id, token, JobState.CANCELLED)
    except DomainError as refusal:
        _finish(job_id, token, JobState.FAILED, error=str(refusal.message), code=refusal.code)
    except (TimeIsUp, TimeoutException):
        _finish(job_id, token, JobState.DEAD, error=_late(), code="time_limit")
    except Exception as error:
        _broken(job, token, error, late=work.is_late)
    finally:
        work.close()
        request_id.reset(named)
    if job.lane == Lane.SLOW:
        queue.tend()


class AskerGone(DomainError):
    code = "asker_gone"
    message = gettext_lazy("Who asked for it may not work here any more, so it was not begun.")


def _refuse_gone(job: Job) -> None:
    """Rights count when the work begins: raises AskerGone for a person who left, or was switched off, and for a revoked key."""
    if job.actor_kind == "user":
        user = User.objects.filter(pk=job.actor_id, is_active=True).first()
        here = (
            job.business is None
            or Membership.unscoped.filter(user=user, business=job.business, is_active=True).exists()
        )
        if user is None or not (here or user.is_staff):
            raise AskerGone
    if job.actor_kind == "api_key" and not ApiKey.unscoped.filter(pk=job.actor_id, revoked_at=None).exists():
        raise AskerGone


def _late() -> str:
    return _("It took longer than such a job may, and was stopped.")


def _broken(job: Job, token: UUID, error: Exception, *, late: bool) -> None:
    """Try again after a pause that grows, or give up. What the error says may hold personal data: only its class is kept."""
    connection.close_if_unusable_or_obsolete()
    if late:
        _finish(job.pk, token, JobState.DEAD, error=_late(), code="time_limit")
        return
    log.exception("job %s (%s) failed", job.pk, job.task)
    code = type(error).__name__[:40]
    if job.attempts >= job.max_attempts:
        words = _("Something went wrong. The log has the details under this job's id.")
        _finish(job.pk, token, JobState.DEAD, error=words, code=code)
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "update crm_job set state = 'queued', lease_until = null, queue_row = null, error_code = %s, "
            "run_after = clock_timestamp() + %s * interval '1 second', updated_at = clock_timestamp() "
            "where id = %s and lease_token = %s and state = 'running'",
            [code, pause_after(job.attempts), job.pk, token],
        )


def pause_after(attempts: int) -> float:
    """Seconds until a job that broke is tried again: about 10, 60, 360 …, at most an hour, a little different each time."""
    return min(10.0 * 6 ** (attempts - 1), 3600.0) * random.uniform(0.8, 1.2)  # noqa: S311  (no secret)


def _finish(
    job_id: UUID | str,
    token: UUID,
    state: JobState,
    *,
    result: dict[str, Any] | None = None,
    error: str = "",
    code: str = "",
) -> bool:
    """End the job, if this worker still holds it, and tell the person who asked for it. (Of a given-up one, `crm.alerts` tells.)"""
    with transaction.atomic():
        job = (
            Job.unscoped.select_for_update(of=("self",))
            .select_related("business")
            .filter(pk=job_id, lease_token=token, state=JobState.RUNNING)
            .first()
        )
        if job is None:
            return False
        job.state, job.result, job.error, job.error_code = state, result or {}, error, code
        job.finished_at, job.lease_until = clock.now(), None
        if state == JobState.DONE and job.total:
            job.processed = job.total
        job.alerted_at = None
        job.save()
        if state != JobState.DEAD:
            _tell(job)
    return True


def _tell(job: Job) -> None:
    """What is told about a job never changes how the job ended."""
    try:
        with transaction.atomic():
            tell_job_over(actor=Actor.system("Queue"), job=job)
    except Exception:
        log.exception("nobody could be told of job %s", job.pk)
