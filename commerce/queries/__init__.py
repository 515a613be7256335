"""Questions about what customers buy."""

from commerce.queries.integrity import (
    DEAL_FACTS,
    DEAL_STEPS,
    INVOICE_PAYMENTS,
    ORDER_FACTS,
    RECURRING_FACTS,
    REVENUE_DAYS,
    SUBSCRIPTION_STEPS,
)
from commerce.queries.orders import (
    DORMANT,
    Month,
    is_dormant,
    order_entries_of,
    orders_by_number,
    recent_orders,
    revenue_by_month,
)

__all__ = [
    "DEAL_FACTS",
    "DEAL_STEPS",
    "DORMANT",
    "INVOICE_PAYMENTS",
    "ORDER_FACTS",
    "RECURRING_FACTS",
    "REVENUE_DAYS",
    "SUBSCRIPTION_STEPS",
    "Month",
    "is_dormant",
    "order_entries_of",
    "orders_by_number",
    "recent_orders",
    "revenue_by_month",
]
