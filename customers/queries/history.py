"""What was done to a customer: the deeds of the trail, and the lines of changes of many customers at once."""

import heapq
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Q

from crm.actor import Actor
from crm.models import Activity
from crm.paging import BadCursor
from customers.choices import BulkResult
from customers.models import BulkChange, Customer, CustomerVisit

MOST_NEWS = 20
_LONGEST = 2**63 - 1


@dataclass(frozen=True)
class Deed:
    """Something that was done: `verb` as the trail names it, or `bulk` with the key of the deed on many; `changes` maps fields
    of the record of kind `subject_type` to before and after."""

    at: datetime
    by: str
    door: str
    subject_type: str
    verb: str = ""
    bulk: str = ""
    is_undo: bool = False
    reason: str = ""
    changes: dict[str, Any] = field(default_factory=dict)


def history_of(
    customer: Customer, *, cursor: str = "", limit: int = 50, field_name: str = "", member: str = ""
) -> tuple[list[Deed], str]:
    """The deeds behind `cursor`, newest first, and the cursor of the next page ("" at the end); narrowed to those that changed a
    field, or that a member has done. Two queries. Raises BadCursor."""
    places: list[int | None] = _decode(cursor) if cursor else [None, None]
    activities, lines = _activities(customer, field_name, member), _lines(customer, field_name, member)
    read = [_behind(rows, place, places[place], limit + 1) for place, rows in enumerate((activities, lines))]
    found = list(islice(heapq.merge(*read, key=lambda one: one[:2], reverse=True), limit + 1))
    for _at, place, row in found[:limit]:
        places[place] = row.pk
    deeds = [_of_activity(row) if isinstance(row, Activity) else _of_line(row) for _at, _place, row in found[:limit]]
    return deeds, _encode(places) if len(found) > limit else ""


def _behind(rows: Any, place: int, last: int | None, limit: int) -> list[tuple[datetime, int, Any]]:
    return [(row.at, place, row) for row in (rows.filter(pk__lt=last) if last else rows)[:limit]]


def news_of(actor: Actor, customer: Customer, since: datetime) -> tuple[list[Deed], bool]:
    """What others have done to the customer since then, the latest twenty first, and whether there is more: two queries."""
    done = _activities(customer).filter(at__gt=since).exclude(actor_kind="user", actor_id=actor.id)
    lines = _lines(customer).filter(at__gt=since).filter(~Q(run__requested_by=actor.id) | Q(run__requested_by=None))
    deeds = [_of_activity(row) for row in done[: MOST_NEWS + 1]] + [_of_line(row) for row in lines[: MOST_NEWS + 1]]
    deeds.sort(key=lambda deed: deed.at, reverse=True)
    return deeds[:MOST_NEWS], len(deeds) > MOST_NEWS


def last_visit(actor: Actor, customer: Customer) -> datetime | None:
    """When the person looked at the customer the time before the visit that is going on."""
    if actor.kind != "user" or actor.sees_as:
        return None
    rows = CustomerVisit.objects.filter(customer=customer, user=actor.id)
    before: datetime | None = rows.values_list("before_at", flat=True).first()
    return before


def doers_of(customer: Customer) -> list[tuple[str, str]]:
    """Id and name of the people among the latest thousand deeds on the customer."""
    latest = Activity.objects.filter(about=customer.pk).order_by("-id").values("pk")[:1000]
    rows = Activity.objects.filter(pk__in=latest, actor_kind="user").order_by("actor_label", "actor_id")
    return list(rows.values_list("actor_id", "actor_label").distinct())


def _activities(customer: Customer, field_name: str = "", member: str = "") -> Any:
    rows = Activity.objects.filter(about=customer.pk).select_related("detail").order_by("-id")
    if field_name:
        rows = rows.filter(detail__changes__has_key=field_name)
    return rows.filter(actor_kind="user", actor_id=member) if member else rows


def _lines(customer: Customer, field_name: str = "", member: str = "") -> Any:
    rows = BulkChange.objects.filter(customer=customer, result__in=[BulkResult.CHANGED, BulkResult.UNDONE])
    rows = rows.select_related("run__requested_by").order_by("-id")
    if field_name:
        rows = rows.filter(Q(after__has_key=field_name) | Q(before__has_key=field_name))
    return rows.filter(run__requested_by=member) if member else rows


def _of_activity(row: Activity) -> Deed:
    detail = getattr(row, "detail", None)
    changes, payload = (detail.changes, detail.payload) if detail else ({}, {})
    reason = payload.get("reason") or ""
    return Deed(row.at, row.actor_label, row.door, row.subject_type, verb=row.verb, reason=str(reason), changes=changes)


def _of_line(row: BulkChange) -> Deed:
    names = dict.fromkeys([*row.before, *row.after])
    changes = {name: [row.before.get(name), row.after.get(name)] for name in names}
    by = str(row.run.requested_by) if row.run.requested_by else ""
    return Deed(
        row.at,
        by,
        "job",
        "customers.customer",
        bulk=row.run.action,
        is_undo=row.run.undoes_id is not None,
        changes=changes,
    )


def _encode(places: list[int | None]) -> str:
    return ".".join(str(place or 0) for place in places)


def _decode(cursor: str) -> list[int | None]:
    parts = cursor.split(".")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) < 20 for part in parts):
        raise BadCursor
    places: list[int | None] = [int(part) or None for part in parts]
    if any(place and place > _LONGEST for place in places):
        raise BadCursor
    return places
