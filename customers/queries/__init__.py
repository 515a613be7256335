"""Questions about customers."""

from customers.queries.counts import customers_by_stage
from customers.queries.search import matching

__all__ = ["customers_by_stage", "matching"]
