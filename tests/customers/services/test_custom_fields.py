"""Values of custom fields: what each type takes and how it is stored; required and unique ones; who may stand against whom."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import Activity, Business
from crm.scope import scope
from customers import services
from customers.models import Customer, CustomField, UniqueCustomValue
from customers.services.custom_fields import TakenValue
from tests.factories import make_custom_field, make_customer, make_membership

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def _create(business: Business, **values: Any) -> Customer:
    return services.create_customer(
        actor=Actor.system("test"), business=business, at=AT, first_name="Jo", custom_values=values
    )


def _change(customer: Customer, **values: Any) -> Customer:
    return services.update_customer(actor=Actor.system("test"), customer=customer, at=AT, custom_values=values)


@pytest.mark.parametrize(
    ("type", "given", "stored"),
    [
        ("text", " Zoë’s ", "Zoë’s"),
        ("text", "x" * 500, "x" * 500),
        ("text", "<b>&\u202e\U0001f9ff", "<b>&\u202e\U0001f9ff"),
        ("number", "007.50", "7.5"),
        ("number", -3, "-3"),
        ("number", 1.25, "1.25"),
        ("number", "-0.0", "0"),
        ("number", "100", "100"),
        ("number", "999999999999.999999", "999999999999.999999"),
        ("number", "1." + "0" * 40, "1"),
        ("money", "1234.5", "1234.50"),
        ("money", Decimal("0"), "0.00"),
        ("money", "-0.00", "0.00"),
        ("date", "2024-02-29", "2024-02-29"),
        ("date", date(2026, 1, 31), "2026-01-31"),
        ("date", "1900-01-01", "1900-01-01"),
        ("date", "2199-12-31", "2199-12-31"),
        ("choice", "b", "b"),
        ("choices", ["c", "a"], ["a", "c"]),
        ("boolean", True, True),
        ("boolean", False, False),
        ("url", "https://example.com/ä?q=1", "https://example.com/ä?q=1"),
        ("email", "Jo@Example.com", "jo@example.com"),
    ],
)
def test_a_value_is_stored_in_one_form(in_scope: Business, type: str, given: Any, stored: Any) -> None:
    make_custom_field(in_scope, key="f", type=type)
    assert Customer.objects.get(pk=_create(in_scope, f=given).pk).custom_values == {"f": stored}


@pytest.mark.parametrize(
    ("type", "given"),
    [
        ("text", 5), ("text", True), ("text", ["x"]), ("text", {"a": 1}), ("text", "x" * 501), ("text", "a\0b"), ("text", "a\ud800"),
        ("number", "x"), ("number", "1e5"), ("number", "NaN"), ("number", float("nan")), ("number", float("inf")), ("number", True),
        ("number", "1,5"), ("number", "١"), ("number", "1000000000000"), ("number", "0.0000001"), ("number", [1]), ("number", "1" * 50),
        ("number", 10**45), ("number", 1e300), ("number", "--1"), ("number", "."),
        ("money", "1.234"), ("money", "£5"), ("money", "1000000000000"), ("money", False), ("money", {}),
        ("date", "2026-02-29"), ("date", "2025-13-01"), ("date", "31.01.2026"), ("date", "1899-12-31"), ("date", "2200-01-01"),
        ("date", 20260131), ("date", "2026-01-31T10:00"), ("date", AT), ("date", "٢٠٢٦-01-31"),
        ("choice", "d"), ("choice", "A"), ("choice", ["a"]), ("choice", 1),
        ("choices", "a"), ("choices", ["a", "a"]), ("choices", ["a", "d"]), ("choices", [1]), ("choices", {"a": 1}),
        ("choices", ["a"] * 999),
        ("boolean", "true"), ("boolean", 1), ("boolean", 0), ("boolean", "no"),
        ("url", "javascript:alert(1)"), ("url", "example"), ("url", "ftp://example.com"),
        ("url", "https://" + "a" * 500 + ".com"), ("url", 1),
        ("email", "jo@"), ("email", "jo"), ("email", "a" * 250 + "@example.com"), ("email", 1),
        ("user", "x"), ("user", 1), ("user", "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e91"),
    ],
)  # fmt: skip
def test_a_value_of_another_form_is_refused_by_its_key(in_scope: Business, type: str, given: Any) -> None:
    make_custom_field(in_scope, key="f", type=type)
    with pytest.raises(InvalidInput) as refusal:
        _create(in_scope, f=given)
    assert list(refusal.value.errors) == ["custom_values.f"]
    assert not Customer.objects.exists()


def test_every_fault_is_named_at_once(in_scope: Business) -> None:
    make_custom_field(in_scope, key="when", type="date")
    make_custom_field(in_scope, key="need", is_required=True)
    make_custom_field(in_scope, key="of_company", kind="company")
    with pytest.raises(InvalidInput) as refusal:
        _create(in_scope, when="x", of_company="x", nowhere="x")
    assert sorted(refusal.value.errors) == [
        "custom_values.need", "custom_values.nowhere", "custom_values.of_company", "custom_values.when",
    ]  # fmt: skip


@pytest.mark.parametrize("given", [None, [], "x", 5])
def test_values_that_are_no_object_are_refused(in_scope: Business, given: Any) -> None:
    with pytest.raises(InvalidInput) as refusal:
        services.create_customer(
            actor=Actor.system("test"), business=in_scope, at=AT, first_name="Jo", custom_values=given
        )
    assert list(refusal.value.errors) == ["custom_values"]


def test_an_archived_field_takes_no_values_and_keeps_those_that_it_has(in_scope: Business, system: Actor) -> None:
    field = make_custom_field(in_scope, key="plan")
    make_custom_field(in_scope, key="seats", type="number")
    customer = _create(in_scope, plan="Pro")
    services.archive_custom_field(actor=system, field=field, at=AT)
    with pytest.raises(InvalidInput):
        _change(customer, plan="Free")
    assert _change(customer, seats="3").custom_values == {"plan": "Pro", "seats": "3"}


def test_only_the_given_values_change_and_none_takes_away(in_scope: Business) -> None:
    for key in ("a", "b", "c"):
        make_custom_field(in_scope, key=key)
    customer = _create(in_scope, a="1", b="2")
    changed = _change(customer, b=None, c="3")
    assert changed.custom_values == {"a": "1", "c": "3"}
    assert _change(changed, c=" ").custom_values == {"a": "1"}


def test_the_history_has_one_entry_for_each_value(in_scope: Business) -> None:
    make_custom_field(in_scope, key="plan")
    make_custom_field(in_scope, key="tags", type="choices")
    customer = _create(in_scope, plan="Free")
    assert Activity.objects.get(about=customer.pk).detail.changes["custom_values.plan"] == [None, "Free"]
    _change(customer, plan="Pro", tags=["a"])
    assert Activity.objects.filter(about=customer.pk).latest("id").detail.changes == {
        "custom_values.plan": ["Free", "Pro"],
        "custom_values.tags": [None, ["a"]],
    }
    count = Activity.objects.count()
    _change(customer, plan="Pro")
    assert Activity.objects.count() == count


def test_a_required_value_is_asked_for_when_something_is_entered(in_scope: Business) -> None:
    old = make_customer(in_scope)
    make_custom_field(in_scope, key="plan", is_required=True)
    with pytest.raises(InvalidInput):
        _create(in_scope)
    services.update_customer(actor=Actor.system("test"), customer=old, at=AT, city="Leeds")
    with pytest.raises(InvalidInput) as refusal:
        _change(old, plan=None)
    assert list(refusal.value.errors) == ["custom_values.plan"]
    with pytest.raises(InvalidInput):
        _change(_change(old, plan="Pro"), plan="")


def test_who_becomes_a_company_has_the_values_of_companies(in_scope: Business) -> None:
    make_custom_field(in_scope, key="shoe", kind="person")
    make_custom_field(in_scope, key="plan", kind="company", is_required=True)
    customer = _create(in_scope, shoe="42")

    def become(**more: Any) -> Customer:
        return services.update_customer(
            actor=Actor.system("test"), customer=customer, at=AT, kind="company", display_name="Acme", **more
        )

    with pytest.raises(InvalidInput) as refusal:
        become()
    assert list(refusal.value.errors) == ["custom_values.plan"]
    assert become(custom_values={"plan": "Pro"}).custom_values == {"plan": "Pro"}
    changes = Activity.objects.filter(about=customer.pk).latest("id").detail.changes
    assert changes["custom_values.shoe"] == ["42", None]


def test_a_person_is_a_member_of_the_business_when_chosen(in_scope: Business, other_business: Business) -> None:
    make_custom_field(in_scope, key="coach", type="user")
    coach, stranger = make_membership(in_scope, "agent"), make_membership(other_business, "agent")
    customer = _create(in_scope, coach=coach.user_id)
    assert customer.custom_values == {"coach": str(coach.user_id)}
    with pytest.raises(InvalidInput):
        _change(customer, coach=str(stranger.user_id))
    coach.is_active = False
    coach.save()
    assert _change(customer, coach=str(coach.user_id)).custom_values == {"coach": str(coach.user_id)}
    with pytest.raises(InvalidInput):
        _create(in_scope, coach=str(coach.user_id))


def test_a_unique_value_stands_at_one_customer_of_the_business(in_scope: Business, other_business: Business) -> None:
    field = make_custom_field(in_scope, key="card", is_unique=True)
    with scope(other_business):
        make_custom_field(other_business, key="card", is_unique=True)
        _create(other_business, card="É-1")
    first = _create(in_scope, card="É-1")
    with pytest.raises(TakenValue) as refusal:
        _create(in_scope, card="e-1")
    assert refusal.value.field == "custom_values.card"
    assert str(first) not in str(refusal.value.message)
    second = _create(in_scope, card="e-2")
    with pytest.raises(TakenValue):
        _change(second, card="É-1")
    _change(first, card="e-3")
    assert _change(second, card="É-1").custom_values == {"card": "É-1"}
    _change(first, card=None)
    assert list(UniqueCustomValue.objects.filter(field=field).values_list("customer", "value_key")) == [
        (second.pk, "e-1")
    ]


def test_a_long_unique_value_is_told_by_its_end(in_scope: Business) -> None:
    make_custom_field(in_scope, key="note", is_unique=True)
    _create(in_scope, note="x" * 499 + "a")
    _create(in_scope, note="x" * 499 + "b")
    with pytest.raises(TakenValue):
        _create(in_scope, note="x" * 499 + "A")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_enter_the_same_value_at_once_one_gets_it(business: Business) -> None:
    with scope(business):
        make_custom_field(business, key="card", is_unique=True)
    start = Barrier(4)

    def enter(_number: int) -> str:
        try:
            with scope(business):
                start.wait()
                _create(business, card="C-1")
            return "entered"
        except TakenValue as refusal:
            return refusal.field
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        ends = sorted(pool.map(enter, range(4)))
    assert ends == ["custom_values.card"] * 3 + ["entered"]
    with scope(business):
        assert Customer.objects.count() == UniqueCustomValue.objects.count() == 1


def test_a_field_of_another_business_is_unknown(in_scope: Business, other_business: Business) -> None:
    with scope(other_business):
        make_custom_field(other_business, key="plan")
    assert not CustomField.objects.exists()
    with pytest.raises(InvalidInput):
        _create(in_scope, plan="Pro")
