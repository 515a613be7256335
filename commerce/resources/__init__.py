"""Kinds of files of commerce."""

from commerce.resources.deals import DEALS
from commerce.resources.orders import ORDER_LINES, ORDERS
from commerce.resources.products import PRODUCTS
from commerce.resources.subscriptions import SUBSCRIPTIONS

__all__ = ["DEALS", "ORDERS", "ORDER_LINES", "PRODUCTS", "SUBSCRIPTIONS"]
