"""Defining custom fields: what they are called, what they take, and what must hold of the values that are stored already."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import activity, formats
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotFound
from crm.forms import check_version
from crm.models import Business
from crm.services.cleaning import clean, refuse_unknown
from customers.choices import FieldType
from customers.models import CustomField
from customers.queries.custom_fields import (
    UNIQUE_KEY,
    customers_of_other_kind,
    customers_with,
    customers_with_choice,
    customers_without,
    values_met_twice,
)
from customers.registry import header_key, import_resources
from customers.services.custom_fields import hold_custom_fields

DEFINED = (
    "label", "type", "choices", "help_text", "kind", "is_required", "is_unique", "in_form", "on_profile", "in_list", "order",
)  # fmt: skip
"""What may be changed of a custom field; its key is chosen once."""
MOST_FIELDS = 100
MOST_CHOICES = 100
CHOOSING = (FieldType.CHOICE, FieldType.CHOICES)
UNIQUE_TYPES = (FieldType.TEXT, FieldType.NUMBER, FieldType.DATE, FieldType.URL, FieldType.EMAIL)


class TooManyFields(DomainError):
    code = "too_many"
    message = gettext_lazy("A business can have 100 custom fields. Archive one that is no longer needed.")


class FieldArchived(DomainError):
    code = "already_archived"
    message = gettext_lazy("This custom field is archived. Restore it first.")


class FieldNotArchived(DomainError):
    code = "not_archived"
    message = gettext_lazy("This custom field is not archived.")


@transaction.atomic
def create_custom_field(
    *, actor: Actor, business: Business, key: str, even_so: bool = False, **data: Any
) -> CustomField:
    """Define a field. Raises NotAllowed, TooManyFields, InvalidInput; a required one needs `even_so` where customers lack it."""
    refuse_unknown(data, DEFINED)
    actor.require("customers.manage_fields", business)
    hold_custom_fields(business, change=True)
    _refuse_too_many(business)
    field = CustomField(business=business, key=key.strip())
    _assign(field, data)
    _check_key(field)
    if field.is_required:
        _need_filled(field, even_so)
    field.save(force_insert=True)
    changes = {
        name: (None, value) for name in ("key", *DEFINED) if (value := getattr(field, name)) not in ("", [], False)
    }
    activity.record("customers.custom_field.created", actor=actor, business=business, subject=field, changes=changes)
    return field


@transaction.atomic
def update_custom_field(
    *, actor: Actor, field: CustomField, even_so: bool = False, version: str | None = None, **data: Any
) -> CustomField:
    """Change a definition. What stands against it in stored values is refused in numbers; with `even_so`, customers may lack a required
    field until they are next edited, and choices that are taken away are taken from the customers that have them.

    Raises NotAllowed, FieldArchived, StaleVersion, InvalidInput.
    """
    refuse_unknown(data, ("key", *DEFINED))
    locked = _lock(field)
    actor.require("customers.manage_fields", locked.business)
    check_version(locked, version)
    if locked.archived_at:
        raise FieldArchived
    if data.pop("key", locked.key) != locked.key:
        raise InvalidInput({"key": [_("The key can't be changed; files and programs know the field by it.")]})
    before = CustomField.objects.get(pk=locked.pk)
    _assign(locked, data)
    changes = activity.changes_between(before, locked, DEFINED)
    if not changes:
        return locked
    gone = [choice for choice in before.choices if choice not in locked.choices] if before.type == locked.type else []
    _check_stored(before, locked, gone, even_so)
    locked.save()
    had = {choice: customers_with_choice(locked, choice) for choice in gone}
    taken = _take_choices_away(locked, gone)
    _keep_values_unique(locked)
    if had:
        changes["choices_removed"] = (None, ", ".join(f"{choice}: {count}" for choice, count in had.items()))
    activity.record(
        "customers.custom_field.updated", actor=actor, business=locked.business, subject=locked, changes=changes,
        counts={"customers": taken} if taken else {}, payload={"choices_removed": had} if had else {},
    )  # fmt: skip
    return locked


@transaction.atomic
def archive_custom_field(*, actor: Actor, field: CustomField, at: datetime, version: str | None = None) -> CustomField:
    """Take the field out of forms, profiles, lists and files; its values stay stored. Raises NotAllowed, FieldArchived, StaleVersion."""
    locked = _lock(field)
    actor.require("customers.manage_fields", locked.business)
    check_version(locked, version)
    if locked.archived_at:
        raise FieldArchived
    locked.archived_at = at
    locked.save(update_fields=["archived_at", "updated_at"])
    _keep_values_unique(locked)
    activity.record(
        "customers.custom_field.archived", actor=actor, business=locked.business, subject=locked,
        changes={"archived_at": (None, at)},
    )  # fmt: skip
    return locked


@transaction.atomic
def restore_custom_field(*, actor: Actor, field: CustomField, version: str | None = None) -> CustomField:
    """Bring an archived field back with its values. Raises NotAllowed, FieldNotArchived, TooManyFields, StaleVersion."""
    locked = _lock(field)
    actor.require("customers.manage_fields", locked.business)
    check_version(locked, version)
    if not locked.archived_at:
        raise FieldNotArchived
    _refuse_too_many(locked.business)
    before, locked.archived_at = locked.archived_at, None
    locked.save(update_fields=["archived_at", "updated_at"])
    _keep_values_unique(locked)
    activity.record(
        "customers.custom_field.restored", actor=actor, business=locked.business, subject=locked,
        changes={"archived_at": (before, None)},
    )  # fmt: skip
    return locked


def _lock(field: CustomField) -> CustomField:
    hold_custom_fields(field.business_id, change=True)
    rows = CustomField.objects.select_for_update(of=("self",)).select_related("business")
    locked: CustomField | None = rows.filter(pk=field.pk).first()
    if locked is None:
        raise NotFound
    return locked


def _refuse_too_many(business: Business) -> None:
    if CustomField.objects.filter(business=business, archived_at__isnull=True).count() >= MOST_FIELDS:
        raise TooManyFields


def _assign(field: CustomField, data: dict[str, Any]) -> None:
    for name, value in data.items():
        setattr(field, name, value.strip() if isinstance(value, str) else value)
    choosing = field.type in CHOOSING
    field.choices = _choices(field.choices) if choosing else []
    clean(field, exclude=["business"])
    if choosing and not field.choices:
        raise InvalidInput({"choices": [_("Give at least one choice.")]})
    if field.is_unique and field.type not in UNIQUE_TYPES:
        raise InvalidInput({"is_unique": [_("Values of this type can't be unique.")]})


def _choices(given: Sequence[Any]) -> list[str]:
    choices = [str(choice).strip() for choice in given]
    faults = []
    if any(not choice for choice in choices):
        faults.append(_("A choice is empty."))
    if len({choice.casefold() for choice in choices}) < len(choices):
        faults.append(_("A choice stands there twice."))
    if len(choices) > MOST_CHOICES:
        faults.append(_("At most %(number)d choices.") % {"number": MOST_CHOICES})
    if faults:
        raise InvalidInput({"choices": faults})
    return choices


def _check_key(field: CustomField) -> None:
    """The key's column in files must be told from all others, whose names are compared by letters and digits only."""
    column = header_key(f"custom_{field.key}")
    others = [
        header_key(f"custom_{key}") for key in CustomField.objects.values_list("key", flat=True) if key != field.key
    ]
    known = [name for resource in import_resources for item in resource.columns for name in item.names()]
    if column in (*others, *known):
        raise InvalidInput({"key": [_("Files couldn't tell this key from that of another column. Choose another.")]})


