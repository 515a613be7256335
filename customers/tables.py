"""Columns of customer lists, made from the plugged fields."""

from collections.abc import Iterable
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from crm.models import Business
from crm.tables import Column
from crm.templatetags import ui
from customers.models import Customer
from customers.registry import Field, fields

_STAGE_KINDS = {"churned": "neutral", "churn_risk": "bad", "active": "good", "expansion": "good", "onboarding": "accent"}


def customer_columns(business: Business, keys: Iterable[str] = ()) -> list[Column]:
    """The columns of the customer list: those named, else the fields that are shown by default."""
    chosen = set(keys)
    return [
        Column(
            key=field.key,
            label=field.label,
            cell=_cell(field, business),
            align="end" if field.type in ("money", "number") else "start",
            sort=field.sort,
            hint=field.how,
        )
        for field in fields
        if (field.key in chosen if chosen else field.column)
    ]


def _cell(field: Field, business: Business) -> Any:
    def value(row: Customer) -> Any:
        item: Any = row
        for name in field.path.split("__"):
            item = getattr(item, name)
        return item

    def cell(row: Customer) -> Any:
        if field.key == "display_name":
            return _name(row)
        if field.key == "lifecycle_stage":
            return ui.render_badge(row.get_lifecycle_stage_display(), _STAGE_KINDS.get(row.lifecycle_stage, "neutral"))
        item = value(row)
        if item is None or item == "":
            return ""
        if field.type == "money":
            return ui.money(item, business.currency)
        if field.type == "number":
            return ui.number(item)
        if field.type in ("date", "datetime"):
            return ui.when(item)
        if field.choices:
            return str(dict(field.choices).get(item, item))
        return str(item)

    return cell


def _name(row: Customer) -> SafeString:
    return format_html(
        '<span class="who">{}<span class="who-text"><bdi class="who-name">{}</bdi><bdi class="who-sub">{}</bdi></span></span>',
        ui.render_avatar(row.display_name), row.display_name, row.email or row.external_id,
    )  # fmt: skip
