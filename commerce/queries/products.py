"""Questions about products and their categories."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, DecimalField, F, Q, Sum
from django.db.models.functions import Coalesce, NullIf

from commerce.choices import OrderStatus
from commerce.models import CrossSellRun, Order, OrderLine, Product, ProductCategory
from crm.actor import Actor
from customers.models import Customer

_LATEST = 10


@dataclass(frozen=True)
class Buyer:
    """A customer with what it has bought of a product: orders, pieces, and money in the reporting currency."""

    customer: Customer
    orders: int
    quantity: Decimal
    spent: Decimal


def category_ids_below(category_id: UUID) -> set[UUID]:
    """The category and all that are part of it, however deep."""
    below: dict[UUID | None, list[UUID]] = defaultdict(list)
    for pk, parent in ProductCategory.objects.values_list("pk", "parent_id"):
        below[parent].append(pk)
    found, waiting = {category_id}, [category_id]
    while waiting:
        waiting = [pk for pk in below[waiting.pop()] if pk not in found] + waiting
        found |= set(waiting)
    return found


def products_matching(rows: Any, words: str) -> Any:
    """Products of whose code or name each word is a part."""
    for word in words.split():
        rows = rows.filter(Q(code__icontains=word) | Q(name__icontains=word))
    return rows


def products_by_words(words: str, limit: int, *, kept: Product | None = None) -> list[Product]:
    """Products that are sold now, for a field that names them while people type: the one of this code first, then by code."""
    rows = products_matching(Product.objects.filter(is_active=True), words)
    exact = list(Product.objects.filter(code=words)) if words else []
    return (exact + [row for row in rows.order_by("code")[:limit] if row not in exact])[:limit]


def bought(product: Product) -> Any:
    """The lines by which a product was bought; what came back stands in refunds."""
    return OrderLine.objects.filter(product=product, quantity__gt=0)


def latest_orders(actor: Actor, product: Product, limit: int = _LATEST) -> list[Order]:
    """The latest orders of the product that the actor may see."""
    rows = Order.objects.visible_to(actor).filter(pk__in=bought(product).values("order"))
    return list(rows.select_related("customer").order_by("-ordered_at", "-pk")[:limit])


def top_buyers(actor: Actor, product: Product, limit: int = _LATEST) -> list[Buyer]:
    """The customers that the actor may see who have spent most on the product, all time; wholly refunded orders left out.

    A line's money in the reporting currency is its amount times the order's total there, divided by the order's total.
    """
    money = DecimalField(max_digits=30, decimal_places=10)
    line = F("lines__amount") * Coalesce(F("total_base") / NullIf(F("total"), Decimal(0)), 1, output_field=money)
    rows = (
        Order.objects.visible_to(actor)
        .filter(
            status=OrderStatus.COMPLETED, is_refunded=False, customer__is_live=True, lines__product=product,
            lines__quantity__gt=0,
        )
        .order_by()
        .values("customer")
        .annotate(orders=Count("pk", distinct=True), quantity=Sum("lines__quantity"), spent=Sum(line, output_field=money))
        .order_by("-spent", "customer")[:limit]
    )  # fmt: skip
    found = list(rows)
    customers = Customer.objects.in_bulk([row["customer"] for row in found])
    return [Buyer(customers[row["customer"]], row["orders"], row["quantity"], row["spent"]) for row in found]


def category_choices() -> list[tuple[Any, str]]:
    """All categories by name, as choices."""
    return [(str(pk), name) for pk, name in ProductCategory.objects.order_by("name").values_list("pk", "name")]


def products_by_category() -> dict[UUID, int]:
    """How many products that are offered now each category has of its own."""
    rows = Product.objects.filter(is_active=True, category__isnull=False).order_by()
    return dict(rows.values_list("category").annotate(count=Count("pk")))


def latest_run() -> CrossSellRun | None:
    """The reckoning by which sales and pairs of the open business stand; None before the first."""
    found: CrossSellRun | None = CrossSellRun.objects.first()
    return found
