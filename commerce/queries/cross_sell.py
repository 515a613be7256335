"""Questions about what is bought together: what to suggest to a customer, and who has bought what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef

from commerce.choices import OrderStatus
from commerce.models import OrderLine, Product, ProductPair
from customers.models import Customer

CROSS_SELL, UPSELL = "cross_sell", "upsell"
MOST_CROSS_SELL, MOST_UPSELL = 5, 3
LEAST_FOLLOWED = 5
"""How many customers must have gone on from one product to a dearer one before that is suggested."""
# What the customer has ever bought; the partners of these products that it hasn't, each by its best reason. An upsell is of the same
# category and dearer (the usual price, else what a piece cost on average), and is ranked by how many went on to it on a later day.
_SUGGESTIONS = """
with mine as materialized (
    select distinct l.product_id as id
    from commerce_order o join commerce_orderline l on l.order_id = o.id and l.business_id = o.business_id and l.quantity > 0
    where o.customer_id = %(customer)s and o.business_id = %(business)s and o.status = 'completed' and not o.is_refunded
      and l.product_id is not null
), offered as (
    select p.*, b.code, b.name, a.code as because_code, a.name as because_name, p.followed::float8 / p.buyers as went_on,
           a.category_id = b.category_id and p.followed >= %(least)s
               and coalesce(b.price, sb.average_price) > coalesce(a.price, sa.average_price) as is_upsell
    from mine m
    join commerce_productpair p on p.product_id = m.id and p.business_id = %(business)s
    join commerce_product a on a.id = p.product_id
    join commerce_product b on b.id = p.partner_id and b.is_active
    left join commerce_productsales sa on sa.product_id = a.id
    left join commerce_productsales sb on sb.product_id = b.id
    where not exists (select from mine x where x.id = p.partner_id)
), upsell as (
    select 'upsell' as kind, u.*, row_number() over (order by went_on desc, partner_id) as place
    from (select distinct on (partner_id) * from offered where is_upsell order by partner_id, went_on desc, product_id) u
    order by went_on desc, partner_id limit %(most_upsell)s
), cross_sell as (
    select 'cross_sell' as kind, c.*, row_number() over (order by score desc, partner_id) as place
    from (
        select distinct on (partner_id) * from offered where partner_id not in (select partner_id from upsell)
        order by partner_id, score desc, product_id
    ) c
    order by score desc, partner_id limit %(most_cross_sell)s
)
select kind, partner_id, code, name, product_id, because_code, because_name, confidence, lift, went_on,
       (select calculated_at from commerce_crosssellrun where business_id = %(business)s)
from (select * from cross_sell union all select * from upsell) s order by kind, place
"""


@dataclass(frozen=True)
class Suggestion:
    """A product that a customer hasn't bought, with the product of its own that speaks for it.

    Of all who bought that one, `confidence` bought this one, `lift` times as often as all customers, and `went_on` on a later day.
    """

    kind: str
    product_id: UUID
    code: str
    name: str
    because_id: UUID
    because_code: str
    because_name: str
    confidence: float
    lift: float
    went_on: float
    calculated_at: datetime

    @property
    def label(self) -> str:
        return self.name or self.code

    @property
    def because(self) -> str:
        return self.because_name or self.because_code


def suggestions_for(customer: Customer) -> list[Suggestion]:
    """Cross-sell by lift times confidence, then upsell by how many went on; none before the first reckoning. One query."""
    parameters: dict[str, Any] = {
        "customer": customer.pk, "business": customer.business_id, "least": LEAST_FOLLOWED, "most_upsell": MOST_UPSELL,
        "most_cross_sell": MOST_CROSS_SELL,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_SUGGESTIONS, parameters)
        return [Suggestion(*row) for row in cursor.fetchall()]


def partners_of(product: Product, limit: int = 10) -> list[ProductPair]:
    """What is bought together with the product, by lift times confidence."""
    rows = ProductPair.objects.filter(product=product).select_related("partner")
    return list(rows.order_by("-score", "pk")[:limit])


def that_bought(rows: Any, since: datetime | None, *, has: bool = True, **what: Any) -> Any:
    """The customers of `rows` with, or without, a line of `what` in a completed order that was not wholly refunded, since a moment."""
    lines = OrderLine.objects.filter(
        quantity__gt=0, order__status=OrderStatus.COMPLETED, order__is_refunded=False, **what
    )  # fmt: skip
    if since is not None:
        lines = lines.filter(order__ordered_at__gte=since)
    if has:
        return rows.filter(pk__in=lines.values("order__customer"))
    return rows.filter(~Exists(lines.filter(order__customer=OuterRef("pk"))))
