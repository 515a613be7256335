"""How customers are shown: columns of lists and the figures and details of the profile, made from the plugged fields."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.models import Business, Team, User
from crm.tables import Column
from crm.templatetags import ui
from customers.choices import SUBSTEPS, FieldType, LifecycleStage
from customers.filters import CUSTOM
from customers.models import Customer, CustomerTag, CustomField
from customers.queries.families import family_fields, family_value
from customers.registry import FIELD_GROUPS, Field, fields

_IN_HEAD = ("display_name", "kind", "lifecycle_stage", "lifecycle_substep", "stage_since")
_REFERRING = ("owner", "team")
_LEAVING = (LifecycleStage.CHURN_RISK, LifecycleStage.CHURNED)
_STAGE_HINTS = {
    LifecycleStage.PROSPECT: gettext_lazy("research, qualification, a first meeting"),
    LifecycleStage.OPPORTUNITY: gettext_lazy("discovery, technical validation, a business case"),
    LifecycleStage.ONBOARDING: gettext_lazy("setup calls, training sessions"),
    LifecycleStage.ACTIVE: gettext_lazy("regular check-ins, expansion opportunities"),
    LifecycleStage.EXPANSION: gettext_lazy("expansion talks, a plan for adoption"),
    LifecycleStage.CHURN_RISK: gettext_lazy("intervention campaigns, success planning"),
    LifecycleStage.CHURNED: gettext_lazy("win-back campaigns, exit interviews"),
}
_STAGE_KINDS = {
    "churned": "neutral",
    "churn_risk": "bad",
    "active": "good",
    "expansion": "good",
    "onboarding": "accent",
}


def customer_columns(
    business: Business,
    keys: Iterable[str] = (),
    custom_fields: Iterable[CustomField] = (),
    *,
    hidden: Collection[str] = (),
    every: bool = False,
) -> list[Column]:
    """The columns of the customer list: those named, else what is shown by default, or `every` one, but none that is `hidden`; tags
    and the business's own fields stand behind the stage and at the end."""
    chosen = set(keys)
    columns = []
    for field in fields:
        if field.type == "customer" or field.key in hidden:  # another customer is one whom the reader may not see
            continue
        if every or (field.key in chosen if chosen else field.column):
            columns.append(
                Column(
                    key=field.key,
                    label=field.label,
                    cell=_cell(field, business),
                    align="end" if field.type in ("money", "number") else "start",
                    sort=field.sort,
                    hint=field.how,
                )
            )
        if field.key == "lifecycle_stage" and (every or not chosen or "tags" in chosen):
            columns.append(Column("tags", _("Tags"), _tags))
    for own in custom_fields:
        key = CUSTOM + own.key
        if every or (key in chosen if chosen else own.in_list):
            align = "end" if own.type in (FieldType.NUMBER, FieldType.MONEY) else "start"
            columns.append(Column(key, own.label, _custom_cell(own, business), align=align))
    return columns


def _tags(row: Customer) -> SafeString:
    """The tags that `with_tags` has put at the row: three, and how many more there are."""
    found: list[tuple[str, str]] = getattr(row, "shown_tags", [])
    chips = [tag_chip(name, color) for name, color in found[:3]]
    if len(found) > 3:
        chips.append(format_html('<span class="hint">+{}</span>', len(found) - 3))
    return SafeString("".join(chips))


def tag_chip(name: str, color: str) -> SafeString:
    """A tag: its name beside a dot of its color."""
    return format_html(
        '<span class="tag"><svg class="tag-dot" viewBox="0 0 8 8" aria-hidden="true">'
        '<circle cx="4" cy="4" r="4" fill="{}"/></svg><bdi>{}</bdi></span>',
        color, name,
    )  # fmt: skip


def with_tags(rows: Sequence[Customer]) -> None:
    """Put their tags at the customers; one query."""
    by_customer: dict[Any, list[tuple[str, str]]] = {}
    links = CustomerTag.objects.filter(customer__in=[row.pk for row in rows]).order_by("tag__name")
    for pk, name, color in links.values_list("customer_id", "tag__name", "tag__color"):
        by_customer.setdefault(pk, []).append((name, color))
    for row in rows:
        row.shown_tags = by_customer.get(row.pk, [])  # type: ignore[attr-defined]


def _custom_cell(field: CustomField, business: Business) -> Any:
    def cell(row: Customer) -> Any:
        return custom_text(field, row.custom_values.get(field.key), business, getattr(row, "shown_people", {}))

    return cell


