"""Benchmarks of orders and of the figures that follow from them."""

from collections.abc import Iterator

from django.db import connection, transaction
from django.urls import reverse

from commerce import services
from commerce.models import Order, ProductPair
from commerce.queries.cross_sell import suggestions_for
from commerce.queries.products import latest_run
from commerce.queries.rfm import GROUPS, SCORES
from commerce.tables.cross_sell import not_yet_href
from crm.bench import Visitor, timed
from crm.models import Business
from customers.models import Customer

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


def retention_page(business: Business) -> Samples:
    """The report of retention, and lists of the customers that its cells lead to."""
    visitor, customers = Visitor(business), reverse("customers:customer_list")
    yield from visitor.visits("retention", [reverse("commerce:retention_report")] * 10)
    yield from visitor.visits("a group of scores", [f"{customers}?rfm_group={group.key}" for group in GROUPS])
    cells = [f"{customers}?rfm_recency={r}&rfm_frequency={f}" for r in SCORES for f in SCORES]
    yield from visitor.visits("a cell of scores", cells)


def retention_api(business: Business) -> Samples:
    visitor = Visitor(business, api=True)
    for name in ("retention_report", "rfm_report", "seasonality_report"):
        yield from visitor.visits(name.replace("_", " "), [reverse(f"api:{name}")] * 10)


def order_gaps(business: Business) -> Samples:
    listed = reverse("customers:customer_list")
    yield from Visitor(business).visits("overdue, page", [reverse("commerce:order_gap_list")] * 20)
    yield from Visitor(business).visits("overdue, list of customers", [f"{listed}?overdue_to_order=true"] * 20)
    yield from Visitor(business, api=True).visits("overdue, API", [reverse("api:order_gap_list")] * 20)


def product_page(business: Business) -> Samples:
    visitor, address = Visitor(business), reverse("commerce:product_list")
    yield from visitor.visits("products, first page", [address] * 30)
    yield from visitor.visits("products by revenue", [f"{address}?sort=-revenue"] * 30)
    yield from visitor.visits("products by a word", [f"{address}?search=a"] * 30)


def cross_sell_report(business: Business) -> Samples:
    visitor, address = Visitor(business), reverse("commerce:cross_sell_report")
    for sort in ("score", "lift", "confidence", "both"):
        yield from visitor.visits(f"pairs by {sort}", [f"{address}?sort=-{sort}"] * 10)
    pairs = list(ProductPair.objects.order_by("-score")[:10])
    run = latest_run()
    yield from visitor.visits(
        "customers of one and not the other", [not_yet_href(pair, "product", run) for pair in pairs]
    )


def suggestions(business: Business) -> Samples:
    for customer in Customer.objects.live().order_by("-facts__last_order_at")[:30]:
        yield "suggestions for a customer", timed(suggestions_for, customer)
