"""How what customers buy is shown in rows, figures and details."""

from commerce.tables.orders import order_badge, order_facts

__all__ = ["order_badge", "order_facts"]
