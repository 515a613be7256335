"""Who acts (a user, an API key, a workflow, an import, a schedule, the system, or a customer through its own link), and what
they may do in which business."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm.errors import NotAllowed
from crm.registry import permissions
from crm.scope import ScopeError, open_businesses
from crm.statements import RecordsBy

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from crm.models import ApiKey, Business, Membership, User

KINDS = ("user", "api_key", "workflow", "import", "schedule", "system", "customer")


@dataclass(frozen=True)
class Grant:
    """What an actor holds in one business: a role, the team it works in, and which customers the role shows it (all, team, own)."""

    business_id: UUID
    role: str
    team_id: UUID | None = None
    visibility: str = "all"
    business: Any = field(default=None, compare=False, repr=False)
    """The business itself, where it was read along."""


@dataclass(frozen=True)
class Actor:
    """The author of a deed. `door` says through what: page, api, admin, job, command, link.

    `sees_as` is the id of the user whose eyes the actor looks through, where it is not the author's own.
    """

    kind: str
    id: str
    label: str
    grants: tuple[Grant, ...] = ()
    scopes: tuple[str, ...] | None = None
    door: str = "page"
    ip: str | None = None
    request_id: str = ""
    everything: bool = field(default=False, repr=False)
    sees_as: str = ""

    @property
    def eyes(self) -> str:
        """Id of the user whose own records the actor sees."""
        return self.sees_as or self.id

    @classmethod
    def for_user(cls, user: "User", *, door: str = "page", ip: str | None = None, request_id: str = "") -> "Actor":
        """The user with the memberships that stand in the database now (one query)."""
        grants = tuple(
            Grant(row.business_id, row.role, row.team_id, row.visibility, row.business) for row in _memberships(user.pk)
        )
        return cls("user", str(user.pk), user.name or user.email, grants, None, door, ip, request_id)

    @classmethod
    def for_api_key(cls, key: "ApiKey", *, ip: str | None = None, request_id: str = "") -> "Actor":
        """The key, with its own role in its one business, narrowed to its scopes."""
        grant = Grant(key.business_id, key.role)
        return cls("api_key", str(key.pk), key.name, (grant,), tuple(key.scopes) or None, "api", ip, request_id)

    @classmethod
    def system(cls, label: str, *, kind: str = "system", door: str = "job", id: str = "") -> "Actor":
        """The product itself (a job, a command): may do everything in the scope that is open."""
        return cls(kind, id, label, door=door, everything=True)

    def grant_in(self, business: Any) -> Grant | None:
        business_id = getattr(business, "pk", business)
        return next((grant for grant in self.grants if grant.business_id == business_id), None)

    def grants_in_scope(self) -> tuple[Grant, ...]:
        """The grants that count for queries now: those in the open businesses; all of them while none is open."""
        try:
            ids = open_businesses()
        except ScopeError:
            return self.grants
        return tuple(grant for grant in self.grants if grant.business_id in ids)

    def sees_all(self, business: Any) -> bool:
        """Does the actor see all customers of the business, and not only those of its team or its own?"""
        grant = self.grant_in(business)
        return self.everything or (grant is not None and grant.visibility == "all")

    def may(self, permission: str, business: Any) -> bool:
        """Does the actor hold the named permission in the business? Unknown names are a programming error."""
        known = permissions[permission]
        if self.everything:
            return True
        grant = self.grant_in(business)
        if grant is None or grant.role not in known.roles or (known.sees_all and grant.visibility != "all"):
            return False
        return self.scopes is None or permission in self.scopes

    def require(self, permission: str, business: "Business") -> None:
        """Raise NotAllowed unless the actor holds the permission."""
        if not self.may(permission, business):
            raise NotAllowed(permission=permission)


def _current_memberships() -> "QuerySet[Membership]":
    from crm.models import Membership

    rows: QuerySet[Membership] = Membership.unscoped.filter(is_active=True, business__is_active=True)
    return rows.select_related("business").order_by("business__name", "business_id")


_memberships = RecordsBy(_current_memberships, "user")
