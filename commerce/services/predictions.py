"""Predicted lifetime value: the model of `commerce.clv` fitted to a business's orders, its estimates stored with how good they are.

The unit of time is the day. A customer's orders of one day count as one; what was refunded of an order is taken off it.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Max

from commerce.models import ValueModel
from crm import activity, clock, jobs
from crm.actor import Actor
from crm.models import Business, Job

if TYPE_CHECKING:
    from commerce.clv import Histories, Horizon, Prediction

BLOCK = "value"
HORIZON_MONTHS, DISCOUNT_PERCENT = 12, 10
LEVEL = 0.9
"""The probability with which what comes is to lie between the bounds."""
WINDOW = 365
"""Days of which the fallback takes the rate of orders."""
HOLDOUT_PART, MOST_TESTED = 3, 100_000
"""The last third of the history is held out by the back-test, of at most so many customers."""
CHUNK = 50_000
DAYS_PER_MONTH = 365.25 / 12
# A day on which a customer has ordered counts once, with the money of its orders less what was refunded of them since. Orders come by
# customer and time from one index, so that a day is new where it isn't that of the order before; the first day is known from the facts.
_HISTORIES = """
with refunded as (
    select o.customer_id, (o.ordered_at at time zone %(zone)s)::date as day, sum(r.total_base) as money
    from commerce_order r join commerce_order o on o.id = r.refund_of_id and o.business_id = r.business_id
    where r.business_id = %(business)s and r.status = 'refund' and o.status = 'completed' and not o.is_refunded
    group by 1, 2
), returned as (
    select r.customer_id, sum(r.money) filter (where r.day <= %(at)s) as known,
           sum(r.money) filter (where r.day > %(at)s and r.day <= %(until)s) as came,
           sum(r.money) filter (where r.day = (f.first_order_at at time zone %(zone)s)::date) as first
    from refunded r join customers_customerfacts f on f.customer_id = r.customer_id group by 1
), orders as (
    select o.customer_id, d.day, o.total_base as money, (f.first_order_at at time zone %(zone)s)::date as first,
           d.day is distinct from lag(d.day) over (partition by o.customer_id order by o.ordered_at desc) as is_new
    from customers_customerfacts f join commerce_order o on o.customer_id = f.customer_id
    cross join lateral (select (o.ordered_at at time zone %(zone)s)::date as day) d
    where f.business_id = %(business)s and f.is_live and f.order_count > 0
      and o.business_id = %(business)s and o.status = 'completed' and not o.is_refunded
      and o.ordered_at < (%(until)s::date + 1)::timestamp at time zone %(zone)s
      and (%(part)s = 1 or mod(abs(hashtextextended(f.customer_id::text, 0)), %(part)s) = 0)
), sums as (
    select customer_id, min(first) as first, max(day) filter (where day <= %(at)s) as last,
           count(*) filter (where is_new and day <= %(at)s) as days,
           count(*) filter (where is_new and day <= %(at)s and day > %(at)s - %(window)s) as recent,
           sum(money) filter (where day <= %(at)s) as money, sum(money) filter (where day = first) as first_money,
           count(*) filter (where is_new and day > %(at)s) as came, sum(money) filter (where day > %(at)s) as brought
    from orders group by customer_id
)
select s.customer_id::text, (s.days - 1)::float8 as frequency, (s.last - s.first)::float8 as recency, (%(at)s - s.first)::float8 as age,
       coalesce((s.money + coalesce(r.known, 0) - s.first_money - coalesce(r.first, 0)) / nullif(s.days - 1, 0), 0)::float8
           as repeat_value,
       s.recent::float8, ((s.money + coalesce(r.known, 0)) / s.days)::float8 as average,
       s.came::float8, (coalesce(s.brought, 0) + coalesce(r.came, 0))::float8 as brought
