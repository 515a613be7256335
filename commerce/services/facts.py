"""Facts of customers that follow from their orders, deals, subscriptions and invoices.

Each source says in SQL what the rows come to per customer. Given customers get their facts in the transaction that has changed the
source: who changes the same customers meanwhile waits, and then counts both. Of a whole business the customers whose facts differ are
found in one reading and then done in the same way, some thousands at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from commerce.choices import MONTHS
from crm.money import EXPONENTS
from crm.scope import open_businesses

WINDOWS = (30, 90, 365)
"""Days of the rolling windows."""
_CHUNK = 20_000
"""Customers whose facts are written by one statement when those of a whole business are made anew."""
_LOCK = """
select from customers_customerfacts where customer_id = any(%(ids)s) and business_id = %(business)s
order by customer_id for no key update
"""
# The day up to which rolling figures stand, and in which zone: that of the last slide, or today before the first.
_DAY = """
day as materialized (
    select d.day, b.time_zone as zone, (d.day + 1)::timestamp at time zone b.time_zone as until, {begins},
           coalesce(b.settings->'commerce'->>'ltv_basis', 'orders') as ltv_basis
    from crm_business b left join commerce_rollingday s on s.business_id = b.id
    cross join lateral (select coalesce(s.day, (now() at time zone b.time_zone)::date) as day) d where b.id = %(business)s
)
"""
_WINDOW = """
    sum(o.total_base) filter (where o.status in ('completed', 'refund')
        and o.ordered_at >= (select from_{days} from day) and o.ordered_at < (select until from day)) as spent_{days}_days,
    count(*) filter (where o.status = 'completed' and not o.is_refunded
        and o.ordered_at >= (select from_{days} from day) and o.ordered_at < (select until from day)) as orders_{days}_days
"""
_IN_WINDOWS = [f"{what}_{days}_days" for days in WINDOWS for what in ("spent", "orders")]
_PARTS = {
    "begins": ", ".join(f"(d.day - {days - 1})::timestamp at time zone b.time_zone as from_{days}" for days in WINDOWS),
    "windows": ", ".join(_WINDOW.format(days=days) for days in WINDOWS),
    "in_windows": ", ".join(f"coalesce(s.{name}, 0) as {name}" for name in _IN_WINDOWS),
}
# The lifetime value in the headline is one of three, as the business's setting says; they are never added together.
_DIFFERING = """
with {day}, {facts}, differing as (
    select n.*, h.lifetime_value from facts n left join customers_customerfacts f on f.customer_id = n.id
    cross join lateral (
        select case (select ltv_basis from day) when '{basis}' then n.{value} else coalesce(f.lifetime_value, 0) end as lifetime_value
    ) h
    where f.customer_id is null or {stored} is distinct from {computed} or f.lifetime_value <> h.lifetime_value
)
"""
_WRITE = """
insert into customers_customerfacts as f (customer_id, business_id, is_live, kind, lifecycle_stage, {columns})
select c.id, c.business_id, c.is_live, c.kind, c.lifecycle_stage, {values}
from differing n join customers_customer c on c.id = n.id order by c.id
on conflict (customer_id) do update set {updates}
"""
_COUNT = "select count(*) from differing"
_COUNT_EACH = "select {each} from differing n left join customers_customerfacts f on f.customer_id = n.id"
_CHUNKS = """
select array_agg(id)::text from (select id, row_number() over (order by id) as place from differing) n
group by (place - 1) / %(chunk)s order by min(place)
"""


@dataclass(frozen=True, eq=False)
class _Source:
    """What the rows of one source come to: CTEs of which the last is `facts` (id of the customer, and the columns). `value` is the
    column that is the lifetime value where the business has chosen `basis`."""

    facts: str
    columns: Sequence[str]
    basis: str
    value: str

    def differing(self, customers: str, rows: str) -> str:
        """CTEs that end with the facts that differ from those that are stored."""
        return _DIFFERING.format(
            day=_DAY.format(**_PARTS), facts=self.facts.format(customers=customers, rows=rows, **_PARTS),
            stored=_row("f", self.columns), computed=_row("n", self.columns), basis=self.basis, value=self.value,
        )  # fmt: skip

    def writing(self) -> str:
        columns = [*self.columns, "lifetime_value"]
        return _WRITE.format(
            columns=", ".join(columns), values=", ".join(f"n.{name}" for name in columns),
            updates=", ".join(f"{name} = excluded.{name}" for name in columns),
        )  # fmt: skip


def _row(alias: str, columns: Sequence[str]) -> str:
    return "(" + ", ".join(f"{alias}.{name}" for name in columns) + ")"


# total_spent = Σ total_base of completed orders and refunds (negative); order_count = completed orders that were not wholly refunded;
# average order value = total_spent ÷ order_count; first and last are the dates of those orders;
# days between orders = (last − first) ÷ (order_count − 1), and the next order is expected that long after the last;
# rolling windows hold the orders of the last n days up to the day of the last slide, that day included, in the business's zone.
_ORDERS = _Source(
    """
