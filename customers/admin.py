"""The tables of customers in the operators' admin: to look at, with links to the staff pages that change them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from crm.admin_site import ReadOnlyAdmin
from customers.models import Customer, CustomerFacts, CustomerSearch, ImportJob, ImportRow
from customers.queries import matching


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    page_name = "customers:customer_detail"
    list_display = ("display_name", "business", "kind", "lifecycle_stage", "email", "created_at")
    list_filter = ("business", "kind", "lifecycle_stage")
    list_select_related = ("business",)
    search_fields = ("display_name",)
    ordering = ("-id",)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """By the product's own search, which has an index for it."""
        words = search_term.strip()
        return (queryset.filter(pk__in=matching(words)) if words else queryset), False

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        return [(row.business_id, row.pk)]


class CustomerRowAdmin(ReadOnlyAdmin):
    """A table with one row per customer."""

    list_filter = ("business", "is_live")
    search_fields = ("=customer__id",)
    list_select_related = ("business", "customer")
    ordering = ("-pk",)

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        return [(row.business_id, row.customer_id)]


@admin.register(CustomerFacts)
class CustomerFactsAdmin(CustomerRowAdmin):
    list_display = ("customer", "business", "total_spent", "order_count", "last_order_at")


@admin.register(CustomerSearch)
class CustomerSearchAdmin(CustomerRowAdmin):
    hidden = ("vector",)
    list_display = ("sort_name", "email_key", "business")


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    hidden = ("file",)
    page_name = "customers:import_detail"
    list_display = ("file_name", "business", "resource", "state", "row_count", "fault_count", "created_at")
    list_filter = ("business", "state", "resource")
    search_fields = ("file_name", "sha256")


@admin.register(ImportRow)
class ImportRowAdmin(ReadOnlyAdmin):
    list_display = ("import_job", "line", "column", "reason", "business")
    list_filter = ("business",)
    list_select_related = ("import_job", "business")
    search_fields = ("column", "reason")