def _check_stored(before: CustomField, field: CustomField, gone: list[str], even_so: bool) -> None:
    """What the stored values say against the new definition, in numbers."""
    if field.type != before.type:
        count = customers_with(field)
        if count:
            raise InvalidInput(
                {"type": [_count(count, _("The type can't be changed any more: there are values at %(count)s."))]}
            )
    if field.kind not in ("", before.kind):
        count = customers_of_other_kind(field, field.kind)
        if count:
            raise InvalidInput({"kind": [_count(count, _("There are values at %(count)s of the other kind."))]})
    chosen = [(choice, customers_with_choice(field, choice)) for choice in gone]
    if not even_so and any(count for _choice, count in chosen):
        words = [
            _count(count, _("“%(choice)s” is chosen at %(count)s."), choice=choice) for choice, count in chosen if count
        ]
        raise InvalidInput({"choices": [*words, _("Keep it, or confirm that it is taken from them.")]})
    if field.is_required and (not before.is_required or field.kind != before.kind):
        _need_filled(field, even_so)
    if field.is_unique and not before.is_unique:
        count = values_met_twice(field)
        if count:
            raise InvalidInput({"is_unique": [_count(count, _("Values are shared by %(count)s."))]})


def _need_filled(field: CustomField, even_so: bool) -> None:
    count = 0 if even_so else customers_without(field)
    if count:
        words = _("There is no value at %(count)s. Fill it in there, or confirm that it is asked for at the next edit.")
        raise InvalidInput({"is_required": [_count(count, words)]})


def _count(count: int, words: str, **more: str) -> str:
    customers = ngettext("%(count)s customer", "%(count)s customers", count) % {"count": formats.number(count)}
    return words % {"count": customers, **more}


def _take_choices_away(field: CustomField, gone: list[str]) -> int:
    """Take choices that are no longer offered from the customers; returns from how many."""
    if not gone:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_AWAY, {"business": field.business_id, "key": field.key, "gone": gone})
        return int(cursor.rowcount)


_TAKE_AWAY = """
update customers_customer c set updated_at = now(), custom_values = case
    when jsonb_typeof(c.custom_values->%(key)s) = 'array' and not c.custom_values->%(key)s <@ to_jsonb(%(gone)s::text[])
    then jsonb_set(c.custom_values, array[%(key)s::text], (c.custom_values->%(key)s) - %(gone)s::text[])
    else c.custom_values - %(key)s::text end
where c.business_id = %(business)s and c.custom_values ? %(key)s
  and (c.custom_values->>%(key)s = any(%(gone)s::text[]) or
       (jsonb_typeof(c.custom_values->%(key)s) = 'array' and c.custom_values->%(key)s ?| %(gone)s::text[]))
"""

_NOTE = f"""
insert into customers_uniquecustomvalue (business_id, field_id, customer_id, value_key)
select business_id, %(field)s, id, {UNIQUE_KEY.format(text="(custom_values->>%(key)s)")} from customers_customer
where business_id = %(business)s and custom_values ? %(key)s
on conflict (field_id, customer_id) do nothing
"""  # noqa: S608 - our own expression


def _keep_values_unique(field: CustomField) -> None:
    """Note the values of a unique field that is in use; forget them of any other."""
    parameters: dict[str, Any] = {"field": field.pk, "business": field.business_id, "key": field.key}
    with connection.cursor() as cursor:
        if not field.is_unique or field.archived_at:
            cursor.execute("delete from customers_uniquecustomvalue where field_id = %(field)s", parameters)
            return
        cursor.execute(_NOTE, parameters)
