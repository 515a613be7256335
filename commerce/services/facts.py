"""Facts of customers that follow from their orders."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from crm.money import EXPONENTS
from crm.scope import open_businesses

# total_spent = Σ total_base of completed orders and refunds (negative); order_count = completed orders;
# average order value = total_spent ÷ order_count; first and last are the dates of completed orders.
_REFRESH = """
with due as (
    select c.id, c.business_id, c.is_live, c.lifecycle_stage from customers_customer c
    where c.business_id = any(%(businesses)s) {only}
    order by c.id
), sums as (
    select o.customer_id,
           sum(o.total_base) filter (where o.status in ('completed', 'refund')) as spent,
           count(*) filter (where o.status = 'completed') as orders,
           min(o.ordered_at) filter (where o.status = 'completed') as first,
           max(o.ordered_at) filter (where o.status = 'completed') as last
    from commerce_order o where o.business_id = any(%(businesses)s) {only_orders}
    group by o.customer_id
)
insert into customers_customerfacts as f
    (customer_id, business_id, is_live, lifecycle_stage, total_spent, order_count, average_order_value, first_order_at, last_order_at)
select d.id, d.business_id, d.is_live, d.lifecycle_stage, coalesce(s.spent, 0), coalesce(s.orders, 0),
       round(s.spent / nullif(s.orders, 0), 4), s.first, s.last
from due d left join sums s on s.customer_id = d.id
on conflict (customer_id) do update set
    total_spent = excluded.total_spent, order_count = excluded.order_count,
    average_order_value = excluded.average_order_value, first_order_at = excluded.first_order_at, last_order_at = excluded.last_order_at
where (f.total_spent, f.order_count, f.average_order_value, f.first_order_at, f.last_order_at) is distinct from
      (excluded.total_spent, excluded.order_count, excluded.average_order_value, excluded.first_order_at,
       excluded.last_order_at)
"""
_LOCK = """
select from customers_customerfacts where customer_id = any(%(ids)s) and business_id = any(%(businesses)s)
order by customer_id for no key update
"""


def refresh_order_facts(customer_ids: Sequence[UUID] | None = None) -> int:
    """Recompute the order facts of the given customers (None: all of the open businesses).

    Writes only rows that differ; returns how many. Who changes orders of the same customers meanwhile waits, and then counts both.
    """
    parameters: dict[str, Any] = {"businesses": list(open_businesses())}
    only = only_orders = ""
    if customer_ids is not None:
        only, only_orders = "and c.id = any(%(ids)s)", "and o.customer_id = any(%(ids)s)"
        parameters["ids"] = list(customer_ids)
    with connection.cursor() as cursor:
        if customer_ids is not None:
            cursor.execute(_LOCK, parameters)
        cursor.execute(_REFRESH.format(only=only, only_orders=only_orders), parameters)
        return int(cursor.rowcount)


def exponent_of(currency: str) -> int:
    """Digits of the currency's smallest unit."""
    return EXPONENTS[currency]
