"""The filters of commerce, shared by pages, the API and saved views."""

from commerce.filters.orders import OrderFilterSet

__all__ = ["OrderFilterSet"]
