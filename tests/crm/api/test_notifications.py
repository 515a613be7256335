"""Notifications by the API: for people; programs have none."""

from typing import Any

from crm import services
from crm.actor import Actor
from crm.models import Business, Membership, Notification
from tests.crm.api.calling import Caller, assert_problem, make_key, sign_in
from tests.factories import make_membership


def _tell(member: Membership, **more: Any) -> Notification:
    services.notify(
        actor=Actor.system("test"),
        business=member.business,
        to=[member.user_id],
        kind="crm.job_done",
        title="Done",
        **more,
    )
    return Notification.unscoped.latest("created_at")


def _person(member: Membership) -> Caller:
    return Caller(sign_in(member.user.email)["access_token"])


def test_a_person_lists_and_reads_what_they_were_told(owner: Membership) -> None:
    row = _tell(owner, href="/imports")
    caller = _person(owner)
    (shown,) = caller.get("/notifications").json()["data"]
    assert (shown["id"], shown["title"], shown["href"], shown["read_at"]) == (str(row.pk), "Done", "/imports", None)
    answer = caller.post(f"/notifications/{row.pk}/read")
    assert answer.status_code == 200
    assert answer.json()["read_at"]
    assert caller.get("/notifications?state=unread").json()["data"] == []
    _tell(owner)
    _tell(owner)
    assert caller.post("/notifications/read").json() == {"read": 2}
    assert caller.post("/notifications/read").json() == {"read": 0}


def test_the_notifications_of_a_colleague_are_not_there(owner: Membership) -> None:
    row = _tell(make_membership(owner.business, "manager"))
    caller = _person(owner)
    assert caller.get("/notifications").json()["data"] == []
    assert_problem(caller.post(f"/notifications/{row.pk}/read"), 404)


def test_a_program_has_none(owner: Membership, business: Business) -> None:
    row = _tell(owner)
    caller = Caller(make_key(business))
    assert caller.get("/notifications").json()["data"] == []
    assert caller.post("/notifications/read").json() == {"read": 0}
    assert_problem(caller.post(f"/notifications/{row.pk}/read"), 404)
    assert_problem(caller.get("/notifications?state=gone"), 400)
    row.refresh_from_db()
    assert row.read_at is None
