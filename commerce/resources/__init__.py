"""Kinds of files of commerce."""

from commerce.resources.deals import DEALS
from commerce.resources.invoices import INVOICES
from commerce.resources.orders import ORDER_LINES, ORDERS
from commerce.resources.payments import PAYMENTS
from commerce.resources.products import PRODUCTS
from commerce.resources.subscriptions import SUBSCRIPTIONS

__all__ = ["DEALS", "INVOICES", "ORDERS", "ORDER_LINES", "PAYMENTS", "PRODUCTS", "SUBSCRIPTIONS"]
