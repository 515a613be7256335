"""Revenue by day: a rollup that follows the orders, so that a business's months are summed from days and not from every order."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.db import connection, transaction

from crm import jobs
from crm.actor import Actor
from crm.models import Activity
from crm.scope import open_businesses

# Completed orders and refunds (negative), in the reporting currency, by the day that it was in the business's zone.
_SOME_DAYS = """
with zone as materialized (select time_zone as name from crm_business where id = %(business)s), sums as (
    select d.day, s.revenue, s.orders, s.refunded
    from unnest(%(days)s::date[]) as d(day) cross join lateral (
        select sum(o.total_base) as revenue, count(*) filter (where o.status = 'completed' and not o.is_refunded) as orders,
               coalesce(-sum(o.total_base) filter (where o.status = 'refund'), 0) as refunded
        from commerce_order o where o.business_id = %(business)s and o.status in ('completed', 'refund')
          and o.ordered_at >= d.day::timestamp at time zone (select name from zone)
          and o.ordered_at < (d.day + 1)::timestamp at time zone (select name from zone)
    ) s
    where s.revenue is not null
), gone as (
    delete from commerce_revenueday r where r.business_id = %(business)s and r.day = any(%(days)s::date[])
    and not exists (select from sums s where s.day = r.day)
), written as (
    insert into commerce_revenueday as r (business_id, day, revenue, order_count, refunded)
    select %(business)s, day, revenue, orders, refunded from sums order by day
    on conflict (business_id, day) do update
    set revenue = excluded.revenue, order_count = excluded.order_count, refunded = excluded.refunded
    where (r.revenue, r.order_count, r.refunded) is distinct from (excluded.revenue, excluded.order_count, excluded.refunded)
    returning 1
)
select count(*) from written
"""
_DIFFERING = """
with zone as materialized (select time_zone as name from crm_business where id = %(business)s), sums as (
    select (ordered_at at time zone (select name from zone))::date as day, sum(total_base) as revenue,
           count(*) filter (where status = 'completed' and not is_refunded) as orders,
           coalesce(-sum(total_base) filter (where status = 'refund'), 0) as refunded
    from commerce_order where business_id = %(business)s and status in ('completed', 'refund') group by 1
)
select day from sums s full join (select * from commerce_revenueday where business_id = %(business)s) r using (day)
where (s.revenue, s.orders, s.refunded) is distinct from (r.revenue, r.order_count, r.refunded) order by day
"""


def refresh_revenue(days: Sequence[date] | None = None) -> int:
    """Sum the given days (None: all that differ) of the open businesses anew, in the transaction that has changed
    their orders; returns how many differed.

    Waits for others who are at the same business, so that neither leaves out the orders of the other.
    """
    changed = 0
    for business in sorted(open_businesses(), key=str):
        some = differing_days(business) if days is None else sorted(set(days))
        with transaction.atomic(savepoint=False), connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"revenue:{business}"])
            cursor.execute(_SOME_DAYS, {"business": business, "days": some})
            changed += int(cursor.fetchone()[0])
    return changed


def differing_days(business: UUID | None = None) -> list[date]:
    """The days whose stored revenue is not the sum of the orders, of the business or of all that are open."""
    found: list[date] = []
    for each in open_businesses() if business is None else [business]:
        with connection.cursor() as cursor:
            cursor.execute(_DIFFERING, {"business": each})
            found += [day for (day,) in cursor.fetchall()]
    return found


def follow_time_zone(activity: Activity, ids: list[UUID]) -> None:
    """Listener: a business whose time zone has changed has other days; they are summed anew by one job."""
    if "time_zone" in activity.detail.changes:
        jobs.enqueue(
            "commerce.tasks.rebuild_revenue", actor=Actor.system("Revenue by day"), business=activity.business,
            dedupe_key=f"revenue:{activity.business_id}",
        )  # fmt: skip
