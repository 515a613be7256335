"""What people do with jobs, and what they are told about them."""

from typing import Any
from uuid import uuid4

import pytest

from crm import services
from crm.actor import Actor
from crm.errors import NotAllowed
from crm.jobs import JobIsOver, NotGivenUp
from crm.models import Activity, Business, Job, JobState, Membership, Notification
from crm.services.jobs import count_given_up
from tests.factories import make_membership, make_user

pytestmark = pytest.mark.usefixtures("in_scope")
TASK = "customers.tasks.import_file"
SYSTEM = Actor.system("test")


def _job(member: Membership | None, business: Business | None, state: JobState = JobState.DEAD, **more: Any) -> Job:
    asker = (
        {"actor_kind": "user", "actor_id": str(member.user_id), "actor_label": "x"}
        if member
        else {"actor_kind": "system"}
    )
    params = {"params": {"import_job_id": str(uuid4())}, "task": TASK}
    job: Job = Job.unscoped.create(business=business, state=state, **{**params, **asker, **more})
    return job


def _actor(member: Membership) -> Actor:
    return Actor.for_user(member.user)


def _told() -> set[tuple[str, str, str]]:
    return {(row.user.name, row.kind, row.title) for row in Notification.unscoped.select_related("user")}


def test_one_sees_the_own_jobs_and_upkeep_never(owner: Membership, business: Business) -> None:
    agent = make_membership(business, "agent")
    mine, theirs = _job(agent, business), _job(owner, business)
    _job(agent, business, task="crm.tasks.seal_trails")
    own = services.jobs_of(actor=_actor(agent), business=business)
    assert list(own) == [mine]
    everybodys = services.jobs_of(actor=_actor(agent), business=business, everybody=True)
    assert set(everybodys) == {mine, theirs}


def test_one_steers_the_own_jobs_and_who_may_those_of_all(owner: Membership, business: Business) -> None:
    agent = make_membership(business, "agent")
    mine, theirs = _job(agent, business), _job(owner, business)
    assert set(services.steerable_jobs(actor=_actor(agent), business=business)) == {mine}
    assert set(services.steerable_jobs(actor=_actor(owner), business=business)) == {mine, theirs}


def test_ones_own_job_is_stopped_and_started_again(business: Business) -> None:
    agent = make_membership(business, "agent")
    waiting, dead = _job(agent, business, JobState.QUEUED), _job(agent, business, attempts=3)
    assert services.cancel_job(actor=_actor(agent), job=waiting).state == JobState.CANCELLED
    again = services.retry_job(actor=_actor(agent), job=dead)
    assert (again.state, again.attempts) == (JobState.QUEUED, 0)
    trail = Activity.objects.filter(verb__startswith="crm.job.").order_by("id")
    assert [(row.verb, row.subject_id) for row in trail] == [
        ("crm.job.cancelled", str(waiting.pk)),
        ("crm.job.retried", str(dead.pk)),
    ]


def test_a_running_job_is_asked_to_stop(owner: Membership, business: Business) -> None:
    job = services.cancel_job(actor=_actor(owner), job=_job(owner, business, JobState.RUNNING))
    assert (job.state, job.cancel_asked_at is not None) == (JobState.RUNNING, True)


def test_the_jobs_of_others_need_the_right(owner: Membership, business: Business) -> None:
    agent = _actor(make_membership(business, "agent"))
    job = _job(owner, business, JobState.QUEUED)
    for deed in (services.cancel_job, services.retry_job):
        with pytest.raises(NotAllowed):
            deed(actor=agent, job=job)
    manager = _actor(make_membership(business, "manager"))
    assert services.cancel_job(actor=manager, job=job).state == JobState.CANCELLED


def test_who_has_left_the_business_steers_nothing_there(owner: Membership, business: Business) -> None:
    job = _job(owner, business)
    owner.is_active = False
    owner.save()
    with pytest.raises(NotAllowed):
        services.retry_job(actor=_actor(owner), job=job)


