"""The bell, the list behind it, what people want to be told, and the live parts of the frame."""

import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm import services
from crm.actor import Actor
from crm.models import Business, Job, JobState, Membership, Notification, NotificationChoice, Schedule, Worker
from tests.factories import make_membership

SYSTEM = Actor.system("test")
STILL = "Background work stands still"


def _tell(
    member: Membership, title: str = "Import is done", business: Business | None = None, **more: Any
) -> Notification:
    services.notify(
        actor=SYSTEM,
        business=business or member.business,
        to=[member.user_id],
        kind="crm.job_done",
        title=title,
        **more,
    )
    return Notification.unscoped.get(title=title)


def _live(browser: Client, seen: str = "", **query: Any) -> Any:
    return browser.get("/live", {"seen": seen, **query})


def _version(response: Any) -> tuple[str, str]:
    found = re.search(r'id="live"[^>]*data-version="([^"]*)" data-latest="(\d+)"', response.content.decode())
    assert found
    return found[1], found[2]


def test_the_bell_counts_what_is_unread(owner: Membership, browser: Client) -> None:
    assert re.search(r'id="bell-count"[^>]* hidden', browser.get("/").content.decode())
    _tell(owner)
    body = browser.get("/").content.decode()
    assert re.search(r'id="bell-count">1<', body)


def test_nothing_new_is_answered_with_nothing(owner: Membership, browser: Client) -> None:
    version, latest = _version(browser.get("/"))
    assert _live(browser, version, latest=latest).status_code == 204
    _tell(owner)
    answer = _live(browser, version, latest=latest)
    assert answer.status_code == 200
    assert 'data-toast="accent" data-to="">Import is done<' in answer.content.decode()
    version, latest = _version(answer)
    assert _live(browser, version, latest=latest).status_code == 204


def test_only_what_came_since_is_shown_as_a_toast(owner: Membership, browser: Client) -> None:
    _tell(owner, "Old")
    version, latest = _version(browser.get("/"))
    _tell(owner, "New", tone="good", href="/imports")
    body = _live(browser, version, latest=latest).content.decode()
    assert 'data-toast="good" data-to="/imports">New<' in body
    assert "Old" not in body
    assert re.search(r'id="bell-count">2<', body)


def test_of_many_the_newest_three_are_shown(owner: Membership, browser: Client) -> None:
    for number in range(5):
        _tell(owner, f"Job {number}")
    body = _live(browser).content.decode()
    assert re.findall(r">(Job \d)<", body) == ["Job 2", "Job 3", "Job 4"]


def test_what_somebody_typed_is_shown_as_text(owner: Membership, browser: Client) -> None:
    _tell(owner, "<script>alert(1)</script>", text="<b>", href='/x"onclick="y')
    for path in ("/live", "/notifications", "/notifications/latest"):
        body = browser.get(path).content.decode()
        assert "<script>alert" not in body, path
        assert 'onclick="y' not in body, path


@pytest.mark.parametrize("query", [{}, {"latest": "x"}, {"latest": "9" * 40}, {"latest": "-1"}, {"activity": "x"}])
def test_whatever_is_asked_is_answered(browser: Client, query: dict[str, str]) -> None:
    assert _live(browser, **query).status_code == 200


def test_asking_costs_two_queries_of_its_own_and_writes_nothing(owner: Membership, browser: Client) -> None:
    browser.get("/")
    version, _latest = _version(browser.get("/"))
    before = list(Session.objects.values_list("session_key", "session_data", "expire_date"))

    def queries(seen: str) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            _live(browser, seen)
        return [query["sql"] for query in captured]

    quiet = queries(version)
    _tell(owner)
    busy = queries(version)
    with CaptureQueriesContext(connection) as captured:
        browser.post("/notifications/00000000-0000-0000-0000-000000000000/read")
    frame = len(captured) - 1
    assert (len(quiet) - frame, len(busy) - frame) == (1, 2)
    assert not [sql for sql in quiet + busy if re.match(r"(?i)\s*(insert|update|delete)", sql)]
    assert list(Session.objects.values_list("session_key", "session_data", "expire_date")) == before


def test_notifications_of_another_business_ring_there(
    owner: Membership, browser: Client, other_business: Business
) -> None:
    make_membership(other_business, "owner", owner.user)
    _tell(owner, "Elsewhere", other_business)
    for path in ("/live", "/notifications", "/notifications/latest"):
        assert b"Elsewhere" not in browser.get(path).content, path
    browser.post("/switch-business", {"business": other_business.slug})
    assert b"Elsewhere" in browser.get("/notifications").content


def test_jobs_under_way_are_counted(owner: Membership, business: Business, browser: Client) -> None:
    asker = {"actor_kind": "user", "actor_id": str(owner.user_id), "task": "x", "business": business}
    for state in (JobState.QUEUED, JobState.RUNNING, JobState.DONE):
        Job.unscoped.create(state=state, **asker)
    Job.unscoped.create(state=JobState.RUNNING, **{**asker, "actor_id": "somebody else"})
    assert '<span class="bell-count bell-count-quiet">2</span>' in _live(browser).content.decode()


