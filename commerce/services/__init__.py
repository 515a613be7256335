"""Deeds on orders, deals, subscriptions and invoices, and the figures that follow from them."""

from commerce.services.cross_sell import ask_for_cross_sell, compute_cross_sell
from commerce.services.deals import (
    DEAL_FIELDS,
    DealDiffers,
    DealUnchanged,
    create_deal,
    delete_deal,
    move_deal,
    update_deal,
)
from commerce.services.facts import (
    exponent_of,
    refresh_deal_facts,
    refresh_headlines,
    refresh_order_facts,
    refresh_recurring_facts,
)
from commerce.services.gaps import tell_order_gaps
from commerce.services.headline import follow_arr_manual, follow_imported_arr, follow_ltv_basis
from commerce.services.invoices import (
    INVOICE_FIELDS,
    PAYMENT_FIELDS,
    InvoiceDiffers,
    InvoiceNotOpen,
    InvoiceSettled,
    create_invoice,
    is_overdue,
    record_payment,
    remove_payment,
    update_invoice,
    void_invoice,
)
from commerce.services.order_plans import OrderDiffers, Taken
from commerce.services.order_writing import UNIDENTIFIED_PREFIX
from commerce.services.orders import create_order, delete_order, take_orders, update_order
from commerce.services.patterns import ask_for_patterns, compute_patterns, follow_days, follow_order_files
from commerce.services.predictions import ask_for_prediction, predict_values
from commerce.services.products import (
    CATEGORY_FIELDS,
    PRODUCT_FIELDS,
    ProductArchived,
    ProductNotArchived,
    archive_category,
    archive_product,
    create_category,
    create_product,
    restore_category,
    restore_product,
    update_category,
    update_product,
)
from commerce.services.proof import ask_for_proof, differences_in_words, prove_figures, tell_of_differences
from commerce.services.rebuild import rebuild_facts
from commerce.services.refunded import mark_refunded
from commerce.services.revenue import follow_time_zone, refresh_revenue
from commerce.services.slide import slide_windows
from commerce.services.subscription_ledger import SubscriptionEnded
from commerce.services.subscription_settling import settle_subscriptions
from commerce.services.subscription_terms import (
    SUBSCRIPTION_DETAILS,
    SUBSCRIPTION_FIELDS,
    SUBSCRIPTION_TERMS,
    counted,
    next_renewal,
    per_month,
)
from commerce.services.subscriptions import (
    SubscriptionDiffers,
    SubscriptionUnchanged,
    cancel_subscription,
    change_subscription,
    pause_subscription,
    reopen_subscription,
    resume_subscription,
    start_subscription,
)

__all__ = [
    "CATEGORY_FIELDS",
    "DEAL_FIELDS",
    "INVOICE_FIELDS",
    "PAYMENT_FIELDS",
    "PRODUCT_FIELDS",
    "SUBSCRIPTION_DETAILS",
    "SUBSCRIPTION_FIELDS",
    "SUBSCRIPTION_TERMS",
    "UNIDENTIFIED_PREFIX",
    "DealDiffers",
    "DealUnchanged",
    "InvoiceDiffers",
    "InvoiceNotOpen",
    "InvoiceSettled",
    "OrderDiffers",
    "ProductArchived",
    "ProductNotArchived",
    "SubscriptionDiffers",
    "SubscriptionEnded",
    "SubscriptionUnchanged",
    "Taken",
    "archive_category",
    "archive_product",
    "ask_for_cross_sell",
    "ask_for_patterns",
    "ask_for_prediction",
    "ask_for_proof",
    "cancel_subscription",
    "change_subscription",
    "compute_cross_sell",
    "compute_patterns",
    "counted",
    "create_category",
    "create_deal",
    "create_invoice",
    "create_order",
    "create_product",
    "delete_deal",
    "delete_order",
    "differences_in_words",
    "exponent_of",
    "follow_arr_manual",
    "follow_days",
    "follow_imported_arr",
    "follow_ltv_basis",
    "follow_order_files",
    "follow_time_zone",
    "is_overdue",
    "mark_refunded",
    "move_deal",
    "next_renewal",
    "pause_subscription",
    "per_month",
    "predict_values",
    "prove_figures",
    "rebuild_facts",
    "record_payment",
    "refresh_deal_facts",
    "refresh_headlines",
    "refresh_order_facts",
    "refresh_recurring_facts",
    "refresh_revenue",
    "remove_payment",
    "reopen_subscription",
    "restore_category",
    "restore_product",
    "resume_subscription",
    "settle_subscriptions",
    "slide_windows",
    "start_subscription",
    "take_orders",
    "tell_of_differences",
    "tell_order_gaps",
    "update_category",
    "update_deal",
    "update_invoice",
    "update_order",
    "update_product",
    "void_invoice",
]
