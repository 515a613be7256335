"""Kinds of files of commerce."""

from commerce.resources.deals import DEALS
from commerce.resources.orders import ORDER_LINES, ORDERS

__all__ = ["DEALS", "ORDERS", "ORDER_LINES"]
