"""Jobs: enqueued with the data, claimed once, counted before they start, stored only by the worker that holds them."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django_q.models import OrmQ

from crm import clock, jobs, services
from crm.actor import Actor
from crm.errors import DomainError
from crm.models import Job, JobState, Membership, ServiceMode, User
from crm.scope import open_businesses, scope
from crm.work import JobRun, pause_after, run
from tests.factories import make_business, make_membership

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Actor.system("test")
seen: list[Any] = []


def work(job: JobRun, *, number: int = 1) -> dict[str, int]:
    """A task: reports, looks from another connection, and says in which business it ran."""
    job.report(1, 4, "Counting", force=True)
    with connection.cursor() as cursor:
        cursor.execute("select processed, total, step, state from crm_job where id = %s", [job.id])
        seen.append((cursor.fetchone(), open_businesses()))
    return {"number": number}


def refuse(job: JobRun) -> None:
    raise DomainError("There is no more room.")


def break_down(job: JobRun) -> None:
    raise RuntimeError("secret detail")


def stop_midway(job: JobRun) -> None:
    jobs.cancel(actor=SYSTEM, job=Job.unscoped.get(pk=job.id))
    job.report(1, force=True)
    raise AssertionError("a cancelled job went on")


def _enqueue(task: str, **options: Any) -> Job:
    job = jobs.enqueue(f"tests.crm.test_jobs.{task}", actor=SYSTEM, business=make_business(), **options)
    assert job is not None
    return job


def _run(job: Job) -> Job:
    run(str(job.pk))
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


def test_a_job_that_is_over_held_or_not_due_is_left_alone() -> None:
    seen.clear()
    job = _run(_enqueue("work"))
    _run(job)
    held = _enqueue("work")
    Job.unscoped.filter(pk=held.pk).update(state=JobState.RUNNING, lease_until="2000-01-01T00:00Z", attempts=1)
    assert _run(held).state == JobState.RUNNING
    later = _enqueue("work")
    Job.unscoped.filter(pk=later.pk).update(run_after="2999-01-01T00:00Z")
    assert _run(later).state == JobState.QUEUED
    assert len(seen) == 1


def test_no_job_begins_while_the_service_is_read_only() -> None:
    job = _enqueue("work")
    ServiceMode.objects.update_or_create(pk=1, defaults={"is_read_only": True})
    assert _run(job).state == JobState.QUEUED
    ServiceMode.objects.update(is_read_only=False)
    assert _run(job).state == JobState.DONE


def die_at_once(job: JobRun) -> None:
    """As if the process was killed: nothing of the worker's own code runs any more."""
    raise SystemExit


def test_an_attempt_is_counted_before_the_work_begins() -> None:
    job = _enqueue("die_at_once")
    with pytest.raises(SystemExit):
        _run(job)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.worker != "") == (JobState.RUNNING, 1, True)


def test_a_refusal_is_told_in_words_and_not_tried_again() -> None:
    job = _run(_enqueue("refuse"))
    assert (job.state, job.error, job.error_code, job.attempts) == (
        JobState.FAILED,
        "There is no more room.",
        "refused",
        1,
    )


def test_a_fault_is_tried_again_after_a_growing_pause_and_then_given_up(caplog: pytest.LogCaptureFixture) -> None:
    job = _enqueue("break_down", max_attempts=3)
    pauses = []
    for _attempt in range(2):
        began = clock.now()
        assert (_run(job).state, job.error_code) == (JobState.QUEUED, "RuntimeError")
        pauses.append((job.run_after - began).total_seconds())
        assert _run(job).attempts == len(pauses), "it must wait for its pause"
        Job.unscoped.filter(pk=job.pk).update(run_after=began)
    assert 7 < pauses[0] < 14
    assert 45 < pauses[1] < 75
    assert (_run(job).state, job.attempts, job.error_code) == (JobState.DEAD, 3, "RuntimeError")
    assert "secret" not in job.error
    assert "secret detail" in caplog.text


