"""Deeds on orders."""

from commerce.services.facts import exponent_of, refresh_order_facts
from commerce.services.revenue import follow_time_zone, refresh_revenue

UNIDENTIFIED_PREFIX = "order:"
"""External id of the unidentified customer of an order: this and the order's number."""

__all__ = ["UNIDENTIFIED_PREFIX", "exponent_of", "follow_time_zone", "refresh_order_facts", "refresh_revenue"]
