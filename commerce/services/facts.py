"""Facts of customers that follow from their orders, deals, subscriptions and invoices.

Each function writes the facts of one source, set-based and only rows that differ, inside the transaction that has changed the source.
Who changes the same customers meanwhile waits, and then counts both.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from commerce.choices import MONTHS
from crm.money import EXPONENTS
from crm.scope import open_businesses

_LOCK = """
select from customers_customerfacts where customer_id = any(%(ids)s) and business_id = any(%(businesses)s)
order by customer_id for no key update
"""
# The day up to which rolling figures stand, and in which zone: that of the last slide, or today before the first.
_DAYS = """
days as (
    select b.id as business_id, b.time_zone as zone, coalesce(s.day, (now() at time zone b.time_zone)::date) as day
    from crm_business b left join commerce_rollingday s on s.business_id = b.id where b.id = any(%(businesses)s)
)
"""
_DUE = """
due as (
    select c.id, c.business_id, c.is_live, c.kind, c.lifecycle_stage from customers_customer c
    where c.business_id = any(%(businesses)s) {only} order by c.id
)
"""
# total_spent = Σ total_base of completed orders and refunds (negative); order_count = completed orders that were not wholly refunded;
# average order value = total_spent ÷ order_count; first and last are the dates of those orders;
# days between orders = (last − first) ÷ (order_count − 1), and the next order is expected that long after the last;
# rolling windows hold the orders of the last n days up to the day of the last slide, that day included, in the business's zone.
_ORDERS = """
with {due}, {days}, sums as (
    select o.customer_id,
           sum(o.total_base) filter (where o.status in ('completed', 'refund')) as spent,
           count(*) filter (where o.status = 'completed' and not o.is_refunded) as orders,
           min(o.ordered_at) filter (where o.status = 'completed' and not o.is_refunded) as first,
           max(o.ordered_at) filter (where o.status = 'completed' and not o.is_refunded) as last,
           {windows}
    from commerce_order o join days d on d.business_id = o.business_id
    cross join lateral (select (d.day + 1)::timestamp at time zone d.zone as until,
        (d.day - 29)::timestamp at time zone d.zone as from_30, (d.day - 89)::timestamp at time zone d.zone as from_90,
        (d.day - 364)::timestamp at time zone d.zone as from_365) w
    where o.business_id = any(%(businesses)s) {only_orders}
    group by o.customer_id
), facts as (
    select d.*, coalesce(s.spent, 0) as spent, coalesce(s.orders, 0) as orders, round(s.spent / nullif(s.orders, 0), 4) as average,
           s.first, s.last, p.pace, (s.last at time zone b.time_zone)::date + round(p.pace)::int as next, {names}
    from due d join crm_business b on b.id = d.business_id left join sums s on s.customer_id = d.id
    cross join lateral (
        select round((extract(epoch from s.last - s.first) / 86400 / nullif(s.orders - 1, 0))::numeric, 2) as pace
    ) p
)
insert into customers_customerfacts as f
    (customer_id, business_id, is_live, kind, lifecycle_stage, total_spent, order_count, average_order_value, first_order_at,
     last_order_at, days_between_orders, next_order_on, {columns})
select id, business_id, is_live, kind, lifecycle_stage, spent, orders, average, first, last, pace, next, {values} from facts
on conflict (customer_id) do update set
    total_spent = excluded.total_spent, order_count = excluded.order_count, average_order_value = excluded.average_order_value,
    first_order_at = excluded.first_order_at, last_order_at = excluded.last_order_at,
    days_between_orders = excluded.days_between_orders, next_order_on = excluded.next_order_on, {updates}
where (f.total_spent, f.order_count, f.average_order_value, f.first_order_at, f.last_order_at, f.days_between_orders, f.next_order_on,
       {olds}) is distinct from
      (excluded.total_spent, excluded.order_count, excluded.average_order_value, excluded.first_order_at, excluded.last_order_at,
       excluded.days_between_orders, excluded.next_order_on, {news})
