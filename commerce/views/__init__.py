"""Staff pages of commerce."""

from commerce.views.categories import CategoryArchive, CategoryCreate, CategoryList, CategoryRestore, CategoryUpdate
from commerce.views.cross_sell import CategoryPairList, ComputeCrossSell, CrossSellReport
from commerce.views.deal_board import DealBoard, DealCard
from commerce.views.deal_report import PipelineReport
from commerce.views.deals import DealCreate, DealDelete, DealDetail, DealList, DealMove, DealUpdate
from commerce.views.invoices import (
    InvoiceCreate,
    InvoiceDetail,
    InvoiceList,
    InvoicePay,
    InvoiceUpdate,
    InvoiceVoid,
    PaymentRemove,
)
from commerce.views.order_forms import OrderCreate, OrderDelete, OrderRefund, OrderUpdate, ProductOptions
from commerce.views.order_gaps import OrderGapList
from commerce.views.orders import OrderDetail, OrderList
from commerce.views.products import (
    ProductArchive,
    ProductCreate,
    ProductDetail,
    ProductList,
    ProductRestore,
    ProductUpdate,
)
from commerce.views.profile import CustomerCommerce
from commerce.views.recurring_report import RecurringReport
from commerce.views.retention_report import ComputePatterns, RetentionReport
from commerce.views.subscriptions import (
    SubscriptionCancel,
    SubscriptionCreate,
    SubscriptionDetail,
    SubscriptionList,
    SubscriptionPause,
    SubscriptionReopen,
    SubscriptionResume,
    SubscriptionUpdate,
)
from commerce.views.values import PredictValues, ValueReport

__all__ = [
    "CategoryArchive",
    "CategoryCreate",
    "CategoryList",
    "CategoryPairList",
    "CategoryRestore",
    "CategoryUpdate",
    "ComputeCrossSell",
    "ComputePatterns",
    "CrossSellReport",
    "CustomerCommerce",
    "DealBoard",
    "DealCard",
    "DealCreate",
    "DealDelete",
    "DealDetail",
    "DealList",
    "DealMove",
    "DealUpdate",
    "InvoiceCreate",
    "InvoiceDetail",
    "InvoiceList",
    "InvoicePay",
    "InvoiceUpdate",
    "InvoiceVoid",
    "OrderCreate",
    "OrderDelete",
    "OrderDetail",
    "OrderGapList",
    "OrderList",
    "OrderRefund",
    "OrderUpdate",
    "PaymentRemove",
    "PipelineReport",
    "PredictValues",
    "ProductArchive",
    "ProductCreate",
    "ProductDetail",
    "ProductList",
    "ProductOptions",
    "ProductRestore",
    "ProductUpdate",
    "RecurringReport",
    "RetentionReport",
    "SubscriptionCancel",
    "SubscriptionCreate",
    "SubscriptionDetail",
    "SubscriptionList",
    "SubscriptionPause",
    "SubscriptionReopen",
    "SubscriptionResume",
    "SubscriptionUpdate",
    "ValueReport",
]
