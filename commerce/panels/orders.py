"""Boxes about orders on the profile and the home dashboard, and orders in the search palette."""

from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from commerce import queries
from commerce.tables import order_badge
from crm import charts, clock
from crm.actor import Actor
from crm.models import Business
from crm.registry import HomeVisit
from crm.templatetags import ui
from customers.models import Customer

Panel = tuple[str, dict[str, Any]]


def order_panel(actor: Actor, customer: Customer, at: datetime) -> Panel | None:
    """The customer's orders: the twelve months up to the last one as a chart, and the latest ten."""
    more = f"{reverse('commerce:order_list')}?customer={customer.pk}"
    orders = queries.recent_orders(actor, customer)
    chart = None
    if orders:
        last_month = min(
            clock.today(customer.business.time_zone, at), clock.today(customer.business.time_zone, orders[0].ordered_at)
        )
        months = queries.revenue_by_month(customer.business, actor=actor, today=last_month, customer=customer)
        chart = _revenue_chart(customer.business, months, f"{more}&")
    return "commerce/order_panel.html", {
        "orders": [(order, order_badge(order)) for order in orders],
        "chart": chart,
        "more_href": more,
        "customer": customer,
    }


def dormant_risk(actor: Actor, customer: Customer, at: datetime) -> str:
    """The sign of risk that orders give."""
    return _("The last order was 90 days ago or more.") if queries.is_dormant(customer, at) else ""


def revenue_panel(visit: HomeVisit) -> Panel | None:
    """Revenue of the last twelve months; nothing while there is none."""
    business = visit.business
    months = queries.revenue_by_month(business, actor=visit.actor, today=clock.today(business.time_zone, visit.at))
    if not any(month.revenue or month.orders for month in months):
        return None
    chart = _revenue_chart(business, months, f"{reverse('commerce:order_list')}?")
    return "commerce/revenue_panel.html", {"chart": chart, "business": business}


def revenue_figures(visit: HomeVisit) -> list[dict[str, Any]]:
    """Revenue of the last full month, with its change on the month before, and the orders of the running one."""
    business, today = visit.business, clock.today(visit.business.time_zone, visit.at)
    before, last, running = queries.revenue_by_month(business, actor=visit.actor, today=today, months=3)
    trend = (last.revenue - before.revenue) / before.revenue * 100 if before.revenue > 0 else None
    orders_href = reverse("commerce:order_list")
    return [
        {
            "label": _("Revenue in %(month)s") % {"month": formats.date_format(last.first_day, "F")},
            "value": ui.money(last.revenue, business.currency),
            "hint": "" if trend is None else _("on the month before"), "trend": trend, "trend_good": True,
            "href": f"{orders_href}?ordered_at__month={last.first_day:%Y-%m}",
            "how": _("Completed orders less refunds of the last full calendar month, in the business's time zone and reporting currency,"
                     " of the customers that you may see."),
        },
        {
            "label": _("Orders this month"), "value": ui.number(running.orders),
            "hint": ui.money(running.revenue, business.currency), "trend": None, "trend_good": True,
            "href": f"{orders_href}?status=completed&ordered_at__month={running.first_day:%Y-%m}",
            "how": _("Completed orders since the first of the month, of the customers that you may see."),
        },
    ]  # fmt: skip


def _revenue_chart(business: Business, months: list[queries.Month], href: str) -> charts.Chart:
    return charts.line(
        _("Revenue by month (%(currency)s)") % {"currency": business.currency},
        [_month_label(month.first_day, first=place == 0) for place, month in enumerate(months)],
        [
            charts.Series(
                _("Revenue"),
                [month.revenue for month in months],
                [f"{href}ordered_at__month={month.first_day:%Y-%m}" for month in months] if href else (),
            )
        ],
        area=True,
    )


def _month_label(day: date, *, first: bool) -> str:
    """The month's short name, with the year where it begins."""
    return formats.date_format(day, "M Y" if first or day.month == 1 else "M")


def order_entries(actor: Actor, business: Business, words: str, limit: int) -> list[dict[str, Any]]:
    """The orders whose number begins with the words; none without words."""
    if not words:
        return []
    return [
        {
            "label": _("Order %(number)s") % {"number": order.number}, "hint": order.customer.display_name, "icon": "shopping-bag",
            "href": reverse("commerce:order_detail", args=[order.pk]), "shows": order.customer_id,
            "record": ("order", order.pk), "matched": "number",
        }
        for order in queries.orders_by_number(actor, words, limit)
    ]  # fmt: skip