def custom_text(field: CustomField, value: Any, business: Business, people: Mapping[str, str]) -> Any:
    """A value of a custom field as people read it; `people` are the names of those whom values refer to."""
    if value is None or value == "" or value == []:
        return ""
    match field.type:
        case FieldType.MONEY:
            return ui.money(value, business.currency)
        case FieldType.NUMBER:
            return ui.number(value)
        case FieldType.DATE:
            return ui.when(date.fromisoformat(value), "day")
        case FieldType.BOOLEAN:
            return _("yes") if value else _("no")
        case FieldType.CHOICES:
            return ", ".join(value)
        case FieldType.USER:
            return people.get(value, _("no longer here"))
    return format_html("<bdi>{}</bdi>", value)


def _cell(field: Field, business: Business) -> Any:
    if field.key == "display_name":
        return _name
    if field.key == "lifecycle_stage":
        return stage_badge
    return lambda row: shown(field, row, business)


def value_of(field: Field, row: Customer) -> Any:
    """The field's value of the customer, or of its facts."""
    item: Any = row
    for name in field.path.split("__"):
        item = getattr(item, name)
    return item


def shown(field: Field, row: Customer, business: Business) -> Any:
    """The field's value as people read it; "" when there is none."""
    return in_words(field, value_of(field, row), business)


def in_words(field: Field, item: Any, business: Business) -> Any:
    """A value of the field as people read it; "" when there is none."""
    if item is None or item == "":
        return ""
    if field.type == "money":
        return ui.money(item, business.currency)
    if field.type == "number":
        return ui.number(item)
    if field.type in ("date", "datetime"):
        return ui.when(item, "day" if field.type == "date" else "ago")
    if field.type == "birthday":
        return date_format(date(2000, int(item[:2]), int(item[2:])), "j F")
    if field.type == "url":
        return format_html('<a href="{}" rel="noopener noreferrer nofollow">{}</a>', item, item)
    if field.choices:
        return str(dict(field.choices).get(item, item))
    return str(item)


def stage_badge(row: Customer) -> SafeString:
    return ui.badge(row.get_lifecycle_stage_display(), _STAGE_KINDS.get(row.lifecycle_stage, "neutral"))


def profile_line(customer: Customer) -> str:
    """The line under the name: since when, and where."""
    parts = []
    if customer.acquired_on:
        parts.append(_("Customer since %(month)s") % {"month": date_format(customer.acquired_on, "F Y")})
    parts.append(", ".join(part for part in (customer.city, customer.country) if part))
    return " · ".join(part for part in parts if part)


def profile_figures(customer: Customer) -> list[dict[str, Any]]:
    """The computed figures of the profile, each with how it came about and a link to the rows behind it."""
    return [
        {
            "label": field.label, "value": shown(field, customer, customer.business) or "–", "hint": "", "how": field.how,
            "href": field.rows_url(customer) if field.rows_url else "",
        }
        for field in fields
        if field.figure
    ]  # fmt: skip


def family_figures(members: list[Customer]) -> list[dict[str, Any]]:
    """The figures of a company and its subsidiaries together; each leads to the table of what it was summed from."""
    count = len(members)
    hint = ngettext("of %(count)s company together", "of %(count)s companies together", count) % {
        "count": ui.number(count)
    }
    return [
        {
            "label": field.label, "value": in_words(field, family_value(field, members), members[0].business) or "–", "hint": hint,
            "how": field.how, "href": "#family",
        }
        for field in family_fields()
    ]  # fmt: skip


def family_rows(members: list[Customer]) -> list[dict[str, Any]]:
    """The rows that the figures of a family are summed from: {name, href, cells [{label, value, href}]}."""
    return [
        {
            "name": member.display_name, "href": reverse("customers:customer_detail", args=[member.pk]),
            "cells": [
                {
                    "label": field.label, "value": shown(field, member, member.business) or "–",
                    "href": field.rows_url(member) if field.rows_url else "",
                }
                for field in family_fields()
            ],
        }
        for member in members
    ]  # fmt: skip


def profile_details(
    customer: Customer,
    *,
    editable: Collection[str],
    hidden: Collection[str],
    named: Mapping[Any, Customer],
    custom_fields: Sequence[CustomField],
    people: Mapping[str, str],
) -> list[dict[str, Any]]:
    """What people have entered, in groups of {title, rows: [{key, label, value, can_edit}]}; what is empty
    is left out. `named` are the customers that fields refer to, `people` the names of users in custom fields."""
    groups: dict[str, list[dict[str, Any]]] = {key: [] for key in FIELD_GROUPS}
    for field in fields:
        if "__" in field.path or customer.kind not in field.kinds or field.key in _IN_HEAD or field.key in hidden:
            continue
        value = (
            _linked(field, customer, named) if field.type == "customer" else shown(field, customer, customer.business)
        )
        if value:
            row = {"key": field.key, "label": field.label, "value": value, "can_edit": field.key in editable}
            groups.setdefault(field.group, []).append(row)
    titles = {**FIELD_GROUPS, "": _("Record"), "custom": _("Custom fields")}
    for one in custom_fields:
        value = custom_text(one, customer.custom_values.get(one.key), customer.business, people)
        if value != "" and one.on_profile and one.kind in ("", customer.kind):
            key = f"custom_values.{one.key}"
            groups.setdefault("custom", []).append(
                {"key": key, "label": one.label, "value": value, "can_edit": key in editable}
            )
    groups[""] = groups.pop("", [])
    return [{"key": key, "title": titles.get(key, key), "rows": rows} for key, rows in groups.items() if rows]


