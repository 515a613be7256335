"""Orders and deals."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from commerce.models import Opportunity, Order, OrderLine
from commerce.services import create_deal, refresh_order_facts, refresh_revenue
from crm import clock
from crm.actor import Actor
from crm.models import Business
from crm.scope import scope
from customers.models import Customer

_numbers = count(1)


def make_order(customer: Customer, total: str = "100.00", lines: int = 0, **fields: Any) -> Order:
    """An order of the customer with its facts brought up to date; `lines` equal lines of one piece each."""
    number = next(_numbers)
    amount = Decimal(total)
    defaults: dict[str, Any] = {
        "number": f"T{number}", "status": "refund" if amount < 0 else "completed", "currency": "GBP",
        "ordered_at": datetime(2026, 1, 15, 12, 0, tzinfo=UTC), "total": amount, "total_base": amount,
    }  # fmt: skip
    with scope(customer.business_id):
        order = Order.objects.create(business_id=customer.business_id, customer=customer, **{**defaults, **fields})
        for position in range(1, lines + 1):
            OrderLine.objects.create(
                business_id=customer.business_id, order=order, position=position, description=f"Thing {position}",
                quantity=1, unit_price=amount / lines, amount=amount / lines,
            )  # fmt: skip
        refresh_order_facts([customer.pk])
        refresh_revenue()
    return order


def make_deal(customer: Customer | None, business: Business | None = None, **fields: Any) -> Opportunity:
    """A deal of the customer, or of nobody in the business, made by its service."""
    home = customer.business if customer is not None else business
    assert home is not None
    values: dict[str, Any] = {"name": f"Deal {next(_numbers)}", "amount": Decimal("1000.00"), "customer": customer}
    with scope(home):
        deal, _created = create_deal(
            actor=Actor.system("test"), business=home, at=fields.pop("at", clock.now()), **values | fields
        )
    return deal
