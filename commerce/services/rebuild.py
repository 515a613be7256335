"""Proving that the stored facts of customers are what the rows say, and making them so."""

from collections.abc import Callable

from commerce.services.facts import (
    differing_facts,
    refresh_deal_facts,
    refresh_order_facts,
    refresh_recurring_facts,
)
from commerce.services.revenue import differing_days, refresh_revenue

_PARTS: dict[str, Callable[[], int]] = {
    "orders": refresh_order_facts, "deals": refresh_deal_facts, "recurring": refresh_recurring_facts,
    "revenue_days": refresh_revenue,
}  # fmt: skip


def rebuild_facts(*, verify: bool = False) -> dict[str, int]:
    """Compute the facts of the open businesses anew from all rows; returns how many differed, by part. With `verify` nothing is
    written or locked: what differs is only counted. What is half done when it is cut off is right as far as it went."""
    if verify:
        return differing_facts() | {"revenue_days": len(differing_days())}
    return {name: refresh() for name, refresh in _PARTS.items()}
