"""The queue mends itself: lost workers, lost ids, lanes, fairness, and the signs by which a lane counts as stuck."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import BadSignature, SignedPackage

from crm import jobs, queue
from crm.actor import Actor
from crm.models import Business, Job, JobState, Lane, ServiceMode, Worker
from crm.work import JobRun, run
from crm.work import run as work_off
from tests.factories import make_business

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = "2000-01-01T00:00Z"
NEVER = "2999-01-01T00:00Z"


started: list[str] = []


def work(job: JobRun, **params: Any) -> None:
    """A task that says that it has started."""
    started.append(str(job.id))


def die(job: JobRun) -> None:
    """As if the process was killed."""
    raise SystemExit


@pytest.fixture(autouse=True)
def node() -> Worker:
    """A node with two workers in each lane."""
    return Worker.objects.create(name="test:1", capacity={"fast": 2, "slow": 2})


def _job(lane: str = Lane.FAST, *, actor: str = "a", business: Business | None = None, **values: Any) -> Job:
    by = Actor("user", actor, actor)
    job = jobs.enqueue("tests.crm.test_queue.work", actor=by, business=business)
    assert job is not None
    if lane == Lane.SLOW:
        OrmQ.objects.filter(pk=job.queue_row).delete()
        values = {"lane": lane, "queue_row": None, **values}
    if values:
        Job.unscoped.filter(pk=job.pk).update(**values)
    job.refresh_from_db()
    return job


def _upkeep() -> None:
    """A job of the product's own, which nobody has to be there for."""
    jobs.enqueue("tests.crm.test_queue.work", actor=Actor.system("test"), business=None)


def _on_their_way() -> list[str]:
    return [SignedPackage.loads(row.payload)["args"][0] for row in OrmQ.objects.order_by("pk")]


def test_short_work_is_handed_out_with_its_transaction_and_long_work_waits_for_a_free_worker() -> None:
    fast, slow = _job(), _job(Lane.SLOW)
    assert _on_their_way() == [str(fast.pk)]
    assert queue.tend()["handed out"] == 1
    assert _on_their_way() == [str(fast.pk), str(slow.pk)]
    assert {row.key for row in OrmQ.objects.all()} == {"fast", "slow"}
    assert queue.tend()["handed out"] == 0


def test_an_id_that_got_lost_is_handed_out_again() -> None:
    """As after a change of SECRET_KEY, which makes the broker drop what it can't read."""
    lost = [_job() for _number in range(50)]
    OrmQ.objects.all().delete()
    assert queue.tend()["handed out"] == 50
    assert sorted(_on_their_way()) == sorted(str(job.pk) for job in lost)


def test_a_full_queue_outlives_a_new_secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker drops what it can't read any more; the ledger hands it out anew."""
    for _number in range(50):
        _upkeep()
    monkeypatch.setattr(Conf, "SECRET_KEY", "another key of this installation")
    broker = get_broker("fast")
    while found := broker.dequeue():
        for acknowledgment, payload in found:
            with pytest.raises(BadSignature):
                SignedPackage.loads(payload)
            broker.fail(acknowledgment)
    assert queue.tend()["handed out"] == 50
    for job_id in _on_their_way():
        work_off(job_id)
    assert {(job.state, job.attempts) for job in Job.unscoped.all()} == {(JobState.DONE, 1)}
    assert Job.unscoped.count() == 50


def test_ids_that_come_twice_start_once() -> None:
    """Six short jobs wait in one process for longer than an id may: they are handed out a second time."""
    started.clear()
    for _number in range(6):
        _upkeep()
    first = _on_their_way()
    OrmQ.objects.update(lock=timezone.now() + timedelta(seconds=14_400 - 25))
    assert queue.tend()["handed out"] == 6
    start = threading.Barrier(4)

    def process(ids: list[str]) -> None:
        start.wait()
        try:
            for job_id in ids:
                work_off(job_id)
        finally:
            connection.close()

    processes = [threading.Thread(target=process, args=(ids,)) for ids in (first, _on_their_way()) * 2]
    for each in processes:
        each.start()
    for each in processes:
        each.join()
    assert sorted(started) == sorted(first)
    assert set(Job.unscoped.values_list("state", "attempts")) == {(JobState.DONE, 1)}


def test_an_id_that_a_dead_process_took_is_handed_out_again_and_a_fresh_one_is_not() -> None:
    job = _job()
    OrmQ.objects.update(lock=timezone.now() + timedelta(seconds=14_400 - 5))
    assert queue.tend()["handed out"] == 0
    OrmQ.objects.update(lock=timezone.now() + timedelta(seconds=14_400 - 25))
    assert queue.tend()["handed out"] == 1
    assert _on_their_way() == [str(job.pk)]


def test_a_job_that_is_not_due_yet_stays() -> None:
    _job(queue_row=None, run_after=NEVER)
    OrmQ.objects.all().delete()
    assert queue.tend()["handed out"] == 0


def test_a_job_whose_worker_died_is_queued_again_until_its_attempts_are_spent() -> None:
    again = _job(state="running", attempts=1, lease_until=LONG_AGO)
    spent = _job(state="running", attempts=3, lease_until=LONG_AGO)
    cancelled = _job(state="running", attempts=1, lease_until=LONG_AGO, cancel_asked_at=LONG_AGO)
    alive = _job(state="running", attempts=3, lease_until=NEVER)
    done = queue.tend()
    assert (done["lost"], done["given up"]) == (3, 1)
    for job in (again, spent, cancelled, alive):
        job.refresh_from_db()
    assert (again.state, again.lease_until) == (JobState.QUEUED, None)
    assert (spent.state, spent.error_code, "every time" in spent.error) == (JobState.DEAD, "worker_died", True)
    assert spent.finished_at is not None
    assert (cancelled.state, alive.state) == (JobState.CANCELLED, JobState.RUNNING)
    assert str(again.pk) in _on_their_way()


