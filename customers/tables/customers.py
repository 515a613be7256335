"""Columns of lists of customers, made from the plugged fields, tags and the business's own fields, and what their cells hold."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.models import Business
from crm.tables import Column
from crm.templatetags import ui
from customers.choices import FieldType, LifecycleStage
from customers.filters import CUSTOM
from customers.models import Customer, CustomerTag, CustomField
from customers.registry import Field, fields

STAGE_KINDS = {
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
        if field.key in hidden:
            continue
        if every or (field.key in chosen if chosen else field.column):
            columns.append(
                Column(
                    key=field.key,
                    label=field.label,
                    cell=_cell(field, business),
                    align="end" if field.type in ("money", "number", "decimal") else "start",
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
    if field.type == "customer":
        return lambda row: _other(row, getattr(row, f"{field.path}_id"))
    return lambda row: shown(field, row, business)


def _other(row: Customer, pk: Any) -> Any:
    """The name of another customer, which the list has put at the row if the reader may see it."""
    name = getattr(row, "shown_customers", {}).get(pk)
    if name is None:
        return ""
    return format_html('<a href="{}"><bdi>{}</bdi></a>', reverse("customers:customer_detail", args=[pk]), name)


def value_of(field: Field, row: Customer) -> Any:
    """The field's value of the customer, of its facts, or of what else stands beside it; None where nothing does."""
    item: Any = row
    for name in field.path.split("__"):
        item = getattr(item, name, None)
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
    if field.type in ("number", "decimal"):
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


_STAGES = dict(LifecycleStage.choices)


def stage_badge(row: Customer) -> SafeString:
    return ui.badge(str(_STAGES[row.lifecycle_stage]), STAGE_KINDS.get(row.lifecycle_stage, "neutral"))


def _name(row: Customer) -> SafeString:
    return format_html(
        '<span class="person">{}<span><bdi>{}</bdi><small dir="auto">{}</small></span></span>',
        ui.avatar(row.display_name), row.display_name, row.email or row.external_id,
    )  # fmt: skip
