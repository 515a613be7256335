"""Background jobs as resources."""

from datetime import timedelta
from typing import Any

import pytest

from crm import clock, jobs
from crm.actor import Actor
from crm.models import Activity, ApiKey, Business, Job, JobState
from crm.scope import scope
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key

TASK = "customers.tasks.import_file"


@pytest.fixture
def key(business: Business) -> str:
    return make_key(business, "integration")


@pytest.fixture
def mine(business: Business, key: str) -> Job:
    actor = Actor.for_api_key(ApiKey.unscoped.get())
    return _job(business, actor)


@pytest.fixture
def theirs(business: Business) -> Job:
    return _job(business, Actor.system("Somebody else"))


def _job(business: Business, actor: Actor) -> Job:
    with scope(business):
        job = jobs.enqueue(TASK, actor=actor, business=business, import_id="0")
    assert job is not None
    return job


def _set(job: Job, **values: Any) -> None:
    Job.unscoped.filter(pk=job.pk).update(**values)


def _ids(answer: Any) -> set[str]:
    return {row["id"] for row in answer.json()["data"]}


def test_the_list_holds_ones_own_jobs(key: str, business: Business, mine: Job, theirs: Job) -> None:
    assert _ids(Caller(key).get("/jobs")) == {str(mine.pk)}
    assert _ids(Caller(make_key(business, "manager")).get("/jobs")) == {str(mine.pk), str(theirs.pk)}
    assert _ids(Caller(make_key(business, "analyst")).get("/jobs")) == set()


def test_the_products_own_upkeep_is_nobodys(business: Business) -> None:
    with scope(business):
        upkeep = jobs.enqueue("crm.tasks.clean_up", actor=Actor.system("x"), business=business)
    assert upkeep is not None
    caller = Caller(make_key(business))
    assert _ids(caller.get("/jobs")) == set()
    assert_problem(caller.get(f"/jobs/{upkeep.pk}"), 404)


def test_filters(key: str, mine: Job) -> None:
    caller = Caller(key)
    day = clock.now().date()
    for query, found in {
        "state=queued": True,
        "state=dead": False,
        f"kind={TASK}": True,
        f"created_at__gte={day - timedelta(days=1)}": True,
        f"created_at__lte={day - timedelta(days=2)}": False,
        f"state=queued&kind={TASK}&sort=created_at&limit=1": True,
    }.items():
        assert bool(_ids(caller.get(f"/jobs?{query}"))) is found, query
    for query in ("state=lost", "kind=nothing", "worker=x", "sort=task", "created_at__gte=x"):
        assert fields_at_fault(assert_problem(caller.get(f"/jobs?{query}"), 400)) == {query.partition("=")[0]}


def test_a_job_tells_how_far_it_is(key: str, mine: Job) -> None:
    caller = Caller(key)
    shown = caller.get(f"/jobs/{mine.pk}").json()
    assert (shown["kind"], shown["state"], shown["progress"], shown["attempts"]) == (TASK, "queued", None, 0)
    assert shown["label"]
    assert shown["asked_by"] == "Web shop"
    assert not {"worker", "lane", "params", "lease_token"} & set(shown)
    _set(mine, state=JobState.RUNNING, processed=1, total=3)
    assert caller.get(f"/jobs/{mine.pk}").json()["progress"] == 0.3333
    assert caller.get("/jobs?fields=progress").json()["data"] == [{"id": str(mine.pk), "progress": 0.3333}]
    _set(mine, state=JobState.DONE, processed=0, total=0)
    assert caller.get(f"/jobs/{mine.pk}").json()["progress"] == 1.0


def test_a_waiting_job_is_cancelled_at_once(key: str, mine: Job) -> None:
    caller = Caller(key)
    answer = caller.post(f"/jobs/{mine.pk}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert Activity.unscoped.get(verb="crm.job.cancelled").door == "api"
    assert_problem(caller.post(f"/jobs/{mine.pk}/cancel"), 409, "job_is_over")


def test_a_running_job_is_asked_to_stop(key: str, mine: Job) -> None:
    _set(mine, state=JobState.RUNNING)
    shown = Caller(key).post(f"/jobs/{mine.pk}/cancel").json()
    assert shown["state"] == "running"
    assert shown["cancel_asked_at"]


@pytest.mark.parametrize("state", [JobState.DEAD, JobState.FAILED])
def test_a_job_that_was_given_up_starts_again(key: str, mine: Job, state: JobState) -> None:
    _set(mine, state=state, attempts=3, error="Broken", error_code="time_limit")
    answer = Caller(key).post(f"/jobs/{mine.pk}/retry")
    assert answer.status_code == 202
    assert answer["Location"] == f"/api/v1/jobs/{mine.pk}"
    assert (answer.json()["state"], answer.json()["attempts"], answer.json()["error"]) == ("queued", 0, "")


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.DONE, JobState.CANCELLED])
def test_no_other_job_does(key: str, mine: Job, state: JobState) -> None:
    _set(mine, state=state)
    assert_problem(Caller(key).post(f"/jobs/{mine.pk}/retry"), 409, "not_given_up")


def test_jobs_of_others_are_followed_but_left_alone(key: str, business: Business, theirs: Job) -> None:
    caller = Caller(key)
    assert caller.get(f"/jobs/{theirs.pk}").status_code == 200
    for deed in ("cancel", "retry"):
        assert_problem(caller.post(f"/jobs/{theirs.pk}/{deed}"), 404)
    assert Caller(make_key(business, "manager")).post(f"/jobs/{theirs.pk}/cancel").status_code == 200


def test_jobs_of_another_business_are_not_there(other_business: Business, mine: Job) -> None:
    caller = Caller(make_key(other_business))
    assert caller.get("/jobs").json()["total"] == 0
    for method, deed in (("GET", ""), ("POST", "/cancel"), ("POST", "/retry")):
        assert_problem(caller.call(method, f"/jobs/{mine.pk}{deed}"), 404)


def test_deeds_take_no_values(key: str, mine: Job) -> None:
    assert_problem(Caller(key).post(f"/jobs/{mine.pk}/cancel", {"force": True}), 400)
    assert Job.unscoped.get().state == JobState.QUEUED