def test_pauses_grow_up_to_an_hour() -> None:
    assert [8 <= pause_after(1) <= 12, 48 <= pause_after(2) <= 72, 2880 <= pause_after(9) <= 4320] == [True] * 3


def write_and_lose_the_lease(job: JobRun, *, last: bool) -> None:
    with job.atomic(last=last):
        Job.unscoped.filter(pk=job.id).update(dedupe_key="written")
        with job._connection.cursor() as cursor:
            cursor.execute("select 1")
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("set lock_timeout = '5s'")
                cursor.execute("select state from crm_job where id = %s", [job.id])
        finally:
            other.close()
        job.token = clock.uuid7()  # as if another worker held the job by now


@pytest.mark.parametrize("last", [False, True])
def test_a_worker_that_has_lost_the_job_stores_nothing(last: bool, caplog: pytest.LogCaptureFixture) -> None:
    job = _run(_enqueue("write_and_lose_the_lease", last=last))
    assert (job.state, job.dedupe_key) == (JobState.RUNNING, "")
    assert "was given to another worker" in caplog.text


def report_without_lease(job: JobRun) -> None:
    Job.unscoped.filter(pk=job.id).update(lease_token=clock.uuid7())
    job.report(1, force=True)
    raise AssertionError("it went on")


def test_a_worker_that_has_lost_the_job_stops_at_its_next_report() -> None:
    assert _run(_enqueue("report_without_lease")).state == JobState.RUNNING


def finish_with_the_effect(job: JobRun) -> None:
    with job.atomic(last=True):
        job.result = {"rows": 3}
    raise RuntimeError("what comes after the last transaction changes nothing any more")


def test_the_last_transaction_ends_the_job_together_with_its_effect() -> None:
    job = _run(_enqueue("finish_with_the_effect"))
    assert (job.state, job.result, job.error) == (JobState.DONE, {"rows": 3}, "")


def test_a_cancelled_job_stops_at_its_next_report() -> None:
    job = _run(_enqueue("stop_midway"))
    assert (job.state, job.cancel_asked_at is not None) == (JobState.CANCELLED, True)


def test_a_waiting_job_is_cancelled_at_once_and_one_that_is_over_not_at_all() -> None:
    waiting = _enqueue("work")
    assert jobs.cancel(actor=SYSTEM, job=waiting).state == JobState.CANCELLED
    assert _run(waiting).state == JobState.CANCELLED
    with pytest.raises(jobs.JobIsOver):
        jobs.cancel(actor=SYSTEM, job=waiting)


def test_only_what_was_refused_or_given_up_is_started_again() -> None:
    job = _run(_enqueue("break_down", max_attempts=1))
    again = jobs.retry(actor=SYSTEM, job=job)
    assert (again.state, again.attempts, again.error, again.error_code, again.finished_at) == (
        "queued",
        0,
        "",
        "",
        None,
    )
    assert OrmQ.objects.filter(pk=again.queue_row).exists()
    with pytest.raises(jobs.NotGivenUp):
        jobs.retry(actor=SYSTEM, job=again)


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


def lose_the_connection(job: JobRun) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(pg_backend_pid())")


def test_a_job_whose_connection_breaks_waits_for_its_next_attempt(caplog: pytest.LogCaptureFixture) -> None:
    job = _run(_enqueue("lose_the_connection"))
    assert (job.state, job.lease_until, job.attempts) == (JobState.QUEUED, None, 1)
    assert "terminat" not in job.error


def loop(job: JobRun) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        job.report(1, force=True)
        time.sleep(0.01)
    raise AssertionError("nobody stopped it")


def sleep_in_the_database(job: JobRun) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_sleep(60)")
    raise AssertionError("nobody stopped it")


@pytest.mark.parametrize("task", ["loop", "sleep_in_the_database"])
def test_a_job_that_takes_longer_than_it_may_is_stopped_and_given_up(task: str) -> None:
    job = _enqueue(task)
    Job.unscoped.filter(pk=job.pk).update(limit_seconds=1)
    _run(job)
    assert (job.state, job.error_code, "longer" in job.error) == (JobState.DEAD, "time_limit", True)


