"""Questions about deals: how likely they are, the board, the pipeline, and what is told of them elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import (
    Avg,
    Count,
    DateField,
    DecimalField,
    DurationField,
    ExpressionWrapper,
    F,
    Q,
    QuerySet,
    Sum,
)
from django.db.models.functions import TruncDate, TruncMonth
from django.urls import reverse
from django.utils.translation import gettext as _

from commerce.choices import OPEN_STAGES, PROBABILITIES, ZERO, DealStage
from commerce.models import Opportunity
from crm import clock, formats
from crm.actor import Actor
from crm.models import Business
from customers.models import Customer
from customers.queries import latest_rows
from customers.registry import TimelineEntry

STALE_AFTER_DAYS = 30
"""From how many days in one stage on an open deal is stale, unless the business says otherwise."""
CLOSED_SHOWN_DAYS = 30
"""For how many days the board shows what was won and lost."""
CARDS = 15
"""How many cards a column of the board shows."""
_MONEY: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=24, decimal_places=4)
WEIGHTED = ExpressionWrapper(F("amount_base") * F("probability") / Decimal(100), output_field=_MONEY)
"""What a deal is worth times its probability, in the reporting currency."""


def probability_of(business: Business, stage: str) -> int:
    """Percent that a deal of the stage is won, as the business has set it; of closed ones 100 and 0."""
    default = PROBABILITIES[DealStage(stage)]
    if stage not in OPEN_STAGES:
        return default
    return int(business.settings.get("deals", {}).get(f"probability_{stage}", default))


def stale_after_days(business: Business) -> int:
    return int(business.settings.get("deals", {}).get("stale_after_days", STALE_AFTER_DAYS))


def slipping(today: date) -> Q:
    """Open deals that were expected to be closed before `today`."""
    return Q(stage__in=OPEN_STAGES, expected_close_on__lt=today)


def stale(business: Business, at: datetime) -> Q:
    """Open deals that have stood in their stage for as many days as the business has set."""
    return Q(stage__in=OPEN_STAGES, stage_since__lte=at - timedelta(days=stale_after_days(business)))


def is_slipping(deal: Opportunity, today: date) -> bool:
    return deal.stage in OPEN_STAGES and deal.expected_close_on is not None and deal.expected_close_on < today


def is_stale(deal: Opportunity, business: Business, at: datetime) -> bool:
    return deal.stage in OPEN_STAGES and deal.stage_since <= at - timedelta(days=stale_after_days(business))


def since_day(business: Business, at: datetime, days: int) -> datetime:
    """The start of the day `days` days before that of `at` in the zone of the business."""
    first = clock.today(business.time_zone, at) - timedelta(days=days)
    return datetime.combine(first, time(), tzinfo=ZoneInfo(business.time_zone))


@dataclass(frozen=True)
class Sums:
    """How many deals, what they are worth together, and what that is weighted by their probability; in the reporting currency."""

    count: int = 0
    amount: Decimal = ZERO
    weighted: Decimal = ZERO


def sums_of(rows: QuerySet[Any]) -> Sums:
    """What the deals come to; those whose amount is unknown count with nothing."""
    found = rows.order_by().aggregate(n=Count("pk"), amount=Sum("amount_base"), weighted=Sum(WEIGHTED))
    return Sums(found["n"], found["amount"] or ZERO, found["weighted"] or ZERO)


@dataclass(frozen=True)
class BoardColumn:
    """A stage with its sums and its first deals."""

    stage: DealStage
    sums: Sums
    deals: Sequence[Opportunity]


def board(rows: QuerySet[Any], business: Business, at: datetime, cards: int = CARDS) -> list[BoardColumn]:
    """The deals by stage: the open ones, those to be closed first on top, and what was won and lost lately, the latest on top."""
    since = since_day(business, at, CLOSED_SHOWN_DAYS)
    shown = rows.filter(Q(stage__in=OPEN_STAGES) | Q(closed_at__gte=since))
    sums = {
        row["stage"]: Sums(row["n"], row["amount"] or ZERO, row["weighted"] or ZERO)
        for row in shown.order_by()
        .values("stage")
        .annotate(n=Count("pk"), amount=Sum("amount_base"), weighted=Sum(WEIGHTED))
    }
    by_close = F("expected_close_on").asc(nulls_last=True), "-stage_since"
    firsts = [
        shown.filter(stage=stage)
        .order_by(*(by_close if stage in OPEN_STAGES else ("-closed_at", "-id")))
        .values("pk")[:cards]
        for stage in DealStage
    ]
    places = {row["pk"]: place for place, row in enumerate(firsts[0].union(*firsts[1:], all=True))}
    deals = Opportunity.objects.filter(pk__in=places).select_related("customer", "owner")
    ordered = sorted(deals, key=lambda deal: places[deal.pk])
    return [BoardColumn(s, sums.get(s, Sums()), [deal for deal in ordered if deal.stage == s]) for s in DealStage]


@dataclass(frozen=True)
class Pipeline:
    """What the pipeline report says. Money is in the reporting currency; `win_rate` and days are None without a closed deal."""

    by_stage: Mapping[str, Sums]
    by_month: Mapping[date | None, Sums]
    """By the first day of the month in which they are expected to be closed; None without such a day."""
    won: Sums
    lost: Sums
    average_size: Decimal | None
    days_to_close: Decimal | None
    slipping: int
    stale: int

    @property
    def open(self) -> Sums:
        return Sums(
            sum(one.count for one in self.by_stage.values()),
            sum((one.amount for one in self.by_stage.values()), ZERO),
            sum((one.weighted for one in self.by_stage.values()), ZERO),
        )

    @property
    def win_rate(self) -> Decimal | None:
        """Percent of the closed deals that were won: won ÷ (won + lost)."""
        closed = self.won.count + self.lost.count
        return Decimal(100) * self.won.count / closed if closed else None


def pipeline(rows: QuerySet[Any], business: Business, at: datetime, since: datetime | None) -> Pipeline:
    """The figures of the open deals now, and of those that were closed from `since` on (None: of all)."""
    zone = ZoneInfo(business.time_zone)
    opened = rows.filter(stage__in=OPEN_STAGES).order_by()
    closed = rows.exclude(stage__in=OPEN_STAGES).order_by()
    if since is not None:
        closed = closed.filter(closed_at__gte=since)
    measures: dict[str, Any] = {"n": Count("pk"), "amount": Sum("amount_base"), "weighted": Sum(WEIGHTED)}
    measures |= {
        "slipping": Count("pk", filter=slipping(clock.today(business.time_zone, at))),
        "stale": Count("pk", filter=stale(business, at)),
    }
    by_stage = {row["stage"]: row for row in opened.values("stage").annotate(**measures)}
    month = TruncMonth("expected_close_on", output_field=DateField())
    by_month = {row["month"]: _sums(row) for row in opened.values(month=month).annotate(**measures)}
    lasted = ExpressionWrapper(TruncDate("closed_at", tzinfo=zone) - F("opened_on"), output_field=DurationField())
    ended = {row["stage"]: row for row in closed.values("stage").annotate(**measures, lasted=Avg(lasted))}
    won, lost = (_sums(ended.get(stage)) for stage in (DealStage.WON, DealStage.LOST))
    days = ended[DealStage.WON]["lasted"] if won.count else None
    return Pipeline(
        by_stage={stage: _sums(by_stage.get(stage)) for stage in OPEN_STAGES},
        by_month=dict(sorted(by_month.items(), key=lambda item: item[0] or date.max)),
        won=won,
        lost=lost,
        average_size=won.amount / won.count if won.count else None,
        days_to_close=None if days is None else round(Decimal(days.total_seconds()) / 86_400, 1),
        slipping=sum(row["slipping"] for row in by_stage.values()),
        stale=sum(row["stale"] for row in by_stage.values()),
    )


def _sums(row: Mapping[str, Any] | None) -> Sums:
    return Sums(row["n"], row["amount"] or ZERO, row["weighted"] or ZERO) if row else Sums()


def deals_of(actor: Actor, customer: Customer, limit: int = 10) -> tuple[list[Opportunity], list[Opportunity]]:
    """The customer's open and closed deals, the latest first, at most `limit` of each."""
    rows = Opportunity.objects.visible_to(actor).filter(customer=customer).order_by("-stage_since", "-id")
    opened, closed = rows.filter(stage__in=OPEN_STAGES)[:limit], rows.exclude(stage__in=OPEN_STAGES)[:limit]
    found = list(opened.union(closed, all=True))
    return [deal for deal in found if deal.stage in OPEN_STAGES], [d for d in found if d.stage not in OPEN_STAGES]


def deal_entries_of(
    actor: Actor, customer_ids: Sequence[UUID], before: tuple[datetime, str] | None, limit: int
) -> list[TimelineEntry]:
    """The source of the timeline that tells of deals: each where it stands, at the moment since when."""
    rows = latest_rows(Opportunity.objects.select_related("owner"), customer_ids, before, limit, at="stage_since")
    return [
        TimelineEntry(
            at=deal.stage_since, key=str(deal.pk),
            title=_("Deal %(name)s: %(stage)s") % {"name": deal.name, "stage": deal.get_stage_display()},
            text=deal.lost_reason or deal.next_step, by=str(deal.owner) if deal.owner else "",
            amount=formats.money(deal.amount, deal.currency) if deal.amount is not None else "",
            href=reverse("commerce:deal_detail", args=[deal.pk]), customer_id=deal.customer_id,
        )
        for deal in rows
    ]  # fmt: skip
