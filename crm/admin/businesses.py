"""Businesses, their people, teams, invitations and keys in the operators' admin."""

from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock, services
from crm.admin_site import OperatorsAdmin, ReadOnlyAdmin
from crm.errors import DomainError
from crm.models import ApiKey, Business, Invitation, Membership, Team, User
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
