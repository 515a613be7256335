"""Making, rotating and revoking the keys with which programs call the API."""

import hashlib
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import activity
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotFound
from crm.models import ApiKey, Business
from crm.registry import permissions
from crm.services.cleaning import clean

OLD_KEY_WORKS = timedelta(hours=24)
"""How long a program may go on with the key from before a rotation."""
_ALPHABET = string.ascii_lowercase + string.digits


class AlreadyRevoked(DomainError):
    code = "already_revoked"
    message = gettext_lazy("This key is revoked already.")


class KeyExpired(DomainError):
    code = "key_expired"
    message = gettext_lazy("This key has expired. Make a new one instead.")


@dataclass(frozen=True)
class MadeKey:
    """A fresh key's record and the key itself, `crm_<prefix>_<secret>`, which is known only now."""

    record: ApiKey
    key: str


def key_digest(key: str) -> bytes:
    """What is kept of a key: the SHA-256 of the whole of it, prefix included."""
    return hashlib.sha256(key.encode()).digest()


@transaction.atomic
def create_api_key(
    *,
    actor: Actor,
    business: Business,
    name: str,
    role: str,
    at: datetime,
    scopes: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> MadeKey:
    """Make a key for `role`, narrowed to `scopes` (none: all that the role holds). Raises NotAllowed, InvalidInput."""
    actor.require("crm.manage_api_keys", business)
    errors: dict[str, list[str]] = {}
    held = {permission.name for permission in permissions if role in permission.roles}
    beyond = sorted(set(scopes) - held)
    if beyond:
        errors["scopes"] = [_("The role doesn't hold: %(names)s.") % {"names": ", ".join(beyond)}]
    if expires_at is not None and expires_at <= at:
        errors["expires_at"] = [_("This moment is past.")]
    if ApiKey.objects.filter(business=business, name=name.strip(), revoked_at=None).exists():
        errors["name"] = [_("There is a key of this name already. Revoke that one or choose another name.")]
    if errors:
        raise InvalidInput(errors)
    prefix = "".join(secrets.choice(_ALPHABET) for _position in range(8))
    key = _new_key(prefix)
    record = ApiKey(
        business=business, name=name.strip(), prefix=prefix, digest=key_digest(key), role=role,
        scopes=sorted(set(scopes)), expires_at=expires_at, created_by_id=actor.id if actor.kind == "user" else None,
    )  # fmt: skip
    clean(record, exclude=["business", "created_by", "digest"])
    record.save(force_insert=True)
    activity.record(
        "crm.api_key.created", actor=actor, business=business, subject=record,
        changes={field: (None, getattr(record, field)) for field in ("name", "prefix", "role", "scopes", "expires_at")},
    )  # fmt: skip
    return MadeKey(record, key)


@transaction.atomic
def rotate_api_key(*, actor: Actor, api_key: ApiKey, at: datetime) -> MadeKey:
    """Give the key another secret; the one so far works for another day, one from before that no more.

    Raises NotAllowed, AlreadyRevoked, KeyExpired.
    """
    locked = _lock(actor, api_key)
    if locked.expires_at is not None and locked.expires_at <= at:
        raise KeyExpired
    key = _new_key(locked.prefix)
    locked.previous_digest, locked.previous_until = locked.digest, at + OLD_KEY_WORKS
    locked.digest = key_digest(key)
    locked.save(update_fields=["digest", "previous_digest", "previous_until", "updated_at"])
    activity.record(
        "crm.api_key.rotated", actor=actor, business=locked.business, subject=locked,
        payload={"old_key_until": locked.previous_until.isoformat()},
    )  # fmt: skip
    return MadeKey(locked, key)


@transaction.atomic
def revoke_api_key(*, actor: Actor, api_key: ApiKey, at: datetime) -> ApiKey:
    """Refuse the key from now on, with the one from before a rotation; this can't be undone. Raises NotAllowed, AlreadyRevoked."""
    locked = _lock(actor, api_key)
    locked.revoked_at = at
    locked.save(update_fields=["revoked_at", "updated_at"])
    activity.record(
        "crm.api_key.revoked", actor=actor, business=locked.business, subject=locked, changes={"revoked_at": (None, at)}
    )
    return locked


def _new_key(prefix: str) -> str:
    return f"crm_{prefix}_{secrets.token_urlsafe(32)}"


def _lock(actor: Actor, api_key: ApiKey) -> ApiKey:
    """The key, locked and re-read, for somebody who may manage it. Raises NotFound, NotAllowed, AlreadyRevoked."""
    rows = ApiKey.objects.select_for_update(of=("self",)).select_related("business")
    locked: ApiKey | None = rows.filter(pk=api_key.pk).first()
    if locked is None:
        raise NotFound
    actor.require("crm.manage_api_keys", locked.business)
    if locked.revoked_at is not None:
        raise AlreadyRevoked
    return locked
