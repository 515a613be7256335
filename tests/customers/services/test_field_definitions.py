"""Defining custom fields: what they may be, and what stored values say against a change, in numbers."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed, StaleVersion
from crm.integrity import Examined
from crm.models import Activity, Business, Membership
from customers import services
from customers.models import Customer, CustomField, UniqueCustomValue
from customers.queries.integrity import UNIQUE_VALUES
from customers.services.custom_fields import TakenValue
from customers.services.field_definitions import FieldArchived, FieldNotArchived, TooManyFields
from tests.factories import make_custom_field, make_customer

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def _change(field: CustomField, **data: Any) -> CustomField:
    return services.update_custom_field(actor=Actor.system("test"), field=field, **data)


def _refused(field: CustomField, **data: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidInput) as refusal:
        _change(field, **data)
    return refusal.value.errors


def _values(*customers: Customer) -> list[dict[str, Any]]:
    return [Customer.objects.get(pk=customer.pk).custom_values for customer in customers]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"key": ""}, "key"), ({"key": "Plan"}, "key"), ({"key": "1st"}, "key"), ({"key": "a-b"}, "key"), ({"key": "a" * 41}, "key"),
        ({"label": ""}, "label"), ({"label": "x" * 81}, "label"), ({"type": "json"}, "type"),
        ({"type": "choice"}, "choices"), ({"type": "choices", "choices": []}, "choices"),
        ({"type": "choice", "choices": ["a", "A"]}, "choices"), ({"type": "choice", "choices": ["a", " "]}, "choices"),
        ({"type": "choice", "choices": ["x" * 81]}, "choices"), ({"type": "choice", "choices": [str(n) for n in range(101)]}, "choices"),
        ({"type": "boolean", "is_unique": True}, "is_unique"), ({"type": "money", "is_unique": True}, "is_unique"),
        ({"kind": "robot"}, "kind"), ({"help_text": "x" * 201}, "help_text"), ({"order": -1}, "order"),
        ({"archived_at": AT}, "archived_at"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_name(
    in_scope: Business, system: Actor, data: dict[str, Any], field: str
) -> None:
    given = {"key": "plan", "label": "Plan" if field != "label" else "", "type": "text", **data}
    with pytest.raises(InvalidInput) as refusal:
        services.create_custom_field(actor=system, business=in_scope, **given)
    assert list(refusal.value.errors) == [field]


def test_choices_are_kept_of_fields_to_choose_from_only(in_scope: Business) -> None:
    assert make_custom_field(in_scope, type="choice", choices=[" b ", "a"]).choices == ["b", "a"]
    assert make_custom_field(in_scope, type="text", choices=["a"]).choices == []


def test_a_key_is_taken_once_and_for_good(in_scope: Business, system: Actor) -> None:
    field = make_custom_field(in_scope, key="shoe_size")
    services.archive_custom_field(actor=system, field=field, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_custom_field(in_scope, key="shoe_size")
    other = make_custom_field(in_scope, key="plan")
    assert list(_refused(other, key="plan_2")) == ["key"]
    assert _change(other, key="plan", label="Tariff").label == "Tariff"


@pytest.mark.parametrize("key", ["shoesize", "shoe__size", "er_id"])
def test_files_can_tell_every_key(in_scope: Business, key: str) -> None:
    make_custom_field(in_scope, key="shoe_size")
    with pytest.raises(InvalidInput) as refusal:
        make_custom_field(in_scope, key=key)
    assert list(refusal.value.errors) == ["key"]


def test_a_business_has_a_hundred_fields(in_scope: Business, system: Actor) -> None:
    CustomField.objects.bulk_create(
        CustomField(business=in_scope, key=f"f{n}x", label="x", type="text") for n in range(99)
    )
    last = make_custom_field(in_scope, key="last")
    with pytest.raises(TooManyFields):
        make_custom_field(in_scope, key="one_more")
    services.archive_custom_field(actor=system, field=last, at=AT)
    make_custom_field(in_scope, key="one_more")
    with pytest.raises(TooManyFields):
        services.restore_custom_field(actor=system, field=last)


def test_the_type_stands_once_there_are_values(in_scope: Business) -> None:
    field = make_custom_field(in_scope, key="size")
    assert _change(field, type="number").type == "number"
    make_customer(in_scope, custom_values={"size": "42"})
    assert "1 customer" in _refused(field, type="text")["type"][0]


def test_a_field_that_others_have_values_of_is_not_narrowed(in_scope: Business) -> None:
    field = make_custom_field(in_scope, key="plan")
    make_customer(in_scope, custom_values={"plan": "Pro"})
    assert "1 customer" in _refused(field, kind="company")["kind"][0]
    assert _change(field, kind="person").kind == "person"
    assert _change(field, kind="").kind == ""


def test_what_customers_lack_is_required_only_even_so(in_scope: Business, system: Actor) -> None:
    field = make_custom_field(in_scope, key="plan")
    make_customer(in_scope, custom_values={"plan": "Pro"})
    make_customer(in_scope)
    archived = make_customer(in_scope)
    services.archive_customer(actor=system, customer=archived, at=AT)
    assert "1 customer" in _refused(field, is_required=True)["is_required"][0]
    assert _change(field, is_required=True, even_so=True).is_required
    with pytest.raises(InvalidInput):
        services.create_custom_field(actor=system, business=in_scope, key="x", label="x", type="text", is_required=True)


def test_values_that_are_shared_cannot_become_unique(in_scope: Business) -> None:
    field = make_custom_field(in_scope, key="card")
    first, _second = (make_customer(in_scope, custom_values={"card": card}) for card in ("E-1", "é-1"))
    assert "2 customers" in _refused(field, is_unique=True)["is_unique"][0]
    services.update_customer(actor=Actor.system("test"), customer=first, at=AT, custom_values={"card": "E-2"})
    _change(field, is_unique=True)
    assert UniqueCustomValue.objects.count() == 2
    with pytest.raises(TakenValue):
        make_customer(in_scope, custom_values={"card": "e-2"})
    _change(field, is_unique=False)
    assert not UniqueCustomValue.objects.exists()
    make_customer(in_scope, custom_values={"card": "e-2"})


def test_an_archived_field_compares_no_values(in_scope: Business, system: Actor) -> None:
    field = make_custom_field(in_scope, key="card", is_unique=True)
    customer = make_customer(in_scope, custom_values={"card": "E-1"})
    services.archive_custom_field(actor=system, field=field, at=AT)
    assert not UniqueCustomValue.objects.exists()
    with pytest.raises(FieldArchived):
        services.archive_custom_field(actor=system, field=field, at=AT)
    with pytest.raises(FieldArchived):
        _change(field, label="x")
    services.restore_custom_field(actor=system, field=field)
    assert UniqueCustomValue.objects.get().customer == customer
    with pytest.raises(FieldNotArchived):
        services.restore_custom_field(actor=system, field=field)


def test_a_choice_that_customers_have_made_goes_even_so(in_scope: Business) -> None:
    one = make_custom_field(in_scope, key="plan", type="choice")
    several = make_custom_field(in_scope, key="uses", type="choices")
    customers = [
        make_customer(in_scope, custom_values=values)
        for values in ({"plan": "a", "uses": ["a", "b"]}, {"plan": "b", "uses": ["a"]}, {"uses": ["b", "c"]}, {})
    ]
    assert "1 customer" in _refused(one, choices=["b", "c"])["choices"][0]
    assert "2 customers" in _refused(several, choices=["c", "b"])["choices"][0]
    assert _change(one, choices=["b", "c", "d"], even_so=True).choices == ["b", "c", "d"]
    _change(several, choices=["c", "b"], even_so=True)
    assert _values(*customers) == [{"uses": ["b"]}, {"plan": "b"}, {"uses": ["b", "c"]}, {}]
    deeds = Activity.objects.filter(verb="customers.custom_field.updated").order_by("id")
    assert [row.counts for row in deeds] == [{"customers": 1}, {"customers": 2}]
    assert [row.detail.payload["choices_removed"] for row in deeds] == [{"a": 1}, {"a": 2}]
    assert [row.detail.changes["choices_removed"] for row in deeds] == [[None, "a: 1"], [None, "a: 2"]]


def test_what_changes_of_a_field_stands_in_the_trail(in_scope: Business) -> None:
    field = make_custom_field(in_scope, key="plan", type="choice")
    _change(field, label="Tariff", choices=["a", "b", "c", "d"])
    _change(field, label="Tariff")
    activity = Activity.objects.get(verb="customers.custom_field.updated")
    assert activity.detail.changes == {"label": ["Plan", "Tariff"], "choices": [["a", "b", "c"], ["a", "b", "c", "d"]]}
    with pytest.raises(StaleVersion):
        _change(field, label="x", version="2020-01-01T00:00:00+00:00")


@pytest.mark.parametrize("role", ["agent", "marketing", "compliance", "analyst", "integration"])
def test_who_may_not_manage_fields_is_refused(in_scope: Business, members: dict[str, Membership], role: str) -> None:
    field, actor = make_custom_field(in_scope), Actor.for_user(members[role].user)
    with pytest.raises(NotAllowed):
        services.create_custom_field(actor=actor, business=in_scope, key="x", label="x", type="text")
    with pytest.raises(NotAllowed):
        services.update_custom_field(actor=actor, field=field, label="x")
    with pytest.raises(NotAllowed):
        services.archive_custom_field(actor=actor, field=field, at=AT)


def _examined() -> Examined:
    return UNIQUE_VALUES()


def test_unique_values_that_differ_from_the_customers_are_found(in_scope: Business) -> None:
    make_custom_field(in_scope, key="card", is_unique=True)
    first, second, third = (make_customer(in_scope, custom_values={"card": f"E-{n}"}) for n in range(3))
    assert _examined().broken == 0
    Customer.objects.filter(pk=first.pk).update(custom_values={"card": "other"})
    UniqueCustomValue.objects.filter(customer=second).delete()
    found = _examined()
    assert found.broken == 2
    assert str(third.pk) not in " ".join(found.examples)
