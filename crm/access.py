"""Access records: which customers' personal data a response showed, and to whom."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection

from crm.actor import Actor
from crm.models import Business

# Nearly every request writes one, so it costs no more than its statement.
_RECORD = """
insert into crm_accessrecord (business_id, actor_kind, actor_id, actor_label, door, what, purpose, customer_ids, request_id)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


def saw(request: Any, customer_ids: Iterable[UUID]) -> None:
    """Note the customers whose data the response to `request` shows; the middleware writes them as one record before it leaves."""
    request.seen_customers = [*getattr(request, "seen_customers", []), *customer_ids]


def record_access(
    *, actor: Actor, business: Business, what: str, customer_ids: Iterable[UUID], purpose: str = ""
) -> None:
    """Write one access record for a response, an export or a job; does nothing when it showed nobody."""
    ids = list(dict.fromkeys(customer_ids))
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _RECORD,
            [
                business.pk, actor.kind, actor.id, actor.label[:120], actor.door, what[:120], purpose[:200], ids, actor.request_id,
            ],
        )  # fmt: skip
