"""What a deed has changed, in words: labels for stored words and names for ids."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from crm.models import Team, User
from crm.templatetags import ui
from customers.choices import SUBSTEPS
from customers.models import CustomField
from customers.registry import fields

_REFERRING = ("owner", "team")


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
