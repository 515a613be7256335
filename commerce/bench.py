"""Benchmarks of orders and of the figures that follow from them."""

from collections.abc import Iterator

from django.db import connection, transaction
from django.urls import reverse

from commerce import services
from commerce.models import Order
from crm.bench import Visitor, timed
from crm.models import Business

Samples = Iterator[tuple[str, float]]


def order_page(business: Business) -> Samples:
    yield from _order_visits(Visitor(business), reverse("commerce:order_list"))


def order_api(business: Business) -> Samples:
    yield from _order_visits(Visitor(business, api=True), reverse("api:order_list"))


def _order_visits(visitor: Visitor, address: str) -> Samples:
    latest = Order.objects.order_by("-ordered_at").first()
    if latest is None:
        return
    yield from visitor.visits("orders, first page", [address] * 30)
    yield from visitor.visits("orders of a month", [f"{address}?ordered_at__month={latest.ordered_at:%Y-%m}"] * 30)
    yield from visitor.visits("refunds", [f"{address}?status=refund"] * 30)
    customers = list(Order.objects.order_by("-ordered_at").values_list("customer_id", flat=True)[:30])
    yield from visitor.visits("orders of a customer", [f"{address}?customer={pk}" for pk in customers])


def figures(business: Business) -> Samples:
    """What a new order makes the system compute: its customer's figures and its day's revenue; undone afterwards."""
    rows = list(Order.objects.order_by("-ordered_at").values_list("customer_id", "ordered_at")[:60])
    with transaction.atomic():
        for customer, at in rows:
            with connection.cursor() as cursor:
                cursor.execute("update customers_customerfacts set order_count = 0 where customer_id = %s", [customer])
            yield "figures of one customer", timed(services.refresh_order_facts, [customer])
            yield "revenue of one day", timed(services.refresh_revenue, [at.date()])
        transaction.set_rollback(True)
