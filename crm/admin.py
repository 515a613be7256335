"""The kernel's tables in the operators' admin."""

from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export import resources
from import_export.admin import ImportExportMixin
from import_export.fields import Field
from import_export.formats.base_formats import CSV
from import_export.widgets import ForeignKeyWidget

from crm import clock, services
from crm.admin_site import OperatorsAdmin, ReadOnlyAdmin
from crm.errors import DomainError, InvalidInput
from crm.models import (
    AccessRecord,
    Activity,
    ActivityDetail,
    ActivitySeal,
    ApiKey,
    Business,
    DefaultView,
    ExchangeRate,
    IdempotentRequest,
    Invitation,
    Job,
    Membership,
    Notification,
    NotificationChoice,
    SavedView,
    SavedViewPin,
    Schedule,
    ServiceMode,
    Team,
    User,
    Worker,
)
from crm.pages import carry_out


class BusinessAdminForm(forms.ModelForm):
    """A business; a new one needs an owner."""

    owner = forms.ModelChoiceField(
        label=gettext_lazy("Owner"), queryset=User.objects.filter(is_active=True), required=False
    )

    class Meta:
        model = Business
        fields = ("name", "slug", "currency", "time_zone", "locale", "is_active")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.instance._state.adding and not data.get("owner"):
            self.add_error("owner", _("A new business needs an owner."))
        return data


@admin.register(Business)
class BusinessAdmin(OperatorsAdmin):
    form = BusinessAdminForm
    list_display = ("name", "slug", "currency", "time_zone", "is_active", "is_demo", "created_at")
    list_filter = ("is_active", "is_demo", "currency")
    search_fields = ("name", "slug")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = ["name", "slug", "currency", "time_zone", "locale"]
        return [*fields, "owner"] if obj is None else [*fields, "is_active", "is_demo", "created_at", "updated_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else ["currency", "is_demo", "created_at", "updated_at"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        data = form.cleaned_data
        if change:
            names = ("name", "slug", "time_zone", "locale", "is_active")
            given = {name: data[name] for name in names if name in data}
            carry_out(lambda: services.update_business(actor=request.actor, business=obj, **given))
            return
        given = {name: data[name] for name in ("name", "slug", "currency", "time_zone", "locale", "owner")}
        made = carry_out(lambda: services.create_business(actor=request.actor, **given))
        obj.pk, obj._state.adding = made.pk, False


@admin.register(User)
class UserAdmin(OperatorsAdmin):
    """People: whether they may sign in, and who operates the installation. They come in by invitation."""

    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "last_login", "date_joined")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    fields = ("email", "name", "is_active", "is_staff", "is_superuser", "last_login", "date_joined")
    readonly_fields = ("email", "name", "last_login", "date_joined")
    actions = ("reset_second_factor",)

    @admin.action(description=gettext_lazy("Reset the second factor of the chosen people"), permissions=["change"])
    def reset_second_factor(self, request: Any, queryset: Any) -> None:
        for user in queryset:
            try:
                services.reset_second_factor_of_user(actor=request.actor, user=user)
            except DomainError as refusal:
                self.message_user(request, f"{user}: {refusal.message}", "error")
                continue
            get_adapter().send_notification_mail("mfa/email/second_factor_reset", user)
            self.message_user(request, _("%(name)s: the second factor was reset.") % {"name": user})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return request.user.is_active and request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        names = ("is_active", "is_staff", "is_superuser")
        services.set_operator(actor=request.actor, user=obj, **{name: form.cleaned_data[name] for name in names})


