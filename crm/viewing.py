"""Viewing as another member: what the session remembers of it, and until when it holds."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crm import services
from crm.actor import Actor, Grant
from crm.models import Membership
from crm.registry import permissions

KEY = "view_as"


@dataclass(frozen=True)
class Viewing:
    """A view that holds: whose eyes, and until when."""

    membership: Membership
    until: datetime

    def actor(self, real: Actor) -> Actor:
        """The real person with those of the member's rights that the person has too: what is recorded names both."""
        member = self.membership
        grant = Grant(member.business_id, member.role, member.team_id, member.visibility)
        label = f"{real.label} viewing as {member.user}"
        own = tuple(known.name for known in permissions if real.may(known.name, member.business_id))
        return replace(real, label=label, grants=(grant,), scopes=own, sees_as=str(member.user_id))


def begin(request: Any, membership: Membership, until: datetime) -> None:
    """Remember the view in the session, with both memberships as they stand now."""
    own = Membership.objects.get(user=request.user, business=membership.business_id)
    request.session[KEY] = {
        "until": until.isoformat(), "member": str(membership.pk), "own": str(own.pk), "state": _state(membership, own),
    }  # fmt: skip


def resume(request: Any, real: Actor, at: datetime) -> Viewing | None:
    """The view of this session; one that is over is ended, recorded and forgotten."""
    remembered = request.session.get(KEY)
    if not remembered:
        return None
    rows = {
        str(row.pk): row
        for row in Membership.unscoped.select_related("user").filter(pk__in=[remembered["member"], remembered["own"]])
    }
    member, own = rows.get(remembered["member"]), rows.get(remembered["own"])
    if member is None or own is None:
        del request.session[KEY]
        return None
    until = datetime.fromisoformat(remembered["until"])
    if _state(member, own) != remembered["state"] or not real.may("crm.view_as", member.business_id):
        _end(request, real, member, "changed")
        return None
    if at >= until:
        _end(request, real, member, "time")
        return None
    return Viewing(member, until)


def leave(request: Any, reason: str) -> None:
    """End the view that this request is made in, if there is one."""
    viewing = getattr(request, "viewing", None)
    if viewing is not None:
        _end(request, request.actor, viewing.membership, reason)
        request.viewing = None


def _end(request: Any, actor: Actor, member: Membership, reason: str) -> None:
    del request.session[KEY]
    services.end_view(actor=actor, membership=member, reason=reason)


def _state(*memberships: Membership) -> list[list[Any]]:
    """What of the memberships must stay as it is."""
    return [
        [row.role, str(row.team_id), row.visibility, row.is_active, row.user.is_active, str(row.business_id)]
        for row in memberships
    ]
