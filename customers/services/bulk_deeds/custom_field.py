"""A value of a custom field for many customers."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import Business
from customers.models import Customer, CustomField
from customers.queries.custom_fields import custom_fields_of, users_in
from customers.registry import BulkDeed
from customers.services.bulk_deeds.parts import State, States, refuse_others
from customers.services.custom_fields import PREFIX, clean_custom_values, keep_unique_values_of
from customers.services.icp import refresh_icp_scores


class ChangeCustomField(BulkDeed):
    """Gives a custom field of customers a value, or takes it away."""

    def clean(self, business: Business, values: State) -> State:
        refuse_others(values, ["field", "value"])
        key = str(values.get("field") or "")
        field = next((own for own in custom_fields_of(business) if own.key == key), None)
        if field is None:
            raise InvalidInput({"field": [_("There is no such field.")]})
        if field.is_unique:
            raise InvalidInput({"field": [_("A value of this field may stand at one customer only.")]})
        value = values.get("value")
        is_empty = value is None or value == "" or value == []
        if is_empty and field.is_required:
            raise InvalidInput({"value": [_("A value is needed.")]})
        if is_empty:
            return {"field": key, "value": None}
        kind = field.kind or "person"
        try:
            stored = clean_custom_values(business=business, customer=None, given={key: value}, partial=True, kind=kind)
        except InvalidInput as refusal:
            words = refusal.errors.get(f"{PREFIX}{key}", [str(refusal.message)])
            raise InvalidInput({"value": words}) from refusal
        return {"field": key, "value": stored.get(key)}

    def read(self, customer_ids: Sequence[UUID], values: State) -> States:
        key = values["field"]
        rows = Customer.objects.filter(pk__in=customer_ids).values_list("pk", "custom_values")
        return {pk: {"field": key, "value": stored.get(key)} for pk, stored in rows}

    def aim(self, state: State, values: State, at: datetime) -> State:
        return {"field": values["field"], "value": values["value"]}

    def blocked(self, business: Business, states: States, targets: States, values: State) -> dict[UUID, str]:
        field = CustomField.objects.filter(key=values["field"], archived_at__isnull=True).first()
        if field is None:
            return dict.fromkeys(targets, _("The field was archived meanwhile."))
        if not field.kind:
            return {}
        others = Customer.objects.filter(pk__in=list(targets)).exclude(kind=field.kind).values_list("pk", flat=True)
        words = (
            _("The field is asked of companies only.")
            if field.kind == "company"
            else _("The field is asked of persons only.")
        )
        return dict.fromkeys(others, words)

    def write(
        self, actor: Actor, business: Business, targets: States, values: State, at: datetime, *, is_undo: bool
    ) -> None:
        key = values["field"]
        with connection.cursor() as cursor:
            cursor.executemany(
                "update customers_customer set updated_at = %(at)s, custom_values = case when %(value)s::text is null "
                "then custom_values - %(key)s::text else custom_values || jsonb_build_object(%(key)s::text, %(value)s::jsonb) end "
                "where id = any(%(ids)s) and business_id = %(business)s",
                [
                    {"at": at, "key": key, "value": value, "ids": ids, "business": business.pk}
                    for value, ids in _by_json(targets)
                ],
            )
        keep_unique_values_of(sorted(targets))
        refresh_icp_scores(sorted(targets))

    def words(self, business: Business, states: Sequence[State]) -> list[str]:
        field = next((own for own in custom_fields_of(business) if states and own.key == states[0]["field"]), None)
        names = users_in([field], [{field.key: state["value"]} for state in states]) if field else {}
        return [_value_words(state["value"], names) for state in states]

    def summary(self, business: Business, values: State) -> str:
        field = CustomField.objects.filter(key=values["field"]).first()
        return f"{field.label if field else values['field']}: {self.words(business, [values])[0]}"


def _by_json(targets: Mapping[UUID, State]) -> list[tuple[str | None, list[UUID]]]:
    """The customers by the value that they are to have, as JSON; None: none."""
    found: dict[str | None, list[UUID]] = defaultdict(list)
    for pk in sorted(targets):
        value = targets[pk]["value"]
        found[None if value is None else json.dumps(value)].append(pk)
    return list(found.items())


def _value_words(value: Any, names: Mapping[str, str]) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return ", ".join(value) if isinstance(value, list) else names.get(value, str(value))
