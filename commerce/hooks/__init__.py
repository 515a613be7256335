"""What commerce plugs into the sockets below it: a module for each capability.

Where a socket has no order of its own, things stand in the order in which they are plugged.
"""

# ruff: noqa: I001
from commerce.hooks import (
    orders,
    products,
    cross_sell,
    deals,
    subscriptions,
    invoices,
    values,
    patterns,
    proof,
)

__all__ = [
    "cross_sell",
    "deals",
    "invoices",
    "orders",
    "patterns",
    "products",
    "proof",
    "subscriptions",
    "values",
]
