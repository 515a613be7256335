"""How customers are shown: columns of lists and the figures and details of the profile, made from the plugged fields."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.models import Business, Team, User
from crm.tables import Column
from crm.templatetags import ui
from customers.choices import Kind
from customers.models import Customer
from customers.registry import Field, fields

_STAGE_KINDS = {
    "churned": "neutral",
    "churn_risk": "bad",
    "active": "good",
    "expansion": "good",
    "onboarding": "accent",
}


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
    def cell(row: Customer) -> Any:
        if field.key == "display_name":
            return _name(row)
        if field.key == "lifecycle_stage":
            return stage_badge(row)
        return shown(field, row, business)

    return cell


def value_of(field: Field, row: Customer) -> Any:
    """The field's value of the customer, or of its facts."""
    item: Any = row
    for name in field.path.split("__"):
        item = getattr(item, name)
    return item


def shown(field: Field, row: Customer, business: Business) -> Any:
    """The field's value as people read it; "" when there is none."""
    item = value_of(field, row)
    if item is None or item == "":
        return ""
    if field.type == "money":
        return ui.money(item, business.currency)
    if field.type == "number":
        return ui.number(item)
    if field.type in ("date", "datetime"):
        return ui.when(item, "day" if field.type == "date" else "ago")
    if field.choices:
        return str(dict(field.choices).get(item, item))
    return str(item)


def stage_badge(row: Customer) -> SafeString:
    return ui.badge(row.get_lifecycle_stage_display(), _STAGE_KINDS.get(row.lifecycle_stage, "neutral"))


def profile_badges(customer: Customer) -> SafeString:
    """Badges beside the name: kind, stage, and whether it is archived."""
    badges = [ui.badge(customer.get_kind_display(), "neutral"), stage_badge(customer)]
    if customer.is_archived:
        badges.append(ui.badge(_("Archived"), "warn"))
    return format_html_join("", "{}", ((item,) for item in badges))


def profile_line(customer: Customer) -> str:
    """The line under the name: since when, where, whose."""
    parts = []
    if customer.acquired_on:
        parts.append(_("Customer since %(month)s") % {"month": date_format(customer.acquired_on, "F Y")})
    parts.append(", ".join(part for part in (customer.city, customer.country) if part))
    if customer.owner:
        parts.append(_("owner %(name)s") % {"name": customer.owner})
    return " · ".join(part for part in parts if part)


def profile_figures(customer: Customer) -> list[dict[str, Any]]:
    """The computed figures of the profile, each with how it came about and a link to the rows behind it."""
    return [
        {
            "label": field.label, "value": shown(field, customer, customer.business) or "—", "hint": "", "how": field.how,
            "href": field.rows_url(customer) if field.rows_url else "",
        }
        for field in fields
        if field.figure
    ]  # fmt: skip


def profile_details(customer: Customer) -> list[tuple[Any, Any]]:
    """What people have entered, as (label, value)."""
    return [
        (field.label, shown(field, customer, customer.business))
        for field in fields
        if "__" not in field.path
        and field.key != "display_name"
        and (field.key not in ("industry", "size") or customer.kind == Kind.COMPANY)
    ]


def change_texts(deeds: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The {field, before, after} of each deed in words: labels for stored words, names for ids of people and teams."""
    ids = {value for deed in deeds for name in ("owner", "team") for value in deed.get(name, ()) if value}
    names = {
        str(pk): name or email for pk, name, email in User.objects.filter(pk__in=ids).values_list("pk", "name", "email")
    }
    names |= {str(pk): name for pk, name in Team.objects.filter(pk__in=ids).values_list("pk", "name")}

    def text(field: Field | None, value: Any) -> Any:
        if value in (None, ""):
            return ""
        if field is not None and field.type in ("user", "team"):
            return names.get(value, _("no longer here"))
        if field is not None and field.choices:
            return dict(field.choices).get(value, value)
        return value

    def change(name: str, pair: Sequence[Any]) -> dict[str, Any]:
        field = fields.get(name)
        before, after = (
            ui.when(datetime.fromisoformat(v), "full") if v and name.endswith("_at") else text(field, v) for v in pair
        )
        label = (
            field.label if field else str(getattr(Customer._meta.get_field(name), "verbose_name", name)).capitalize()
        )
        return {"field": label, "before": before, "after": after}

    return [[change(name, pair) for name, pair in deed.items()] for deed in deeds]


def _name(row: Customer) -> SafeString:
    return format_html(
        '<span class="person">{}<span><bdi>{}</bdi><small dir="auto">{}</small></span></span>',
        ui.avatar(row.display_name), row.display_name, row.email or row.external_id,
    )  # fmt: skip