def test_a_lost_job_comes_back_beside_one_that_waits_under_its_key() -> None:
    """A schedule has asked for the next one before the loss of the first was noticed."""
    values: Any = {"actor": Actor.system("test"), "business": None, "dedupe_key": "schedule:seal"}
    first = jobs.enqueue("tests.crm.test_queue.die", **values)
    assert first is not None
    with pytest.raises(SystemExit):
        run(str(first.pk))
    second = jobs.enqueue("tests.crm.test_queue.die", **values)
    assert second is not None
    Job.unscoped.filter(pk=first.pk).update(lease_until=LONG_AGO)
    assert queue.tend()["lost"] == 1
    assert set(Job.unscoped.values_list("state", flat=True)) == {"queued"}


def test_long_work_is_handed_out_only_as_far_as_workers_are_free() -> None:
    for number in range(5):
        _job(Lane.SLOW, actor=str(number))
    assert queue.tend()["handed out"] == 2
    assert queue.tend()["handed out"] == 0
    Worker.objects.update(seen_at=LONG_AGO)
    OrmQ.objects.all().delete()
    assert queue.tend()["handed out"] == 0, "no node lives"


def test_one_asker_leaves_a_worker_to_the_others() -> None:
    """Twenty long jobs of one person don't keep the small one of another waiting."""
    business = make_business()
    many = [_job(Lane.SLOW, actor="greedy", business=business) for _number in range(20)]
    small = _job(Lane.SLOW, actor="modest", business=business)
    queue.tend()
    assert sorted(_on_their_way()) == sorted([str(many[0].pk), str(small.pk)])


def test_of_several_nodes_one_tends_at_a_time() -> None:
    _job(queue_row=None)
    OrmQ.objects.all().delete()
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(hashtextextended('crm.queue.tend', 0))")
        assert queue.tend() == {}
    finally:
        other.rollback()
        other.close()
    assert queue.tend()["handed out"] == 1


def test_ids_of_jobs_that_are_over_are_taken_out() -> None:
    _job(state="done", updated_at=LONG_AGO)
    assert queue.tend()["debris"] == 1
    assert not OrmQ.objects.exists()


def test_jobs_of_processes_that_the_node_has_stopped_lose_no_attempt() -> None:
    """One that was silent before the stop may be what broke the lane: its attempt counts."""
    values: Any = {"state": "running", "attempts": 3, "lease_until": NEVER}
    mine = _job(worker="test:1/fast/11", heartbeat_at=timezone.now(), **values)
    silent = _job(worker="test:1/fast/12", heartbeat_at=timezone.now() - timedelta(seconds=10), **values)
    other = _job(worker="test:12/fast/11", heartbeat_at=timezone.now(), **values)
    assert queue.release("test:1/fast/") == 2
    found = [Job.unscoped.get(pk=job.pk) for job in (mine, silent, other)]
    assert [(job.state, job.attempts) for job in found] == [("queued", 2), ("running", 3), ("running", 3)]
    queue.tend()
    found = [Job.unscoped.get(pk=job.pk) for job in (mine, silent, other)]
    assert [job.state for job in found] == ["queued", "dead", "running"]
    assert found[1].error_code == "worker_died"


def _old(**values: Any) -> Job:
    return _job(updated_at=LONG_AGO, run_after=LONG_AGO, **values)


def test_a_lane_is_stuck_when_nobody_begins_what_waits() -> None:
    assert queue.is_stuck("fast", "test:1") == ""
    job = _old()
    assert queue.is_stuck("fast", "test:1") == "nobody begins what waits"
    assert queue.is_stuck("slow", "test:1") == ""
    busy = _old(state="running", lease_until=NEVER)
    assert queue.is_stuck("fast", "test:1") == ""
    Job.unscoped.filter(pk=busy.pk).update(state="done", finished_at=timezone.now())
    assert queue.is_stuck("fast", "test:1") == ""
    Job.unscoped.filter(pk=busy.pk).update(finished_at=LONG_AGO)
    ServiceMode.objects.update_or_create(pk=1, defaults={"is_read_only": True})
    assert queue.is_stuck("fast", "test:1") == "", "read-only: it is meant to wait"
    ServiceMode.objects.update(is_read_only=False)
    OrmQ.objects.filter(pk=job.queue_row).delete()
    assert queue.is_stuck("fast", "test:1") == "", "it is not on its way yet"


def test_a_lane_is_stuck_when_what_is_done_stays_in_the_queue() -> None:
    _job(state="done", worker="test:1/fast/7", finished_at=timezone.now() - timedelta(seconds=15))
    assert queue.is_stuck("fast", "test:1") == "what is done is not acknowledged"
    assert queue.is_stuck("fast", "test:2") == "", "another node's workers did it"


def test_a_rolled_back_deed_leaves_no_job() -> None:
    with transaction.atomic():
        _job()
        transaction.set_rollback(True)
    assert (Job.unscoped.count(), OrmQ.objects.count()) == (0, 0)
