"""Who may do what: every operation of the pages and of the API with the permission that it needs and the roles that hold it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.apps import apps
from django.http import HttpResponse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.filters import bad_parameters
from crm.models import Role
from crm.operations import Operation, offered, permission_label
from crm.tables import Column, build_table
from crm.templatetags import ui
from crm.views.settings import SettingsPart

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
DOORS = [("page", gettext_lazy("Pages")), ("api", gettext_lazy("API"))]


@dataclass(frozen=True)
class Row:
    """An operation as a row of a table."""

    operation: Operation
    pk: str


class PermissionFilter(forms.Form):
    """Which operations to show."""

    search = forms.CharField(label=gettext_lazy("Search this list"), required=False, max_length=100)
    app = forms.ChoiceField(label=gettext_lazy("Part of the product"), required=False)
    door = forms.ChoiceField(label=gettext_lazy("Through"), required=False, choices=[("", gettext_lazy("Any")), *DOORS])

    def __init__(self, data: Any, found: Sequence[Operation]) -> None:
        super().__init__(data)
        names = sorted({operation.app for operation in found})
        labels = [(name, capfirst(apps.get_app_config(name).verbose_name)) for name in names]
        self.fields["app"].choices = [("", _("Any")), *labels]  # type: ignore[attr-defined]

    def narrowed(self, found: Sequence[Operation]) -> list[Operation]:
        """Those that fit; raises InvalidInput."""
        unknown = {name: [_("There is no such parameter.")] for name in self.data if name not in self.fields}
        if unknown or not self.is_valid():
            raise bad_parameters(unknown or {name: [str(m) for m in faults] for name, faults in self.errors.items()})
        asked = self.cleaned_data
        words = asked["search"].casefold().split()
        return [
            operation
            for operation in found
            if asked["app"] in ("", operation.app)
            and asked["door"] in ("", operation.door)
            and all(word in operation.words.casefold() for word in words)
        ]


class Permissions(SettingsPart):
    permission = "crm.view_permissions"
    title = gettext_lazy("Permissions")
    description = gettext_lazy("What each role may do on pages and by API. The table is made from the product itself.")
    template_name = "crm/permissions.html"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        found = offered()
        form = PermissionFilter(request.GET, found)
        shown = form.narrowed(found)
        rows = [Row(operation, f"{operation.method} {operation.path}") for operation in shown]
        table = build_table(self._columns(), rows, query=request.GET, sort="", caption=self.title, href=lambda row: "")
        empty = {
            "icon": "search-x",
            "title": _("Nothing fits"),
            "text": _("No operation fits the words and filters. Take one away."),
        }
        return self.show(table=table, form=form, total=len(shown), empty=empty)

    def _columns(self) -> list[Column]:
        doors = dict(DOORS)
        return [
            Column("operation", _("Operation"), lambda row: _what(row.operation)),
            Column("permission", _("Permission"), lambda row: _needed(row.operation)),
            Column("door", _("Through"), lambda row: doors[row.operation.door]),
            *(Column(role, Role(role).label, _answer(role)) for role in Role.values),
        ]


def _what(operation: Operation) -> Any:
    path = _PARAMETER.sub(r"{\1}", operation.path)
    return format_html("<div>{}<br><code>{} {}</code></div>", operation.title or operation.name, operation.method, path)


def _needed(operation: Operation) -> Any:
    label = permission_label(operation.permission)
    return format_html("<div>{}<br><code>{}</code></div>", label, operation.permission)


def _answer(role: str) -> Any:
    return lambda row: ui.badge(_("yes"), "good") if row.operation.allows(role) else ui.badge(_("no"), "neutral")
