"""Custom fields in files of customers: the columns `custom_<key>`, their rules, and taking their values over, all set-wise."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from crm.models import Business
from customers.choices import FieldType
from customers.models import CustomField
from customers.queries.custom_fields import UNIQUE_KEY, custom_fields_of
from customers.registry import ImportCheck, ImportColumn, ImportResource, header_key
from customers.services.custom_fields import LONGEST, hold_custom_fields, keep_unique_values_of
from customers.services.files import UnreadableFile

COLUMN = "custom_"
_LABEL = r"[a-z0-9\u00a1-\uffff]([a-z0-9\u00a1-\uffff-]{0,61}[a-z0-9\u00a1-\uffff])?"
_URL = (
    rf"^https?://(localhost|({_LABEL}[.])+(xn--[a-z0-9]{{1,59}}|[a-z\u00a1-\uffff-]{{2,63}})|[0-9]{{1,3}}([.][0-9]{{1,3}}){{3}})"
    r"(:[0-9]{1,5})?([/?#][^[:space:]]*)?$"
)
_EMAIL = rf"^[-!#$%%&''*+/=?^_`{{}}|~0-9a-z.]+@({_LABEL}[.])+[a-z\u00a1-\uffff-]{{2,63}}$"
# What a faulty value of the column {v} meets; f is the field's row.
_FAULTY: dict[str, str] = {
    FieldType.TEXT: f"length({{v}}) > {LONGEST}",
    FieldType.NUMBER: "{v} !~ '^-?0*[0-9]{{1,12}}([.][0-9]{{1,6}}0*)?$'",
    FieldType.MONEY: "{v} !~ '^-?0*[0-9]{{1,12}}([.][0-9]{{1,2}}0*)?$'",
    FieldType.DATE: "case when {v} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$' and pg_input_is_valid({v}, 'date') "
    "then {v}::date not between '1900-01-01' and '2199-12-31' else true end",
    FieldType.CHOICE: "{v} <> all(f.choices)",
    FieldType.CHOICES: "exists (select from unnest(string_to_array({v}, ';')) c where btrim(c) <> '' and btrim(c) <> all(f.choices))",
    FieldType.BOOLEAN: "lower({v}) not in ('true', 'false', 'yes', 'no', '1', '0')",
    FieldType.URL: f"(length({{v}}) > {LONGEST} or {{v}} !~* '{_URL.replace('{', '{{').replace('}', '}}')}')",
    FieldType.EMAIL: f"(length({{v}}) > 254 or {{v}} !~* '{_EMAIL.replace('{', '{{').replace('}', '}}')}')",
    FieldType.USER: "not exists (select from crm_membership m join crm_user u on u.id = m.user_id where m.business_id = %(business)s "
    "and m.is_active and (lower(u.email) = lower({v}) or u.id::text = lower({v})))",
}
# The value of the column {v} as it is stored.
_STORED: dict[str, str] = {
    FieldType.TEXT: "{v}",
    FieldType.NUMBER: "trim_scale({v}::numeric)::text",
    FieldType.MONEY: "round({v}::numeric, 2)::text",
    FieldType.DATE: "{v}",
    FieldType.CHOICE: "{v}",
    FieldType.CHOICES: "(select array_agg(c order by n) from unnest(f.choices) with ordinality c(c, n) "
    "where c = any(select btrim(p) from unnest(string_to_array({v}, ';')) p))",
    FieldType.BOOLEAN: "lower({v}) in ('true', 'yes', '1')",
    FieldType.URL: "{v}",
    FieldType.EMAIL: "lower({v})",
    FieldType.USER: "(select u.id::text from crm_membership m join crm_user u on u.id = m.user_id where m.business_id = %(business)s "
    "and m.is_active and (lower(u.email) = lower({v}) or u.id::text = lower({v})) order by u.id limit 1)",
}


def with_custom_columns(resource: ImportResource, business: Business, header: Iterable[str]) -> ImportResource:
    """The kind of file with those of the business's own fields that its header names; until the end of the transaction they stay as
    they are. Raises UnreadableFile naming columns of fields that there are not."""
    hold_custom_fields(business)
    fields = custom_fields_of(business)
    known = {header_key(COLUMN + field.key): field for field in fields}
    names = [name.strip() for name in header]
    unknown = [name for name in names if name.lower().startswith(COLUMN) and header_key(name) not in known]
    if unknown:
        words = _("There are no such custom fields: %(columns)s. There are: %(known)s.")
        there = ", ".join(COLUMN + field.key for field in fields) or "–"
        raise UnreadableFile(words % {"columns": ", ".join(unknown)[:300], "known": there[:300]})
    keys = {header_key(name) for name in names}
    present = [field for key, field in known.items() if key in keys]
    columns = [ImportColumn(COLUMN + field.key, field.label, max_length=10_000) for field in present]
    checks = [check for field in present for check in _checks(field)]
    needed = [field for field in fields if field.is_required]
    return replace(
        resource,
        columns=(*resource.columns, *columns),
        checks=(*resource.checks, *checks, *(_needed(field, field in present) for field in needed)),
    )


def take_custom_values(business: Business) -> list[UUID] | None:
    """Put the staged values of custom fields on their customers; empty ones leave what is there. Returns whose
    have changed; None for files without any."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select substr(attname, 8) from pg_attribute where attrelid = 'pg_temp.import_stage'::regclass "
            "and attname like 'custom\\_%%' and not attisdropped",
            {},
        )
        staged = {row[0] for row in cursor.fetchall()}
        fields = [field for field in custom_fields_of(business) if field.key in staged]
        if not fields:
            return None
        cursor.execute(_TAKE.format(given=" || ".join(_given(field) for field in fields)), {"business": business.pk})
        ids = [row[0] for row in cursor.fetchall()]
    taken = keep_unique_values_of(ids)
    if taken:
        raise UnreadableFile(
            _("Meanwhile another customer has got a value of %(key)s. Import the file again.") % {"key": taken[0]}
        )
    return ids


