"""Values of custom fields: what each type takes, how it is stored, and values that may stand at one customer only."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.activity import Change
from crm.errors import DomainError, InvalidInput
from crm.models import Business, Membership
from customers.choices import FieldType, Kind
from customers.models import Customer, CustomField
from customers.queries.custom_fields import UNIQUE_KEY, custom_fields_of

PREFIX = "custom_values."
"""What the names of custom fields begin with among the fields of a form, of a fault and of the history."""
LONGEST = 500
MOST_FAULTS = 100
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,40}(\.\d{1,40})?", re.ASCII)
_is_url = URLValidator(schemes=["http", "https"])


class TakenValue(DomainError):
    """A value that may stand at one customer only stands at another already."""

    code = "duplicate"
    message = gettext_lazy("Another customer has this value already.")


def hold_custom_fields(business: Business | UUID, *, change: bool = False) -> None:
    """Until the transaction ends, let nobody change the fields' definitions; with `change`, let nobody write values either."""
    business_id = business.pk if isinstance(business, Business) else business
    lock = "pg_advisory_xact_lock" if change else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"select {lock}(hashtextextended(%s, 0))", [f"custom fields:{business_id}"])


def given_custom_values(data: dict[str, Any]) -> Any:
    """Take the custom values out of what was given to a deed: `custom_values`, and those that came one by one."""
    given = data.pop("custom_values", {})
    single = {name: data.pop(name) for name in list(data) if name.startswith(PREFIX)}
    return given | {name.removeprefix(PREFIX): value for name, value in single.items()} if single else given


def clean_custom_values(
    *, business: Business, customer: Customer | None, given: Mapping[str, Any], partial: bool, kind: str
) -> dict[str, Any]:
    """All custom values of a customer of that kind once `given` is taken over, as they are stored; None and "" take a value away.

    With `partial`, a required field may be missing that is not among the given ones. What is stored of fields that aren't asked of the
    kind goes. Raises InvalidInput naming `custom_values.<key>`.
    """
    if not isinstance(given, Mapping):
        raise InvalidInput({"custom_values": [_("An object of keys and values is expected.")]})
    hold_custom_fields(business)
    known = {field.key: field for field in custom_fields_of(business)}
    stored = dict(customer.custom_values) if customer else {}
    faults: dict[str, list[str]] = {}
    for key, value in given.items():
        try:
            cleaned = _clean(known.get(key), value, kind, stored.get(key))
        except ValidationError as fault:
            faults[f"{PREFIX}{str(key)[:60]}"] = list(fault.messages)
            if len(faults) == MOST_FAULTS:
                break
            continue
        if cleaned is None:
            stored.pop(key, None)
        else:
            stored[key] = cleaned
    values = {key: value for key, value in stored.items() if key not in known or known[key].kind in ("", kind)}
    asked_again = customer is not None and customer.kind != kind
    for key, field in known.items():
        due = field.is_required and field.kind in ("", kind) and (not partial or asked_again or key in given)
        if due and key not in values and f"{PREFIX}{key}" not in faults:
            faults[f"{PREFIX}{key}"] = [_("A value is needed.")]
    if faults:
        raise InvalidInput(faults)
    return values


def keep_unique_values(customer: Customer) -> None:
    """Bring the customer's unique values up to date after it was saved. Raises TakenValue naming `custom_values.<key>`."""
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, {"customer": customer.pk})
    taken = keep_unique_values_of([customer.pk])
    if taken:
        raise TakenValue(field=f"{PREFIX}{taken[0]}")


def keep_unique_values_of(customer_ids: Sequence[UUID]) -> list[str]:
    """Bring the unique values of the customers up to date; returns the keys of fields of which a value is taken. Set-based."""
    parameters = {"customers": list(customer_ids)}
    with connection.cursor() as cursor:
        cursor.execute(_LET_GO, parameters)
        cursor.execute(_KEEP, parameters)
        return [row[0] for row in cursor.fetchall()]


_COMPARED = UNIQUE_KEY.format(text="(c.custom_values->>f.key)")
# Two who exchange their values would wait for each other: whoever lets go of or takes a value first waits until nobody else does.
_QUEUE = f"""
select pg_advisory_xact_lock(v.lock) from (
    select hashtextextended('unique:' || field_id || ':' || value_key, 0) as lock
    from (
        select field_id, value_key from customers_uniquecustomvalue where customer_id = %(customer)s
        union
        select f.id, {_COMPARED} from customers_customer c
        join customers_customfield f on f.business_id = c.business_id and c.custom_values ? f.key
        where c.id = %(customer)s and f.is_unique and f.archived_at is null
    ) held_or_wanted
    order by lock offset 0
) v
"""  # noqa: S608 - our own expression
_LET_GO = f"""
delete from customers_uniquecustomvalue u using customers_customer c, customers_customfield f
where c.id = any(%(customers)s) and u.customer_id = c.id and f.id = u.field_id
  and (u.value_key is distinct from {_COMPARED} or not f.is_unique or f.archived_at is not null)
"""  # noqa: S608 - our own expression
# Waits for another transaction that is about to take the same value; what it took is not taken again.
_KEEP = f"""
with wanted as (
    select c.business_id, c.id as customer_id, f.id as field_id, f.key, {_COMPARED} as value_key
    from customers_customer c join customers_customfield f on f.business_id = c.business_id and c.custom_values ? f.key
    where c.id = any(%(customers)s) and f.is_unique and f.archived_at is null
), kept as (
    insert into customers_uniquecustomvalue (business_id, field_id, customer_id, value_key)
    select business_id, field_id, customer_id, value_key from wanted order by field_id, value_key
    on conflict do nothing returning field_id, customer_id
)
select distinct w.key from wanted w left join kept k using (field_id, customer_id)
left join customers_uniquecustomvalue u on u.field_id = w.field_id and u.customer_id = w.customer_id and u.value_key = w.value_key
where k.field_id is null and u.id is null order by w.key
"""  # noqa: S608 - our own expression