"""
WINDOWS = (30, 90, 365)
"""Days of the rolling windows."""
_COLUMNS = [f"{what}_{days}_days" for days in WINDOWS for what in ("spent", "orders")]
_WINDOW = """
    sum(o.total_base) filter (where o.status in ('completed', 'refund') and o.ordered_at >= from_{days} and o.ordered_at < until)
        as spent_{days}_days,
    count(*) filter (where o.status = 'completed' and not o.is_refunded and o.ordered_at >= from_{days} and o.ordered_at < until)
        as orders_{days}_days
"""
_PARTS = {
    "windows": ", ".join(_WINDOW.format(days=days) for days in WINDOWS),
    "names": ", ".join(f"coalesce(s.{name}, 0) as {name}" for name in _COLUMNS),
    "columns": ", ".join(_COLUMNS),
    "values": ", ".join(_COLUMNS),
    "updates": ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS),
    "olds": ", ".join(f"f.{name}" for name in _COLUMNS),
    "news": ", ".join(f"excluded.{name}" for name in _COLUMNS),
}
# ltv_deals = Σ amount_base of deals won; average deal size = that ÷ their number; the value of open deals is unweighted.
_DEALS = """
with {due}, sums as (
    select o.customer_id, count(*) filter (where o.stage = 'won') as won,
           sum(o.amount_base) filter (where o.stage = 'won') as value,
           sum(o.amount_base) filter (where o.stage not in ('won', 'lost')) as open
    from commerce_opportunity o where o.business_id = any(%(businesses)s) {only_orders} group by o.customer_id
)
update customers_customerfacts f set
    deals_won = n.won, ltv_deals = n.value, average_deal_size = n.average, open_deal_value = n.open
from (
    select d.id, coalesce(s.won, 0) as won, coalesce(s.value, 0) as value, round(s.value / nullif(s.won, 0), 4) as average,
           coalesce(s.open, 0) as open
    from due d left join sums s on s.customer_id = d.id
) n
where f.customer_id = n.id
  and (f.deals_won, f.ltv_deals, f.average_deal_size, f.open_deal_value) is distinct from (n.won, n.value, n.average, n.open)
"""
# mrr = Σ mrr of the subscriptions that run on the day (active, begun, not yet ended) + the latest invoice of each recurring interval
# that belongs to no subscription, per month, while it is not older than that interval; arr = 12 × mrr. Without either, the ARR that
# was entered by hand. ltv_invoiced = Σ payments; owed = Σ what open and partly paid invoices lack.
_RECURRING = """
with {due}, {days}, running as (
    select o.customer_id, sum(o.mrr) as mrr from commerce_subscription o join days d on d.business_id = o.business_id
    where o.business_id = any(%(businesses)s) and o.status = 'active' and o.started_on <= d.day
      and (o.ended_on is null or o.ended_on > d.day) {only_orders}
    group by o.customer_id
), recurring as (
    select l.customer_id, sum(round(l.amount_base / m.months, 4)) as mrr from (
        select distinct on (o.customer_id, o.recurs) o.customer_id, o.recurs, o.amount_base, o.issued_on, o.business_id
        from commerce_invoice o join days d on d.business_id = o.business_id
        where o.business_id = any(%(businesses)s) and o.recurs <> '' and o.subscription_id is null
          and o.status not in ('draft', 'void') and o.issued_on <= d.day {only_orders}
        order by o.customer_id, o.recurs, o.issued_on desc, o.id desc
    ) l join days d on d.business_id = l.business_id
    join jsonb_each_text(%(months)s::jsonb) i on i.key = l.recurs cross join lateral (select i.value::int as months) m
    where l.issued_on + make_interval(months => m.months) > d.day
    group by l.customer_id
), invoices as (
    select o.customer_id, sum(o.paid_base) filter (where o.status <> 'void') as paid,
           sum(o.amount_base - o.paid_base) filter (where o.status in ('open', 'partial')) as owed
    from commerce_invoice o where o.business_id = any(%(businesses)s) {only_orders} group by o.customer_id
), latest as (
    select distinct on (o.customer_id) o.customer_id, o.amount_base, o.issued_on from commerce_invoice o
    where o.business_id = any(%(businesses)s) and o.status not in ('draft', 'void') {only_orders}
    order by o.customer_id, o.issued_on desc, o.id desc
)
update customers_customerfacts f set
    mrr = n.mrr, arr = n.arr, arr_source = n.source, ltv_invoiced = n.paid, invoices_owed = n.owed,
    last_invoice_amount = n.last_amount, last_invoice_on = n.last_on
