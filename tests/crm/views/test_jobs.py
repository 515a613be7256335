"""The pages of background jobs: one's own, everybody's, the given-up ones, and the deeds on them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.models import Business, Job, JobState, Membership
from tests.factories import make_membership

TASK = "customers.tasks.import_file"


def _job(member: Membership, state: JobState, **more: Any) -> Job:
    asker = {"actor_kind": "user", "actor_id": str(member.user_id), "actor_label": member.user.name}
    params = {"params": {"import_job_id": "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90"}, "task": TASK}
    return Job.unscoped.create(business=member.business, state=state, **{**params, **asker, **more})


@pytest.fixture
def agent(business: Business) -> Membership:
    return make_membership(business, "agent")


def test_one_finds_the_own_jobs_and_who_may_those_of_everybody(
    owner: Membership, agent: Membership, sign_in: Any
) -> None:
    _job(owner, JobState.DONE)
    mine = _job(agent, JobState.RUNNING, processed=1, total=4)
    body = sign_in(agent).get("/jobs").content.decode()
    assert body.count("Import of a file</a>") == 1
    assert f"/jobs/{mine.pk}" in body
    assert "Everybody" not in body
    assert "25" in body
    assert sign_in(agent).get("/jobs/all").status_code == 403
    browser = sign_in(owner)
    assert browser.get("/jobs").content.decode().count("Import of a file</a>") == 1
    assert browser.get("/jobs/all").content.decode().count("Import of a file</a>") == 2


def test_rows_move_only_while_something_does(owner: Membership, browser: Client) -> None:
    job = _job(owner, JobState.RUNNING)
    assert 'hx-trigger="load delay:3s"' in browser.get("/jobs").content.decode()
    Job.unscoped.filter(pk=job.pk).update(state=JobState.DONE)
    assert 'hx-trigger="load delay:3s"' not in browser.get("/jobs").content.decode()


def test_the_list_is_narrowed_by_state_and_kind(owner: Membership, browser: Client) -> None:
    _job(owner, JobState.DONE)
    _job(owner, JobState.CANCELLED, task="commerce.tasks.rebuild_revenue")
    done = browser.get("/jobs?state=done").content.decode()
    assert ("Import of a file</a>" in done, "Sum revenue by day</a>" in done) == (True, False)
    assert "Sum revenue by day</a>" in browser.get("/jobs?task=commerce.tasks.rebuild_revenue").content.decode()
    assert browser.get("/jobs?state=gone").status_code == 400
    assert browser.get("/jobs?task=crm.tasks.clean_up").status_code == 400


def test_given_up_jobs_stand_with_their_reason_and_are_counted_in_the_sidebar(
    owner: Membership, browser: Client
) -> None:
    assert b"No job was given up" in browser.get("/jobs/given-up").content
    _job(owner, JobState.DEAD, error_code="time_limit", error="It took longer than such a job may, and was stopped.")
    _job(owner, JobState.DEAD, error_code="ValueError")
    body = browser.get("/jobs/given-up").content.decode()
    assert "Took too long" in body
    assert "ValueError" in body
    assert "It took longer than such a job may" in body
    assert "/jobs/given-up/retry" in body
    assert '<span>Background jobs</span><span class="count">2</span>' in body


def test_given_up_jobs_are_started_again_one_by_one_or_all_at_once(owner: Membership, browser: Client) -> None:
    one, *_more = [_job(owner, JobState.DEAD, attempts=3) for _ in range(3)]
    assert f"/jobs/{one.pk}/retry" in browser.get(f"/jobs/{one.pk}").content.decode()
    assert browser.post(f"/jobs/{one.pk}/retry").status_code == 302
    asked = browser.get("/jobs/given-up/retry").content.decode()
    assert "Import of a file: 2" in asked
    response = browser.post("/jobs/given-up/retry", follow=True)
    assert b"2 jobs wait for a worker." in response.content
    assert set(Job.unscoped.values_list("state", "attempts")) == {("queued", 0)}
    assert b"nothing is started" in browser.get("/jobs/given-up/retry").content


def test_a_job_is_stopped_by_the_one_who_asked_for_it(owner: Membership, agent: Membership, sign_in: Any) -> None:
    mine, theirs = _job(agent, JobState.QUEUED), _job(owner, JobState.QUEUED)
    browser = sign_in(agent)
    assert f"/jobs/{mine.pk}/cancel" in browser.get(f"/jobs/{mine.pk}").content.decode()
    assert browser.post(f"/jobs/{mine.pk}/cancel").status_code == 302
    assert browser.post(f"/jobs/{mine.pk}/cancel").status_code == 409
    assert f"/jobs/{theirs.pk}/cancel" not in browser.get(f"/jobs/{theirs.pk}").content.decode()
    assert browser.post(f"/jobs/{theirs.pk}/cancel").status_code == 404
    assert sign_in(owner).post(f"/jobs/{theirs.pk}/cancel").status_code == 302
    assert set(Job.unscoped.values_list("state", flat=True)) == {JobState.CANCELLED}


def test_a_running_job_says_how_long_it_may_take(owner: Membership, browser: Client) -> None:
    job = _job(owner, JobState.RUNNING, processed=50, total=100)
    Job.unscoped.filter(pk=job.pk).update(started_at=timezone.now() - timedelta(minutes=10))
    assert b"About 10 minutes left" in browser.get(f"/jobs/{job.pk}").content
    Job.unscoped.filter(pk=job.pk).update(processed=0)
    assert b"left" not in browser.get(f"/jobs/{job.pk}").content.split(b"Progress</h2>")[1].split(b"About this job")[0]


def test_a_job_that_is_over_offers_what_came_of_it_instead_of_stopping(owner: Membership, browser: Client) -> None:
    job = _job(owner, JobState.RUNNING)
    moving = browser.get(f"/jobs/{job.pk}/progress").content.decode()
    assert "hx-get" in moving
    assert "job-actions" not in moving
    Job.unscoped.filter(pk=job.pk).update(state=JobState.DONE)
    over = browser.get(f"/jobs/{job.pk}/progress").content.decode()
    assert "hx-get" not in over
    assert "hx-swap-oob" in over
    assert "/imports/01980a3e" in over
    assert "/cancel" not in over


def test_jobs_of_upkeep_are_not_shown(owner: Membership, browser: Client) -> None:
    _job(owner, JobState.DEAD, task="crm.tasks.clean_up")
    for path in ("/jobs", "/jobs/all", "/jobs/given-up"):
        assert b"Remove what has served its time" not in browser.get(path).content, path
