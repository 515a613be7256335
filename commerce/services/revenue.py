"""Revenue by day: a rollup that follows the orders, so that a business's months are summed from days and not from every order."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from crm import jobs
from crm.actor import Actor
from crm.models import Activity
from crm.scope import open_businesses

# Completed orders and refunds (negative), in the reporting currency, by the day that it was in the business's zone.
_REFRESH = """
with sums as (
    select b.id as business_id, {day} as day, sum(o.total_base) as revenue,
           count(*) filter (where o.status = 'completed' and not o.is_refunded) as orders
    from crm_business b {days} join commerce_order o on o.business_id = b.id and o.status in ('completed', 'refund') {on_day}
    where b.id = any(%(businesses)s)
    group by 1, 2
), gone as (
    delete from commerce_revenueday r where r.business_id = any(%(businesses)s) {only}
    and not exists (select from sums s where s.business_id = r.business_id and s.day = r.day)
), written as (
    insert into commerce_revenueday as r (business_id, day, revenue, order_count)
    select business_id, day, revenue, orders from sums order by business_id, day
    on conflict (business_id, day) do update set revenue = excluded.revenue, order_count = excluded.order_count
    where (r.revenue, r.order_count) is distinct from (excluded.revenue, excluded.order_count)
    returning 1
)
select count(*) from written
"""
_EVERY_DAY = {"day": "(o.ordered_at at time zone b.time_zone)::date", "days": "", "on_day": "", "only": ""}
_SOME_DAYS = {
    "day": "d.day",
    "days": "cross join unnest(%(days)s::date[]) as d(day)",
    "on_day": "and o.ordered_at >= d.day::timestamp at time zone b.time_zone "
    "and o.ordered_at < (d.day + 1)::timestamp at time zone b.time_zone",
    "only": "and r.day = any(%(days)s::date[])",
}


def refresh_revenue(days: Sequence[date] | None = None) -> int:
    """Sum the given days (None: all) of the open businesses anew, in the transaction that has changed
    their orders; returns how many differed.

    Waits for others who are at the same business, so that neither leaves out the orders of the other.
    """
    parameters: dict[str, Any] = {"businesses": list(open_businesses())}
    if days is not None:
        parameters["days"] = sorted(set(days))
    with connection.cursor() as cursor:
        for business in sorted(map(str, open_businesses())):
            cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"revenue:{business}"])
        cursor.execute(_REFRESH.format(**(_EVERY_DAY if days is None else _SOME_DAYS)), parameters)
        return int(cursor.fetchone()[0])


def follow_time_zone(activity: Activity, ids: list[UUID]) -> None:
    """Listener: a business whose time zone has changed has other days; they are summed anew by one job."""
    if "time_zone" in activity.detail.changes:
        jobs.enqueue(
            "commerce.tasks.rebuild_revenue", actor=Actor.system("Revenue by day"), business=activity.business,
            dedupe_key=f"revenue:{activity.business_id}",
        )  # fmt: skip
