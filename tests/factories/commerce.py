"""Orders, deals, subscriptions and invoices."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from commerce.models import Invoice, Opportunity, Order, OrderLine, Subscription
from commerce.services import create_deal, create_invoice, refresh_order_facts, refresh_revenue, start_subscription
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
    if fields.get("amount") is not None:
        fields["amount"] = Decimal(fields["amount"])
    values: dict[str, Any] = {"name": f"Deal {next(_numbers)}", "amount": Decimal("1000.00"), "customer": customer}
    with scope(home):
        deal, _created = create_deal(
            actor=Actor.system("test"), business=home, at=fields.pop("at", clock.now()), **values | fields
        )
    return deal


def make_subscription(customer: Customer, **fields: Any) -> Subscription:
    """A subscription of the customer at 100.00 a month, made by its service; `at` is when it was entered."""
    values: dict[str, Any] = {"plan": f"Plan {next(_numbers)}", "amount": Decimal("100.00"), "customer": customer}
    with scope(customer.business_id):
        subscription, _created = start_subscription(
            actor=Actor.system("test"), business=customer.business, at=fields.pop("at", clock.now()), **values | fields
        )
    return subscription


def make_invoice(customer: Customer, **fields: Any) -> Invoice:
    """An open invoice of the customer over 100.00, made by its service; `at` is when it was entered."""
    values: dict[str, Any] = {"number": f"INV-{next(_numbers)}", "amount": Decimal("100.00"), "customer": customer}
    with scope(customer.business_id):
        invoice, _created = create_invoice(
            actor=Actor.system("test"), business=customer.business, at=fields.pop("at", clock.now()), **values | fields
        )
    return invoice
