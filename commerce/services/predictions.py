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
    from commerce.clv import Prediction

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
# What is known at the end (`until`) and what was known on an earlier day (`at`), with what came between, is told by one reading.
_HISTORIES = """
with refunded as (
    select o.customer_id, (o.ordered_at at time zone %(zone)s)::date as day, sum(r.total_base) as money
    from commerce_order r join commerce_order o on o.id = r.refund_of_id and o.business_id = r.business_id
    where r.business_id = %(business)s and r.status = 'refund' and o.status = 'completed' and not o.is_refunded
    group by 1, 2
), returned as (
    select r.customer_id, coalesce(sum(r.money) filter (where r.day <= %(until)s), 0) as money,
           coalesce(sum(r.money) filter (where r.day <= %(at)s), 0) as money_then,
           coalesce(sum(r.money) filter (where r.day = (f.first_order_at at time zone %(zone)s)::date), 0) as first_money
    from refunded r join customers_customerfacts f on f.customer_id = r.customer_id group by 1
), orders as (
    select o.customer_id, o.ordered_at, (o.ordered_at at time zone %(zone)s)::date as day, o.total_base as money, f.first_order_at
    from customers_customerfacts f join commerce_order o on o.customer_id = f.customer_id
    where f.business_id = %(business)s and f.is_live and f.order_count > 0
      and o.business_id = %(business)s and o.status = 'completed' and not o.is_refunded
      and o.ordered_at < (%(until)s::date + 1)::timestamp at time zone %(zone)s
    order by o.customer_id, o.ordered_at desc
), days as (
    select customer_id, day, money, first_order_at,
           day is distinct from lag(day) over (partition by customer_id order by ordered_at desc) as is_new
    from orders
), sums as (
    select d.customer_id, (min(d.first_order_at) at time zone %(zone)s)::date as first, max(d.day) as last,
           count(*) filter (where d.is_new) as days, sum(d.money) as money,
           count(*) filter (where d.is_new and d.day > %(until)s - %(window)s) as recent,
           sum(d.money) filter (where d.day = (d.first_order_at at time zone %(zone)s)::date) as first_money,
           max(d.day) filter (where d.day <= %(at)s) as last_then, count(*) filter (where d.is_new and d.day <= %(at)s) as days_then,
           sum(d.money) filter (where d.day <= %(at)s) as money_then,
           count(*) filter (where d.is_new and d.day <= %(at)s and d.day > %(at)s - %(window)s) as recent_then
    from days d group by d.customer_id
), nets as (
    select s.customer_id, s.first, s.last, s.days, s.recent, s.last_then, nullif(s.days_then, 0) as days_then, s.recent_then,
           s.money + coalesce(r.money, 0) as money, s.money_then + coalesce(r.money_then, 0) as money_then,
           s.first_money + coalesce(r.first_money, 0) as first_money
    from sums s left join returned r on r.customer_id = s.customer_id
)
select customer_id::text, (days - 1)::float8, (last - first)::float8, (%(until)s - first)::float8,
       coalesce((money - first_money) / nullif(days - 1, 0), 0)::float8, recent::float8, (money / days)::float8,
       (days_then - 1)::float8, (last_then - first)::float8, (%(at)s - first)::float8,
       coalesce((money_then - first_money) / nullif(days_then - 1, 0), 0)::float8, recent_then::float8,
       (money_then / days_then)::float8, (days - days_then)::float8, (money - money_then)::float8
from nets
"""
_OLDEST = """
select (min(first_order_at) at time zone %(zone)s)::date from customers_customerfacts
where business_id = %(business)s and is_live and order_count > 0
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
    oldest = _oldest(business, today)
    held = min(oldest // HOLDOUT_PART, round(horizon.length))
    ids, table = _read(business, today - timedelta(days=held), today)
    if not ids:
        return None
    histories = clv.Histories(*table[:, :6].T)
    tell(1, 4, "fit")
    model = clv.fit(histories, horizon)
    tell(2, 4, "test")
    tested = _backtest(table, held)
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


def _oldest(business: Business, today: date) -> int:
    """Days since the first order of all, 0 without any."""
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST, {"business": business.pk, "zone": business.time_zone})
        first = cursor.fetchone()[0]
    return max((today - first).days, 0) if first else 0


def _backtest(table: "Any", held: int) -> dict[str, Any]:
    """What the model, fitted without the last `held` days, would have said of them; empty where that is no day."""
    from commerce import clv

    known = table[table[:, 6] >= 0]
    part = max(1, -(-len(known) // MOST_TESTED))
    known = known[::part]
    if held < 1 or not len(known):
        return {}
    histories, orders, money = clv.Histories(*known[:, 6:12].T), known[:, 12], known[:, 13]
    tested = clv.backtest(histories, orders, money, clv.Horizon(float(held), level=LEVEL), WINDOW)
    return asdict(tested) | {"days": held, "part": part, "beats_baseline": bool(tested.beats_baseline)}


def _read(business: Business, at: date, until: date) -> tuple[list[str], Any]:
    """(ids, array of a row for each): the histories up to `until`, those up to `at` (not a number for who had not ordered yet), and
    the orders and the money that came between; columns as `_HISTORIES` has them. Rows come by id."""
    import numpy as np

    ids: list[str] = []
    blocks: list[Any] = []
    parameters = {"business": business.pk, "zone": business.time_zone, "at": at, "until": until, "window": WINDOW}
    for rows in _chunks(_HISTORIES, parameters):
        ids += [row[0] for row in rows]
        blocks.append(np.array([row[1:] for row in rows], dtype=np.float64))
    return ids, np.concatenate(blocks) if blocks else np.zeros((0, 14))


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