@pytest.mark.parametrize(("seconds", "warns"), [(55, False), (65, True)])
def test_people_are_warned_when_no_worker_was_seen_for_a_minute(browser: Client, seconds: int, warns: bool) -> None:
    Worker.objects.create(name="node", capacity={})
    with connection.cursor() as cursor:
        cursor.execute("update crm_worker set seen_at = clock_timestamp() - %s * interval '1 second'", [seconds])
    assert (STILL in browser.get("/customers").content.decode()) == warns
    assert (STILL in _live(browser).content.decode()) == warns


def test_without_any_worker_people_are_warned_when_work_waits_too_long(browser: Client, business: Business) -> None:
    assert STILL not in browser.get("/").content.decode()
    job = Job.unscoped.create(business=business, task="x", actor_kind="system")
    assert STILL not in browser.get("/").content.decode()
    Job.unscoped.filter(pk=job.pk).update(run_after="2026-01-01T00:00Z")
    assert STILL in browser.get("/").content.decode()
    job.delete()
    Schedule.unscoped.create(key="x", task="x", cron="* * * * *", next_due_at="2026-01-01T00:00Z")
    assert STILL in browser.get("/").content.decode()


def test_new_activity_is_announced_to_those_who_may_see_it(
    members: dict[str, Membership], business: Business, sign_in: Any
) -> None:
    actor = Actor.for_user(members["owner"].user)
    services.create_team(actor=actor, business=business, name="North")
    page = sign_in(members["manager"]).get("/activity").content.decode()
    found = re.search(r'id="activity-news"[^>]*data-since="(\d+)"', page)
    assert found
    since = found[1]
    for name in ("South", "East", "West"):
        services.create_team(actor=actor, business=business, name=name)
    assert "3 new entries – show" in _live(sign_in(members["manager"]), activity=since).content.decode()
    assert "new entries" not in _live(sign_in(members["agent"]), activity=since).content.decode()
    assert "new entries" not in _live(sign_in(members["manager"])).content.decode()


def test_activity_of_another_business_is_not_announced(
    browser: Client, business: Business, other_owner: Membership
) -> None:
    actor = Actor.for_user(other_owner.user)
    services.create_team(actor=actor, business=other_owner.business, name="North")
    assert "new entr" not in _live(browser, activity="0").content.decode()


def test_the_menu_shows_the_newest_eight(owner: Membership, browser: Client) -> None:
    for number in range(10):
        _tell(owner, f"Job {number}")
    body = browser.get("/notifications/latest").content.decode()
    assert re.findall(r"Job \d", body) == [f"Job {n}" for n in range(9, 1, -1)]


def test_all_are_marked_as_read_from_the_menu_and_from_the_list(owner: Membership, browser: Client) -> None:
    _tell(owner, "One")
    body = browser.post("/notifications/read", headers={"HX-Request": "true"}).content.decode()
    assert 'hx-swap-oob="true" hidden' in body
    _tell(owner, "Two")
    response = browser.post("/notifications/read")
    assert (response.status_code, response["Location"]) == (302, "/notifications")
    assert not Notification.unscoped.filter(read_at=None).exists()


def test_one_is_marked_as_read(owner: Membership, browser: Client) -> None:
    row = _tell(owner)
    assert browser.post(f"/notifications/{row.pk}/read", headers={"HX-Request": "true"}).status_code == 204
    row.refresh_from_db()
    read_at = row.read_at
    assert read_at
    assert browser.post(f"/notifications/{row.pk}/read").status_code == 302
    row.refresh_from_db()
    assert row.read_at == read_at


def test_nobody_reads_for_a_colleague(owner: Membership, browser: Client) -> None:
    row = _tell(make_membership(owner.business, "manager"))
    assert browser.post(f"/notifications/{row.pk}/read").status_code == 404
    row.refresh_from_db()
    assert row.read_at is None


def test_the_list_is_narrowed_to_what_is_unread(owner: Membership, browser: Client) -> None:
    old = _tell(owner, "Old")
    _tell(owner, "New")
    browser.post(f"/notifications/{old.pk}/read")
    unread = browser.get("/notifications?state=unread").content
    assert (b"New" in unread, b"Old" in unread) == (True, False)
    assert b"Old" in browser.get("/notifications?state=read").content
    assert browser.get("/notifications?state=gone").status_code == 400


def test_kinds_are_switched_off_and_on_and_what_must_be_told_is_not(owner: Membership, browser: Client) -> None:
    body = browser.get("/account/notifications").content.decode()
    assert re.search(r'name="crm.job_given_up"[^>]*disabled', body)
    assert "The newest backup is old" not in body
    assert browser.post("/account/notifications", {"crm.job_slow": "on"}).status_code == 302
    chosen = dict(NotificationChoice.objects.values_list("kind", "is_wanted"))
    assert (chosen["crm.job_slow"], chosen["crm.job_done"]) == (True, False)
    body = browser.get("/account/notifications").content.decode()
    assert re.search(r'name="crm.job_slow"[^>]*checked', body)
    assert not re.search(r'name="crm.job_done"[^>]*checked', body)


def test_operators_choose_more(owner: Membership, browser: Client) -> None:
    owner.user.is_staff = True
    owner.user.save()
    assert b"A schedule can&#x27;t be followed" in browser.get("/account/notifications").content
