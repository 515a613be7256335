"""Products, orders, refunds and exchange rates of the demo businesses."""

from commerce.demo.deals import fill_deals
from commerce.demo.fill import fill_orders
from commerce.demo.patterns import fill_patterns
from commerce.demo.subscriptions import fill_subscriptions

__all__ = ["fill_deals", "fill_orders", "fill_patterns", "fill_subscriptions"]
