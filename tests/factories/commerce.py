"""Orders."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from commerce.models import Order, OrderLine
from commerce.services import refresh_order_facts, refresh_revenue
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
