"""Writing the trail: `record` adds the one row that is audit entry, event and history line of a deed, and tells the listeners."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models

from crm.actor import Actor
from crm.models import Activity, ActivityDetail, Business, Membership, User
from crm.registry import listeners, verbs

Change = tuple[Any, Any]


def record(
    verb: str,
    *,
    actor: Actor,
    business: Business | UUID,
    subject: models.Model,
    about: UUID | None = None,
    changes: dict[str, Change] | None = None,
    payload: dict[str, Any] | None = None,
    counts: dict[str, int] | None = None,
    batch: UUID | None = None,
    touched: Sequence[UUID] = (),
) -> Activity:
    """Record a deed inside its transaction; the listeners of `verb` hear the `touched` ids (default: `about`) before it commits.

    `changes` maps a field to (before, after). Changes, payload and the actor's address go to the detail row, whose salted
    SHA-256 stays in the activity, so that deleting the detail leaves the trail verifiable.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{verb} was recorded outside a transaction")
    if verb not in verbs:
        raise KeyError(f"verb {verb!r} is not registered")
    business_id = business.pk if isinstance(business, Business) else business
    salt = secrets.token_bytes(16)
    details = {
        "changes": {name: [_plain(before), _plain(after)] for name, (before, after) in (changes or {}).items()},
        "payload": _plain(payload or {}),
        "ip": actor.ip,
    }
    activity: Activity = Activity.unscoped.create(
        business_id=business_id,
        verb=verb,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label[:120],
        door=actor.door,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        about=about,
        batch=batch,
        counts=counts or {},
        request_id=actor.request_id,
        digest=detail_digest(salt, details),
    )
    ActivityDetail.unscoped.create(activity=activity, business_id=business_id, salt=salt, **details)
    ids = list(touched) or ([about] if about else [])
    for listener in listeners:
        if listener.verb == verb:
            listener.hear(activity, ids)
    return activity


def record_everywhere(verb: str, *, actor: Actor, subject: User, **details: Any) -> list[Activity]:
    """Record a deed on a person's account: one row in each business that the person works in. Takes what `record` takes."""
    places = Membership.unscoped.filter(user=subject, is_active=True, business__is_active=True).order_by("business_id")
    return [
        record(verb, actor=actor, business=place, subject=subject, **details)
        for place in places.values_list("business_id", flat=True)
    ]


def detail_digest(salt: bytes, details: dict[str, Any]) -> bytes:
    """SHA-256 of the salt and the details as canonical JSON (sorted keys, no spaces)."""
    text = json.dumps(details, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(salt + text.encode()).digest()


def changes_between(before: models.Model, after: models.Model, fields: Iterable[str]) -> dict[str, Change]:
    """The fields whose values differ between two states of a record."""
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in fields}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _plain(value: Any) -> Any:
    """The value as JSON keeps it, so that the digest of what is read back is that of what was written."""
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))
