"""The few customers that are named where people look for somebody: by words, by id, and those opened last."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from crm.actor import Actor
from crm.models import AccessRecord
from customers.models import Customer
from customers.queries.search import matches_for, matching

LOOKED_THROUGH = 2_000
"""Of how many access records, the latest of the business, what somebody has opened is read."""


def fitting(actor: Actor, words: str, limit: int) -> list[Customer]:
    """The live customers that the actor may see and the words fit, best first."""
    found = matching(words, matches_for(actor))
    known = {row.pk: row for row in Customer.objects.live().visible_to(actor).filter(pk__in=found)}
    return [known[pk] for pk in found if pk in known][:limit]


def named(actor: Actor, ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of those of the customers that the actor may see, archived ones included."""
    return dict(Customer.objects.visible_to(actor).filter(pk__in=list(ids)).values_list("pk", "display_name"))


def opened_last(actor: Actor, pages: Iterable[str], since: datetime, limit: int) -> list[Customer]:
    """The customers whose pages (names of addresses) the actor has opened last, the latest first."""
    latest = AccessRecord.objects.order_by("-id").values("pk")[:LOOKED_THROUGH]
    rows: Any = AccessRecord.objects.filter(
        pk__in=latest, actor_kind=actor.kind, actor_id=actor.id, what__in=list(pages), at__gte=since
    )
    ids = list(dict.fromkeys(pk for seen in rows.order_by("-id").values_list("customer_ids", flat=True) for pk in seen))
    known = {row.pk: row for row in Customer.objects.live().visible_to(actor).filter(pk__in=ids[: limit * 2])}
    return [known[pk] for pk in ids if pk in known][:limit]
