"""The tables of commerce in the operators' admin: to look at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from commerce.models import (
    CategoryPair,
    CohortMonth,
    CrossSellRun,
    Invoice,
    LifetimeValueEstimate,
    Opportunity,
    OpportunityStageChange,
    Order,
    OrderGap,
    OrderLine,
    OrderPatterns,
    OrderStatusChange,
    Payment,
    Product,
    ProductCategory,
    ProductPair,
    ProductSales,
    RevenueDay,
    RollingDay,
    Subscription,
    SubscriptionChange,
    ValueModel,
)
from crm.admin_site import ReadOnlyAdmin


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    page_name = "commerce:product_detail"
    list_display = ("code", "name", "category", "price", "is_active", "business")
    list_filter = ("business", "is_active")
    list_select_related = ("business", "category")
    search_fields = ("code", "name")


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    page_name = "commerce:order_detail"
    list_display = ("number", "business", "customer", "status", "total", "currency", "ordered_at")
    list_filter = ("business", "status")
    list_select_related = ("business", "customer")
    search_fields = ("number",)
    ordering = ("-id",)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """By the whole number, which has an index."""
        words = search_term.strip()
        return (queryset.filter(number=words) if words else queryset), False

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        return [(row.business_id, row.customer_id)]


@admin.register(OrderLine)
class OrderLineAdmin(ReadOnlyAdmin):
    list_display = ("order", "position", "product", "quantity", "unit_price", "amount", "business")
    list_filter = ("business",)
    list_select_related = ("business", "order", "product")
    search_fields = ("order__number",)
    ordering = ("-id",)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """By the whole number of the order, which has an index."""
        words = search_term.strip()
        return (queryset.filter(order__number=words) if words else queryset), False


@admin.register(RevenueDay)
class RevenueDayAdmin(ReadOnlyAdmin):
    list_display = ("day", "business", "revenue", "order_count")
    list_filter = ("business",)
    search_fields = ("=id",)
    ordering = ("-day",)


@admin.register(ProductCategory)
class ProductCategoryAdmin(ReadOnlyAdmin):
    list_display = ("name", "parent", "is_active", "business")
    list_filter = ("business", "is_active")
    list_select_related = ("business", "parent")
    search_fields = ("name",)


@admin.register(OrderStatusChange)
class OrderStatusChangeAdmin(ReadOnlyAdmin):
    list_display = ("order", "before", "after", "at", "actor_label", "business")
    list_filter = ("business", "after")
    list_select_related = ("business", "order")
    search_fields = ("=order__number",)
    ordering = ("-id",)

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        return [(row.business_id, row.order.customer_id)]


@admin.register(RollingDay)
class RollingDayAdmin(ReadOnlyAdmin):
    list_display = ("business", "day")
    list_filter = ("business",)
    search_fields = ("business__slug",)


@admin.register(ValueModel)
class ValueModelAdmin(ReadOnlyAdmin):
    list_display = ("business", "version", "method", "customer_count", "trained_to", "created_at")
    list_filter = ("business", "method")
    search_fields = ("=version",)


@admin.register(LifetimeValueEstimate)
class LifetimeValueEstimateAdmin(ReadOnlyAdmin):
    list_display = ("customer", "business", "predicted", "low", "high", "orders", "alive", "calculated_at")
    list_filter = ("business",)
    list_select_related = ("business", "customer")
    search_fields = ("=customer__external_id",)

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        return [(row.business_id, row.customer_id)]


@admin.register(Opportunity)
class OpportunityAdmin(ReadOnlyAdmin):
    page_name = "commerce:deal_detail"
    list_display = ("name", "business", "customer", "kind", "stage", "amount", "currency", "expected_close_on", "owner")
    list_filter = ("business", "stage", "kind")
    list_select_related = ("business", "customer", "owner")
    search_fields = ("name", "external_id")
    ordering = ("-id",)

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        return [(row.business_id, row.customer_id)] if row.customer_id else []


@admin.register(OpportunityStageChange)
class OpportunityStageChangeAdmin(ReadOnlyAdmin):
    list_display = ("opportunity", "business", "before", "after", "at", "days", "actor_label")
    list_filter = ("business", "after")
    list_select_related = ("business", "opportunity")
    search_fields = ("opportunity__name",)
    ordering = ("-id",)


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    page_name = "commerce:subscription_detail"
    list_display = ("plan", "business", "customer", "status", "mrr", "interval", "started_on", "renews_on")
    list_filter = ("business", "status", "interval")
    list_select_related = ("business", "customer")
    search_fields = ("plan", "external_id")
    ordering = ("-id",)

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        return [(row.business_id, row.customer_id)]


@admin.register(SubscriptionChange)
class SubscriptionChangeAdmin(ReadOnlyAdmin):
    list_display = ("subscription", "business", "event", "on", "mrr_before", "mrr_after", "actor_label")
    list_filter = ("business", "event")
    list_select_related = ("business", "subscription")
    search_fields = ("subscription__plan",)
    ordering = ("-id",)


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    page_name = "commerce:invoice_detail"
    list_display = ("number", "business", "customer", "status", "amount", "currency", "issued_on", "due_on")
    list_filter = ("business", "status")
    list_select_related = ("business", "customer")
    search_fields = ("number",)
    ordering = ("-id",)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """By the whole number, which has an index."""
        words = search_term.strip()
        return (queryset.filter(number=words) if words else queryset), False

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        return [(row.business_id, row.customer_id)]


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ("invoice", "business", "paid_on", "amount", "method", "reference")
    list_filter = ("business", "method")
    list_select_related = ("business", "invoice")
    search_fields = ("invoice__number",)
    ordering = ("-id",)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """By the whole number of the invoice, which has an index."""
        words = search_term.strip()
        return (queryset.filter(invoice__number=words) if words else queryset), False

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        return [(row.business_id, row.invoice.customer_id)]


@admin.register(CrossSellRun)
class CrossSellRunAdmin(ReadOnlyAdmin):
    list_display = (
        "business",
        "calculated_at",
        "day_from",
        "day_to",
        "customer_count",
        "product_pairs",
        "category_pairs",
    )
    list_filter = ("business",)
    search_fields = ("business__slug",)


@admin.register(ProductSales)
class ProductSalesAdmin(ReadOnlyAdmin):
    list_display = ("product", "business", "order_count", "buyer_count", "revenue")
    list_filter = ("business",)
    list_select_related = ("business", "product")
    search_fields = ("=product__code",)


@admin.register(ProductPair)
class ProductPairAdmin(ReadOnlyAdmin):
    list_display = ("product", "partner", "both", "support", "confidence", "lift", "business")
    list_filter = ("business",)
    list_select_related = ("business", "product", "partner")
    search_fields = ("=product__code",)
    ordering = ("-id",)


@admin.register(CategoryPair)
class CategoryPairAdmin(ReadOnlyAdmin):
    list_display = ("category", "partner", "both", "support", "confidence", "lift", "business")
    list_filter = ("business",)
    list_select_related = ("business", "category", "partner")
    search_fields = ("=category__name",)
    ordering = ("-id",)


@admin.register(OrderPatterns)
class OrderPatternsAdmin(ReadOnlyAdmin):
    list_display = ("business", "computed_at", "customer_count")
    list_filter = ("business",)
    search_fields = ("business__slug",)


@admin.register(CohortMonth)
class CohortMonthAdmin(ReadOnlyAdmin):
    list_display = ("cohort", "month", "business", "customers", "orders", "revenue")
    list_filter = ("business",)
    list_select_related = ("business",)
    search_fields = ("business__slug",)
    ordering = ("-id",)


@admin.register(OrderGap)
class OrderGapAdmin(ReadOnlyAdmin):
    list_display = ("customer", "business", "last_order_at", "told_at")
    list_filter = ("business",)
    list_select_related = ("business", "customer")
    search_fields = ("=customer__external_id",)

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        return [(row.business_id, row.customer_id)]
