"""The trail in the operators' admin."""

from typing import Any

from django.contrib import admin

from crm.admin_site import ReadOnlyAdmin
from crm.models import AccessRecord, Activity, ActivityDetail, ActivitySeal


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    hidden = ("digest",)
    list_display = ("verb", "business", "actor_label", "door", "at")
    list_filter = ("business", "door")
    search_fields = ("=verb", "=subject_id", "=actor_id")


@admin.register(ActivityDetail)
class ActivityDetailAdmin(ReadOnlyAdmin):
    hidden = ("salt",)
    list_display = ("activity", "business")
    list_filter = ("business",)
    list_select_related = ("activity", "business")
    search_fields = ("=activity__subject_id",)

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        return [(row.business_id, row.activity.about)] if row.activity.about else []


@admin.register(ActivitySeal)
class ActivitySealAdmin(ReadOnlyAdmin):
    hidden = ("root_hash", "previous_hash")
    list_display = ("id", "business", "count", "sealed_at")
    list_filter = ("business",)
    search_fields = ("=id",)


@admin.register(AccessRecord)
class AccessRecordAdmin(ReadOnlyAdmin):
    list_display = ("actor_label", "business", "what", "door", "at")
    list_filter = ("business", "door")
    search_fields = ("=actor_id", "=what")