from (
    select d.id, m.mrr, m.arr,
           case when m.counted is not null then 'subscriptions' when m.arr is not null then 'manual' else '' end as source,
           coalesce(i.paid, 0) as paid, coalesce(i.owed, 0) as owed, l.amount_base as last_amount, l.issued_on as last_on
    from due d join customers_customer c on c.id = d.id
    left join running r on r.customer_id = d.id left join recurring e on e.customer_id = d.id
    left join invoices i on i.customer_id = d.id left join latest l on l.customer_id = d.id
    cross join lateral (
        select v.counted, coalesce(v.counted, round(c.arr_manual / 12, 4)) as mrr, coalesce(12 * v.counted, c.arr_manual) as arr
        from (select case when r.mrr is null and e.mrr is null then null else coalesce(r.mrr, 0) + coalesce(e.mrr, 0) end as counted) v
    ) m
) n
where f.customer_id = n.id
  and (f.mrr, f.arr, f.arr_source, f.ltv_invoiced, f.invoices_owed, f.last_invoice_amount, f.last_invoice_on) is distinct from
      (n.mrr, n.arr, n.source, n.paid, n.owed, n.last_amount, n.last_on)
"""
# The headline is one of the three lifetime values, as the business's setting says; they are never added together.
_HEADLINE = """
update customers_customerfacts f set lifetime_value = n.value
from (
    select f.customer_id, case coalesce(b.settings->'commerce'->>'ltv_basis', 'orders')
           when 'deals' then f.ltv_deals when 'invoices' then f.ltv_invoiced else f.total_spent end as value
    from customers_customerfacts f join crm_business b on b.id = f.business_id where f.business_id = any(%(businesses)s) {only_facts}
) n
where f.customer_id = n.customer_id and f.lifetime_value <> n.value
"""


def refresh_order_facts(customer_ids: Sequence[UUID] | None = None) -> int:
    """Recompute what follows from the orders of the given customers (None: all of the open businesses); returns how many differed."""
    return _refresh(_ORDERS, customer_ids, _PARTS)


def refresh_deal_facts(customer_ids: Sequence[UUID] | None = None) -> int:
    """Recompute what follows from the deals of the given customers (None: all of the open businesses); returns how many differed."""
    return _refresh(_DEALS, customer_ids)


def refresh_recurring_facts(customer_ids: Sequence[UUID] | None = None) -> int:
    """Recompute what follows from subscriptions, invoices and payments of the given customers (None: all of the open
    businesses); returns how many differed."""
    return _refresh(_RECURRING, customer_ids)


def refresh_headlines(customer_ids: Sequence[UUID] | None = None) -> int:
    """Set the lifetime value to the one that the business has chosen; returns how many differed."""
    return _refresh("", customer_ids)


def _refresh(statement: str, customer_ids: Sequence[UUID] | None, parts: dict[str, str] | None = None) -> int:
    parameters: dict[str, Any] = {
        "businesses": list(open_businesses()), "months": _months_as_json(),
    }  # fmt: skip
    only = only_orders = only_facts = ""
    if customer_ids is not None:
        only, only_orders = "and c.id = any(%(ids)s)", "and o.customer_id = any(%(ids)s)"
        only_facts = "and f.customer_id = any(%(ids)s)"
        parameters["ids"] = list(customer_ids)
    with connection.cursor() as cursor:
        if customer_ids is not None:
            cursor.execute(_LOCK, parameters)
        written = 0
        if statement:
            due = _DUE.format(only=only)
            cursor.execute(statement.format(due=due, days=_DAYS, only_orders=only_orders, **(parts or {})), parameters)
            written = int(cursor.rowcount)
        cursor.execute(_HEADLINE.format(only_facts=only_facts), parameters)
        return max(written, int(cursor.rowcount))


def _months_as_json() -> str:
    return "{" + ", ".join(f'"{interval.value}": {months}' for interval, months in MONTHS.items()) + "}"


def exponent_of(currency: str) -> int:
    """Digits of the currency's smallest unit."""
    return EXPONENTS[currency]
