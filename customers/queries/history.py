"""What was done to a customer: the deeds of the trail, and the lines of changes of many customers at once and of imports."""

import heapq
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import CharField, Q, Value
from django.db.models.functions import Cast, Coalesce, NullIf

from crm.actor import Actor
from crm.models import Activity
from crm.paging import BadCursor
from customers.choices import BulkResult
from customers.models import BulkChange, Customer, CustomerVisit, ImportChange, ImportJob

MOST_NEWS = 20
_LONGEST = 2**63 - 1
_SOURCES = 3


@dataclass(frozen=True)
class Deed:
    """Something that was done: `verb` as the trail names it, `bulk` with the key of the deed on many, or `imported` with the
    file that was brought in; `changes` maps fields of the record of kind `subject_type` to before and after."""

    at: datetime
    by: str
    door: str
    subject_type: str
    verb: str = ""
    bulk: str = ""
    imported: ImportJob | None = None
    is_new: bool = False
    is_undo: bool = False
    reason: str = ""
    name: str = ""
    """Which contact it was done to, if it was one."""
    changes: dict[str, Any] = field(default_factory=dict)


def history_of(
    customer: Customer, *, cursor: str = "", limit: int = 50, field_name: str = "", member: str = ""
) -> tuple[list[Deed], str]:
    """The deeds behind `cursor`, newest first, and the cursor of the next page ("" at the end); narrowed to those that changed a
    field, or that a member has done. Three queries. Raises BadCursor."""
    places: list[int | None] = _decode(cursor) if cursor else [None] * _SOURCES
    sources = [source(customer, field_name, member) for source in (_activities, _lines, _imports)]
    read = [_behind(rows, place, places[place], limit + 1) for place, rows in enumerate(sources)]
    found = list(islice(heapq.merge(*read, key=lambda one: one[:2], reverse=True), limit + 1))
    for _at, place, row in found[:limit]:
        places[place] = row.pk
    deeds = [_deed(row) for _at, _place, row in found[:limit]]
    return deeds, _encode(places) if len(found) > limit else ""


def _behind(rows: Any, place: int, last: int | None, limit: int) -> list[tuple[datetime, int, Any]]:
    return [(row.at, place, row) for row in (rows.filter(pk__lt=last) if last else rows)[:limit]]


def news_of(actor: Actor, customer: Customer, since: datetime) -> tuple[list[Deed], bool]:
    """What others have done to the customer since then, the latest twenty first, and whether there is more: three queries."""
    done = _activities(customer).filter(at__gt=since).exclude(actor_kind="user", actor_id=actor.id)
    lines = _lines(customer).filter(at__gt=since).filter(~Q(run__requested_by=actor.id) | Q(run__requested_by=None))
    imports = _imports(customer).filter(at__gt=since)
    imports = imports.filter(~Q(import_job__requested_by=actor.id) | Q(import_job__requested_by=None))
    deeds = [_deed(row) for rows in (done, lines, imports) for row in rows[: MOST_NEWS + 1]]
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
    """Id and name of the people among the latest thousand deeds on the customer, and of those who have asked for bulk changes of it
    and for imports: one query."""
    latest = Activity.objects.filter(about=customer.pk).order_by("-id").values("pk")[:1000]
    done = Activity.objects.filter(pk__in=latest, actor_kind="user").values_list("actor_id", "actor_label")
    found = done.order_by().union(_askers(_lines(customer), "run"), _askers(_imports(customer), "import_job"))
    return sorted(found, key=lambda doer: (doer[1], doer[0]))


def _askers(rows: Any, work: str) -> Any:
    """Id and name of those who have asked for the work that the rows are lines of."""
    asker = f"{work}__requested_by"
    label = Coalesce(NullIf(f"{asker}__name", Value("")), f"{asker}__email", output_field=CharField())
    known = rows.order_by().select_related(None).filter(**{f"{asker}__isnull": False})
    return known.annotate(asker=Cast(asker, CharField()), label=label).values_list("asker", "label")


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


def _imports(customer: Customer, field_name: str = "", member: str = "") -> Any:
    rows = ImportChange.objects.filter(customer=customer)
    rows = rows.select_related("contact", "import_job__requested_by", "import_job__job").order_by("-id")
    if field_name:
        rows = rows.filter(Q(after__has_key=field_name) | Q(before__has_key=field_name))
    return rows.filter(import_job__requested_by=member) if member else rows


def _deed(row: Activity | BulkChange | ImportChange) -> Deed:
    if isinstance(row, Activity):
        return _of_activity(row)
    return _of_line(row) if isinstance(row, BulkChange) else _of_import(row)


def _of_activity(row: Activity) -> Deed:
    detail = getattr(row, "detail", None)
    changes, payload = (detail.changes, detail.payload) if detail else ({}, {})
    reason, name = payload.get("reason") or "", payload.get("contact") or ""
    return Deed(
        row.at, row.actor_label, row.door, row.subject_type, verb=row.verb, reason=str(reason), name=str(name), changes=changes
    )  # fmt: skip


def _of_line(row: BulkChange) -> Deed:
    by = str(row.run.requested_by) if row.run.requested_by else ""
    return Deed(
        row.at,
        by,
        "job",
        "customers.customer",
        bulk=row.run.action,
        is_undo=row.run.undoes_id is not None,
        changes=_pairs(row),
    )


def _of_import(row: ImportChange) -> Deed:
    record, job = row.import_job, row.import_job.job
    by = str(record.requested_by or (job.actor_label if job else ""))
    kind, name = ("customers.contact", str(row.contact)) if row.contact else ("customers.customer", "")
    return Deed(row.at, by, "", kind, imported=record, is_new=row.is_new, name=name, changes=_pairs(row))


def _pairs(row: BulkChange | ImportChange) -> dict[str, Any]:
    return {name: [row.before.get(name), row.after.get(name)] for name in dict.fromkeys([*row.before, *row.after])}


def _encode(places: list[int | None]) -> str:
    return ".".join(str(place or 0) for place in places)


def _decode(cursor: str) -> list[int | None]:
    parts = cursor.split(".")
    if len(parts) != _SOURCES or not all(part.isascii() and part.isdigit() and len(part) < 20 for part in parts):
        raise BadCursor
    places: list[int | None] = [int(part) or None for part in parts]
    if any(place and place > _LONGEST for place in places):
        raise BadCursor
    return places
