"""How one customer is shown on its profile: line, figures, details, family and stages, made from the plugged fields."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.templatetags import ui
from customers.choices import LifecycleStage
from customers.models import Customer, CustomField
from customers.queries.families import family_fields, family_value
from customers.registry import FIELD_GROUPS, Field, fields
from customers.tables.customers import STAGE_KINDS, custom_text, in_words, shown

_IN_HEAD = ("display_name", "kind", "lifecycle_stage", "lifecycle_substep", "stage_since")
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
            "kind": STAGE_KINDS.get(stage, "accent"),
            "href": f"{href}?stage={stage}" if href and stage != current else "",
        }
        for stage in stages
    ]  # fmt: skip


def stage_hints(customer: Customer) -> str:
    """What is typically done for customers in this stage."""
    return str(_STAGE_HINTS[LifecycleStage(customer.lifecycle_stage)])