_TAKE = """
with due as (
    select c.id, c.custom_values || jsonb_strip_nulls({given}) as values
    from pg_temp.import_stage s join customers_customer c on c.business_id = %(business)s and c.external_id = s.external_id
)
update customers_customer c set custom_values = d.values, updated_at = now() from due d
where c.id = d.id and c.custom_values <> d.values returning c.id
"""


def _given(field: CustomField) -> str:
    """`{key: value}` of a staged row, in SQL; the value is null where none is given. Keys are letters, digits and _ only."""
    column = f's."{COLUMN}{field.key}"'
    stored = _STORED[field.type].format(v=column)
    return (
        f"(select jsonb_build_object('{field.key}', case when {column} <> '' then to_jsonb({stored}) end) "  # noqa: S608 - keys are safe
        f"from customers_customfield f where f.business_id = %(business)s and f.key = '{field.key}')"
    )


def _checks(field: CustomField) -> list[ImportCheck]:
    """The rules of a column."""
    column = COLUMN + field.key
    v = f's."{column}"'
    rows = (
        f"select s.line, {v} as value from pg_temp.import_stage s join customers_customfield f on f.business_id = %(business)s "  # noqa: S608 - keys are safe
        f"and f.key = '{field.key}' left join customers_customer c on c.business_id = %(business)s and c.external_id = s.external_id "
        f"where {v} <> ''"
    )  # fmt: skip
    checks = [ImportCheck(column, f"{rows} and {_FAULTY[field.type].format(v=v)}", _reason(field))]
    if field.kind:
        reason = (
            _("This field is asked of companies only.")
            if field.kind == "company"
            else _("This field is asked of persons only.")
        )
        checks.append(ImportCheck(column, f"{rows} and {_KIND} <> '{field.kind}'", reason))
    if field.is_unique:
        checks += _unique_checks(field, column, rows)
    return checks


_KIND = "coalesce(c.kind, nullif(lower(s.kind), ''), 'person')"


def _unique_checks(field: CustomField, column: str, rows: str) -> list[ImportCheck]:
    compared, others = (UNIQUE_KEY.format(text=_if_fitting(field, f'{name}."{column}"')) for name in "so")
    each = rows.replace(" as value from", f" as value, {compared} as compared from", 1)
    twice = (
        "select line, value from (select d.line, d.value, min(d.line) over (partition by d.compared) as first "  # noqa: S608
        f"from ({each}) d) e where line > first"
    )
    elsewhere = (
        f"{rows} and exists (select from customers_uniquecustomvalue u join customers_customer h on h.id = u.customer_id "  # noqa: S608 - keys are safe
        f"where u.field_id = f.id and u.value_key = {compared} and h.external_id <> s.external_id and not exists (select from "
        f"pg_temp.import_stage o where o.external_id = h.external_id and o.\"{column}\" <> '' and {others} <> u.value_key))"
    )
    return [
        ImportCheck(column, twice, _("This value stands in an earlier row already.")),
        ImportCheck(column, elsewhere, _("Another customer has this value already.")),
    ]


def _if_fitting(field: CustomField, v: str) -> str:
    """The stored value of a column, null where its value is faulty: all rules are asked, even where one has found a fault."""
    return f"(case when not ({_FAULTY[field.type].format(v=v)}) then {_STORED[field.type].format(v=v)} end)"


def _needed(field: CustomField, is_there: bool) -> ImportCheck:
    """New customers of the field's kind need a value."""
    column = COLUMN + field.key
    empty = f"and s.\"{column}\" = ''" if is_there else ""
    kind = f"and {_KIND} = '{field.kind}'" if field.kind else ""
    return ImportCheck(
        column,
        "select s.line, '' as value from pg_temp.import_stage s left join customers_customer c on c.business_id = %(business)s "  # noqa: S608
        f"and c.external_id = s.external_id where c.id is null {kind} {empty}",
        _("A value is needed."),
    )


def _reason(field: CustomField) -> Any:
    match field.type:
        case FieldType.CHOICE | FieldType.CHOICES:
            return _("Not one of: %(choices)s.") % {"choices": ", ".join(field.choices)[:200]}
        case FieldType.NUMBER:
            return _("Not a decimal number with at most 12 digits before and 6 behind the point.")
        case FieldType.MONEY:
            return _("Not a decimal number with at most 12 digits before and 2 behind the point.")
        case FieldType.DATE:
            return _("Not a day such as 2026-01-31 between the years 1900 and 2199.")
        case FieldType.BOOLEAN:
            return _("Not one of: true, false, yes, no, 1, 0.")
        case FieldType.URL:
            return _("Not a web address such as https://example.com.")
        case FieldType.EMAIL:
            return _("Not an e-mail address.")
        case FieldType.USER:
            return _("Not the e-mail address of a member of this business.")
    return _("Longer than %(n)d characters.") % {"n": LONGEST}
