"""Deeds on orders, deals, subscriptions and invoices, and the figures that follow from them."""

from commerce.services.deals import (
    DEAL_FIELDS,
    DealDiffers,
    DealUnchanged,
    create_deal,
    delete_deal,
    move_deal,
    update_deal,
)
from commerce.services.facts import (
    exponent_of,
    refresh_deal_facts,
    refresh_headlines,
    refresh_order_facts,
    refresh_recurring_facts,
)
from commerce.services.orders import (
    UNIDENTIFIED_PREFIX,
    OrderDiffers,
    Taken,
    create_order,
    delete_order,
    take_orders,
    update_order,
)
from commerce.services.revenue import follow_time_zone, refresh_revenue
from commerce.services.slide import slide_windows

__all__ = [
    "DEAL_FIELDS",
    "UNIDENTIFIED_PREFIX",
    "DealDiffers",
    "DealUnchanged",
    "OrderDiffers",
    "Taken",
    "create_deal",
    "create_order",
    "delete_deal",
    "delete_order",
    "exponent_of",
    "follow_time_zone",
    "move_deal",
    "refresh_deal_facts",
    "refresh_headlines",
    "refresh_order_facts",
    "refresh_recurring_facts",
    "refresh_revenue",
    "slide_windows",
    "take_orders",
    "update_deal",
    "update_order",
]
