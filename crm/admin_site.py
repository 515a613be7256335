"""The operators' admin: its entrance, its chooser of businesses, and what its pages have in common."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import logout as end_session
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import paging
from crm.admin_scope import CHOSEN_KEY, saw_in_admin
from crm.errors import DomainError, InvalidInput
from crm.models import Business

# Other packages' tables that an operator has no business in: queue internals, second factors, sessions.
HIDDEN_APPS = {"account", "django_q", "mfa", "usersessions"}


class BusinessesForm(forms.Form):
    """Which businesses' rows the admin shows."""

    businesses = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Businesses"),
        queryset=Business.objects.all(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


class OperatorsSite(admin.AdminSite):
    """Entered through the product's own sign-in; shows the rows of the chosen businesses."""

    site_header = gettext_lazy("Operators")
    site_title = settings.PRODUCT_NAME
    index_title = gettext_lazy("Operate this installation")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models = list(model_or_iterable) if isinstance(model_or_iterable, list | tuple) else [model_or_iterable]
        super().register(
            [model for model in models if model._meta.app_label not in HIDDEN_APPS], admin_class, **options
        )

    def get_urls(self) -> list[Any]:
        return [
            path("businesses/", self.admin_view(self.choose_businesses), name="choose_businesses"),
            *super().get_urls(),
        ]

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if request.method == "POST":
            end_session(request)
        return HttpResponseRedirect(reverse(settings.LOGIN_URL))

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return HttpResponseRedirect(reverse("account_change_password"))

    def choose_businesses(self, request: Any) -> HttpResponse:
        """The chooser: which businesses are open in this session."""
        form = BusinessesForm(
            request.POST if request.method == "POST" else None,
            initial={"businesses": [b.pk for b in request.opened_businesses]},
        )
        if request.method == "POST" and form.is_valid():
            request.session[CHOSEN_KEY] = [str(business.pk) for business in form.cleaned_data["businesses"]]
            count = len(request.session[CHOSEN_KEY])
            messages.success(request, ngettext("%d business is open.", "%d businesses are open.", count) % count)
            return HttpResponseRedirect(reverse("admin:index"))
        context = {**self.each_context(request), "title": _("Open businesses"), "form": form}
        return TemplateResponse(request, "admin/choose_businesses.html", context)

    def get_app_list(self, request: Any, app_label: str | None = None) -> list[Any]:
        apps = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        url = reverse("admin:choose_businesses")
        names = ", ".join(business.name for business in request.opened_businesses[:5])
        more = "…" if len(request.opened_businesses) > 5 else ""
        entry = {
            "name": f"{_('Open businesses')}: {names or _('none')}{more}",
            "object_name": "Businesses",
            "admin_url": url,
            "add_url": None,
            "view_only": False,
            "perms": {"add": False, "change": True, "delete": False, "view": True},
        }
        chooser = {
            "name": _("What you see"),
            "app_label": "scope",
            "app_url": url,
            "has_module_perms": True,
            "models": [entry],
        }
        return [chooser, *apps]


class EstimatingPaginator(Paginator):
    """Counts exactly as far as that is cheap, beyond that as the database estimates."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return paging.count(rows)[0]


class OperatorsAdmin(admin.ModelAdmin):
    """A table in the admin. `hidden` columns (digests, salts) are never shown; `page_name` is a record's staff page."""

    hidden: tuple[str, ...] = ()
    page_name = ""
    paginator = EstimatingPaginator
    show_full_result_count = False
    list_per_page = 50

    def shows(self, row: Any) -> list[tuple[Any, Any]]:
        """(business, customer) pairs whose personal data the row holds; the admin records that they were seen."""
        return []

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changes = super().get_changelist_instance(request)
        saw_in_admin(request, [pair for row in changes.result_list for pair in self.shows(row)])
        return changes

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            saw_in_admin(request, self.shows(found))
        return found

    def view_on_site(self, obj: Any) -> str:
        return reverse(self.page_name, args=[obj.pk])

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        return self.view_on_site(obj) if obj is not None and self.page_name else None

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """A service's refusal becomes a message above the same page."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except DomainError as refusal:
            return self.refused(request, refusal)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().delete_view(request, *args, **kwargs)
        except DomainError as refusal:
            return self.refused(request, refusal)

    def refused(self, request: HttpRequest, refusal: DomainError) -> HttpResponse:
        words = [str(refusal.message)]
        if isinstance(refusal, InvalidInput):
            words += [f"{name}: {' '.join(map(str, texts))}" for name, texts in refusal.errors.items()]
        self.message_user(request, " ".join(words), messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())


class ReadOnlyAdmin(OperatorsAdmin):
    """A table that the admin only shows: rules stand in the way of changing it by hand."""

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [field.name for field in self.model._meta.concrete_fields if field.name not in self.hidden]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