@admin.register(Membership)
class MembershipAdmin(OperatorsAdmin):
    """Roles, changed by the same rules as on the staff pages; memberships begin by invitation."""

    list_display = ("user", "business", "role", "team", "visibility", "is_active")
    list_filter = ("business", "role", "visibility", "is_active")
    search_fields = ("user__email", "user__name")
    list_select_related = ("user", "business", "team")
    fields = ("business", "user", "team", "role", "visibility", "is_active", "created_at", "updated_at")
    readonly_fields = ("business", "user", "team", "is_active", "created_at", "updated_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.is_active)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        data = {name: form.cleaned_data[name] for name in ("role", "visibility")}
        services.change_membership(actor=request.actor, membership=obj, **data)


@admin.register(Team)
class TeamAdmin(ReadOnlyAdmin):
    list_display = ("name", "business", "created_at")
    list_filter = ("business",)
    search_fields = ("name",)


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    hidden = ("token_digest",)
    list_display = ("email", "business", "role", "expires_at", "accepted_at", "withdrawn_at")
    list_filter = ("business", "role")
    search_fields = ("email",)
    actions = ("withdraw",)

    @admin.action(description=gettext_lazy("Withdraw the chosen invitations"))
    def withdraw(self, request: Any, queryset: Any) -> None:
        for invitation in queryset:
            try:
                services.withdraw_invitation(actor=request.actor, invitation=invitation, at=clock.now())
            except DomainError as refusal:
                self.message_user(request, f"{invitation}: {refusal.message}", "error")


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    hidden = ("digest", "previous_digest")
    list_display = ("name", "business", "prefix", "role", "last_used_at", "expires_at", "revoked_at")
    list_filter = ("business", "role")
    search_fields = ("name", "prefix")
    actions = ("revoke",)

    @admin.action(description=gettext_lazy("Revoke the chosen keys"))
    def revoke(self, request: Any, queryset: Any) -> None:
        for key in queryset:
            try:
                services.revoke_api_key(actor=request.actor, api_key=key, at=clock.now())
            except DomainError as refusal:
                self.message_user(request, f"{key}: {refusal.message}", "error")


class RateResource(resources.ModelResource):
    """Rates as a file: business (short name), currency, valid_on, rate; each row goes through the page's service."""

    business = Field("business", "business", ForeignKeyWidget(Business, "slug"))

    class Meta:
        model = ExchangeRate
        fields = ("business", "currency", "valid_on", "rate")
        import_id_fields = ("business", "currency", "valid_on")
        skip_unchanged = True
        use_transactions = True

    def __init__(self, *, actor: Any = None, businesses: Any = (), **kwargs: Any) -> None:
        self.actor, self.businesses = actor, {business.pk for business in businesses}
        super().__init__(**kwargs)

    def do_instance_save(self, instance: Any, is_create: bool) -> None:
        if instance.business_id not in self.businesses:
            raise ValidationError({"business": [_("This business is not open.")]})
        data = {name: getattr(instance, name) for name in ("business", "currency", "valid_on", "rate")}
        missing = [name for name, value in data.items() if value in (None, "")]
        if missing:
            raise ValidationError({name: [_("This value is needed.")] for name in missing})
        try:
            instance.pk = services.set_rate(actor=self.actor, **data).pk
        except InvalidInput as refusal:
            raise ValidationError(refusal.errors) from refusal


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ImportExportMixin, OperatorsAdmin):
    resource_classes = [RateResource]
    import_formats = [CSV]
    export_formats = [CSV]
    list_display = ("currency", "valid_on", "rate", "business")
    list_filter = ("business", "currency")
    search_fields = ("currency",)
    fields = ("business", "currency", "valid_on", "rate", "created_at", "updated_at")
    readonly_fields = ("created_at", "updated_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if obj is None else ("business", *self.readonly_fields)

    def get_import_resource_kwargs(self, request: Any, **kwargs: Any) -> dict[str, Any]:
        return {"actor": request.actor, "businesses": request.opened_businesses}

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "business":
            kwargs["queryset"] = Business.objects.filter(pk__in=[business.pk for business in request.opened_businesses])
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        data = {name: form.cleaned_data[name] for name in ("currency", "valid_on", "rate")}
        if change:
            carry_out(lambda: services.update_rate(actor=request.actor, record=obj, **data))
            return
        made = carry_out(lambda: services.add_rate(actor=request.actor, business=form.cleaned_data["business"], **data))
        obj.pk, obj._state.adding = made.pk, False

    def delete_model(self, request: Any, obj: Any) -> None:
        services.delete_rate(actor=request.actor, record=obj)

    def delete_queryset(self, request: Any, queryset: Any) -> None:
        for record in queryset:
            services.delete_rate(actor=request.actor, record=record)


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
