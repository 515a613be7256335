"""Where the pages of commerce are."""

from django.urls import path

from commerce import views

app_name = "commerce"
urlpatterns = [
    path("customers/<uuid:pk>/commerce", views.CustomerCommerce.as_view(), name="customer_commerce"),
    path("orders", views.OrderList.as_view(), name="order_list"),
    path("orders/<uuid:pk>", views.OrderDetail.as_view(), name="order_detail"),
    path("deals", views.DealList.as_view(), name="deal_list"),
    path("deals/board", views.DealBoard.as_view(), name="deal_board"),
    path("deals/new", views.DealCreate.as_view(), name="deal_create"),
    path("deals/<uuid:pk>", views.DealDetail.as_view(), name="deal_detail"),
    path("deals/<uuid:pk>/edit", views.DealUpdate.as_view(), name="deal_update"),
    path("deals/<uuid:pk>/move", views.DealMove.as_view(), name="deal_move"),
    path("deals/<uuid:pk>/card", views.DealCard.as_view(), name="deal_card"),
    path("deals/<uuid:pk>/delete", views.DealDelete.as_view(), name="deal_delete"),
    path("subscriptions", views.SubscriptionList.as_view(), name="subscription_list"),
    path("subscriptions/new", views.SubscriptionCreate.as_view(), name="subscription_create"),
    path("subscriptions/<uuid:pk>", views.SubscriptionDetail.as_view(), name="subscription_detail"),
    path("subscriptions/<uuid:pk>/edit", views.SubscriptionUpdate.as_view(), name="subscription_update"),
    path("subscriptions/<uuid:pk>/pause", views.SubscriptionPause.as_view(), name="subscription_pause"),
    path("subscriptions/<uuid:pk>/resume", views.SubscriptionResume.as_view(), name="subscription_resume"),
    path("subscriptions/<uuid:pk>/cancel", views.SubscriptionCancel.as_view(), name="subscription_cancel"),
    path("subscriptions/<uuid:pk>/reopen", views.SubscriptionReopen.as_view(), name="subscription_reopen"),
    path("invoices", views.InvoiceList.as_view(), name="invoice_list"),
    path("invoices/new", views.InvoiceCreate.as_view(), name="invoice_create"),
    path("invoices/<uuid:pk>", views.InvoiceDetail.as_view(), name="invoice_detail"),
    path("invoices/<uuid:pk>/edit", views.InvoiceUpdate.as_view(), name="invoice_update"),
    path("invoices/<uuid:pk>/void", views.InvoiceVoid.as_view(), name="invoice_void"),
    path("invoices/<uuid:pk>/payments/new", views.InvoicePay.as_view(), name="invoice_pay"),
    path("payments/<uuid:pk>/remove", views.PaymentRemove.as_view(), name="payment_remove"),
    path("reports/recurring", views.RecurringReport.as_view(), name="recurring_report"),
    path("reports/value", views.ValueReport.as_view(), name="value_report"),
    path("reports/value/predict", views.PredictValues.as_view(), name="predict_values"),
    path("reports/pipeline", views.PipelineReport.as_view(), name="pipeline_report"),
]
