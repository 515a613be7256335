"""The filters of commerce, shared by pages, the API and saved views."""

from commerce.filters.deals import BoardFilterSet, DealFilterSet
from commerce.filters.orders import OrderFilterSet

__all__ = ["BoardFilterSet", "DealFilterSet", "OrderFilterSet"]