killed = threading.Event()


def be_deaf(job: JobRun) -> None:
    killed.wait(60)


def test_a_process_that_does_not_stop_after_its_limit_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.work.GRACE_SECONDS", 0.5)
    job = _enqueue("be_deaf")
    Job.unscoped.filter(pk=job.pk).update(limit_seconds=1)
    killed.clear()
    run(str(job.pk), kill=killed.set)
    job.refresh_from_db()
    assert (killed.is_set(), job.state, job.error_code) == (True, JobState.DEAD, "time_limit")


def wait_for_heartbeats(job: JobRun) -> None:
    before = after = Job.unscoped.get(pk=job.id)
    deadline = time.monotonic() + 30
    while after.heartbeat_at == before.heartbeat_at and time.monotonic() < deadline:
        time.sleep(0.05)
        after = Job.unscoped.get(pk=job.id)
    seen.append((after.heartbeat_at > before.heartbeat_at, after.lease_until > before.lease_until))


def test_the_lease_is_kept_while_the_process_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.work.BEAT_SECONDS", 0.2)
    seen.clear()
    _run(_enqueue("wait_for_heartbeats"))
    assert seen == [(True, True)]


def test_every_task_of_the_apps_is_registered_with_its_lane_and_limit() -> None:
    from crm.registry import task_kinds

    assert all(kind.limit_seconds <= 3600 for kind in task_kinds)
    assert {kind.task for kind in task_kinds if kind.lane == "slow"} >= {"customers.tasks.import_file"}


def test_old_jobs_go_and_given_up_ones_stay() -> None:
    from crm.tasks import remove_old_jobs

    old, dead, fresh = _run(_enqueue("work")), _run(_enqueue("break_down", max_attempts=1)), _run(_enqueue("work"))
    long_ago = clock.now() - timedelta(days=91)
    Job.unscoped.filter(pk__in=[old.pk, dead.pk]).update(finished_at=long_ago)
    assert remove_old_jobs(clock.now()) == 1
    assert set(Job.unscoped.values_list("pk", flat=True)) == {dead.pk, fresh.pk}


def test_the_nightly_tidying_runs_as_a_job() -> None:
    job = jobs.enqueue("crm.tasks.clean_up", actor=SYSTEM, business=None)
    assert job is not None
    done = _run(job)
    assert (done.state, set(done.result)) == (JobState.DONE, {"jobs", "notifications", "answers", "limits", "sessions"})


def test_rights_count_when_the_work_begins() -> None:
    """A person who has left, a user who was switched off and a revoked key start nothing any more."""
    member = make_membership(make_business())
    by = Actor.for_user(member.user)
    jobs_of_theirs = [
        jobs.enqueue("tests.crm.test_jobs.work", actor=by, business=member.business) for _number in range(3)
    ]
    assert all(jobs_of_theirs)
    first, second, third = (job for job in jobs_of_theirs if job)
    assert _run(first).state == JobState.DONE
    Membership.unscoped.filter(pk=member.pk).update(is_active=False)
    assert (_run(second).state, second.error_code) == (JobState.FAILED, "asker_gone")
    Membership.unscoped.filter(pk=member.pk).update(is_active=True)
    User.objects.filter(pk=member.user_id).update(is_active=False)
    assert (_run(third).state, third.error_code) == (JobState.FAILED, "asker_gone")
    with scope(member.business):
        key = services.create_api_key(
            actor=SYSTEM, business=member.business, name="Shop", role="integration", at=clock.now()
        )
    by = Actor.for_api_key(key.record)
    kept, refused = (jobs.enqueue("tests.crm.test_jobs.work", actor=by, business=member.business) for _number in "12")
    assert kept
    assert refused
    assert _run(kept).state == JobState.DONE
    with scope(member.business):
        services.revoke_api_key(actor=SYSTEM, api_key=key.record, at=clock.now())
    assert _run(refused).error_code == "asker_gone"