def custom_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Change]:
    """What differs between two states of the custom values: one change a key, as the history keeps it."""
    keys = sorted(before.keys() | after.keys())
    return {f"{PREFIX}{key}": (before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)}


def _clean(field: CustomField | None, value: Any, kind: str, stored: Any) -> Any:
    """The value as it is stored, None for none. Raises ValidationError."""
    if field is None and value is not None and value == stored:
        return stored  # of an archived field, sent back as it was read
    if field is None:
        raise ValidationError(_("There is no such field."))
    if isinstance(value, str):
        value = _text(value)
    if value is None or value == "" or value == []:
        return None
    if field.kind not in ("", kind):
        raise ValidationError(
            _("This field is asked of companies only.")
            if field.kind == Kind.COMPANY
            else _("This field is asked of persons only.")
        )
    if field.type == FieldType.USER and str(value) == stored:
        return stored  # who has left the business may stay where they were chosen
    return _TYPES[FieldType(field.type)](field, value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValidationError(_("A string is expected."))
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValidationError(_("The text holds a character that can't be stored."))
    return value.strip()


def _short(value: str, longest: int = LONGEST) -> str:
    if len(value) > longest:
        raise ValidationError(
            _("At most %(number)d characters; these are %(found)d.") % {"number": longest, "found": len(value)}
        )
    return value


def _decimal(value: Any, places: int) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValidationError(_("A number is expected."))
    if isinstance(value, int) and abs(value) >= 10**40:
        raise ValidationError(_("Not a decimal number such as 1234.50."))
    if not _NUMBER.fullmatch(value if isinstance(value, str) else format(_exact(value), "f")):
        raise ValidationError(_("Not a decimal number such as 1234.50."))
    number = _exact(value)
    if abs(number) >= 10**12 or number != round(number, places):
        raise ValidationError(_("At most 12 digits before and %(places)d behind the point.") % {"places": places})
    return number


def _exact(value: str | float | Decimal) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise ValidationError(_("Not a decimal number such as 1234.50.")) from error


def _clean_text(field: CustomField, value: Any) -> str:
    return _short(_text(value))


def _clean_number(field: CustomField, value: Any) -> str:
    text = format(_decimal(value, 6) + 0, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _clean_money(field: CustomField, value: Any) -> str:
    return format(_decimal(value, 2).quantize(Decimal("0.01")) + 0, "f")


def _clean_date(field: CustomField, value: Any) -> str:
    if type(value) is date:
        value = value.isoformat()
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValidationError(_("A day such as 2026-01-31 is expected."))
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise ValidationError(_("There is no such day.")) from error
    if not 1900 <= day.year <= 2199:
        raise ValidationError(_("The day must lie between the years 1900 and 2199."))
    return day.isoformat()


def _clean_choice(field: CustomField, value: Any) -> str:
    chosen = _text(value)
    if chosen not in field.choices:
        raise ValidationError(_("“%(value)s” is not one of the choices.") % {"value": chosen[:80]})
    return chosen


def _clean_choices(field: CustomField, value: Any) -> list[str]:
    if not isinstance(value, list | tuple):
        raise ValidationError(_("A list of choices is expected."))
    chosen = [_clean_choice(field, item) for item in value[: len(field.choices) + 1]]
    if len(set(chosen)) < len(value):
        raise ValidationError(_("Each choice can be made once."))
    return [choice for choice in field.choices if choice in chosen]


def _clean_boolean(field: CustomField, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValidationError(_("true or false is expected."))
    return value


def _clean_url(field: CustomField, value: Any) -> str:
    address = _short(_text(value))
    try:
        _is_url(address)
    except ValidationError as error:
        raise ValidationError(_("Not a web address such as https://example.com.")) from error
    return address


def _clean_email(field: CustomField, value: Any) -> str:
    address = _short(_text(value), 254)
    try:
        validate_email(address)
    except ValidationError as error:
        raise ValidationError(_("Not an e-mail address.")) from error
    return address.lower()


def _clean_user(field: CustomField, value: Any) -> str:
    try:
        pk = value if isinstance(value, UUID) else UUID(_text(value))
    except ValueError as error:
        raise ValidationError(_("An id is expected.")) from error
    if not Membership.objects.filter(business=field.business_id, user=pk, is_active=True).exists():
        raise ValidationError(_("There is no such member in this business."))
    return str(pk)


_TYPES: dict[FieldType, Callable[[CustomField, Any], Any]] = {
    FieldType.TEXT: _clean_text, FieldType.NUMBER: _clean_number, FieldType.MONEY: _clean_money, FieldType.DATE: _clean_date,
    FieldType.CHOICE: _clean_choice, FieldType.CHOICES: _clean_choices, FieldType.BOOLEAN: _clean_boolean,
    FieldType.URL: _clean_url, FieldType.EMAIL: _clean_email, FieldType.USER: _clean_user,
}  # fmt: skip
