"""What happened with a customer, from all sources that apps have plugged: one order, read page by page."""

import base64
import binascii
import heapq
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.db.models import F, Func, OuterRef, QuerySet, Subquery, Value
from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.models import Business
from crm.paging import BadCursor, RowCompare
from customers.choices import SUBSTEPS, LifecycleStage
from customers.models import Customer, LifecycleChange
from customers.registry import TimelineEntry, TimelineSource, timeline_sources

Place = tuple[datetime, str]
"""Where to read on: older than the time, or of that time with a smaller key; with the key "" strictly older."""


@dataclass(frozen=True)
class Happening:
    """An entry with the source that it is from."""

    source: TimelineSource
    entry: TimelineEntry


def timeline_sources_for(actor: Actor, business: Business) -> list[TimelineSource]:
    """The sources that the actor may read."""
    return [source for source in timeline_sources if actor.may(source.permission, business)]


def timeline_for(
    actor: Actor,
    customers: Sequence[Customer],
    *,
    cursor: str = "",
    limit: int = 25,
    sources: Collection[str] = (),
) -> tuple[list[Happening], str]:
    """The happenings at the customers behind `cursor`, newest first, and the cursor of the next page ("" at the end).

    The actor sees the customers, which are of one business. `sources` are keys; all when empty. Each source costs a constant number
    of queries. Raises BadCursor.
    """
    place = _decode(cursor) if cursor else None
    ids = [customer.pk for customer in customers]
    chosen = [
        source for source in timeline_sources_for(actor, customers[0].business) if not sources or source.key in sources
    ]
    read = [_entries(source, actor, ids, place, limit + 1) for source in chosen]
    found = list(islice(heapq.merge(*read, key=_rank, reverse=True), limit + 1))
    return found[:limit], _encode(found[limit - 1]) if len(found) > limit else ""


def _rank(happening: Happening) -> tuple[datetime, str]:
    """Newest first; of one moment by source, and within it in the source's own order."""
    return happening.entry.at, happening.source.key


def _entries(
    source: TimelineSource, actor: Actor, ids: list[UUID], place: tuple[datetime, str, str] | None, limit: int
) -> Iterator[Happening]:
    before: Place | None = None
    if place is not None:
        at, last, key = place
        # of this very moment come the sources that stand behind the last one
        others = at + timedelta(microseconds=1) if source.key < last else at
        before = (at, key) if source.key == last else (others, "")
    return (Happening(source, entry) for entry in source.read(actor, ids, before, limit))


def latest_rows(
    rows: QuerySet[Any], customer_ids: Sequence[UUID], before: Place | None, limit: int, *, at: str, tie: str = "id"
) -> QuerySet[Any]:
    """The `limit` newest of the customers' rows behind `before`, for sources of the timeline. Raises BadCursor.

    Of several customers each one's rows are read by the index (customer, at, tie), and the newest of all of them are taken.
    """
    order = f"-{at}", f"-{tie}"
    rows = _behind(rows, before, at, tie).order_by(*order)
    if len(customer_ids) == 1:
        return rows.filter(customer=customer_ids[0])[:limit]
    each = rows.filter(customer=OuterRef("pk")).values("pk")[:limit]
    picked = (
        Customer.objects.filter(pk__in=list(customer_ids))
        .order_by()
        .annotate(picked=Func(ArraySubquery(each), function="unnest"))
        .values("picked")
    )
    return rows.filter(pk__in=picked)[:limit]


def _behind(rows: QuerySet[Any], before: Place | None, at: str, tie: str) -> QuerySet[Any]:
    if before is None:
        return rows
    moment, key = before
    if not key:
        return rows.filter(**{f"{at}__lt": moment})
    field = rows.model._meta.get_field(tie)
    try:
        last = field.to_python(key)
    except ValidationError as error:
        raise BadCursor from error
    return rows.filter(RowCompare(F(at), F(tie), Value(moment, rows.model._meta.get_field(at)), Value(last, field)))


def stage_entries(actor: Actor, customer_ids: Sequence[UUID], before: Place | None, limit: int) -> list[TimelineEntry]:
    """The source of the timeline that tells of stages: each at the moment from which it holds, with what it came from."""
    earlier = LifecycleChange.objects.filter(
        RowCompare(F("effective_at"), F("id"), OuterRef("effective_at"), OuterRef("id")), customer=OuterRef("customer")
    ).order_by("-effective_at", "-id")
    rows = LifecycleChange.objects.annotate(
        from_stage=Subquery(earlier.values("stage")[:1]), from_substep=Subquery(earlier.values("substep")[:1])
    )
    return [
        TimelineEntry(
            at=row.effective_at, key=str(row.pk), title=_stage_title(row), text=row.reason,
            by=row.trigger or row.actor_label, customer_id=row.customer_id,
        )
        for row in latest_rows(rows, customer_ids, before, limit, at="effective_at")
    ]  # fmt: skip


def _stage_title(row: Any) -> str:
    now = stage_words(row.stage, row.substep)
    if row.from_stage is None:
        return _("Began as %(stage)s") % {"stage": now}
    if row.from_stage == row.stage:
        steps = {
            "before": substep_label(row.stage, row.from_substep) or "–",
            "after": substep_label(row.stage, row.substep) or "–",
        }
        return _("Step of the stage: %(before)s → %(after)s") % steps
    return _("Stage: %(before)s → %(after)s") % {
        "before": stage_words(row.from_stage, row.from_substep), "after": now,
    }  # fmt: skip


def substep_label(stage: str, substep: str) -> str:
    return str(dict(SUBSTEPS.get(stage, ())).get(substep, ""))


def stage_words(stage: str, substep: str = "") -> str:
    """A stage with its step: "Active, adoption"."""
    step = substep_label(stage, substep)
    return f"{LifecycleStage(stage).label}, {step}" if step else str(LifecycleStage(stage).label)


def _encode(last: Happening) -> str:
    text = json.dumps([last.entry.at.isoformat(), last.source.key, last.entry.key])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[datetime, str, str]:
    try:
        at, source, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(source, str) or not isinstance(key, str) or not key or "\0" in source + key:
            raise BadCursor
        (source + key).encode()
        moment = datetime.fromisoformat(at).astimezone(UTC)
        if not 1 < moment.year < 9999:
            raise BadCursor
        return moment, source, key
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError) as error:
        raise BadCursor from error
