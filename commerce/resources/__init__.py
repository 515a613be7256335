"""Kinds of files of commerce."""

from commerce.resources.orders import ORDER_LINES, ORDERS

__all__ = ["ORDERS", "ORDER_LINES"]
