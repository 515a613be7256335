"""What is stored of products, orders, deals, subscriptions, invoices and their value."""

from commerce.models.cross_sell import CategoryPair, CrossSellRun, ProductPair, ProductSales
from commerce.models.deals import Opportunity, OpportunityStageChange
from commerce.models.invoices import Invoice, Payment
from commerce.models.orders import Order, OrderLine, OrderStatusChange
from commerce.models.patterns import CohortMonth, OrderGap, OrderPatterns
from commerce.models.products import Product, ProductCategory
from commerce.models.subscriptions import Subscription, SubscriptionChange
from commerce.models.values import LifetimeValueEstimate, RevenueDay, RollingDay, ValueModel

__all__ = [
    "CategoryPair",
    "CohortMonth",
    "CrossSellRun",
    "Invoice",
    "LifetimeValueEstimate",
    "Opportunity",
    "OpportunityStageChange",
    "Order",
    "OrderGap",
    "OrderLine",
    "OrderPatterns",
    "OrderStatusChange",
    "Payment",
    "Product",
    "ProductCategory",
    "ProductPair",
    "ProductSales",
    "RevenueDay",
    "RollingDay",
    "Subscription",
    "SubscriptionChange",
    "ValueModel",
]