def test_work_of_the_service_is_for_operators(owner: Membership) -> None:
    job = _job(None, None, task="crm.tasks.clean_up")
    with pytest.raises(NotAllowed):
        services.retry_job(actor=_actor(owner), job=job)
    assert services.retry_job(actor=SYSTEM, job=job).state == JobState.QUEUED


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED, JobState.DEAD, JobState.CANCELLED])
def test_what_is_over_is_not_stopped(owner: Membership, business: Business, state: JobState) -> None:
    with pytest.raises(JobIsOver):
        services.cancel_job(actor=_actor(owner), job=_job(owner, business, state))
    assert not Activity.objects.filter(verb="crm.job.cancelled").exists()


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.DONE, JobState.CANCELLED])
def test_what_was_not_given_up_is_not_started_again(owner: Membership, business: Business, state: JobState) -> None:
    with pytest.raises(NotGivenUp):
        services.retry_job(actor=_actor(owner), job=_job(owner, business, state))


def test_all_given_up_jobs_of_a_business_are_started_again(
    owner: Membership, business: Business, other_business: Business
) -> None:
    _job(owner, business)
    _job(None, business)
    left = [_job(None, other_business), _job(owner, business, JobState.FAILED)]
    assert count_given_up(_actor(owner), business) == 2
    assert services.retry_given_up(actor=_actor(owner), business=business) == 2
    assert services.retry_given_up(actor=_actor(owner), business=business) == 0
    assert Job.unscoped.filter(state=JobState.QUEUED).count() == 2
    for job in left:
        before = job.state
        job.refresh_from_db()
        assert job.state == before
    agent = _actor(make_membership(business, "agent"))
    assert count_given_up(agent, business) == 0
    with pytest.raises(NotAllowed):
        services.retry_given_up(actor=agent, business=business)


def test_the_asker_is_told_that_the_job_is_done_and_where_to_look(owner: Membership, business: Business) -> None:
    job = _job(owner, business, JobState.DONE)
    assert services.tell_job_over(actor=SYSTEM, job=job) == 1
    row = Notification.unscoped.get()
    assert (row.user, row.kind, row.tone, row.title) == (owner.user, "crm.job_done", "good", "Done: Import of a file")
    assert row.href == f"/imports/{job.params['import_job_id']}"


def test_the_asker_is_told_why_the_job_was_refused(owner: Membership, business: Business) -> None:
    services.tell_job_over(actor=SYSTEM, job=_job(owner, business, JobState.FAILED, error="Row 3 is faulty."))
    row = Notification.unscoped.get()
    assert (row.title, row.tone, row.text) == ("Refused: Import of a file", "bad", "Row 3 is faulty.")


def test_of_a_given_up_job_the_asker_and_those_who_may_start_it_again_are_told(business: Business) -> None:
    agent, manager = make_membership(business, "agent"), make_membership(business, "manager")
    make_membership(business, "analyst")
    job = _job(agent, business, error="It broke.")
    assert services.tell_job_over(actor=SYSTEM, job=job) == 2
    assert {(name, kind) for name, kind, _title in _told()} == {
        (agent.user.name, "crm.job_given_up"),
        (manager.user.name, "crm.job_given_up"),
    }
    services.tell_job_over(actor=SYSTEM, job=_job(manager, business, error="It broke."))
    assert Notification.unscoped.get(user=manager.user).count == 2


def test_of_the_services_own_work_operators_are_told_when_it_is_given_up(owner: Membership) -> None:
    operator = make_user(is_staff=True, name="Operator")
    job = _job(None, None, task="crm.tasks.clean_up")
    assert services.tell_job_over(actor=SYSTEM, job=job) == 1
    row = Notification.unscoped.get()
    assert (row.user, row.business, row.href) == (operator, None, "/service")


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED])
def test_nobody_is_told_of_upkeep_or_of_the_work_of_programs(
    owner: Membership, business: Business, state: JobState
) -> None:
    upkeep = _job(owner, business, state, task="crm.tasks.clean_up")
    program = _job(None, business, state, actor_kind="api_key", actor_id=str(uuid4()))
    assert [services.tell_job_over(actor=SYSTEM, job=job) for job in (upkeep, program)] == [0, 0]


def test_what_somebody_has_cancelled_needs_no_telling(owner: Membership, business: Business) -> None:
    assert services.tell_job_over(actor=SYSTEM, job=_job(owner, business, JobState.CANCELLED)) == 0


def test_of_a_slow_job_the_asker_and_those_who_may_stop_it_are_told(business: Business) -> None:
    agent, manager = make_membership(business, "agent"), make_membership(business, "manager")
    job = _job(agent, business, JobState.RUNNING)
    assert services.tell_job_slow(actor=SYSTEM, job=job) == 2
    assert {name for name, _kind, _title in _told()} == {agent.user.name, manager.user.name}
