"""Access records: which customers' personal data a response showed, and to whom."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from crm.actor import Actor
from crm.models import AccessRecord, Business


def saw(request: Any, customer_ids: Iterable[UUID]) -> None:
    """Note the customers whose data the response to `request` shows; the middleware writes them as one record before it leaves."""
    request.seen_customers = [*getattr(request, "seen_customers", []), *customer_ids]


def record_access(
    *, actor: Actor, business: Business, what: str, customer_ids: Iterable[UUID], purpose: str = ""
) -> None:
    """Write one access record for a response, an export or a job; does nothing when it showed nobody."""
    ids = list(dict.fromkeys(customer_ids))
    if ids:
        AccessRecord.unscoped.create(
            business=business, actor_kind=actor.kind, actor_id=actor.id, actor_label=actor.label[:120], door=actor.door,
            what=what[:120], purpose=purpose[:200], customer_ids=ids, request_id=actor.request_id,
        )  # fmt: skip
