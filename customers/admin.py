"""The tables of customers in the operators' admin: to look at, with links to the staff pages that change them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from crm.admin_site import ReadOnlyAdmin
from customers.models import (
    Attachment,
    BulkChange,
    BulkRun,
    CommunicationPreference,
    CompetitorMention,
    ConsentRecord,
    Contact,
    Customer,
    CustomerFacts,
    CustomerSearch,
    CustomerTag,
    CustomerVisit,
    CustomField,
    IcpCriterion,
    ImportChange,
    ImportJob,
    ImportRow,
    LifecycleChange,
    Note,
    NoteMention,
    Person,
    PrivacyRequest,
    Qualification,
    SearchWord,
    SendDecision,
    Signal,
    Tag,
    Technology,
    UniqueCustomValue,
    UniquePhone,
)
from customers.queries import matching


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    hidden = ("birth_date_sealed", "birth_key", "telegram_sealed", "telegram_key")
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


@admin.register(SearchWord)
class SearchWordAdmin(ReadOnlyAdmin):
    list_display = ("word", "business")
    list_filter = ("business",)
    search_fields = ("=word",)


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


@admin.register(ImportChange)
class ImportChangeAdmin(ReadOnlyAdmin):
    list_display = ("import_job", "customer", "contact", "at", "business")
    list_filter = ("business",)
    list_select_related = ("import_job", "customer", "contact", "business")
    search_fields = ("=customer__id",)

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        return [(row.business_id, row.customer_id)]


class OfCustomerAdmin(ReadOnlyAdmin):
    """A table about customers: each row shows the one that it is about."""

    search_fields = ("=customer__id",)
    list_select_related: ClassVar[tuple[str, ...]] = ("business", "customer")
    ordering = ("-pk",)

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        return [(row.business_id, row.customer_id)]


@admin.register(CommunicationPreference)
class CommunicationPreferenceAdmin(OfCustomerAdmin):
    list_display = ("customer", "business", "frequency", "preferred_channel", "paused_until", "updated_at")
    list_filter = ("business",)


@admin.register(ConsentRecord)
class ConsentRecordAdmin(OfCustomerAdmin):
    list_display = ("customer", "business", "purpose", "channel", "state", "source", "given_at")
    list_filter = ("business", "state", "purpose", "source")


@admin.register(SendDecision)
class SendDecisionAdmin(OfCustomerAdmin):
    list_display = ("customer", "business", "category", "channel", "outcome", "reason", "asked_at")
    list_filter = ("business", "outcome", "category", "channel")


@admin.register(PrivacyRequest)
class PrivacyRequestAdmin(OfCustomerAdmin):
    list_display = ("customer", "business", "kind", "state", "received_at", "due_on")
    list_filter = ("business", "kind", "state")


@admin.register(BulkRun)
class BulkRunAdmin(ReadOnlyAdmin):
    hidden = ("customer_ids",)
    page_name = "customers:bulk_detail"
    list_display = ("action", "business", "state", "total", "requested_by", "created_at")
    list_filter = ("business", "state", "action")
    search_fields = ("=id",)


@admin.register(BulkChange)
class BulkChangeAdmin(ReadOnlyAdmin):
    list_display = ("run", "customer", "result", "reason", "at", "business")
    list_filter = ("business", "result")
    list_select_related = ("run", "customer", "business")
    search_fields = ("=customer__id",)

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        return [(row.business_id, row.customer_id)]


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    page_name = "customers:tag_update"
    list_display = ("name", "business", "color", "description", "created_at")
    list_filter = ("business",)
    search_fields = ("name",)


@admin.register(CustomerTag)
class CustomerTagAdmin(OfCustomerAdmin):
    list_display = ("customer", "business", "created_at")
    list_filter = ("business",)


@admin.register(CustomField)
class CustomFieldAdmin(ReadOnlyAdmin):
    page_name = "customers:custom_field_update"
    list_display = ("label", "key", "business", "type", "is_required", "is_unique", "archived_at")
    list_filter = ("business", "type")
    search_fields = ("label", "key")


@admin.register(LifecycleChange)
class LifecycleChangeAdmin(OfCustomerAdmin):
    list_display = ("customer", "business", "stage", "substep", "effective_at", "recorded_at", "actor_label")
    list_filter = ("business", "stage")


@admin.register(CustomerVisit)
class CustomerVisitAdmin(OfCustomerAdmin):
    list_display = ("customer", "user", "business", "seen_at", "before_at")
    list_filter = ("business",)
    list_select_related = ("business", "customer", "user")


@admin.register(Note)
class NoteAdmin(OfCustomerAdmin):
    list_display = ("customer", "business", "note_type", "created_label", "created_at", "removed_at")
    list_filter = ("business", "note_type")


@admin.register(NoteMention)
class NoteMentionAdmin(ReadOnlyAdmin):
    list_display = ("user", "note_id", "business")
    list_filter = ("business",)
    list_select_related = ("business", "user")
    search_fields = ("=note__id",)
    ordering = ("-pk",)


@admin.register(Attachment)
class AttachmentAdmin(OfCustomerAdmin):
    list_display = ("customer", "file_name", "business", "content_type", "size", "created_at", "removed_at")
    list_filter = ("business", "content_type")


@admin.register(UniqueCustomValue)
class UniqueCustomValueAdmin(OfCustomerAdmin):
    list_display = ("customer", "value_key", "business")
    list_filter = ("business",)


@admin.register(UniquePhone)
class UniquePhoneAdmin(OfCustomerAdmin):
    list_display = ("customer", "number", "business")
    list_filter = ("business",)


@admin.register(Contact)
class ContactAdmin(ReadOnlyAdmin):
    hidden = ("vector",)
    page_name = "customers:contact_detail"
    list_display = ("display_name", "customer", "role", "business", "archived_at")
    list_filter = ("business", "role")
    list_select_related = ("customer", "business")
    search_fields = ("=id",)

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        return [(row.business_id, row.customer_id)]


@admin.register(Person)
class PersonAdmin(ReadOnlyAdmin):
    list_display = ("id", "created_at")
    search_fields = ("=id",)


@admin.register(IcpCriterion)
class IcpCriterionAdmin(ReadOnlyAdmin):
    page_name = "customers:icp_criterion_update"
    list_display = ("name", "business", "field", "operator", "weight", "order")
    list_filter = ("business",)
    search_fields = ("name",)


@admin.register(Qualification)
class QualificationAdmin(OfCustomerAdmin):
    list_display = ("customer", "business", "budget", "authority", "need", "timeline", "assessed_at")
    list_filter = ("business",)


@admin.register(Technology)
class TechnologyAdmin(OfCustomerAdmin):
    page_name = "customers:technology_update"
    list_display = ("name", "customer", "business", "category", "source", "last_seen_on")
    list_filter = ("business",)


@admin.register(Signal)
class SignalAdmin(OfCustomerAdmin):
    page_name = "customers:signal_update"
    list_display = ("customer", "business", "kind", "strength", "source", "seen_on", "closed_on")
    list_filter = ("business", "kind")


@admin.register(CompetitorMention)
class CompetitorMentionAdmin(OfCustomerAdmin):
    page_name = "customers:competitor_update"
    list_display = ("name", "customer", "business", "standing", "source", "seen_on")
    list_filter = ("business", "standing")
