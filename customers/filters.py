"""The filters of customers, made from the plugged fields: the list page, the API, exports and saved views share them."""

from functools import cache
from typing import Any

import django_filters
from django import forms
from django.utils.translation import gettext_lazy as _

from crm.filters import MomentFilter, StrictFilterSet
from crm.models import Membership, Team
from customers.models import Customer
from customers.registry import Field, fields


class TextInFilter(django_filters.BaseInFilter, django_filters.CharFilter):
    """One of several texts, separated by commas."""


def members() -> list[tuple[str, str]]:
    """The people who work in the business, as choices."""
    rows = Membership.objects.filter(is_active=True).select_related("user").order_by("user__name", "user__email")
    return [(str(row.user_id), str(row.user)) for row in rows]


def teams() -> list[tuple[str, str]]:
    return [(str(team.pk), team.name) for team in Team.objects.all()]


def _filter(field: Field, lookup: str) -> django_filters.Filter:
    labels = {
        "exact": field.label, "in": field.label, "gte": _("%(field)s from"), "lte": _("%(field)s up to"), "isnull": _("%(field)s missing"),
    }  # fmt: skip
    label: Any = labels[lookup]
    if lookup in ("gte", "lte", "isnull"):
        label = str(label) % {"field": field.label}
    options: dict[str, Any] = {"field_name": field.path, "label": label}
    if lookup == "isnull":
        return django_filters.ChoiceFilter(
            lookup_expr="isnull",
            choices=[("true", _("yes")), ("false", _("no"))],
            empty_label=_("Any"),
            method=_missing(field),
            label=label,
        )
    if field.type in ("user", "team"):
        choices = members if field.type == "user" else teams
        return django_filters.ChoiceFilter(choices=choices, empty_label=_("Anybody"), **options)
    if field.choices:
        if lookup == "in":
            return django_filters.MultipleChoiceFilter(choices=field.choices, distinct=False, **options)
        return django_filters.ChoiceFilter(choices=field.choices, empty_label=_("Any"), **options)
    if field.type in ("money", "number"):
        return django_filters.NumberFilter(lookup_expr=lookup, max_value=10**12, **options)
    if field.type == "date":
        return django_filters.DateFilter(lookup_expr=lookup, widget=forms.DateInput(attrs={"type": "date"}), **options)
    if field.type == "datetime":
        return MomentFilter(lookup_expr=lookup, **options)
    if lookup == "in":
        return TextInFilter(lookup_expr="in", **options)
    return django_filters.CharFilter(lookup_expr="exact", max_length=200, **options)


def _missing(field: Field) -> Any:
    def method(queryset: Any, name: str, value: str) -> Any:
        return queryset.filter(**{f"{field.path}__isnull": value == "true"})

    return method


def _declared() -> dict[str, django_filters.Filter]:
    declared: dict[str, django_filters.Filter] = {}
    for field in fields:
        for lookup in field.filters:
            declared[field.key if lookup == "exact" else f"{field.key}__{lookup}"] = _filter(field, lookup)
    return declared


@cache
def customer_filterset() -> type[StrictFilterSet]:
    """The FilterSet over all plugged fields; made once, after the apps are loaded."""
    meta = type("Meta", (), {"model": Customer, "fields": []})
    offered = frozenset(
        field.key if lookup == "exact" else f"{field.key}__{lookup}"
        for field in fields
        for lookup in field.filters
        if lookup in ("exact", "gte", "lte") and field.key not in ("email", "external_id")
    )
    return type("CustomerFilterSet", (StrictFilterSet,), {**_declared(), "Meta": meta, "page_fields": offered})
