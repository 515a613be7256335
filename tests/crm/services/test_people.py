"""Inviting, accepting, changing and ending memberships."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed, StaleVersion
from crm.models import Activity, ActivityDetail, Business, Invitation, Membership, Role, Team, User
from crm.scope import scope
from crm.services.people import (
    AnotherAddress,
    InvitationGone,
    Invited,
    LastOwner,
    MembershipEnded,
    SignInFirst,
    accept_invitation,
    change_membership,
    end_membership,
    find_invitation,
    invite,
    withdraw_invitation,
)
from tests.factories import make_business, make_membership, make_user

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "lantern-orbit-velvet-93"
GUEST = Actor.system("Invitation", door="page")


def _invite(owner: Membership, email: str = "sam@example.com", **data: Any) -> Invited:
    with scope(owner.business):
        return invite(
            actor=Actor.for_user(owner.user),
            business=owner.business,
            at=NOW,
            **{"email": email, "role": Role.AGENT, **data},
        )


def test_invite_keeps_only_a_digest_of_the_token(owner: Membership) -> None:
    made = _invite(owner)
    assert len(made.token) == 43
    with connection.cursor() as cursor:
        for table in ("crm_invitation", "crm_activity", "crm_activitydetail"):
            cursor.execute(f"select count(*) from {table} t where t::text like %s", [f"%{made.token}%"])
            assert cursor.fetchone() == (0,)
    assert Activity.unscoped.get().verb == "crm.invitation.created"
    assert find_invitation(made.token, NOW) == made.invitation


def test_accept_makes_a_user_with_role_and_team(owner: Membership) -> None:
    team = Team.unscoped.create(business=owner.business, name="North")
    made = _invite(owner, " Sam@Example.com ", team=team)
    membership = accept_invitation(actor=GUEST, token=made.token, at=NOW, name="Sam", password=PASSWORD)
    assert (membership.user.email, membership.role, membership.team) == ("sam@example.com", "agent", team)
    assert membership.user.check_password(PASSWORD)
    deed = Activity.unscoped.get(verb="crm.membership.created")
    assert (deed.actor_kind, deed.actor_id, deed.actor_label) == ("user", str(membership.user.pk), "Sam")
    with pytest.raises(InvitationGone):
        accept_invitation(actor=GUEST, token=made.token, at=NOW, name="Sam", password=PASSWORD)


def test_accept_joins_the_existing_user_only_when_signed_in(owner: Membership) -> None:
    sam, eve = make_user(email="sam@example.com"), make_user()
    token = _invite(owner).token
    with pytest.raises(SignInFirst):
        accept_invitation(actor=GUEST, token=token, at=NOW, name="Sam", password=PASSWORD)
    with pytest.raises(AnotherAddress):
        accept_invitation(actor=GUEST, token=token, at=NOW, user=eve)
    assert accept_invitation(actor=GUEST, token=token, at=NOW, user=sam).user == sam


def test_an_ended_member_comes_back_with_the_new_role(owner: Membership) -> None:
    past = make_membership(owner.business, "manager", is_active=False)
    token = _invite(owner, past.user.email, role=Role.ANALYST).token
    again = accept_invitation(actor=GUEST, token=token, at=NOW, user=past.user)
    assert (again.pk, again.role, again.is_active) == (past.pk, "analyst", True)


@pytest.mark.parametrize(
    "data",
    [
        {"name": "", "password": PASSWORD},
        {"name": "Sam", "password": "short"},
        {"name": "Sam", "password": "sam@example.com"},
    ],
)
def test_accept_refuses_a_weak_password_and_no_name(owner: Membership, data: dict[str, Any]) -> None:
    token = _invite(owner).token
    with pytest.raises(InvalidInput):
        accept_invitation(actor=GUEST, token=token, at=NOW, **data)
    assert not User.objects.filter(email="sam@example.com").exists()
    assert find_invitation(token, NOW)


def test_invitations_that_are_gone(owner: Membership) -> None:
    actor = Actor.for_user(owner.user)
    made = _invite(owner)
    with pytest.raises(InvitationGone):
        find_invitation(made.token, NOW + timedelta(days=14))
    with pytest.raises(InvitationGone):
        find_invitation("x" * 43, NOW)
    newer = _invite(owner)
    with pytest.raises(InvitationGone):
        find_invitation(made.token, NOW)
    with scope(owner.business):
        withdraw_invitation(actor=actor, invitation=newer.invitation, at=NOW)
        with pytest.raises(InvitationGone):
            withdraw_invitation(actor=actor, invitation=newer.invitation, at=NOW)
    with pytest.raises(InvitationGone):
        accept_invitation(actor=GUEST, token=newer.token, at=NOW, name="Sam", password=PASSWORD)


def test_an_inactive_business_lets_nobody_in(owner: Membership) -> None:
    token = _invite(owner).token
    Business.objects.update(is_active=False)
    with pytest.raises(InvitationGone):
        find_invitation(token, NOW)


def test_invite_refuses_members_programs_and_foreign_teams(owner: Membership, other_business: Business) -> None:
    with pytest.raises(InvalidInput) as refused:
        _invite(owner, owner.user.email.upper())
    assert "email" in refused.value.errors
    for data in (
        {"role": Role.INTEGRATION},
        {"role": "king"},
        {"team": Team.unscoped.create(business=other_business, name="X")},
        {"email": "no"},
    ):
        with pytest.raises(InvalidInput):
            _invite(owner, **data)
    assert not Invitation.unscoped.exists()


@pytest.mark.parametrize("role", [role for role in Role.values if role != "owner"])
def test_only_owners_change_people(owner: Membership, role: str) -> None:
    actor = Actor.for_user(make_membership(owner.business, role).user)
    with scope(owner.business):
        with pytest.raises(NotAllowed):
            invite(actor=actor, business=owner.business, email="x@example.com", role=Role.AGENT, at=NOW)
        with pytest.raises(NotAllowed):
            change_membership(actor=actor, membership=owner, role=Role.AGENT)
        with pytest.raises(NotAllowed):
            end_membership(actor=actor, membership=owner)


def test_an_owner_elsewhere_is_nobody_here(owner: Membership, other_owner: Membership) -> None:
    with scope(owner.business), pytest.raises(NotAllowed):
        end_membership(actor=Actor.for_user(other_owner.user), membership=owner)


def test_the_last_owner_stays(owner: Membership, actor: Actor) -> None:
    inactive = make_membership(owner.business, "owner", make_user(is_active=False))
    with scope(owner.business):
        with pytest.raises(LastOwner):
            change_membership(actor=actor, membership=owner, role=Role.MANAGER)
        with pytest.raises(LastOwner):
            end_membership(actor=actor, membership=owner)
        change_membership(actor=actor, membership=owner, visibility="own")
        end_membership(actor=actor, membership=inactive)
        second = make_membership(owner.business, "owner")
        assert change_membership(actor=actor, membership=owner, role=Role.MANAGER).role == "manager"
        with pytest.raises(LastOwner):
            end_membership(actor=Actor.for_user(second.user), membership=second)


def test_change_membership_records_what_was(owner: Membership, actor: Actor) -> None:
    member = make_membership(owner.business, "agent")
    with scope(owner.business):
        changed = change_membership(
            actor=actor, membership=member, role=Role.MANAGER, visibility="team", version=member.updated_at.isoformat()
        )
        with pytest.raises(StaleVersion):
            change_membership(actor=actor, membership=member, role=Role.AGENT, version=member.updated_at.isoformat())
        with pytest.raises(InvalidInput):
            change_membership(actor=actor, membership=member, role=Role.INTEGRATION)
        with pytest.raises(InvalidInput):
            change_membership(actor=actor, membership=member, is_active=False)
        end_membership(actor=actor, membership=changed)
        with pytest.raises(MembershipEnded):
            change_membership(actor=actor, membership=member, role=Role.AGENT)
    detail = ActivityDetail.unscoped.get(activity__verb="crm.membership.updated")
    assert detail.changes == {"role": ["agent", "manager"], "visibility": ["all", "team"]}


def _at_once(*deeds: Callable[[], Any]) -> list[str]:
    """Run the deeds at the same moment on connections of their own; how each ended."""
    gate, ends = threading.Barrier(len(deeds)), []

    def run(deed: Callable[[], Any]) -> None:
        gate.wait()
        try:
            deed()
            ends.append("done")
        except Exception as refusal:
            ends.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(ends)


@pytest.mark.django_db(transaction=True)
def test_an_invitation_is_taken_up_once_however_many_try() -> None:
    business = make_business()
    owner = make_membership(business, "owner")
    token = _invite(owner).token
    deed = lambda: accept_invitation(actor=GUEST, token=token, at=NOW, name="Sam", password=PASSWORD)  # noqa: E731
    assert _at_once(deed, deed, deed) == ["InvitationGone", "InvitationGone", "done"]
    assert Membership.unscoped.filter(business=business).count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_leave_one_behind() -> None:
    business = make_business()
    first, second = make_membership(business, "owner"), make_membership(business, "owner")

    def leave(membership: Membership) -> None:
        with scope(business):
            end_membership(actor=Actor.for_user(membership.user), membership=membership)

    assert _at_once(lambda: leave(first), lambda: leave(second)) == ["LastOwner", "done"]
    assert Membership.unscoped.filter(business=business, is_active=True).count() == 1
