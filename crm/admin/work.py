"""Background work, the mode of the service, and what people keep for themselves, in the operators' admin."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from crm import clock, services
from crm.admin_site import OperatorsAdmin, ReadOnlyAdmin
from crm.models import (
    DefaultView,
    IdempotentRequest,
    Job,
    Notification,
    NotificationChoice,
    SavedView,
    SavedViewPin,
    Schedule,
    ServiceMode,
    Worker,
)


class OfTheServiceTooAdmin(ReadOnlyAdmin):
    """Rows of the open businesses, and those of the service itself, which have none."""

    def get_queryset(self, request: Any) -> Any:
        opened = Q(business__in=request.opened_businesses) | Q(business__isnull=True)
        return self.model.unscoped.filter(opened)


@admin.register(Job)
class JobAdmin(OfTheServiceTooAdmin):
    page_name = ""
    list_display = (
        "task",
        "business",
        "lane",
        "state",
        "attempts",
        "error_code",
        "worker",
        "created_at",
        "finished_at",
    )
    list_filter = ("state", "lane", "business")
    list_select_related = ("business",)
    search_fields = ("task", "actor_label", "=error_code", "worker")


@admin.register(Schedule)
class ScheduleAdmin(OfTheServiceTooAdmin):
    list_display = ("key", "business", "cron", "time_zone", "is_active", "next_due_at", "last_due_at", "fault")
    list_filter = ("is_active", "business")
    list_select_related = ("business",)
    search_fields = ("key", "task")


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ("name", "started_at", "seen_at", "restarts")
    search_fields = ("name",)


@admin.register(ServiceMode)
class ServiceModeAdmin(OperatorsAdmin):
    """Stops all changes, and allows them again; this page stays open meanwhile."""

    list_display = ("__str__", "reason", "changed_at", "changed_by")
    fields = ("is_read_only", "reason", "changed_at", "changed_by")
    readonly_fields = ("changed_at", "changed_by")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        data = {name: form.cleaned_data[name] for name in ("is_read_only", "reason")}
        services.set_service_mode(actor=request.actor, at=clock.now(), **data)


@admin.register(Notification)
class NotificationAdmin(OfTheServiceTooAdmin):
    list_display = ("kind", "title", "user", "business", "count", "created_at", "read_at")
    list_filter = ("kind", "tone", "business")
    list_select_related = ("user", "business")
    search_fields = ("title", "user__email", "=kind")

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        return [(row.business_id, row.about)] if row.business_id and row.about else []


@admin.register(NotificationChoice)
class NotificationChoiceAdmin(ReadOnlyAdmin):
    list_display = ("user", "kind", "is_wanted")
    list_filter = ("kind", "is_wanted")
    list_select_related = ("user",)
    search_fields = ("user__email", "=kind")


@admin.register(SavedView)
class SavedViewAdmin(ReadOnlyAdmin):
    list_display = ("name", "page", "owner", "audience", "business", "updated_at")
    list_filter = ("business", "audience", "page")
    list_select_related = ("owner", "business")
    search_fields = ("name", "owner__email")


@admin.register(SavedViewPin)
class SavedViewPinAdmin(ReadOnlyAdmin):
    list_display = ("view", "user", "business", "created_at")
    list_filter = ("business",)
    list_select_related = ("view", "user", "business")
    search_fields = ("user__email",)


@admin.register(DefaultView)
class DefaultViewAdmin(ReadOnlyAdmin):
    list_display = ("user", "page", "view", "business")
    list_filter = ("business", "page")
    list_select_related = ("user", "view", "business")
    search_fields = ("user__email", "view__name")


@admin.register(IdempotentRequest)
class IdempotentRequestAdmin(ReadOnlyAdmin):
    """That a request was answered; what the answer said may be personal data and isn't shown."""

    hidden = ("fingerprint", "body", "headers")
    list_display = ("key", "principal", "business", "status", "at")
    list_filter = ("business", "status")
    search_fields = ("=key", "=principal")
