"""Questions about customers."""

from customers.queries.counts import customers_by_stage, customers_created_lately
from customers.queries.palette import fitting, named, opened_last
from customers.queries.search import matches_for, matching

__all__ = [
    "customers_by_stage",
    "customers_created_lately",
    "fitting",
    "matches_for",
    "matching",
    "named",
    "opened_last",
]
