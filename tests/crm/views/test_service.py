"""The operators' page of the whole service."""

from typing import Any

import pytest
from django.test import Client

from crm.models import Activity, Business, Job, JobState, Lane, Membership, Schedule, Worker
from tests.factories import make_user


@pytest.fixture
def desk(db: None) -> Client:
    """The browser of an operator who works in no business."""
    client = Client()
    client.force_login(make_user(is_staff=True), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def _paths(business: Business) -> list[str]:
    schedule = Schedule.unscoped.create(key="clean up", task="crm.tasks.clean_up", cron="0 3 * * *")
    job = Job.unscoped.create(business=business, state=JobState.DEAD, task="x", actor_kind="system")
    return [
        f"/service/schedules/{schedule.pk}/pause",
        f"/service/schedules/{schedule.pk}/resume",
        f"/service/jobs/{job.pk}/retry",
    ]


def test_for_others_it_is_not_there(members: dict[str, Membership], business: Business, sign_in: Any) -> None:
    paths = _paths(business)
    for member in members.values():
        browser = sign_in(member)
        assert browser.get("/service").status_code == 404
        assert [browser.get(path).status_code for path in paths] == [404] * 3
        assert [browser.post(path).status_code for path in paths] == [404] * 3
        assert b"/service" not in browser.get("/").content
    assert Schedule.unscoped.get().is_active
    assert Job.unscoped.get().state == JobState.DEAD


def test_it_shows_workers_lanes_schedules_and_given_up_jobs_of_all_businesses(
    desk: Client, business: Business, other_business: Business
) -> None:
    assert b"No worker is running" in desk.get("/service").content
    Worker.objects.create(name="node-1:77", capacity={"fast": 2, "slow": 1}, restarts=3)
    Schedule.unscoped.create(key="clean up", task="x", cron="0 3 * * *", is_active=False, fault="BadSchedule: no")
    for place in (business, other_business, None):
        Job.unscoped.create(business=place, state=JobState.DEAD, task="crm.tasks.seal_trails", actor_kind="system")
    Job.unscoped.create(state=JobState.QUEUED, task="x", actor_kind="system", lane=Lane.SLOW)
    body = desk.get("/service").content.decode()
    for words in (
        "node-1:77",
        "Fast: 2, Slow: 1",
        "Alive",
        "BadSchedule: no",
        "Acme Retail",
        "Globex",
        "Seal the activity",
    ):
        assert words in body, words
    assert body.count("Start again") == 3


def test_a_worker_that_was_not_seen_is_told(desk: Client) -> None:
    worker = Worker.objects.create(name="node", capacity={})
    Worker.objects.filter(pk=worker.pk).update(seen_at="2026-01-01T00:00Z")
    body = desk.get("/service").content.decode()
    assert "Not seen" in body
    assert "Look at the service" in body


def test_schedules_are_paused_and_resumed_and_jobs_started_again(desk: Client, business: Business) -> None:
    pause, resume, retry = _paths(business)
    assert desk.get(pause).status_code == 200
    assert desk.post(pause)["Location"] == "/service"
    assert not Schedule.unscoped.get().is_active
    assert b"Paused" in desk.get("/service").content
    desk.post(resume)
    assert Schedule.unscoped.get().is_active
    desk.post(retry)
    assert Job.unscoped.get().state == JobState.QUEUED
    assert Activity.unscoped.get(verb="crm.job.retried").business == business
    assert desk.post(retry).status_code == 409


def test_an_unreadable_schedule_is_refused_in_words(desk: Client) -> None:
    row = Schedule.unscoped.create(key="x", task="x", cron="nonsense", is_active=False)
    response = desk.post(f"/service/schedules/{row.pk}/resume")
    assert response.status_code == 422
    assert b"no cron expression" in response.content


def test_who_operates_and_works_in_a_business_finds_the_way(owner: Membership, browser: Client) -> None:
    owner.user.is_staff = True
    owner.user.save()
    assert b'href="/service"' in browser.get("/").content
    assert browser.get("/service").status_code == 200