from sums s left join returned r on r.customer_id = s.customer_id
where s.days > 0
"""
# Estimates are made for all customers at once, so that those of before go.
_FORGET = "delete from commerce_lifetimevalueestimate where business_id = %(business)s"
_COPY = """
copy commerce_lifetimevalueestimate (customer_id, business_id, model_id, calculated_at, predicted, low, high, orders, alive) from stdin
"""
_ENOUGH_MEMORY = "set local work_mem = '256MB'"
_READ_TO_THE_END = "set local cursor_tuple_fraction = 1"


@dataclass(frozen=True)
class ValueSettings:
    """Months ahead, and the rate of interest in percent a year, by which money to come is worth less today."""

    horizon_months: int = HORIZON_MONTHS
    discount_percent: int = DISCOUNT_PERCENT

    @classmethod
    def of(cls, business: Business) -> "ValueSettings":
        block = business.settings.get(BLOCK, {})
        return cls(
            int(block.get("horizon_months", HORIZON_MONTHS)), int(block.get("discount_percent", DISCOUNT_PERCENT))
        )

    @property
    def discount_a_month(self) -> float:
        return float((1 + self.discount_percent / 100) ** (1 / 12) - 1)


def ask_for_prediction(*, actor: Actor, business: Business) -> Job | None:
    """Have the values of the business predicted by a job; None when one waits already. Raises NotAllowed."""
    actor.require("commerce.predict_values", business)
    return jobs.enqueue(
        "commerce.tasks.predict_values", actor=actor, business=business, dedupe_key=f"values:{business.pk}"
    )


def predict_values(
    *, actor: Actor, business: Business, at: datetime, report: Callable[[int, int, str], Any] | None = None
) -> ValueModel | None:
    """Fit the model to all orders up to yesterday, test it on the last third of them, and write an estimate for every live customer
    with an order. None without any order. `report(done, total, step)` is told how far it is.
    """
    from commerce import clv  # numpy and scipy are loaded by whoever predicts, and by nobody else

    tell = report or (lambda done, total, step: None)
    chosen = ValueSettings.of(business)
    today = clock.today(business.time_zone, at) - timedelta(days=1)
    horizon = clv.Horizon(chosen.horizon_months * DAYS_PER_MONTH, chosen.horizon_months, chosen.discount_a_month, LEVEL)
    tell(0, 4, "histories")
    ids, histories, _orders, _money = _read(business, today, today, part=1)
    if not ids:
        return None
    tell(1, 4, "fit")
    model = clv.fit(histories, horizon)
    tell(2, 4, "test")
    oldest = int(histories.age.max())
    tested = _backtest(business, today, oldest, len(ids), horizon)
    tell(3, 4, "write")
    prediction = clv.predict(model, histories, horizon, WINDOW)
    with transaction.atomic():
        record = _keep(business, chosen, today, oldest, len(ids), model, tested)
        _write(business, record, at, ids, prediction)
        activity.record(
            "commerce.values.predicted", actor=actor, business=business, subject=record, counts={"customers": len(ids)}
        )
    tell(4, 4, "write")
    return record


def _backtest(business: Business, today: date, oldest: int, customers: int, horizon: "Horizon") -> dict[str, Any]:
    """What the model, fitted without the last third of the history, would have said of it; empty where that is no day."""
    from commerce import clv

    held = min(oldest // HOLDOUT_PART, round(horizon.length))
    if held < 1:
        return {}
    part = max(1, -(-customers // MOST_TESTED))
    ids, histories, orders, money = _read(business, today - timedelta(days=held), today, part=part)
    if not ids:
        return {}
    tested = clv.backtest(histories, orders, money, clv.Horizon(float(held), level=LEVEL), WINDOW)
    return asdict(tested) | {"days": held, "part": part, "beats_baseline": bool(tested.beats_baseline)}


def _read(business: Business, at: date, until: date, *, part: int) -> tuple[list[str], "Histories", Any, Any]:
    """(ids, histories up to `at`, orders and money of each customer after it up to `until`); of each `part`-th customer."""
    import numpy as np

    from commerce.clv import Histories

    ids: list[str] = []
    blocks: list[Any] = []
    for rows in _chunks(
        _HISTORIES,
        {
            "business": business.pk, "zone": business.time_zone, "at": at, "until": until, "window": WINDOW, "part": part,
        },
    ):  # fmt: skip
        ids += [row[0] for row in rows]
        blocks.append(np.array([row[1:] for row in rows], dtype=np.float64))
    table = np.concatenate(blocks) if blocks else np.zeros((0, 8))
    columns = [table[:, place] for place in range(8)]
    return ids, Histories(*columns[:6]), columns[6], columns[7]


def _chunks(statement: str, parameters: dict[str, Any]) -> Iterator[list[Any]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ENOUGH_MEMORY)
        cursor.execute(_READ_TO_THE_END)
        cursor.execute(f"declare value_rows no scroll cursor for {statement}", parameters)
        while True:
            cursor.execute(f"fetch {CHUNK} from value_rows")
            rows = cursor.fetchall()
            if not rows:
                break
            yield rows
        cursor.execute("close value_rows")


def _keep(
    business: Business,
    chosen: ValueSettings,
    today: date,
    oldest: int,
    customers: int,
    model: Any,
    tested: dict[str, Any],
) -> ValueModel:
    from commerce import clv

    last = ValueModel.objects.aggregate(last=Max("version"))["last"] or 0
    record: ValueModel = ValueModel.objects.create(
        business=business, version=last + 1, method=str(model.order_method), trained_from=today - timedelta(days=oldest),
        trained_to=today, horizon_months=chosen.horizon_months, discount_rate=chosen.discount_percent / 100,
        customer_count=customers, parameters=clv.stored(model), backtest=tested,
        fit={
            "method": model.version, "orders": str(model.order_method), "value": str(model.value_method),
            "reasons": [str(reason) for reason in model.reasons], "level": LEVEL,
        },
    )  # fmt: skip
    return record


def _write(business: Business, record: ValueModel, at: datetime, ids: list[str], prediction: "Prediction") -> None:
    alive = prediction.probability_alive
    chances = repeat("\\N") if alive is None else map(repr, alive.tolist())
    same = f"{business.pk}\t{record.pk}\t{at.isoformat()}"
    rows = zip(
        ids, prediction.value.tolist(), prediction.low.tolist(), prediction.high.tolist(), prediction.orders.tolist(), chances,
        strict=False,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, {"business": business.pk})
        with cursor.copy(_COPY) as copy:
            while part := list(islice(rows, CHUNK)):
                copy.write(
                    "".join(
                        f"{pk}\t{same}\t{value:.4f}\t{low:.4f}\t{high:.4f}\t{orders!r}\t{chance}\n"
                        for pk, value, low, high, orders, chance in part
                    )
                )
