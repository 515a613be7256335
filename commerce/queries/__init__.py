"""Questions about what customers buy."""

from commerce.queries.integrity import ORDER_FACTS, REVENUE_DAYS
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
