"""Staff pages of commerce."""

from commerce.views.orders import OrderDetail, OrderList

__all__ = ["OrderDetail", "OrderList"]
