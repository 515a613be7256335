"""Questions about customers."""

from customers.queries.counts import customers_by_stage
from customers.queries.search import matches_for, matching

__all__ = ["customers_by_stage", "matches_for", "matching"]
