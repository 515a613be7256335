"""How a business's customers order, computed from all orders by a job: quintiles of scores, cohorts by month, who was lost and came back.

Of live customers. An order counts when it is completed and not wholly refunded; money is that of completed orders and refunds in the
reporting currency; months and days are those of the business's zone.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from commerce.choices import ZERO
from commerce.models import CohortMonth, OrderPatterns
from commerce.queries.orders import DORMANT
from crm import activity, clock, jobs
from crm.actor import Actor
from crm.models import Activity, Business, Job
from customers.models import ImportJob

_QUINTILES = """
select count(*),
       percentile_disc(array[0.2, 0.4, 0.6, 0.8]) within group (order by (last_order_at at time zone %(zone)s)::date),
       percentile_disc(array[0.2, 0.4, 0.6, 0.8]) within group (order by order_count),
       percentile_disc(array[0.2, 0.4, 0.6, 0.8]) within group (order by total_spent)
from customers_customerfacts where business_id = %(business)s and is_live and order_count > 0
"""
# Each customer's orders with the day of the next one, read off the index of their figures. A customer is counted in a month at its last
# order of the month. Who does not order for %(lost)s days is lost on the day that completes them, and back with the next order.
_VISITS = """
with orders as (
    select o.customer_id, f.first_order_at, (o.ordered_at at time zone %(zone)s)::date as day,
           (lag(o.ordered_at) over (partition by o.customer_id order by o.ordered_at desc, o.id desc) at time zone %(zone)s)::date as next
    from commerce_order o
    join customers_customerfacts f on f.customer_id = o.customer_id and f.business_id = %(business)s and f.is_live
    where o.business_id = %(business)s and o.status = 'completed' and not o.is_refunded
), visits as (
    select date_trunc('month', first_order_at at time zone %(zone)s) as cohort, date_trunc('month', day::timestamp) as month,
           date_trunc('month', next::timestamp) as next_month, next is null as is_last,
           case when coalesce(next, %(today)s::date) - day >= %(lost)s then date_trunc('month', (day + %(lost)s)::timestamp) end as lost_in,
           case when next - day >= %(lost)s then date_trunc('month', next::timestamp) end as back_in
    from orders
)
select cohort::date, month::date, lost_in::date, back_in::date,
       count(*), count(*) filter (where next_month is distinct from month), count(*) filter (where is_last)
from visits group by grouping sets ((cohort, month), (lost_in), (back_in))
"""
# Money of before the first order that counts stands in the month of that order, so that a cohort's months sum to what its customers spent.
_MONEY = """
with sums as (
    select date_trunc('month', f.first_order_at at time zone %(zone)s) as cohort,
           date_trunc('month', o.ordered_at at time zone %(zone)s) as month, sum(o.total_base) as money
    from commerce_order o
    join customers_customerfacts f on f.customer_id = o.customer_id and f.business_id = %(business)s and f.is_live
    where o.business_id = %(business)s and o.status in ('completed', 'refund') and f.first_order_at is not null
    group by 1, 2
)
select cohort::date, greatest(cohort, month)::date, sum(money) from sums group by 1, 2
"""

Report = Callable[[int, int, str], Any]


def ask_for_patterns(*, actor: Actor, business: Business) -> Job | None:
    """Have the order patterns of the business computed by a job; None when one waits already. Raises NotAllowed."""
    actor.require("commerce.compute_patterns", business)
    return jobs.enqueue(
        "commerce.tasks.compute_patterns", actor=actor, business=business, dedupe_key=f"patterns:{business.pk}"
    )


def follow_order_files(activity: Activity, ids: list[UUID]) -> None:
    """Listener: a file has brought orders."""
    if ImportJob.objects.filter(pk=activity.subject_id, resource__in=("orders", "order_lines")).exists():
        ask_for_patterns(actor=Actor.system("Order patterns"), business=activity.business)


def follow_days(activity: Activity, ids: list[UUID]) -> None:
    """Listener: a business whose time zone has changed has other days and months."""
    if "time_zone" in activity.detail.changes:
        ask_for_patterns(actor=Actor.system("Order patterns"), business=activity.business)


@transaction.atomic
def compute_patterns(*, actor: Actor, business: Business, at: datetime, report: Report | None = None) -> OrderPatterns:
    """Compute the order patterns of the open business anew as of `at`. `report(done, total, step)` is told how far it is."""
    tell = report or (lambda done, total, step: None)
    parameters = {
        "business": business.pk, "zone": business.time_zone, "today": clock.today(business.time_zone, at), "lost": DORMANT.days,
    }  # fmt: skip
    tell(0, 4, "quintiles")
    [(count, recency, frequency, monetary)] = _rows(_QUINTILES, parameters)
    tell(1, 4, "orders")
    visits = _rows(_VISITS, parameters)
    tell(2, 4, "money")
    money = {(cohort, month): amount for cohort, month, amount in _rows(_MONEY, parameters)}
    tell(3, 4, "write")
    patterns: OrderPatterns
    patterns, _created = OrderPatterns.objects.update_or_create(
        business=business,
        defaults={
            "computed_at": at, "customer_count": count, "recency": [day.isoformat() for day in recency or ()],
            "frequency": frequency or [], "monetary": [str(amount) for amount in monetary or ()], "months": _moves(visits),
        },
    )  # fmt: skip
    _write_cohorts(business, visits, money)
    activity.record(
        "commerce.patterns.computed", actor=actor, business=business, subject=patterns, counts={"customers": count}
    )
    tell(4, 4, "write")
    return patterns


def _rows(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _moves(visits: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """[month, lost, of these not back, back] of each month in which there was any of it."""
    lost = {row[2]: (row[4], row[6]) for row in visits if row[2]}
    back = {row[3]: row[4] for row in visits if row[3]}
    return [[f"{month:%Y-%m}", *lost.get(month, (0, 0)), back.get(month, 0)] for month in sorted(lost | back)]


def _write_cohorts(
    business: Business, visits: Sequence[tuple[Any, ...]], money: dict[tuple[date, date], Decimal]
) -> None:
    counted = {(row[0], row[1]): (row[4], row[5]) for row in visits if row[0]}
    CohortMonth.objects.filter(business=business).delete()
    CohortMonth.objects.bulk_create(
        [
            CohortMonth(
                business=business, cohort=cohort, month=month, revenue=money.get((cohort, month), ZERO),
                orders=counted.get((cohort, month), (0, 0))[0], customers=counted.get((cohort, month), (0, 0))[1],
            )
            for cohort, month in sorted(counted | money)
        ],
        batch_size=2_000,
    )  # fmt: skip
