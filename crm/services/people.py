"""Inviting people into a business, letting them in, changing what they may do, and ending it."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import activity
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotFound
from crm.forms import check_version
from crm.models import Business, Invitation, Membership, Role, Team, User
from crm.passwords import refuse_names
from crm.services.cleaning import clean, refuse_unknown

VALID_FOR = timedelta(days=14)
PEOPLE_ROLES = tuple(role for role in Role if role != Role.INTEGRATION)
FIELDS = ("role", "team", "visibility")


class LastOwner(DomainError):
    field = "role"
    code = "last_owner"
    message = gettext_lazy("A business needs an owner. Make somebody else an owner first.")


class InvitationGone(DomainError):
    """The link is wrong, used, withdrawn or too old; which of these is nobody's business but the inviter's."""

    code = "invitation_gone"
    message = gettext_lazy("This invitation is not valid any more. Ask the person who invited you for a new one.")


class SignInFirst(DomainError):
    """The address belongs to an account: only its holder, signed in, may take the invitation up."""

    code = "sign_in_first"
    message = gettext_lazy("There is an account with this address already. Sign in with it to join.")


class AnotherAddress(DomainError):
    code = "another_address"
    message = gettext_lazy("This invitation is for another address than the one you are signed in with.")


class MembershipEnded(DomainError):
    code = "membership_ended"
    message = gettext_lazy("This membership has ended. Invite the person again.")


@dataclass(frozen=True)
class Invited:
    """A fresh invitation and the token of its link, which is known only now."""

    invitation: Invitation
    token: str


def token_digest(token: str) -> bytes:
    """What is kept of an invitation's token."""
    return hashlib.sha256(token.encode()).digest()


@transaction.atomic
def invite(
    *, actor: Actor, business: Business, email: str, role: str, at: datetime, team: Team | None = None
) -> Invited:
    """Offer a membership; an open invitation of the same address is withdrawn. Raises NotAllowed, InvalidInput."""
    actor.require("crm.manage_people", business)
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        business=business, email=email.strip().lower(), role=role, team=_own_team(team, business),
        token_digest=token_digest(token), expires_at=at + VALID_FOR,
        invited_by_id=actor.id if actor.kind == "user" else None,
    )  # fmt: skip
    _check_role(role)
    clean(invitation, exclude=["business", "team", "invited_by", "token_digest"])
    _lock_address(invitation.email)
    if Membership.objects.filter(business=business, user__email=invitation.email, is_active=True).exists():
        raise InvalidInput({"email": [_("This person is a member already.")]})
    for earlier in _open(business, at).select_for_update().filter(email=invitation.email):
        _withdraw(actor, earlier, at)
    invitation.save(force_insert=True)
    activity.record(
        "crm.invitation.created", actor=actor, business=business, subject=invitation,
        changes={"email": (None, invitation.email), "role": (None, role), "team": (None, invitation.team_id)},
    )  # fmt: skip
    return Invited(invitation, token)


@transaction.atomic
def withdraw_invitation(*, actor: Actor, invitation: Invitation, at: datetime) -> Invitation:
    """Make the invitation's link useless. Raises NotAllowed, InvitationGone when it is not open."""
    locked: Invitation | None = (
        Invitation.objects.select_for_update(of=("self",)).select_related("business").filter(pk=invitation.pk).first()
    )
    if locked is None:
        raise NotFound
    actor.require("crm.manage_people", locked.business)
    if not is_open(locked, at):
        raise InvitationGone(_("This invitation is not open any more."))
    return _withdraw(actor, locked, at)


def is_open(invitation: Invitation, at: datetime) -> bool:
    """Can the invitation still be taken up?"""
    return invitation.accepted_at is None and invitation.withdrawn_at is None and invitation.expires_at > at


def find_invitation(token: str, at: datetime) -> Invitation:
    """The open invitation of a link, across all businesses. Raises InvitationGone."""
    found: Invitation | None = (
        Invitation.unscoped.select_related("business")
        .filter(token_digest=token_digest(token), business__is_active=True)
        .first()
    )
    if found is None or not is_open(found, at):
        raise InvitationGone
    return found


@transaction.atomic
def accept_invitation(
    *, actor: Actor, token: str, at: datetime, user: User | None = None, name: str = "", password: str = ""
) -> Membership:
    """Take up an invitation: as `user`, who is signed in with its address, or as a new user with name and password.

    Raises InvitationGone, AnotherAddress, SignInFirst, InvalidInput. The activity names the person who joined.
    """
    place = find_invitation(token, at)
    _lock_address(place.email)
    invitation = Invitation.unscoped.select_for_update(of=("self",)).select_related("business").get(pk=place.pk)
    if not is_open(invitation, at):
        raise InvitationGone
    if user is None:
        user = _new_user(invitation, name, password)
    elif user.email != invitation.email:
        raise AnotherAddress
    membership: Membership | None = (
        Membership.unscoped.select_for_update().filter(business=invitation.business, user=user).first()
    )
    if membership is None:
        membership = Membership(business=invitation.business, user=user)
    elif membership.is_active:
        raise InvalidInput({"email": [_("You are a member of this business already.")]})
    membership.role, membership.team, membership.is_active = invitation.role, invitation.team, True
    membership.save()
    invitation.accepted_at = at
    invitation.save(update_fields=["accepted_at", "updated_at"])
    activity.record(
        "crm.membership.created", actor=replace(actor, kind="user", id=str(user.pk), label=user.name or user.email),
        business=invitation.business, subject=membership,
        changes={"role": (None, membership.role), "team": (None, membership.team_id)},
        payload={"invitation": str(invitation.pk)},
    )  # fmt: skip
    return membership


