"""Questions about what customers buy."""

from commerce.queries.integrity import DEAL_FACTS, DEAL_STEPS, ORDER_FACTS, REVENUE_DAYS
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
    "ORDER_FACTS",
    "REVENUE_DAYS",
    "Month",
    "is_dormant",
    "order_entries_of",
    "orders_by_number",
    "recent_orders",
    "revenue_by_month",
]
