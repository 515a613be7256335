"""Telling people: who is told, what they want to be told, and that the same thing counts up."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from crm import services
from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed
from crm.models import Business, Membership, Notification, NotificationChoice, User
from crm.registry import ROLES
from tests.factories import make_membership, make_user

SYSTEM = Actor.system("test")
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


def _tell(business: Business | None, *users: User, kind: str = "crm.job_done", **more: Any) -> int:
    return services.notify(
        actor=SYSTEM, business=business, to=[user.pk for user in users], kind=kind, title="Done", **more
    )


def _told(user: User) -> list[Notification]:
    return list(Notification.unscoped.filter(user=user).order_by("created_at"))


def test_those_who_are_named_are_told(owner: Membership, other_owner: Membership) -> None:
    about = uuid4()
    assert _tell(owner.business, owner.user, text="All rows", href="/imports", tone="good", about=about) == 1
    (row,) = _told(owner.user)
    assert (row.business, row.kind, row.title, row.text, row.href) == (
        owner.business,
        "crm.job_done",
        "Done",
        "All rows",
        "/imports",
    )
    assert (row.tone, row.about, row.count, row.read_at) == ("good", about, 1, None)
    assert _told(other_owner.user) == []


def test_only_active_members_of_the_business_are_told(owner: Membership, other_owner: Membership) -> None:
    gone = make_membership(owner.business, "agent", is_active=False)
    locked = make_membership(owner.business, "agent", make_user(is_active=False))
    assert _tell(owner.business, owner.user, other_owner.user, gone.user, locked.user) == 1
    assert [row.user for row in Notification.unscoped.all()] == [owner.user]


def test_about_the_service_any_active_user_is_told(owner: Membership) -> None:
    stranger, locked = make_user(), make_user(is_active=False)
    assert _tell(None, stranger, locked) == 1
    assert [row.business for row in _told(stranger)] == [None]


def test_a_user_who_is_named_twice_is_told_once(owner: Membership) -> None:
    assert _tell(owner.business, owner.user, owner.user) == 1
    assert _tell(owner.business) == 0


def test_the_same_unread_thing_counts_up_and_is_new_again(owner: Membership) -> None:
    for title in ("a", "b", "c"):
        services.notify(
            actor=SYSTEM,
            business=owner.business,
            to=[owner.user.pk],
            kind="crm.job_slow",
            title=title,
            dedupe_key="slow",
        )
    (row,) = _told(owner.user)
    assert (row.count, row.title) == (3, "c")
    Notification.unscoped.update(read_at=AT)
    _tell(owner.business, owner.user, dedupe_key="slow")
    assert [row.count for row in _told(owner.user)] == [3, 1]


def test_things_about_the_service_count_up_too(owner: Membership) -> None:
    _tell(None, owner.user, dedupe_key="x")
    _tell(None, owner.user, dedupe_key="x")
    _tell(owner.business, owner.user, dedupe_key="x")
    assert [row.count for row in _told(owner.user)] == [2, 1]


def test_without_a_key_everything_stands_for_itself(owner: Membership) -> None:
    _tell(owner.business, owner.user)
    _tell(owner.business, owner.user)
    assert len(_told(owner.user)) == 2


def test_a_title_that_is_too_long_is_cut(owner: Membership) -> None:
    services.notify(
        actor=SYSTEM, business=owner.business, to=[owner.user.pk], kind="crm.job_done", title="ß" * 201, text="x" * 501
    )
    (row,) = _told(owner.user)
    assert (len(row.title), len(row.text)) == (200, 500)


def test_what_somebody_has_switched_off_is_not_told_but_what_must_be(owner: Membership, actor: Actor) -> None:
    services.choose_notifications(actor=actor, user=owner.user, wanted={"crm.job_done": False})
    assert _tell(owner.business, owner.user) == 0
    services.choose_notifications(actor=actor, user=owner.user, wanted={"crm.job_done": True})
    assert _tell(owner.business, owner.user) == 1
    NotificationChoice.objects.create(user=owner.user, kind="crm.job_given_up", is_wanted=False)
    assert _tell(owner.business, owner.user, kind="crm.job_given_up") == 1


def test_what_is_always_told_and_what_does_not_exist_can_not_be_switched(owner: Membership, actor: Actor) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.choose_notifications(
            actor=actor, user=owner.user, wanted={"crm.job_given_up": False, "crm.nothing": True, "crm.job_slow": False}
        )
    assert set(refused.value.errors) == {"crm.job_given_up", "crm.nothing"}
    assert not NotificationChoice.objects.exists()


def test_nobody_chooses_for_somebody_else(owner: Membership, actor: Actor) -> None:
    with pytest.raises(NotAllowed):
        services.choose_notifications(actor=actor, user=make_user(), wanted={})


def test_an_unknown_kind_is_a_programming_error(owner: Membership) -> None:
    with pytest.raises(KeyError):
        _tell(owner.business, owner.user, kind="crm.nothing")


def test_people_tell_only_where_they_work(owner: Membership, actor: Actor, other_owner: Membership) -> None:
    told: Any = {"to": [other_owner.user.pk], "kind": "crm.job_done", "title": "Hello"}
    for business in (other_owner.business, None):
        with pytest.raises(NotAllowed):
            services.notify(actor=actor, business=business, **told)


def test_holders_of_a_right_are_told(members: dict[str, Membership], business: Business) -> None:
    count = services.tell_holders(
        actor=SYSTEM, business=business, permission="crm.manage_jobs", kind="crm.job_slow", title="x"
    )
    assert count == 2
    assert {role for role in ROLES if _told(members[role].user)} == {"owner", "manager"}


def test_operators_are_told(owner: Membership) -> None:
    operator = make_user(is_staff=True)
    make_user(is_staff=True, is_active=False)
    assert services.tell_operators(actor=SYSTEM, kind="crm.job_given_up", title="x") == 1
    assert len(_told(operator)) == 1


def test_one_sees_what_concerns_the_open_business_and_the_service(
    owner: Membership, actor: Actor, other_business: Business
) -> None:
    make_membership(other_business, "owner", owner.user)
    for place in (owner.business, other_business, None):
        _tell(place, owner.user)
    _tell(owner.business, make_membership(owner.business, "agent").user)
    seen = services.own_notifications(actor=actor, business=owner.business)
    assert {row.business for row in seen} == {owner.business, None}


def test_reading_marks_ones_own_rows_and_no_others(owner: Membership, actor: Actor) -> None:
    agent = make_membership(owner.business, "agent")
    _tell(owner.business, owner.user, agent.user)
    _tell(None, owner.user)
    foreign = _told(agent.user)[0]
    assert services.mark_read(actor=actor, business=owner.business, ids=[foreign.pk], at=AT) == 0
    first = _told(owner.user)[0]
    assert services.mark_read(actor=actor, business=owner.business, ids=[first.pk], at=AT) == 1
    assert services.mark_read(actor=actor, business=owner.business, at=AT) == 1
    assert services.mark_read(actor=actor, business=owner.business, at=AT) == 0
    assert {row.read_at for row in _told(owner.user)} == {AT}
    assert _told(agent.user)[0].read_at is None


def test_a_program_has_no_notifications(owner: Membership) -> None:
    _tell(owner.business, owner.user)
    program = Actor("api_key", str(owner.user.pk), "Web shop")
    assert not services.own_notifications(actor=program, business=owner.business).exists()
    assert services.mark_read(actor=program, business=owner.business, at=AT) == 0


@pytest.mark.parametrize(("days", "left"), [(89, 1), (91, 0)])
def test_what_was_read_is_forgotten_after_ninety_days(owner: Membership, days: int, left: int) -> None:
    _tell(owner.business, owner.user)
    Notification.unscoped.update(read_at=AT - timedelta(days=days))
    assert services.forget_read_notifications(actor=SYSTEM, at=AT) == 1 - left
    assert len(_told(owner.user)) == left


def test_what_was_not_read_is_kept(owner: Membership) -> None:
    _tell(owner.business, owner.user)
    Notification.unscoped.update(created_at=AT - timedelta(days=1000))
    assert services.forget_read_notifications(actor=SYSTEM, at=AT) == 0


def test_telling_a_thousand_people_is_one_statement(owner: Membership) -> None:
    users = [owner.user.pk, *(UUID(int=n) for n in range(1000))]
    before = len(connection.queries_log)
    assert services.notify(actor=SYSTEM, business=owner.business, to=users, kind="crm.job_done", title="x") == 1
    assert len(connection.queries_log) - before <= 3