sums as (
    select o.customer_id,
           sum(o.total_base) filter (where o.status in ('completed', 'refund')) as spent,
           count(*) filter (where o.status = 'completed' and not o.is_refunded) as orders,
           min(o.ordered_at) filter (where o.status = 'completed' and not o.is_refunded) as first,
           max(o.ordered_at) filter (where o.status = 'completed' and not o.is_refunded) as last,
           {windows}
    from commerce_order o where o.business_id = %(business)s {rows} group by o.customer_id
), facts as (
    select c.id, coalesce(s.spent, 0) as total_spent, coalesce(s.orders, 0) as order_count,
           round(s.spent / nullif(s.orders, 0), 4) as average_order_value, s.first as first_order_at, s.last as last_order_at,
           p.pace as days_between_orders, (s.last at time zone (select zone from day))::date + round(p.pace)::int as next_order_on,
           {in_windows}
    from customers_customer c left join sums s on s.customer_id = c.id
    cross join lateral (
        select round((extract(epoch from s.last - s.first) / 86400 / nullif(s.orders - 1, 0))::numeric, 2) as pace
    ) p
    where c.business_id = %(business)s {customers}
)
""",
    ["total_spent", "order_count", "average_order_value", "first_order_at", "last_order_at", "days_between_orders", "next_order_on",
     *_IN_WINDOWS],
    basis="orders", value="total_spent",
)  # fmt: skip
# ltv_deals = Σ amount_base of deals won; average deal size = that ÷ their number; the value of open deals is unweighted.
_DEALS = _Source(
    """
sums as (
    select o.customer_id, count(*) filter (where o.stage = 'won') as won,
           sum(o.amount_base) filter (where o.stage = 'won') as value,
           sum(o.amount_base) filter (where o.stage not in ('won', 'lost')) as open
    from commerce_opportunity o where o.business_id = %(business)s {rows} group by o.customer_id
), facts as (
    select c.id, coalesce(s.won, 0) as deals_won, coalesce(s.value, 0) as ltv_deals,
           round(s.value / nullif(s.won, 0), 4) as average_deal_size, coalesce(s.open, 0) as open_deal_value
    from customers_customer c left join sums s on s.customer_id = c.id where c.business_id = %(business)s {customers}
)
""",
    ["deals_won", "ltv_deals", "average_deal_size", "open_deal_value"],
    basis="deals",
    value="ltv_deals",
)
# mrr = Σ mrr of the subscriptions that run on the day (active, begun, not yet ended) + the latest invoice of each recurring interval
# that belongs to no subscription, per month, while it is not older than that interval; arr = 12 × mrr. Without either, the ARR that
# was entered by hand. ltv_invoiced = Σ payments; owed = Σ what open and partly paid invoices lack.
_RECURRING = _Source(
    """