def _linked(field: Field, customer: Customer, named: Mapping[Any, Customer]) -> Any:
    """A link to the customer that the field names, if it may be seen."""
    other = named.get(getattr(customer, f"{field.path}_id"))
    if other is None:
        return ""
    return format_html('<a href="{}"><bdi>{}</bdi></a>', reverse("customers:customer_detail", args=[other.pk]), other)


def stage_path(customer: Customer, href: str) -> list[dict[str, Any]]:
    """The stages in their order for the stepper: {label, state, kind, href}; `href` leads to the change of the stage, if one may."""
    stages = list(LifecycleStage)
    current = LifecycleStage(customer.lifecycle_stage)
    ahead = LifecycleStage.EXPANSION if current in _LEAVING else current
    return [
        {
            "label": stage.label,
            "state": "current" if stage == current else "past" if stages.index(stage) < stages.index(ahead) else "ahead",
            "kind": _STAGE_KINDS.get(stage, "accent"),
            "href": f"{href}?stage={stage}" if href and stage != current else "",
        }
        for stage in stages
    ]  # fmt: skip


def stage_hints(customer: Customer) -> str:
    """What is typically done for customers in this stage."""
    return str(_STAGE_HINTS[LifecycleStage(customer.lifecycle_stage)])


def change_texts(
    deeds: Sequence[tuple[str, dict[str, Any]]], custom_fields: Sequence[CustomField] = ()
) -> list[list[dict[str, Any]]]:
    """The {field, before, after} of each deed on a record of the given kind, in words: labels for stored words and names for ids."""
    ids = {value for _type, deed in deeds for name in _REFERRING for value in deed.get(name) or () if _is_id(value)}
    names = {
        str(pk): name or email for pk, name, email in User.objects.filter(pk__in=ids).values_list("pk", "name", "email")
    } if ids else {}  # fmt: skip
    if ids:
        names |= {str(pk): name for pk, name in Team.objects.filter(pk__in=ids).values_list("pk", "name")}
    custom = {f"custom_values.{one.key}": one.label for one in custom_fields}
    return [
        [
            {"field": custom.get(name) or field_label(type, name)} | _pair_in_words(type, name, pair, names)
            for name, pair in deed.items()
        ]
        for type, deed in deeds
    ]


def field_label(type: str, name: str) -> str:
    """A field of a record, as the trail names both, in words."""
    field = fields.get(name) if type == "customers.customer" else None
    if field is not None:
        return str(field.label)
    try:
        return capfirst(str(apps.get_model(type)._meta.get_field(name).verbose_name))
    except (LookupError, ValueError, FieldDoesNotExist, AttributeError):
        return capfirst(name.rpartition(".")[2].replace("_", " "))


def _pair_in_words(type: str, name: str, pair: Any, names: Mapping[str, str]) -> dict[str, Any]:
    before, after = pair if isinstance(pair, list | tuple) and len(pair) == 2 else (None, pair)
    return {"before": _stored_in_words(type, name, before, names), "after": _stored_in_words(type, name, after, names)}


def _stored_in_words(type: str, name: str, value: Any, names: Mapping[str, str]) -> Any:
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {one}" for key, one in value.items())
    if name in _REFERRING:
        return names.get(str(value), _("no longer here"))
    if name in ("lifecycle_substep", "substep"):
        return next((str(label) for steps in SUBSTEPS.values() for key, label in steps if key == value), value)
    try:
        column = apps.get_model(type)._meta.get_field(name)
        if isinstance(column, models.DateTimeField):
            return ui.when(datetime.fromisoformat(value), "full")
        if isinstance(column, models.DateField):
            return ui.when(date.fromisoformat(value), "day")
        return str(dict(column.flatchoices).get(value, value))
    except (LookupError, ValueError, TypeError, FieldDoesNotExist, AttributeError):
        return str(value)


def _is_id(value: Any) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True


def _name(row: Customer) -> SafeString:
    return format_html(
        '<span class="person">{}<span><bdi>{}</bdi><small dir="auto">{}</small></span></span>',
        ui.avatar(row.display_name), row.display_name, row.email or row.external_id,
    )  # fmt: skip
