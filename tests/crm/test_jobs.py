"""Jobs: enqueued with the data, claimed once, with progress that others can see."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils.module_loading import import_string
from django_q.models import OrmQ, Schedule

from crm import jobs
from crm.actor import Actor
from crm.errors import DomainError
from crm.models import Job, JobState
from crm.scope import open_businesses
from tests.factories import make_business

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Actor.system("test")
seen: list[Any] = []


def work(job: jobs.JobRun, *, number: int = 1) -> dict[str, int]:
    """A task: reports, looks from another connection, and says in which business it ran."""
    job.report(1, 4, "Counting", force=True)
    with connection.cursor() as cursor:
        cursor.execute("select processed, total, step, state from crm_job where id = %s", [job.id])
        seen.append((cursor.fetchone(), open_businesses()))
    return {"number": number}


def refuse(job: jobs.JobRun) -> None:
    raise DomainError("There is no more room.")


def break_down(job: jobs.JobRun) -> None:
    raise RuntimeError("secret detail")


def stop_midway(job: jobs.JobRun) -> None:
    jobs.cancel(actor=SYSTEM, job=Job.unscoped.get(pk=job.id))
    job.report(1, force=True)
    raise AssertionError("a cancelled job went on")


def _enqueue(task: str, **options: Any) -> Job:
    job = jobs.enqueue(f"tests.crm.test_jobs.{task}", actor=SYSTEM, business=make_business(), **options)
    assert job is not None
    return job


def _run(job: Job) -> Job:
    jobs.run(str(job.pk))
    job.refresh_from_db()
    return job


def test_a_job_is_queued_with_its_transaction_or_not_at_all() -> None:
    with transaction.atomic():
        _enqueue("work")
        transaction.set_rollback(True)
    assert (Job.unscoped.count(), OrmQ.objects.count()) == (0, 0)
    _enqueue("work")
    assert (Job.unscoped.count(), OrmQ.objects.count()) == (1, 1)


def test_a_job_runs_in_its_business_and_its_progress_is_seen_while_it_runs() -> None:
    seen.clear()
    job = _run(_enqueue("work", number=7))
    assert seen == [((1, 4, "Counting", "running"), (job.business_id,))]
    assert (job.state, job.result, job.attempts, job.processed, job.total) == (JobState.DONE, {"number": 7}, 1, 4, 4)
    assert job.finished_at is not None


def test_a_job_that_is_over_or_held_by_another_worker_is_left_alone() -> None:
    seen.clear()
    job = _run(_enqueue("work"))
    _run(job)
    held = _enqueue("work")
    Job.unscoped.filter(pk=held.pk).update(state=JobState.RUNNING, lease_until="2999-01-01T00:00Z", attempts=1)
    _run(held)
    assert len(seen) == 1
    Job.unscoped.filter(pk=held.pk).update(lease_until="2000-01-01T00:00Z")
    assert _run(held).state == JobState.DONE
    assert held.attempts == 2


def test_attempts_are_limited() -> None:
    job = _enqueue("work", max_attempts=1)
    Job.unscoped.filter(pk=job.pk).update(state=JobState.RUNNING, lease_until="2000-01-01T00:00Z", attempts=1)
    assert _run(job).state == JobState.RUNNING


def test_a_job_whose_worker_died_is_taken_up_again_until_its_attempts_are_spent() -> None:
    job, running = _enqueue("work", max_attempts=2), _enqueue("work")
    OrmQ.objects.all().delete()
    Job.unscoped.filter(pk=running.pk).update(state=JobState.RUNNING, lease_until="2999-01-01T00:00Z", attempts=1)
    Job.unscoped.filter(pk=job.pk).update(state=JobState.RUNNING, lease_until="2000-01-01T00:00Z", attempts=1)
    assert jobs.take_up_lost() == {"queued": 1, "failed": 0}
    assert jobs.take_up_lost() == {"queued": 0, "failed": 0}
    assert OrmQ.objects.count() == 1
    assert _run(job).state == JobState.DONE
    Job.unscoped.filter(pk=job.pk).update(state=JobState.RUNNING, lease_until="2000-01-01T00:00Z", attempts=2)
    assert jobs.take_up_lost() == {"queued": 0, "failed": 1}
    job.refresh_from_db()
    assert (job.state, "every time" in job.error) == (JobState.FAILED, True)


def test_the_queue_does_its_own_work_every_minute() -> None:
    call_command("migrate", "crm", "0003", verbosity=0)
    call_command("migrate", "crm", verbosity=0)
    tasks = {schedule.func: schedule.minutes for schedule in Schedule.objects.filter(func__startswith="crm.")}
    assert tasks == {"crm.tasks.seal_trails": 1, "crm.tasks.take_up_lost_jobs": 1}
    for task in tasks:
        import_string(task)()


def test_a_refusal_is_told_in_words_and_a_fault_is_not_told_at_all(caplog: pytest.LogCaptureFixture) -> None:
    assert _run(_enqueue("refuse")).error == "There is no more room."
    broken = _run(_enqueue("break_down"))
    assert broken.state == JobState.FAILED
    assert "secret" not in broken.error
    assert "secret detail" in caplog.text


def test_a_cancelled_job_stops_at_its_next_report() -> None:
    assert _run(_enqueue("stop_midway")).state == JobState.CANCELLED
    waiting = _enqueue("work")
    jobs.cancel(actor=SYSTEM, job=waiting)
    assert _run(waiting).state == JobState.CANCELLED


def test_a_waiting_job_stands_for_others_of_the_same_key() -> None:
    first = _enqueue("work", dedupe_key="recount")
    assert jobs.enqueue("tests.crm.test_jobs.work", actor=SYSTEM, business=first.business, dedupe_key="recount") is None
    _run(first)
    assert (
        jobs.enqueue("tests.crm.test_jobs.work", actor=SYSTEM, business=first.business, dedupe_key="recount")
        is not None
    )


def test_an_unknown_task_is_refused_at_once() -> None:
    with pytest.raises(ImportError):
        _enqueue("no_such_task")


def lose_the_connection(job: jobs.JobRun) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(pg_backend_pid())")


def test_a_job_whose_connection_breaks_is_over_and_not_forever_running(caplog: pytest.LogCaptureFixture) -> None:
    job = _run(_enqueue("lose_the_connection"))
    assert (job.state, job.lease_until) == (JobState.FAILED, None)
    assert "terminat" not in job.error
