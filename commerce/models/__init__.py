"""What is stored of products, orders, deals, subscriptions, invoices and their value."""

from commerce.models.deals import Opportunity, OpportunityStageChange
from commerce.models.invoices import Invoice, Payment
from commerce.models.orders import Order, OrderLine, OrderStatusChange
from commerce.models.products import Product, ProductCategory
from commerce.models.subscriptions import Subscription, SubscriptionChange
from commerce.models.values import LifetimeValueEstimate, RevenueDay, RollingDay, ValueModel

__all__ = [
    "Invoice",
    "LifetimeValueEstimate",
    "Opportunity",
    "OpportunityStageChange",
    "Order",
    "OrderLine",
    "OrderStatusChange",
    "Payment",
    "Product",
    "ProductCategory",
    "RevenueDay",
    "RollingDay",
    "Subscription",
    "SubscriptionChange",
    "ValueModel",
]
