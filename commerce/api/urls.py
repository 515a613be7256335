"""Where the endpoints of commerce are."""

from django.urls import path

from commerce.api.cross_sell import CategoryPairs, CrossSellReport, CustomerSuggestions
from commerce.api.deals import CustomerDeals, DealDetail, DealList, DealMove, DealStages
from commerce.api.invoices import (
    CustomerInvoices,
    InvoiceDetail,
    InvoiceList,
    InvoicePayments,
    InvoiceVoid,
    PaymentDetail,
    PaymentList,
)
from commerce.api.order_batch import OrderBatch
from commerce.api.orders import OrderDetail, OrderList, OrderSteps
from commerce.api.patterns import OrderGapList, RetentionReport, RfmReport, SeasonReport
from commerce.api.products import (
    CategoryArchive,
    CategoryDetail,
    CategoryList,
    CategoryRestore,
    ProductArchive,
    ProductDetail,
    ProductList,
    ProductRestore,
)
from commerce.api.recurring import RecurringReport
from commerce.api.subscriptions import (
    CustomerSubscriptions,
    SubscriptionCancel,
    SubscriptionChanges,
    SubscriptionDetail,
    SubscriptionList,
    SubscriptionPause,
    SubscriptionReopen,
    SubscriptionResume,
)
from commerce.api.values import CustomerValue, ValueReport

urlpatterns = [
    path("reports/value", ValueReport.as_view(), name="value_report"),
    path("customers/<uuid:id>/value", CustomerValue.as_view(), name="customer_value"),
    path("reports/cross-sell", CrossSellReport.as_view(), name="cross_sell_report"),
    path("reports/cross-sell/categories", CategoryPairs.as_view(), name="category_pairs"),
    path("customers/<uuid:id>/suggestions", CustomerSuggestions.as_view(), name="customer_suggestions"),
    path("orders", OrderList.as_view(), name="order_list"),
    path("orders/batch", OrderBatch.as_view(), name="order_batch"),
    path("orders/<uuid:id>", OrderDetail.as_view(), name="order_detail"),
    path("orders/<uuid:id>/steps", OrderSteps.as_view(), name="order_steps"),
    path("products", ProductList.as_view(), name="product_list"),
    path("products/<uuid:id>", ProductDetail.as_view(), name="product_detail"),
    path("products/<uuid:id>/archive", ProductArchive.as_view(), name="product_archive"),
    path("products/<uuid:id>/restore", ProductRestore.as_view(), name="product_restore"),
    path("product-categories", CategoryList.as_view(), name="category_list"),
    path("product-categories/<uuid:id>", CategoryDetail.as_view(), name="category_detail"),
    path("product-categories/<uuid:id>/archive", CategoryArchive.as_view(), name="category_archive"),
    path("product-categories/<uuid:id>/restore", CategoryRestore.as_view(), name="category_restore"),
    path("deals", DealList.as_view(), name="deal_list"),
    path("deals/<uuid:id>", DealDetail.as_view(), name="deal_detail"),
    path("deals/<uuid:id>/move", DealMove.as_view(), name="deal_move"),
    path("deals/<uuid:id>/stages", DealStages.as_view(), name="deal_stages"),
    path("customers/<uuid:id>/deals", CustomerDeals.as_view(), name="customer_deals"),
    path("reports/retention", RetentionReport.as_view(), name="retention_report"),
    path("reports/rfm", RfmReport.as_view(), name="rfm_report"),
    path("reports/seasonality", SeasonReport.as_view(), name="seasonality_report"),
    path("reports/order-gaps", OrderGapList.as_view(), name="order_gap_list"),
    path("reports/recurring", RecurringReport.as_view(), name="recurring_report"),
    path("subscriptions", SubscriptionList.as_view(), name="subscription_list"),
    path("subscriptions/<uuid:id>", SubscriptionDetail.as_view(), name="subscription_detail"),
    path("subscriptions/<uuid:id>/changes", SubscriptionChanges.as_view(), name="subscription_changes"),
    path("subscriptions/<uuid:id>/pause", SubscriptionPause.as_view(), name="subscription_pause"),
    path("subscriptions/<uuid:id>/resume", SubscriptionResume.as_view(), name="subscription_resume"),
    path("subscriptions/<uuid:id>/cancel", SubscriptionCancel.as_view(), name="subscription_cancel"),
    path("subscriptions/<uuid:id>/reopen", SubscriptionReopen.as_view(), name="subscription_reopen"),
    path("customers/<uuid:id>/subscriptions", CustomerSubscriptions.as_view(), name="customer_subscriptions"),
    path("invoices", InvoiceList.as_view(), name="invoice_list"),
    path("invoices/<uuid:id>", InvoiceDetail.as_view(), name="invoice_detail"),
    path("invoices/<uuid:id>/void", InvoiceVoid.as_view(), name="invoice_void"),
    path("invoices/<uuid:id>/payments", InvoicePayments.as_view(), name="invoice_payments"),
    path("payments", PaymentList.as_view(), name="payment_list"),
    path("payments/<uuid:id>", PaymentDetail.as_view(), name="payment_detail"),
    path("customers/<uuid:id>/invoices", CustomerInvoices.as_view(), name="customer_invoices"),
]
