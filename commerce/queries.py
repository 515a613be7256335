"""Questions about orders whose answer is not a filtered table."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from commerce.models import Order
from crm.actor import Actor
from crm.models import Business
from customers.models import Customer

_MONTHS = """
with months as (
    select generate_series(date_trunc('month', %(today)s::date) - make_interval(months => %(months)s - 1),
                           date_trunc('month', %(today)s::date), interval '1 month')::date as month
)
"""
_OF_BUSINESS = (
    _MONTHS
    + """
select m.month, coalesce(sum(r.revenue), 0), coalesce(sum(r.order_count), 0)
from months m left join commerce_revenueday r
  on r.business_id = %(business)s and r.day >= m.month and r.day < (m.month + interval '1 month')::date
group by m.month order by m.month
"""
)
_OF_CUSTOMER = (
    _MONTHS
    + """
select m.month, coalesce(sum(o.total_base), 0), count(o.id) filter (where o.status = 'completed')
from months m left join commerce_order o
  on o.business_id = %(business)s and o.customer_id = %(customer)s and o.status in ('completed', 'refund')
 and o.ordered_at >= m.month::timestamp at time zone %(zone)s
 and o.ordered_at < (m.month + interval '1 month')::timestamp at time zone %(zone)s
group by m.month order by m.month
"""
)


@dataclass(frozen=True)
class Month:
    """Money taken less refunds, in the reporting currency, and completed orders of a calendar month in the business's zone."""

    first_day: date
    revenue: Decimal
    orders: int


def revenue_by_month(
    business: Business, *, today: date, months: int = 12, customer: Customer | None = None
) -> list[Month]:
    """The last `months` calendar months up to the running one, empty months included; of one customer when given."""
    parameters: dict[str, Any] = {"business": business.pk, "zone": business.time_zone, "today": today, "months": months}
    if customer is not None:
        parameters["customer"] = customer.pk
    with connection.cursor() as cursor:
        cursor.execute(_OF_CUSTOMER if customer is not None else _OF_BUSINESS, parameters)
        return [Month(*row) for row in cursor.fetchall()]


def recent_orders(actor: Actor, customer: Customer, limit: int = 10) -> list[Order]:
    """The customer's latest orders, newest first."""
    return list(Order.objects.visible_to(actor).filter(customer=customer).order_by("-ordered_at", "-id")[:limit])
