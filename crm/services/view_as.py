"""Seeing the product as another member of the business does, without being able to change anything."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy

from crm import activity
from crm.actor import Actor
from crm.errors import DomainError, NotFound
from crm.models import Membership, Role

LASTS = timedelta(minutes=30)


class CantViewAs(DomainError):
    code = "cant_view_as"
    message = gettext_lazy("You can't view as an owner, nor as yourself.")


@transaction.atomic
def view_as(*, actor: Actor, membership: Membership, at: datetime) -> datetime:
    """Begin to see what the member sees; returns when it ends by itself. Raises NotAllowed, NotFound, CantViewAs."""
    found: Membership | None = (
        Membership.objects.select_related("business")
        .filter(pk=membership.pk, is_active=True, user__is_active=True)
        .first()
    )
    if found is None:
        raise NotFound
    actor.require("crm.view_as", found.business)
    if found.role == Role.OWNER or str(found.user_id) == actor.id:
        raise CantViewAs
    until = at + LASTS
    activity.record(
        "crm.member.viewed_as", actor=actor, business=found.business, subject=found, payload={"until": until}
    )
    return until


@transaction.atomic
def end_view(*, actor: Actor, membership: Membership, reason: str) -> None:
    """Note that the view is over; `reason` is left, signed_out, time or changed."""
    activity.record(
        "crm.member.view_ended",
        actor=actor,
        business=membership.business_id,
        subject=membership,
        payload={"reason": reason},
    )
