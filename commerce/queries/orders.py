"""Questions about orders whose answer is not a filtered table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, DateField, Q, Sum
from django.db.models.functions import TruncMonth
from django.urls import reverse
from django.utils.translation import gettext as _

from commerce.choices import OrderStatus
from commerce.models import Order
from commerce.queries.numbers import by_number
from crm import clock, formats
from crm.actor import Actor
from crm.models import Business
from customers.models import Customer
from customers.queries import latest_rows
from customers.registry import TimelineEntry

DORMANT = timedelta(days=90)

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
select m.month, coalesce(sum(o.total_base), 0), count(o.id) filter (where o.status = 'completed' and not o.is_refunded)
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
    business: Business, *, actor: Actor, today: date, months: int = 12, customer: Customer | None = None
) -> list[Month]:
    """The last `months` calendar months up to the running one, empty months included; of one customer when given,
    else of all customers that the actor may see."""
    parameters: dict[str, Any] = {"business": business.pk, "zone": business.time_zone, "today": today, "months": months}
    if customer is not None:
        parameters["customer"] = customer.pk
    elif not actor.sees_all(business):
        return _of_visible(business, actor, today, months)
    with connection.cursor() as cursor:
        cursor.execute(_OF_CUSTOMER if customer is not None else _OF_BUSINESS, parameters)
        return [Month(*row) for row in cursor.fetchall()]


def _of_visible(business: Business, actor: Actor, today: date, months: int) -> list[Month]:
    """From the orders themselves: the days hold what all customers have bought."""
    zone = ZoneInfo(business.time_zone)
    last = today.year * 12 + today.month - 1
    firsts = [date(number // 12, number % 12 + 1, 1) for number in range(last - months + 1, last + 2)]
    begin, end = (datetime.combine(day, time(), tzinfo=zone) for day in (firsts[0], firsts.pop()))
    rows = (
        Order.objects.visible_to(actor)
        .filter(
            business=business, status__in=[OrderStatus.COMPLETED, OrderStatus.REFUND],
            ordered_at__gte=begin, ordered_at__lt=end,
        )
        .order_by()
        .values(month=TruncMonth("ordered_at", tzinfo=zone, output_field=DateField()))
        .annotate(revenue=Sum("total_base"), orders=Count("pk", filter=Q(status=OrderStatus.COMPLETED, is_refunded=False)))
    )  # fmt: skip
    found = {row["month"]: Month(row["month"], row["revenue"], row["orders"]) for row in rows}
    return [found.get(day, Month(day, Decimal(0), 0)) for day in firsts]


def recent_orders(actor: Actor, customer: Customer, limit: int = 10) -> list[Order]:
    """The customer's latest orders, newest first."""
    return list(Order.objects.visible_to(actor).filter(customer=customer).order_by("-ordered_at", "-id")[:limit])


def is_dormant(customer: Customer, at: datetime) -> bool:
    """Whether the last completed order lies 90 days or more back, by the calendar of the business's time zone; never bought is no."""
    last, zone = customer.facts.last_order_at, customer.business.time_zone
    return last is not None and clock.today(zone, at) - clock.today(zone, last) >= DORMANT


def order_entries_of(
    actor: Actor, customer_ids: Sequence[UUID], before: tuple[datetime, str] | None, limit: int
) -> list[TimelineEntry]:
    """The source of the timeline that tells of orders and refunds."""
    rows = latest_rows(Order.objects.all(), customer_ids, before, limit, at="ordered_at")
    return [
        TimelineEntry(
            at=order.ordered_at, key=str(order.pk), title=_order_title(order), text=order.channel,
            amount=formats.money(order.total, order.currency), href=reverse("commerce:order_detail", args=[order.pk]),
            customer_id=order.customer_id,
        )
        for order in rows
    ]  # fmt: skip


def _order_title(order: Order) -> str:
    if order.status == OrderStatus.REFUND:
        return _("Refund %(number)s") % {"number": order.number}
    if order.status == OrderStatus.COMPLETED:
        return _("Order %(number)s") % {"number": order.number}
    return _("Order %(number)s, %(status)s") % {"number": order.number, "status": order.get_status_display().lower()}


def orders_by_number(actor: Actor, words: str, limit: int) -> list[Order]:
    """The orders whose number is or begins with the words; the one that it is comes first."""
    return by_number(Order.objects.visible_to(actor).select_related("customer"), words, limit)
