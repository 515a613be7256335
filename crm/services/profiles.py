"""What people change about themselves, and what operators change about people."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotAllowed, NotFound
from crm.models import User
from crm.services.cleaning import clean, refuse_unknown

FIELDS = ("name", "theme")


class LastOperator(DomainError):
    field = "is_staff"
    code = "last_operator"
    message = gettext_lazy("There must be an operator left who can sign in. Make somebody else an operator first.")


@transaction.atomic
def update_profile(*, actor: Actor, user: User, **data: Any) -> User:
    """Change one's own name or theme; no business is concerned, so no activity. Raises NotAllowed, InvalidInput."""
    refuse_unknown(data, FIELDS)
    if actor.kind != "user" or actor.id != str(user.pk):
        raise NotAllowed
    locked = _lock(user)
    for name, value in data.items():
        setattr(locked, name, value.strip() if isinstance(value, str) else value)
    if not locked.name:
        raise InvalidInput({"name": [_("Say how you are called.")]})
    clean(locked, exclude=["password"])
    locked.save(update_fields=list(data))
    return locked


@transaction.atomic
def set_operator(*, actor: Actor, user: User, is_active: bool, is_staff: bool, is_superuser: bool) -> User:
    """Let a person sign in or not, and use the operators' admin or not. Raises NotAllowed, LastOperator."""
    if not actor.everything:
        raise NotAllowed
    locked = _lock(user)
    if locked.is_superuser and not (is_active and is_staff and is_superuser):
        others = (
            User.objects.select_for_update()
            .filter(is_superuser=True, is_staff=True, is_active=True)
            .exclude(pk=locked.pk)
        )
        if not list(others):
            raise LastOperator
    locked.is_active, locked.is_staff, locked.is_superuser = is_active, is_staff, is_superuser
    locked.save(update_fields=["is_active", "is_staff", "is_superuser"])
    return locked


def _lock(user: User) -> User:
    locked: User | None = User.objects.select_for_update().filter(pk=user.pk).first()
    if locked is None:
        raise NotFound
    return locked
