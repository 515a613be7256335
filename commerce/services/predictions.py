"""Predicted lifetime value: the model of `commerce.clv` fitted to a business's orders, its estimates stored with how good they are.

The unit of time is the day. A customer's orders of one day count as one; what was refunded of an order is taken off it.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

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
# Days on which a customer has ordered, with the money of the day, less what was refunded of its orders since, up to a day; and of the
# days after it how many there were and what they brought.
_HISTORIES = """
with refunded as (
    select refund_of_id as order_id, sum(total_base) as money from commerce_order
    where business_id = %(business)s and status = 'refund' and refund_of_id is not null group by 1
), orders as (
    select o.customer_id, (o.ordered_at at time zone %(zone)s)::date as day, sum(o.total_base + coalesce(r.money, 0)) as money
    from commerce_order o
    join customers_customer c on c.id = o.customer_id and c.business_id = o.business_id and c.is_live
    left join refunded r on r.order_id = o.id
    where o.business_id = %(business)s and o.status = 'completed' and not o.is_refunded
      and o.ordered_at < (%(until)s::date + 1)::timestamp at time zone %(zone)s
      and (%(part)s = 1 or mod(abs(hashtextextended(o.customer_id::text, 0)), %(part)s) = 0)
    group by 1, 2
), known as (
    select customer_id, min(day) as first from orders where day <= %(at)s group by 1
)
select o.customer_id, count(*) filter (where o.day > k.first and o.day <= %(at)s) as frequency,
       max(o.day) filter (where o.day <= %(at)s) - k.first as recency, %(at)s - k.first as age,
       coalesce(avg(o.money) filter (where o.day > k.first and o.day <= %(at)s), 0)::float8 as repeat_value,
       count(*) filter (where o.day <= %(at)s and o.day > %(at)s - %(window)s) as recent,
       avg(o.money) filter (where o.day <= %(at)s)::float8 as average,
       count(*) filter (where o.day > %(at)s) as came, coalesce(sum(o.money) filter (where o.day > %(at)s), 0)::float8 as brought
from orders o join known k on k.customer_id = o.customer_id
group by o.customer_id, k.first
"""
_STAGE = """
drop table if exists pg_temp.value_estimates;
create temporary table value_estimates (customer_id uuid, predicted numeric, low numeric, high numeric, orders float8, alive float8)
on commit drop
"""
_WRITE = """
insert into commerce_lifetimevalueestimate as e (customer_id, business_id, model_id, predicted, low, high, orders, alive, calculated_at)
select customer_id, %(business)s, %(model)s, round(predicted, 4), round(low, 4), round(high, 4), orders, alive, %(at)s
from pg_temp.value_estimates order by customer_id
on conflict (customer_id) do update set model_id = excluded.model_id, predicted = excluded.predicted, low = excluded.low,
    high = excluded.high, orders = excluded.orders, alive = excluded.alive, calculated_at = excluded.calculated_at
"""
_FORGET = """
delete from commerce_lifetimevalueestimate where business_id = %(business)s and model_id <> %(model)s
"""
_FACTS = """
update customers_customerfacts f set predicted_value = e.predicted
from (
    select x.customer_id, n.predicted from customers_customerfacts x
    left join commerce_lifetimevalueestimate n on n.customer_id = x.customer_id
    where x.business_id = %(business)s and x.predicted_value is distinct from n.predicted
) e
where f.customer_id = e.customer_id
"""


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


def _read(business: Business, at: date, until: date, *, part: int) -> tuple[list[UUID], "Histories", Any, Any]:
    """(ids, histories up to `at`, orders and money of each customer after it up to `until`); of each `part`-th customer."""
    import numpy as np

    from commerce.clv import Histories

    ids: list[UUID] = []
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


def _write(business: Business, record: ValueModel, at: datetime, ids: list[UUID], prediction: "Prediction") -> None:
    alive = prediction.probability_alive
    parameters: dict[str, Any] = {"business": business.pk, "model": record.pk, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        with cursor.copy("copy pg_temp.value_estimates from stdin") as copy:
            for place, pk in enumerate(ids):
                chance = "\\N" if alive is None else repr(float(alive[place]))
                copy.write(
                    f"{pk}\t{prediction.value[place]:.4f}\t{prediction.low[place]:.4f}\t{prediction.high[place]:.4f}"
                    f"\t{float(prediction.orders[place])!r}\t{chance}\n"
                )
        cursor.execute(_WRITE, parameters)
        cursor.execute(_FORGET, parameters)
        cursor.execute(_FACTS, parameters)
