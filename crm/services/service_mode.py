"""Switching the whole service to read-only mode and back. It belongs to no business: what was done stands in the log."""

import logging
from datetime import datetime

from django.db import transaction

from crm import service_mode
from crm.actor import Actor
from crm.errors import NotAllowed
from crm.models import ServiceMode
from crm.services.cleaning import clean

log = logging.getLogger(__name__)


@transaction.atomic
def set_service_mode(*, actor: Actor, is_read_only: bool, reason: str, at: datetime) -> ServiceMode:
    """Stop all changes, or allow them again. The processes follow within two seconds; jobs that run go on, others wait.

    Raises NotAllowed, InvalidInput.
    """
    if not actor.everything:
        raise NotAllowed
    ServiceMode.objects.get_or_create(pk=1)
    locked = ServiceMode.objects.select_for_update().get(pk=1)
    locked.is_read_only, locked.reason = is_read_only, reason.strip() if is_read_only else ""
    locked.changed_at, locked.changed_by = at, actor.label[:120]
    clean(locked)
    locked.save()
    log.warning("read-only mode was switched %s by %s %s", "on" if is_read_only else "off", actor.kind, actor.id or "-")
    transaction.on_commit(service_mode.forget)
    return locked
