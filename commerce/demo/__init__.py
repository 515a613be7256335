"""Products, orders, refunds and exchange rates of the demo businesses."""

from commerce.demo.fill import fill_orders

__all__ = ["fill_orders"]
