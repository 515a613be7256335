"""The ways of customers through the stages: of one customer, and of all as of any day."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q, QuerySet

from crm import clock
from crm.actor import Actor
from crm.models import Business
from customers.choices import SUBSTEPS, LifecycleStage
from customers.models import Customer, LifecycleChange

COMPARED_DAYS = 30
_STEPS = {step: label for steps in SUBSTEPS.values() for step, label in steps}


@dataclass(frozen=True)
class Days:
    """Two days that are compared, with the moments at which they end; `ended` is None for now, which is `at`."""

    first: date
    last: date
    began: datetime
    ended: datetime | None
    at: datetime

    @classmethod
    def of(cls, asked: Mapping[str, date | None], time_zone: str, at: datetime) -> "Days":
        """The days `as_of` (None: 30 days ago) and `until` (None: today), none of them to come."""
        today = clock.today(time_zone, at)
        first, last = asked["as_of"] or today - timedelta(days=COMPARED_DAYS), asked["until"] or today
        zone = ZoneInfo(time_zone)
        return cls(first, last, min(at, _end_of(first, zone)), _end_of(last, zone) if last < today else None, at)

    @property
    def query(self) -> str:
        """As addresses name them."""
        until = {"until": self.last.isoformat()} if self.ended else {}
        return urlencode({"as_of": self.first.isoformat(), **until})


@dataclass(frozen=True)
class Stay:
    """A part of a customer's way: the change that began it, the one before, and until when it held (None: it still does)."""

    change: LifecycleChange
    before: LifecycleChange | None
    until: datetime | None
    lasted: timedelta

    @property
    def days(self) -> int:
        """Whole days."""
        return self.lasted.days


def way_of(customer: Customer, at: datetime) -> list[Stay]:
    """The customer's way up to `at`, first things first (one query)."""
    rows = list(LifecycleChange.objects.filter(customer=customer).order_by("effective_at", "id"))
    stays = []
    for place, row in enumerate(rows):
        until = rows[place + 1].effective_at if place + 1 < len(rows) else None
        lasted = max((until or at) - row.effective_at, timedelta())
        stays.append(Stay(row, rows[place - 1] if place else None, until, lasted))
    return stays


def time_in_stage(way: Iterable[Stay]) -> dict[str, timedelta]:
    """How long the customer was in each of the stages of its way, all stays together."""
    spent: defaultdict[str, timedelta] = defaultdict(timedelta)
    for stay in way:
        spent[stay.change.stage] += stay.lasted
    return dict(spent)


def place_label(stage: str, substep: str = "") -> str:
    """A stage and its step in words."""
    label = str(LifecycleStage(stage).label)
    return f"{label} · {_STEPS[substep]}" if substep else label


_LAST = """
select distinct on (customer_id) customer_id, stage from customers_lifecyclechange
where business_id = %s and effective_at <= %s order by customer_id, effective_at desc, id desc
"""
_FLOWS = """
select coalesce(a.stage, '') as began, coalesce(b.stage, '') as ended, count(*)
from ({customers}) c
left join ({last}) a on a.customer_id = c.id and (c.archived_at is null or c.archived_at > %s)
left join ({last}) b on b.customer_id = c.id and (c.archived_at is null or c.archived_at > %s)
where a.stage is not null or b.stage is not null
group by began, ended
"""
_FLOWS_TO_NOW = """
select coalesce(a.stage, '') as began, case when c.archived_at is null then c.lifecycle_stage else '' end as ended, count(*)
from ({customers}) c
left join ({last}) a on a.customer_id = c.id and (c.archived_at is null or c.archived_at > %s)
where a.stage is not null or c.archived_at is null
group by began, ended
"""
_DAYS_IN_STAGE = """
select lifecycle_stage, greatest(0, floor(extract(epoch from %s - stage_since) / 86400))::integer as days, count(*)
from ({customers}) c where archived_at is null and stage_since is not null
group by lifecycle_stage, days order by lifecycle_stage, days
"""


def stage_flows(
    actor: Actor, business: Business, since: datetime, until: datetime | None = None
) -> dict[tuple[str, str], int]:
    """(stage then, stage at `until`) -> customers that the actor may see; until None: now. One pass over all of them.

    A stage is "" where there was no such customer: not yet begun, or archived by then.
    """
    customers, values = _existing(actor, business)
    last = [business.pk, since]
    if until is None:
        statement, parameters = _FLOWS_TO_NOW, [*values, *last, since]
    else:
        statement, parameters = _FLOWS, [*values, *last, since, business.pk, until, until]
    with connection.cursor() as cursor:
        cursor.execute(statement.format(customers=customers, last=_LAST), parameters)
        return {(began, ended): count for began, ended, count in cursor.fetchall()}


def counts_as_of(actor: Actor, business: Business, at: datetime) -> dict[str, int]:
    """Stage -> customers that stood in it at `at`, of those that were there then and that the actor may see."""
    return counts_then(stage_flows(actor, business, at))


def counts_then(flows: dict[tuple[str, str], int]) -> dict[str, int]:
    """How many stood in each stage at the first of the two moments."""
    return _margin(flows, 0)


def counts_after(flows: dict[tuple[str, str], int]) -> dict[str, int]:
    """How many stood in each stage at the second of the two moments."""
    return _margin(flows, 1)


def median_days_in_stage(actor: Actor, business: Business, at: datetime) -> dict[str, int]:
    """Stage -> days that half of those who stand in it now have been in it at least; stages without customers are missing."""
    customers, values = _existing(actor, business)
    with connection.cursor() as cursor:
        cursor.execute(
            _DAYS_IN_STAGE.format(customers=customers),
            [at, *values],
        )
        found = cursor.fetchall()
    by_stage: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for stage, days, count in found:
        by_stage[stage].append((days, count))
    return {stage: _median(counted) for stage, counted in by_stage.items()}


def stood_in(rows: QuerySet[Any], business: Business, stage: str, at: datetime) -> QuerySet[Any]:
    """Those of the customers that stood in `stage` at `at` ("": were not there), as the counts as of that moment say."""
    there = Q(archived_at__isnull=True) | Q(archived_at__gt=at)
    last = (
        LifecycleChange.objects.filter(business=business, effective_at__lte=at)
        .order_by("customer_id", "-effective_at", "-id")
        .distinct("customer_id")
    )
    began = LifecycleChange.objects.filter(pk__in=last.values("pk"))
    if not stage:
        return rows.exclude(there & Q(pk__in=began.values("customer_id")))
    return rows.filter(there, pk__in=began.filter(stage=stage).values("customer_id"))


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone) - timedelta(microseconds=1)


def _existing(actor: Actor, business: Business) -> tuple[str, tuple[Any, ...]]:
    rows = Customer.objects.visible_to(actor).filter(business=business, is_unidentified=False).order_by()
    statement: tuple[str, tuple[Any, ...]] = rows.values(
        "id", "archived_at", "lifecycle_stage", "stage_since"
    ).query.sql_with_params()
    return statement


def _margin(flows: dict[tuple[str, str], int], side: int) -> dict[str, int]:
    counts = dict.fromkeys(LifecycleStage.values, 0)
    for pair, count in flows.items():
        if pair[side]:
            counts[pair[side]] += count
    return counts


def _median(counted: list[tuple[int, int]]) -> int:
    """The lower median of (value, how often), in order of the values."""
    half, seen = (sum(count for _value, count in counted) + 1) // 2, 0
    for value, count in counted:
        seen += count
        if seen >= half:
            return value
    return 0