@transaction.atomic
def change_membership(*, actor: Actor, membership: Membership, version: str | None = None, **data: Any) -> Membership:
    """Change role, team or visibility. Raises NotAllowed, StaleVersion, LastOwner, MembershipEnded, InvalidInput."""
    refuse_unknown(data, FIELDS)
    locked = _lock(membership)
    business = locked.business
    actor.require("crm.manage_people", business)
    check_version(locked, version)
    if not locked.is_active:
        raise MembershipEnded
    before = Membership.objects.get(pk=locked.pk)
    if "role" in data:
        _check_role(data["role"])
    if "team" in data:
        data["team"] = _own_team(data["team"], business)
    for name, value in data.items():
        setattr(locked, name, value)
    changes = activity.changes_between(before, locked, ("role", "team_id", "visibility"))
    if not changes:
        return locked
    if before.role == Role.OWNER and locked.role != Role.OWNER:
        _keep_an_owner(locked)
    clean(locked, exclude=["business", "team", "user"])
    locked.save()
    activity.record("crm.membership.updated", actor=actor, business=business, subject=locked, changes=changes)
    return locked


@transaction.atomic
def end_membership(*, actor: Actor, membership: Membership) -> Membership:
    """Take all rights in the business from the person, at once. Raises NotAllowed, LastOwner, MembershipEnded."""
    locked = _lock(membership)
    actor.require("crm.manage_people", locked.business)
    if not locked.is_active:
        raise MembershipEnded
    if locked.role == Role.OWNER:
        _keep_an_owner(locked)
    locked.is_active = False
    locked.save(update_fields=["is_active", "updated_at"])
    activity.record(
        "crm.membership.ended",
        actor=actor,
        business=locked.business,
        subject=locked,
        changes={"is_active": (True, False)},
    )
    return locked


def clean_password(password: str, user: User, *, names: Iterable[str] = ()) -> None:
    """Raise InvalidInput when the password is too weak for `user`, or little more than one of the names."""
    try:
        validate_password(password, user)
        refuse_names(password, names)
    except ValidationError as error:
        raise InvalidInput({"password": list(error.messages)}) from error


def _new_user(invitation: Invitation, name: str, password: str) -> User:
    email = invitation.email
    if User.objects.filter(email=email).exists():
        raise SignInFirst
    user = User(email=email, name=name.strip())
    if not user.name:
        raise InvalidInput({"name": [_("Say how you are called.")]})
    clean(user, exclude=["password"])
    clean_password(password, user, names=[invitation.business.name])
    return User.objects.create_user(email, password, name=user.name)


def _lock(membership: Membership) -> Membership:
    """The membership as it stands, with the business locked first: who counts owners sees what others have decided."""
    Business.objects.select_for_update(no_key=True).get(pk=membership.business_id)
    locked: Membership | None = (
        Membership.objects.select_for_update(of=("self",))
        .select_related("business", "user")
        .filter(pk=membership.pk)
        .first()
    )
    if locked is None:
        raise NotFound
    return locked


def _keep_an_owner(leaving: Membership) -> None:
    owners = Membership.objects.filter(
        business=leaving.business_id, role=Role.OWNER, is_active=True, user__is_active=True
    )
    if not owners.exclude(pk=leaving.pk).exists():
        raise LastOwner


def _open(business: Business, at: datetime) -> Any:
    return Invitation.objects.filter(business=business, accepted_at=None, withdrawn_at=None, expires_at__gt=at)


def _withdraw(actor: Actor, invitation: Invitation, at: datetime) -> Invitation:
    invitation.withdrawn_at = at
    invitation.save(update_fields=["withdrawn_at", "updated_at"])
    activity.record(
        "crm.invitation.withdrawn", actor=actor, business=invitation.business, subject=invitation,
        changes={"withdrawn_at": (None, at)},
    )  # fmt: skip
    return invitation


def _check_role(role: str) -> None:
    if role not in PEOPLE_ROLES:
        raise InvalidInput({"role": [_("People can't hold this role.")]})


def _own_team(team: Team | None, business: Business) -> Team | None:
    if team is not None and team.business_id != business.pk:
        raise InvalidInput({"team": [_("There is no such team in this business.")]})
    return team


def _lock_address(email: str) -> None:
    """Let invitations and new accounts of one address wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"user:{email}"])
