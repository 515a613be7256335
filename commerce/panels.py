"""Boxes about orders on the profile and the home dashboard."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from commerce import queries
from crm import clock
from crm.actor import Actor
from crm.charts import Point, Series, bar_chart, line_chart
from crm.models import Business
from customers.models import Customer
from customers.queries import customers_by_stage

Panel = tuple[str, dict[str, Any]]


def order_panel(actor: Actor, customer: Customer, at: datetime) -> Panel | None:
    """The customer's orders: twelve months as a chart and the latest ten."""
    orders = queries.recent_orders(actor, customer)
    chart = None
    if orders:
        months = queries.revenue_by_month(customer.business, today=clock.today(customer.business.time_zone, at), customer=customer)
        chart = _revenue_chart(customer.business, months, "")
    more = f"{reverse('commerce:order_list')}?customer={customer.pk}"
    return "commerce/order_panel.html", {"orders": orders, "chart": chart, "more_href": more, "customer": customer}


def revenue_panel(actor: Actor, business: Business, at: datetime) -> Panel | None:
    """Revenue of the last twelve months."""
    months = queries.revenue_by_month(business, today=clock.today(business.time_zone, at))
    href = reverse("commerce:order_list") if actor.may("commerce.view_orders", business) else ""
    return "commerce/revenue_panel.html", {"chart": _revenue_chart(business, months, href), "months": months, "business": business}


def stage_panel(actor: Actor, business: Business, at: datetime) -> Panel | None:
    """Live customers by lifecycle stage."""
    stages = customers_by_stage(actor, business)
    href = reverse("customers:customer_list")
    chart = bar_chart(
        [Point(str(label), count, f"{href}?lifecycle_stage={stage}") for stage, label, count in stages],
        title=_("Customers by stage"), horizontal=True,
    )  # fmt: skip
    return "commerce/stage_panel.html", {"chart": chart}


def _revenue_chart(business: Business, months: list[queries.Month], href: str) -> Any:
    def link(month: queries.Month) -> str:
        return f"{href}?ordered_at__month={month.first_day:%Y-%m}" if href else ""

    points = [Point(formats.date_format(m.first_day, "M Y"), m.revenue, link(m)) for m in months]
    return line_chart(
        [Series(_("Revenue"), points)], title=_("Revenue by month (%(currency)s)") % {"currency": business.currency}, area=True
    )
