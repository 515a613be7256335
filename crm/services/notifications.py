"""Telling people something at the bell, and what they do with it. A notification is no deed: it leaves no activity."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed
from crm.models import Business, Membership, Notification, NotificationChoice, User
from crm.registry import notification_kinds, permissions

KEPT_DAYS = 90
"""How long a notification is kept after it was read."""

_TELL = """
insert into crm_notification
    (business_id, user_id, kind, tone, title, text, href, about, dedupe_key, count, created_at, updated_at)
select %(business)s, u.id, %(kind)s, %(tone)s, %(title)s, %(text)s, %(href)s, %(about)s, %(dedupe_key)s, 1,
    clock_timestamp(), clock_timestamp()
from crm_user u left join crm_notificationchoice c on c.user_id = u.id and c.kind = %(kind)s
where u.id = any(%(to)s) and u.is_active
  and (%(always)s or coalesce(c.is_wanted, %(wanted)s))
  and (%(business)s::uuid is null
       or exists (select from crm_membership m where m.user_id = u.id and m.business_id = %(business)s and m.is_active))
order by u.id
on conflict (user_id, business_id, dedupe_key) where read_at is null and not (dedupe_key = '')
do update set count = crm_notification.count + 1, kind = excluded.kind, tone = excluded.tone, title = excluded.title, text = excluded.text,
    href = excluded.href, about = excluded.about, created_at = excluded.created_at, updated_at = excluded.updated_at
"""


@transaction.atomic
def notify(
    *,
    actor: Actor,
    business: Business | None,
    to: Iterable[UUID],
    kind: str,
    title: str,
    text: str = "",
    href: str = "",
    tone: str = "info",
    about: UUID | None = None,
    dedupe_key: str = "",
) -> int:
    """Tell the users `to` (ids) something about the business, or about the service (None); returns how many are told.

    Only active members of the business are told, and only those who want this kind. An unread notification with the same
    `dedupe_key` counts up instead of standing there twice. `about`: the customer whose data the text names; `tone`: info,
    good, warn, bad. Raises NotAllowed when the actor has no part in the business.
    """
    known = notification_kinds[kind]
    if not actor.everything and (business is None or actor.grant_in(business) is None):
        raise NotAllowed
    values = {
        "business": business.pk if business else None, "to": list(set(to)), "kind": kind, "tone": tone, "title": title[:200],
        "text": text[:500], "href": href[:300], "about": about, "dedupe_key": dedupe_key[:120],
        "always": known.always, "wanted": known.wanted,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_TELL, values)
        return int(cursor.rowcount)


def tell_operators(*, actor: Actor, kind: str, title: str, **more: Any) -> int:
    """Tell those who operate the installation; returns how many are told. `more` as in `notify`."""
    operators = User.objects.filter(is_staff=True, is_active=True).values_list("pk", flat=True)
    return notify(actor=actor, business=None, to=operators, kind=kind, title=title, **more)


def tell_holders(*, actor: Actor, business: Business, permission: str, kind: str, title: str, **more: Any) -> int:
    """Tell the members whose role holds the permission; returns how many are told. `more` as in `notify`."""
    return notify(actor=actor, business=business, to=holders_of(business, permission), kind=kind, title=title, **more)


def holders_of(business: Business, permission: str) -> list[UUID]:
    """Ids of the users whose role in the business holds the permission."""
    known = permissions[permission]
    members = Membership.unscoped.filter(business=business, is_active=True, role__in=known.roles)
    if known.sees_all:
        members = members.filter(visibility="all")
    return list(members.values_list("user_id", flat=True))


def own_notifications(*, actor: Actor, business: Business) -> QuerySet[Notification]:
    """What the actor was told about the business and about the service; programs are told nothing."""
    rows: QuerySet[Notification] = Notification.unscoped.filter(Q(business=business) | Q(business=None))
    return rows.filter(user_id=actor.id) if actor.kind == "user" else rows.none()


@transaction.atomic
def mark_read(*, actor: Actor, business: Business, at: datetime, ids: Iterable[UUID] | None = None) -> int:
    """Mark the actor's own notifications as read: those of `ids`, or all; returns how many were unread."""
    rows = own_notifications(actor=actor, business=business).filter(read_at=None)
    if ids is not None:
        rows = rows.filter(pk__in=list(ids))
    locked = rows.select_for_update().order_by("pk").values("pk")
    return int(Notification.unscoped.filter(pk__in=locked, read_at=None).update(read_at=at, updated_at=at))


@transaction.atomic
def choose_notifications(*, actor: Actor, user: User, wanted: Mapping[str, bool]) -> None:
    """Switch kinds of notifications on or off for oneself; `wanted` maps the name of a kind to yes or no.

    Raises NotAllowed for somebody else, InvalidInput for kinds that don't exist or are always told.
    """
    if actor.kind != "user" or actor.id != str(user.pk):
        raise NotAllowed
    faults = {
        name: [_("This kind of notification can't be switched off.") if known else _("There is no such kind.")]
        for name, is_wanted in wanted.items()
        if (known := notification_kinds.get(name)) is None or (known.always and not is_wanted)
    }
    if faults:
        raise InvalidInput(faults)
    rows = [NotificationChoice(user=user, kind=name, is_wanted=is_wanted) for name, is_wanted in sorted(wanted.items())]
    NotificationChoice.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["user", "kind"], update_fields=["is_wanted"]
    )


@transaction.atomic
def forget_notifications_about(*, actor: Actor, business: Business, about: UUID) -> int:
    """Delete what anybody was told about the customer; returns how many notifications. Raises NotAllowed as `notify` does."""
    if not actor.everything and actor.grant_in(business) is None:
        raise NotAllowed
    return int(Notification.unscoped.filter(business=business, about=about).delete()[0])


def chosen_notifications(*, actor: Actor) -> dict[str, bool]:
    """The kinds that the actor has switched on or off, by name."""
    return dict(NotificationChoice.objects.filter(user_id=actor.id).values_list("kind", "is_wanted"))


@transaction.atomic
def forget_read_notifications(*, actor: Actor, at: datetime) -> int:
    """Delete the notifications, of every business, that were read more than ninety days before `at`; returns how many."""
    if not actor.everything:
        raise NotAllowed
    old = Notification.unscoped.filter(read_at__lt=at - timedelta(days=KEPT_DAYS))
    return int(old.delete()[0])
