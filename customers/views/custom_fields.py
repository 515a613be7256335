"""Custom fields: the settings pages that define them."""

from collections.abc import Sequence
from typing import Any, cast

from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import clock, formats
from crm.forms import DeedForm, version_of
from crm.pages import DeedPage, FormPage
from crm.tables import Column, build_table
from crm.templatetags import ui
from crm.views.settings import SettingsPart
from customers import services
from customers.forms import CustomFieldForm, definition_initial
from customers.models import CustomField
from customers.queries.custom_fields import customers_with


class CustomFieldList(SettingsPart):
    permission = "customers.manage_fields"
    title = gettext_lazy("Custom fields")
    description = gettext_lazy("What your business keeps of its customers besides the usual.")
    template_name = "crm/table.html"

    def actions(self) -> list[dict[str, Any]]:
        return self.action(
            "customers.manage_fields",
            _("Add field"),
            reverse("customers:custom_field_create"),
            icon="plus",
            kind="primary",
        )

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        rows = CustomField.objects.order_by("archived_at", "order", "label")
        href = lambda row: reverse("customers:custom_field_update", args=[row.pk])  # noqa: E731 - one line, used once
        table = build_table(_COLUMNS, rows, query=request.GET, sort="", caption=self.title, href=href)
        text = _(
            "A field of your own has a type and its rules, and stands on the form, on the profile, in lists and in files."
        )
        return self.show(
            table=table, empty={"icon": "text-cursor-input", "title": _("No custom fields yet"), "text": text}
        )


def _rules(row: CustomField) -> str:
    rules = [_("required")] if row.is_required else []
    rules += [_("unique")] if row.is_unique else []
    return ", ".join(rules)


def _places(row: CustomField) -> Any:
    if row.archived_at:
        return ui.badge(_("Archived"), "warn", "archive")
    places = [(row.in_form, _("form")), (row.on_profile, _("profile")), (row.in_list, _("list"))]
    return ", ".join(place for is_there, place in places if is_there)


_COLUMNS: Sequence[Column] = (
    Column("label", gettext_lazy("Label"), lambda row: ui.user_text(row.label)),
    Column("key", gettext_lazy("Key"), lambda row: format_html("<code>{}</code>", row.key)),
    Column("type", gettext_lazy("Type"), lambda row: row.get_type_display()),
    Column("kind", gettext_lazy("Asked of"), lambda row: row.get_kind_display() if row.kind else _("All customers")),
    Column("rules", gettext_lazy("Rules"), _rules),
    Column("places", gettext_lazy("Shown"), _places),
    Column("order", gettext_lazy("Order"), lambda row: ui.number(row.order), align="end"),
)


class CustomFieldPart(SettingsPart):
    """A page below Custom fields."""

    abstract = True
    permission = ""

    @cached_property
    def record(self) -> CustomField:
        return cast(CustomField, self.one(CustomField.objects.all()))

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [*super().breadcrumbs(), {"label": _("Custom fields"), "href": reverse("customers:custom_field_list")}]

    def cancel_href(self) -> str:
        return reverse("customers:custom_field_list")

    def success_url(self, result: Any) -> str:
        return reverse("customers:custom_field_list")


class CustomFieldCreate(CustomFieldPart, FormPage):
    permission = "customers.manage_fields"
    title = gettext_lazy("Add a custom field")
    form_class = CustomFieldForm
    submit_label = gettext_lazy("Add field")
    success_message = gettext_lazy("The field was added.")

    def initial(self) -> dict[str, Any]:
        last = CustomField.objects.order_by("-order").first()
        return {"in_form": True, "on_profile": True, "order": min(last.order + 10, 9999) if last else 10}

    def perform(self, *, version: str = "", **data: Any) -> CustomField:
        return services.create_custom_field(actor=self.actor, business=self.business, **data)


class CustomFieldUpdate(CustomFieldPart, FormPage):
    permission = "customers.manage_fields"
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return self.record.label

    def actions(self) -> list[dict[str, Any]]:
        deed, label, icon = (
            ("restore", _("Restore"), "archive-restore")
            if self.record.archived_at
            else ("archive", _("Archive"), "archive")
        )
        href = reverse(f"customers:custom_field_{deed}", args=[self.record.pk])
        return self.action("customers.manage_fields", label, href, icon=icon)

    def initial(self) -> dict[str, Any]:
        return {**definition_initial(self.record), "version": version_of(self.record)}

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return CustomFieldForm(
            data, files, field=self.record, initial=self.initial(), actor=self.actor, business=self.business
        )

    def perform(self, **data: Any) -> CustomField:
        return services.update_custom_field(actor=self.actor, field=self.record, **data)


class CustomFieldArchive(CustomFieldPart, DeedPage):
    permission = "customers.manage_fields"
    submit_label = gettext_lazy("Archive")
    success_message = gettext_lazy("The field was archived.")

    def get_title(self) -> Any:
        return _("Archive the field “%(label)s”?") % {"label": self.record.label}

    def consequences(self) -> list[Any]:
        count = customers_with(self.record)
        words = ngettext("%(count)s customer has a value.", "%(count)s customers have a value.", count)
        return [
            words % {"count": formats.number(count)},
            _("The values stay stored, but are no longer asked for, shown, filtered or compared."),
        ]

    def perform(self) -> CustomField:
        return services.archive_custom_field(actor=self.actor, field=self.record, at=clock.now())


class CustomFieldRestore(CustomFieldPart, DeedPage):
    permission = "customers.manage_fields"
    submit_label = gettext_lazy("Restore")
    success_message = gettext_lazy("The field is back.")

    def get_title(self) -> Any:
        return _("Bring the field “%(label)s” back?") % {"label": self.record.label}

    def consequences(self) -> list[Any]:
        count = customers_with(self.record)
        words = ngettext("%(count)s customer has a value.", "%(count)s customers have a value.", count)
        return [words % {"count": formats.number(count)}]

    def perform(self) -> CustomField:
        return services.restore_custom_field(actor=self.actor, field=self.record)