running as (
    select o.customer_id, sum(o.mrr) as mrr from commerce_subscription o
    where o.business_id = %(business)s and o.status = 'active' and o.started_on <= (select day from day)
      and (o.ended_on is null or o.ended_on > (select day from day)) {rows}
    group by o.customer_id
), recurring as (
    select l.customer_id, sum(round(l.amount_base / m.months, 4)) as mrr from (
        select distinct on (o.customer_id, o.recurs) o.customer_id, o.recurs, o.amount_base, o.issued_on from commerce_invoice o
        where o.business_id = %(business)s and o.recurs <> '' and o.subscription_id is null
          and o.status not in ('draft', 'void') and o.issued_on <= (select day from day) {rows}
        order by o.customer_id, o.recurs, o.issued_on desc, o.id desc
    ) l join jsonb_each_text(%(months)s::jsonb) i on i.key = l.recurs cross join lateral (select i.value::int as months) m
    where l.issued_on + make_interval(months => m.months) > (select day from day)
    group by l.customer_id
), invoices as (
    select o.customer_id, sum(o.paid_base) filter (where o.status <> 'void') as paid,
           sum(o.amount_base - o.paid_base) filter (where o.status in ('open', 'partial')) as owed
    from commerce_invoice o where o.business_id = %(business)s {rows} group by o.customer_id
), latest as (
    select distinct on (o.customer_id) o.customer_id, o.amount_base, o.issued_on from commerce_invoice o
    where o.business_id = %(business)s and o.status not in ('draft', 'void') {rows}
    order by o.customer_id, o.issued_on desc, o.id desc
), facts as (
    select c.id, m.mrr, m.arr,
           case when m.counted is not null then 'subscriptions' when m.arr is not null then 'manual' else '' end as arr_source,
           coalesce(i.paid, 0) as ltv_invoiced, coalesce(i.owed, 0) as invoices_owed,
           l.amount_base as last_invoice_amount, l.issued_on as last_invoice_on
    from customers_customer c
    left join running r on r.customer_id = c.id left join recurring e on e.customer_id = c.id
    left join invoices i on i.customer_id = c.id left join latest l on l.customer_id = c.id
    cross join lateral (
        select v.counted, coalesce(v.counted, round(c.arr_manual / 12, 4)) as mrr, coalesce(12 * v.counted, c.arr_manual) as arr
        from (select case when r.mrr is null and e.mrr is null then null else coalesce(r.mrr, 0) + coalesce(e.mrr, 0) end as counted) v
    ) m
    where c.business_id = %(business)s {customers}
)
""",
    ["mrr", "arr", "arr_source", "ltv_invoiced", "invoices_owed", "last_invoice_amount", "last_invoice_on"],
    basis="invoices",
    value="ltv_invoiced",
)


def refresh_order_facts(customer_ids: Sequence[UUID] | None = None) -> int:
    """Recompute what follows from the orders of the given customers (None: all of the open businesses); returns how many differed."""
    return _refresh(_ORDERS, customer_ids)


def refresh_deal_facts(customer_ids: Sequence[UUID] | None = None) -> int:
    """Recompute what follows from the deals of the given customers (None: all of the open businesses); returns how many differed."""
    return _refresh(_DEALS, customer_ids)


def refresh_recurring_facts(customer_ids: Sequence[UUID] | None = None) -> int:
    """Recompute what follows from subscriptions, invoices and payments of the given customers (None: all of the open
    businesses); returns how many differed."""
    return _refresh(_RECURRING, customer_ids)


def refresh_headlines(customer_ids: Sequence[UUID] | None = None) -> int:
    """Recompute everything that may be the lifetime value in the headline; returns how many differed."""
    return sum(_refresh(source, customer_ids) for source in _SOURCES.values())


def differing_facts() -> dict[str, int]:
    """How many customers of the open businesses have facts that are not what the rows say, by source; nothing is locked."""
    counts = dict.fromkeys(_SOURCES, 0)
    for business in open_businesses():
        for name, source in _SOURCES.items():
            with connection.cursor() as cursor:
                cursor.execute(source.differing("", "") + _COUNT, _parameters(business))
                counts[name] += int(cursor.fetchone()[0])
    return counts


def differing_figures() -> dict[str, int]:
    """How many customers of the open businesses have another figure than the rows say, by column of the facts, for those columns that
    differ at all; nothing is locked."""
    counts: dict[str, int] = {}
    for business in open_businesses():
        for source in _SOURCES.values():
            columns = [*source.columns, "lifetime_value"]
            each = ", ".join(f"count(*) filter (where f.{name} is distinct from n.{name})" for name in columns)
            with connection.cursor() as cursor:
                cursor.execute(source.differing("", "") + _COUNT_EACH.format(each=each), _parameters(business))
                found = dict(zip(columns, cursor.fetchone(), strict=True))
            counts |= {name: counts.get(name, 0) + count for name, count in found.items() if count}
    return counts


_SOURCES = {"orders": _ORDERS, "deals": _DEALS, "recurring": _RECURRING}


def _refresh(source: _Source, customer_ids: Sequence[UUID] | None) -> int:
    if customer_ids is not None:
        return sum(_refresh_some(source, business, customer_ids) for business in open_businesses())
    changed = 0
    for business in open_businesses():
        for ids in _differing_customers(source, business):
            with transaction.atomic(savepoint=False):
                changed += _refresh_some(source, business, ids)
    return changed


def _refresh_some(source: _Source, business: UUID, customer_ids: Sequence[UUID]) -> int:
    parameters = _parameters(business) | {"ids": list(customer_ids)}
    differing = source.differing("and c.id = any(%(ids)s)", "and o.customer_id = any(%(ids)s)")
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, parameters)
        cursor.execute(differing + source.writing(), parameters)
        return int(cursor.rowcount)


def _differing_customers(source: _Source, business: UUID) -> Iterator[list[UUID]]:
    """The customers of the business whose facts are not what the rows say, some thousands at a time."""
    with connection.cursor() as cursor:
        cursor.execute(source.differing("", "") + _CHUNKS, _parameters(business) | {"chunk": _CHUNK})
        chunks = cursor.fetchall()
    for (text,) in chunks:
        yield [UUID(part) for part in text.strip("{}").split(",")]


def _parameters(business: UUID) -> dict[str, Any]:
    months = ", ".join(f'"{interval.value}": {months}' for interval, months in MONTHS.items())
    return {"business": business, "months": "{" + months + "}"}


def exponent_of(currency: str) -> int:
    """Digits of the currency's smallest unit."""
    return EXPONENTS[currency]
