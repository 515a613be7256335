"""The tables of commerce in the operators' admin: to look at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from commerce.models import Order, OrderLine, Product, RevenueDay
from crm.admin_site import ReadOnlyAdmin


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    list_display = ("code", "name", "business")
    list_filter = ("business",)
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
