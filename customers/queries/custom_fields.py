"""The fields that a business has defined itself, and how their values read."""

from collections.abc import Iterable
from typing import Any

from django.db import connection

from crm.models import Business, User
from customers.choices import FieldType
from customers.models import CustomField


def custom_fields_of(business: Business, *, kind: str = "") -> list[CustomField]:
    """The live custom fields in their order; with `kind`, those that are asked of persons or of companies. One query."""
    rows = CustomField.objects.filter(business=business, archived_at__isnull=True).order_by("order", "label", "id")
    return [field for field in rows if not kind or field.kind in ("", kind)]


def users_in(fields: Iterable[CustomField], values: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The names of the people whom values of the fields refer to, by id as it is stored. At most one query."""
    keys = [field.key for field in fields if field.type == FieldType.USER]
    ids = {given[key] for given in values for key in keys if given.get(key)}
    if not ids:
        return {}
    people = User.objects.filter(pk__in=ids).values_list("pk", "name", "email")
    return {str(pk): name or email for pk, name, email in people}


def customers_with(field: CustomField) -> int:
    """How many customers, archived ones included, have a value of the field."""
    return _count("", field, {})


def customers_without(field: CustomField) -> int:
    """How many live customers of its kind lack a value of the field."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from customers_customer where business_id = %(business)s and is_live "
            "and (%(kind)s = '' or kind = %(kind)s) and not custom_values ? %(key)s",
            {"business": field.business_id, "kind": field.kind, "key": field.key},
        )
        return int(cursor.fetchone()[0])


def customers_with_choice(field: CustomField, choice: str) -> int:
    """How many customers have the choice, alone or among others."""
    return _count("and custom_values->%(key)s @> to_jsonb(%(choice)s::text)", field, {"choice": choice})


def customers_of_other_kind(field: CustomField, kind: str) -> int:
    """How many customers that are not of the kind have a value of the field."""
    return _count("and kind <> %(kind)s", field, {"kind": kind})


def values_met_twice(field: CustomField) -> int:
    """How many customers share their value of the field with another."""
    with connection.cursor() as cursor:
        cursor.execute(
            _TWICE,
            {"business": field.business_id, "key": field.key},
        )
        return int(cursor.fetchone()[0])


UNIQUE_KEY = (
    "case when length(crm_fold({text})) <= 400 then crm_fold({text}) "
    "else 'sha256:' || encode(sha256(convert_to(crm_fold({text}), 'UTF8')), 'hex') end"
)
"""A unique value as it is compared, in SQL: without case, accents and widths; a long one by its digest."""

_TWICE = f"""
select coalesce(sum(n), 0) from (
    select count(*) as n from customers_customer where business_id = %(business)s and custom_values ? %(key)s
    group by {UNIQUE_KEY.format(text="(custom_values->>%(key)s)")} having count(*) > 1
) shared
"""  # noqa: S608 - our own expression


def _count(more: str, field: CustomField, parameters: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"select count(*) from customers_customer where business_id = %(business)s and custom_values ? %(key)s {more}",  # noqa: S608 - our own conditions
            {"business": field.business_id, "key": field.key, **parameters},
        )
        return int(cursor.fetchone()[0])
