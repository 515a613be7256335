"""The trail of second factors, resetting those of somebody who has lost them, and making them a rule of the business."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils.translation import gettext_lazy

from crm import activity
from crm.actor import Actor
from crm.errors import DomainError, NotAllowed, NotFound
from crm.forms import check_version
from crm.models import Business, Membership, User
from crm.second_factors import has_second_factor


class OwnFactorFirst(DomainError):
    field = "requires_second_factor"
    code = "own_factor_first"
    message = gettext_lazy("Set up a second factor of your own first: otherwise you would lock yourself out.")


class NothingToReset(DomainError):
    code = "nothing_to_reset"
    message = gettext_lazy("This person has no second factor.")


class OwnFactor(DomainError):
    code = "own_factor"
    message = gettext_lazy("You can't reset your own second factor; change it on the page Sign-in security.")


class OperatorsDecide(DomainError):
    """The person works elsewhere too, or operates the installation: no single business decides about their sign-in."""

    code = "operators_decide"
    message = gettext_lazy("Only an operator of this installation can reset the second factor of this person.")


@transaction.atomic
def note_second_factor_added(*, actor: Actor, user: User, kind: str, name: str = "") -> None:
    """Record in each business of the user that an authenticator app (`totp`) or passkey (`webauthn`) was set up."""
    _record("crm.user.second_factor_added", actor, user, {"kind": kind, "name": name})


@transaction.atomic
def note_second_factor_removed(*, actor: Actor, user: User, kind: str, name: str = "") -> None:
    """Record in each business of the user that a factor was taken away by the user."""
    _record("crm.user.second_factor_removed", actor, user, {"kind": kind, "name": name})


@transaction.atomic
def note_recovery_codes_made(*, actor: Actor, user: User) -> None:
    """Record in each business of the user that there are new recovery codes."""
    _record("crm.user.recovery_codes_made", actor, user, {})


@transaction.atomic
def reset_second_factor(*, actor: Actor, membership: Membership) -> User:
    """Take all factors from a member who has lost them, and end the member's sessions: the password alone signs in again.

    Raises NotAllowed, OwnFactor, OperatorsDecide, NothingToReset.
    """
    locked = Membership.objects.select_related("business").filter(pk=membership.pk, is_active=True).first()
    if locked is None:
        raise NotFound
    actor.require("crm.manage_people", locked.business)
    user = _lock(locked.user)
    if actor.kind == "user" and actor.id == str(user.pk):
        raise OwnFactor
    elsewhere = Membership.unscoped.filter(user=user, is_active=True).exclude(business_id=locked.business_id)
    if user.is_staff or elsewhere.exists():
        raise OperatorsDecide
    return _reset(actor, user)


@transaction.atomic
def reset_second_factor_of_user(*, actor: Actor, user: User) -> User:
    """The same for an operator, whatever businesses the person works in. Raises NotAllowed, OwnFactor, NothingToReset."""
    if not actor.everything:
        raise NotAllowed
    locked = _lock(user)
    if actor.kind == "user" and actor.id == str(locked.pk):
        raise OwnFactor
    return _reset(actor, locked)


@transaction.atomic
def require_second_factor(
    *, actor: Actor, business: Business, requires_second_factor: bool, version: str | None = None
) -> Business:
    """Let members in only with a second factor, or with the password alone. Raises NotAllowed, StaleVersion, OwnFactorFirst."""
    actor.require("crm.manage_business", business)
    locked = Business.objects.select_for_update(no_key=True).filter(pk=business.pk).first()
    if locked is None:
        raise NotFound
    check_version(locked, version)
    before = locked.requires_second_factor
    if before == requires_second_factor:
        return locked
    if requires_second_factor and not actor.everything and not _acts_with_factor(actor):
        raise OwnFactorFirst
    locked.requires_second_factor = requires_second_factor
    locked.save(update_fields=["requires_second_factor", "updated_at"])
    changes = {"requires_second_factor": (before, requires_second_factor)}
    activity.record("crm.business.updated", actor=actor, business=locked, subject=locked, changes=changes)
    return locked


def _acts_with_factor(actor: Actor) -> bool:
    user = User.objects.filter(pk=actor.id).first() if actor.kind == "user" else None
    return user is not None and has_second_factor(user)


def _reset(actor: Actor, user: User) -> User:
    factors = list(Authenticator.objects.select_for_update().filter(user=user))
    if not factors:
        raise NothingToReset
    Authenticator.objects.filter(user=user).delete()
    user.token_version += 1
    user.save(update_fields=["token_version"])
    for session in UserSession.objects.filter(user=user):
        session.end()
    _record("crm.user.second_factor_reset", actor, user, {"kinds": sorted({factor.type for factor in factors})})
    return user


def _record(verb: str, actor: Actor, user: User, payload: dict[str, object]) -> None:
    places = Membership.unscoped.filter(user=user, is_active=True, business__is_active=True).order_by("business_id")
    for business_id in places.values_list("business_id", flat=True):
        activity.record(verb, actor=actor, business=business_id, subject=user, payload=payload)


def _lock(user: User) -> User:
    locked: User | None = User.objects.select_for_update().filter(pk=user.pk).first()
    if locked is None:
        raise NotFound
    return locked
