"""What a deed has changed, in words: labels for stored words and names for ids."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from crm.templatetags import ui
from customers.choices import SUBSTEPS
from customers.models import CustomField
from customers.queries.references import References
from customers.registry import fields


def change_texts(
    deeds: Sequence[tuple[str, dict[str, Any]]], references: References, custom_fields: Sequence[CustomField] = ()
) -> list[list[dict[str, Any]]]:
    """The {field, before, after} of each deed on a record of the given kind, in words: labels for stored words and names for ids."""
    custom = {f"custom_values.{one.key}": one.label for one in custom_fields}
    return [
        [
            {"field": custom.get(name) or field_label(type, name)} | _pair_in_words(type, name, pair, references)
            for name, pair in deed.items()
        ]
        for type, deed in deeds
    ]


def recorded_fields(custom_fields: Sequence[CustomField], hidden: frozenset[str]) -> dict[str, str]:
    """The fields of a customer by which its history can be narrowed, with their labels: those of the business too."""
    names = {field.key: str(field.label) for field in fields if "__" not in field.path and field.key not in hidden}
    return names | {f"custom_values.{field.key}": field.label for field in custom_fields}


def field_label(type: str, name: str) -> str:
    """A field of a record, as the trail names both, in words."""
    field = fields.get(name) if type == "customers.customer" else None
    if field is not None:
        return str(field.label)
    try:
        return capfirst(str(apps.get_model(type)._meta.get_field(name).verbose_name))
    except (LookupError, ValueError, FieldDoesNotExist, AttributeError):
        return capfirst(name.rpartition(".")[2].replace("_", " "))


def _pair_in_words(type: str, name: str, pair: Any, references: References) -> dict[str, Any]:
    before, after = pair if isinstance(pair, list | tuple) and len(pair) == 2 else (None, pair)
    return {
        "before": _stored_in_words(type, name, before, references),
        "after": _stored_in_words(type, name, after, references),
    }


def _stored_in_words(type: str, name: str, value: Any, references: References) -> Any:
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {one}" for key, one in value.items())
    if (referred := references.name(type, name, value)) is not None:
        return referred
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
