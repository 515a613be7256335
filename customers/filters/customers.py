"""The filters of customers, made from the plugged fields, tags and the business's own fields: the list page, the API, exports and
saved views share them."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import DecimalField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Left
from django.http import QueryDict
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from crm.actor import Actor
from crm.filters import MomentFilter, StrictFilterSet
from crm.folding import Fold
from crm.models import Business, Membership, Team
from customers.choices import FieldType
from customers.filters.findings import finding_filters
from customers.filters.status import status_filter
from customers.models import Customer, CustomerTag, CustomField, Tag
from customers.queries import matching
from customers.queries.custom_fields import custom_fields_of
from customers.queries.phones import shared_phones
from customers.registry import Field, customer_filters, fields, hidden_fields

CUSTOM = "custom_"
"""What the names of filters and columns of custom fields begin with."""
NOT_NARROWING = frozenset({"sort", "cursor", "page", "limit", "view", "columns", "filters"})
MOST_FOUND = 100_000
"""How many matches of a search a bulk change takes."""
_LABELS = {
    "exact": "%(field)s", "in": _("%(field)s, several"), "contains": _("%(field)s contains"), "gte": _("%(field)s from"),
    "lte": _("%(field)s up to"), "isnull": _("%(field)s missing"),
}  # fmt: skip
_TEXTS = frozenset({"text", "choice", "url", "birthday"})
_OFFERED = ("kind", "lifecycle_stage", "country", "owner", "tag", "created_at__gte", "total_spent__gte")
"""The filters that stand on the page when it is asked for them; the others are added by name."""


class TextInFilter(django_filters.BaseInFilter, django_filters.CharFilter):
    """One of several texts, separated by commas."""


class TagField(forms.MultipleChoiceField):
    """Tags by their ids or names."""

    def clean(self, value: Any) -> list[UUID]:
        given = super().to_python(value)
        if not given:
            return []
        known = list(Tag.objects.values_list("pk", "name"))
        by_word = {str(pk): pk for pk, _name in known} | {name.lower(): pk for pk, name in known}
        unknown = [word[:60] for word in given if word.lower() not in by_word]
        if unknown:
            raise ValidationError(_t("There is no tag “%(tag)s”.") % {"tag": unknown[0]})
        return [by_word[word.lower()] for word in given]


class TagFilter(django_filters.MultipleChoiceFilter):
    """Customers with any of the tags, or `conjoined` with all of them."""

    field_class = TagField

    def filter(self, queryset: QuerySet, value: Sequence[UUID]) -> QuerySet:
        if not value:
            return queryset
        links = CustomerTag.objects.filter(customer=OuterRef("pk"))
        if not self.conjoined:
            return queryset.filter(Exists(links.filter(tag__in=value)))
        for tag in dict.fromkeys(value):
            queryset = queryset.filter(Exists(links.filter(tag=tag)))
        return queryset


def members() -> list[tuple[str, str]]:
    """The people who work in the business, as choices."""
    rows = Membership.objects.filter(is_active=True).select_related("user").order_by("user__name", "user__email")
    return [(str(row.user_id), str(row.user)) for row in rows]


def teams() -> list[tuple[str, str]]:
    return [(str(team.pk), team.name) for team in Team.objects.all()]


def tags() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Tag.objects.order_by("name").values_list("pk", "name")]


def _label(label: Any, lookup: str) -> str:
    return str(_LABELS[lookup]) % {"field": label}


def _filter(field: Field, lookup: str) -> django_filters.Filter:
    label: Any = field.label if lookup in ("exact", "in") else _label(field.label, lookup)
    options: dict[str, Any] = {"field_name": field.path, "label": label}
    if lookup == "isnull":
        return _yes_or_no(label, _empty(field))
    if field.type in ("user", "team"):
        choices = members if field.type == "user" else teams
        return django_filters.ChoiceFilter(choices=choices, empty_label=_("Anybody"), **options)
    if field.type == "customer":
        return django_filters.UUIDFilter(**options)
    if field.choices:
        if lookup == "in":
            return django_filters.MultipleChoiceFilter(choices=field.choices, distinct=False, **options)
        return django_filters.ChoiceFilter(choices=field.choices, empty_label=_("Any"), **options)
    if field.type in ("money", "number", "decimal"):
        return django_filters.NumberFilter(lookup_expr=lookup, max_value=10**12, **options)
    if field.type == "date":
        return django_filters.DateFilter(lookup_expr=lookup, widget=forms.DateInput(attrs={"type": "date"}), **options)
    if field.type == "datetime":
        return MomentFilter(lookup_expr=lookup, **options)
    if lookup == "in":
        return TextInFilter(lookup_expr="in", max_length=200, **options)
    compared = _contains(field) if lookup == "contains" else _equals(field)
    return django_filters.CharFilter(max_length=200, method=compared, **options)


def _empty(field: Field) -> Callable[..., QuerySet]:
    """Nothing is kept as an empty text, or as null where the column holds no text."""
    nothing = Q(**{field.path: ""}) if field.type in _TEXTS else Q(**{f"{field.path}__isnull": True})
    return lambda rows, _name, value: rows.filter(nothing if value == "true" else ~nothing)


def _equals(field: Field) -> Callable[..., QuerySet]:
    def method(rows: QuerySet, name: str, value: str) -> QuerySet:
        if field.equals is not None:
            return rows.filter(field.equals(value))
        return rows.filter(**{field.folded: folded_key(value)} if field.folded else {field.path: value})

    return method


def _contains(field: Field) -> Callable[..., QuerySet]:
    def method(rows: QuerySet, name: str, value: str) -> QuerySet:
        if field.folded:
            return rows.filter(**{f"{field.folded}__contains": folded_key(value)})
        return rows.filter(**{f"{field.path}__icontains": value})

    return method


def folded_key(value: str) -> Left:
    """The text as folded columns hold it."""
    return Left(Fold(Value(value)), 400)


def _yes_or_no(label: Any, method: Callable[..., Any]) -> django_filters.Filter:
    choices = [("true", _("yes")), ("false", _("no"))]
    return django_filters.ChoiceFilter(choices=choices, empty_label=_("Any"), method=method, label=label)


def _shares_phone(rows: QuerySet, name: str, value: str) -> QuerySet:
    """Customers whose international number another live customer has as well. Asked first: together with the list's own question,
    the database would look at every customer."""
    return rows.filter(phone_e164__in=shared_phones())


def _name(key: str, lookup: str) -> str:
    return key if lookup == "exact" else f"{key}__{lookup}"


def _declared(hidden: frozenset[str]) -> dict[str, django_filters.Filter]:
    shown = [field for field in fields if field.key not in hidden]
    declared = {_name(field.key, lookup): _filter(field, lookup) for field in shown for lookup in field.filters}
    declared["tag"] = TagFilter(label=_("Tag"), choices=tags, distinct=False)
    declared["tag__all"] = TagFilter(label=_("All of the tags"), choices=tags, conjoined=True, distinct=False)
    declared["phone__shared"] = django_filters.ChoiceFilter(
        label=_("Phone shared"), choices=[("true", _("yes"))], empty_label=_("Any"), method=_shares_phone
    )
    declared["status"] = status_filter()
    plugged = {item.name: item.make() for item in customer_filters if item.name not in hidden}
    return {**declared, **finding_filters(), **plugged}


@cache
def customer_filterset(hidden: frozenset[str] = frozenset()) -> type[StrictFilterSet]:
    """The FilterSet over all plugged fields but the hidden ones, and tags; made once, after the apps are loaded."""
    meta = type("Meta", (), {"model": Customer, "fields": []})
    members_ = {**_declared(hidden), "Meta": meta, "page_fields": _OFFERED}
    return type("CustomerFilterSet", (StrictFilterSet,), members_)


def filterset_of(
    actor: Actor, business: Business, custom_fields: Sequence[CustomField] | None = None
) -> type[StrictFilterSet]:
    """The FilterSet over what the actor may see, with the filters of the business's own fields as well; made anew only when a field
    has changed."""
    found = custom_fields_of(business) if custom_fields is None else custom_fields
    hidden = hidden_fields(actor, business)
    return _with_custom(_Definitions(found), hidden) if found else customer_filterset(hidden)


class _Definitions(tuple[tuple[Any, ...], ...]):
    """Custom fields by what matters for their filters: equal as long as none has changed."""

    __slots__ = ()

    def __new__(cls, found: Sequence[CustomField]) -> "_Definitions":
        return super().__new__(cls, ((f.key, f.label, f.type, tuple(f.choices)) for f in found))


@lru_cache(maxsize=64)
def _with_custom(definitions: _Definitions, hidden: frozenset[str]) -> type[StrictFilterSet]:
    declared: dict[str, Any] = {}
    for key, label, kind, choices in definitions:
        for lookup in CUSTOM_LOOKUPS[FieldType(kind)]:
            declared[_name(CUSTOM + key, lookup)] = _custom_filter(key, label, FieldType(kind), choices, lookup)
    return type("BusinessCustomerFilterSet", (customer_filterset(hidden),), declared)


CUSTOM_LOOKUPS: dict[FieldType, tuple[str, ...]] = {
    FieldType.TEXT: ("exact", "contains", "isnull"),
    FieldType.NUMBER: ("exact", "gte", "lte", "isnull"),
    FieldType.MONEY: ("exact", "gte", "lte", "isnull"),
    FieldType.DATE: ("exact", "gte", "lte", "isnull"),
    FieldType.CHOICE: ("exact", "in", "isnull"),
    FieldType.CHOICES: ("exact", "in", "isnull"),
    FieldType.BOOLEAN: ("exact", "isnull"),
    FieldType.URL: ("exact", "isnull"),
    FieldType.EMAIL: ("exact", "isnull"),
    FieldType.USER: ("exact", "isnull"),
}
"""The filters of custom fields, by their type."""


def _custom_filter(key: str, label: str, kind: FieldType, choices: Sequence[str], lookup: str) -> django_filters.Filter:
    words = label if lookup == "in" else _label(label, lookup)
    options: dict[str, Any] = {"label": words, "method": _custom_method(key, kind, lookup)}
    if lookup == "isnull":
        return _yes_or_no(words, options["method"])
    if kind == FieldType.BOOLEAN:
        return _yes_or_no(words, options["method"])
    if kind in (FieldType.CHOICE, FieldType.CHOICES):
        pairs = [(choice, choice) for choice in choices]
        if lookup == "in":
            return django_filters.MultipleChoiceFilter(choices=pairs, distinct=False, **options)
        return django_filters.ChoiceFilter(choices=pairs, empty_label=_("Any"), **options)
    if kind == FieldType.USER:
        return django_filters.ChoiceFilter(choices=members, empty_label=_("Anybody"), **options)
    if kind in (FieldType.NUMBER, FieldType.MONEY):
        return django_filters.NumberFilter(max_value=10**12, **options)
    if kind == FieldType.DATE:
        return django_filters.DateFilter(widget=forms.DateInput(attrs={"type": "date"}), **options)
    return django_filters.CharFilter(max_length=500, **options)


def _custom_method(key: str, kind: FieldType, lookup: str) -> Callable[[QuerySet, str, Any], QuerySet]:
    """Narrows by a value of `custom_values`: equality is looked up in the index of values, ranges and parts of texts are compared row
    by row."""

    def method(rows: QuerySet, name: str, value: Any) -> QuerySet:
        if lookup == "isnull":
            return (
                rows.exclude(custom_values__has_key=key) if value == "true" else rows.filter(custom_values__has_key=key)
            )
        filled = rows.exclude(custom_values={})
        if lookup == "in":
            any_of = Q()
            for choice in value:
                any_of |= _holds(key, [choice] if kind == FieldType.CHOICES else choice)
            return filled.filter(any_of)
        if lookup == "exact":
            return filled.filter(_holds(key, _as_stored(kind, value)))
        text = KeyTextTransform(key, F("custom_values"))
        if lookup == "contains":
            return filled.alias(**{name: text}).filter(**{f"{name}__icontains": value})
        if kind == FieldType.DATE:
            return filled.alias(**{name: text}).filter(**{f"{name}__{lookup}": value.isoformat()})
        number = Cast(text, DecimalField(max_digits=24, decimal_places=8))
        return filled.alias(**{name: number}).filter(**{f"{name}__{lookup}": value})

    return method


def _holds(key: str, value: Any) -> Q:
    return Q(custom_values__contains={key: value})


def _as_stored(kind: FieldType, value: Any) -> Any:
    """The value of a filter as `custom_values` holds it."""
    if kind == FieldType.BOOLEAN:
        return value == "true"
    if kind == FieldType.CHOICES:
        return [value]
    if kind == FieldType.DATE:
        return value.isoformat()
    if kind == FieldType.MONEY:
        return format(Decimal(value).quantize(Decimal("0.01")) + 0, "f")
    if kind == FieldType.NUMBER:
        text = format(Decimal(value) + 0, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value.strip().lower() if kind == FieldType.EMAIL else value.strip()


def customers_matching(rows: QuerySet, actor: Actor, business: Business, query: str) -> QuerySet:
    """Those of `rows` that the actor's list with this query (filters and search) shows. Raises InvalidInput naming each faulty
    parameter."""
    asked = QueryDict(query, mutable=True)
    for name in NOT_NARROWING & set(asked):
        del asked[name]
    words = " ".join(asked.pop("search", [])).strip()[:200]
    rows = filterset_of(actor, business)(asked, queryset=rows, only=()).narrowed()
    return rows.filter(pk__in=matching(words, MOST_FOUND)) if words else rows
