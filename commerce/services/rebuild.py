"""Proving that the stored facts of customers are what the rows say, and making them so."""

from collections.abc import Callable

from django.db import transaction

from commerce.services.facts import refresh_deal_facts, refresh_headlines, refresh_order_facts, refresh_recurring_facts
from commerce.services.revenue import refresh_revenue

_PARTS: dict[str, Callable[[], int]] = {
    "orders": refresh_order_facts, "deals": refresh_deal_facts, "recurring": refresh_recurring_facts,
    "headlines": refresh_headlines, "revenue_days": refresh_revenue,
}  # fmt: skip


@transaction.atomic
def rebuild_facts(*, verify: bool = False) -> dict[str, int]:
    """Compute the facts of the open businesses anew from all rows; returns how many rows differed, by part. With `verify` nothing is
    written: what differs is counted and left as it is."""
    counts = {name: refresh() for name, refresh in _PARTS.items()}
    if verify:
        transaction.set_rollback(True)
    return counts
