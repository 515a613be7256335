"""What a profile tells beside its fields: completeness, signs of risk, and whether anybody has looked after it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from crm.actor import Actor
from crm.models import Business
from customers.models import Customer, CustomField, Note, Signal
from customers.queries import completeness_of, family_value, reasons_at_risk, untouched_since
from customers.registry import fields
from tests.factories import make_customer, make_order

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def asked(**values: object) -> CustomField:
    return CustomField(key="route", label="Route", type="text", **values)


def test_completeness_names_what_is_missing(in_scope: Business) -> None:
    person = make_customer(in_scope, first_name="Jordan", last_name="Smith", email="j@x.example", city="Leeds")
    found = completeness_of(person, [])
    assert found.percent == 100 * 4 // 11
    assert found.missing == ("phone", "street", "postal_code", "country", "owner", "acquired_on", "acquisition_source")


def test_persons_and_companies_are_asked_for_different_things(in_scope: Business) -> None:
    company = make_customer(in_scope, kind="company")
    assert "industry" in completeness_of(company, []).missing
    assert "industry" not in completeness_of(make_customer(in_scope), []).missing


def test_custom_fields_count_when_the_business_requires_them(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    before = completeness_of(customer, [])
    assert completeness_of(customer, [asked(is_required=False)]) == before
    assert completeness_of(customer, [asked(is_required=True, kind="company")]) == before
    assert completeness_of(customer, [asked(is_required=True)]).missing == (*before.missing, "custom_values.route")
    customer.custom_values = {"route": False}
    assert completeness_of(customer, [asked(is_required=True)]).missing == before.missing


def test_signs_of_risk_are_those_that_are_true(in_scope: Business, actor: Actor) -> None:
    customer = make_customer(in_scope)
    assert reasons_at_risk(actor, customer, NOW) == []
    Customer.objects.filter(pk=customer.pk).update(lifecycle_stage="churn_risk")
    for text, kind, closed in (
        ("Cut the budget", "risk", None),
        ("Over", "risk", date(2026, 5, 1)),
        ("Buys", "buying", None),
    ):
        Signal.objects.create(
            business=in_scope,
            customer=customer,
            kind=kind,
            text=text,
            source="call",
            seen_on=date(2026, 4, 1),
            closed_on=closed,
        )
    customer.refresh_from_db()
    assert reasons_at_risk(actor, customer, NOW) == [
        "The stage is Churn risk.",
        "A risk signal is open: Cut the budget",
    ]


@pytest.mark.parametrize(("days", "stale"), [(179, False), (180, True), (400, True)])
def test_a_profile_is_stale_after_180_days_without_anything(in_scope: Business, days: int, stale: bool) -> None:
    customer = make_customer(in_scope)
    customer.stage_since = None
    latest = customer.updated_at = NOW - timedelta(days=days)
    assert untouched_since(customer, NOW) == (latest if stale else None)


def test_an_order_or_a_note_keeps_a_profile_fresh(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    customer.stage_since = None
    customer.updated_at = NOW - timedelta(days=300)
    note = Note.objects.create(business=in_scope, customer=customer, content="Called", created_label="Riley")
    Note.objects.filter(pk=note.pk).update(created_at=NOW - timedelta(days=200))
    assert untouched_since(customer, NOW) == NOW - timedelta(days=200)
    Note.objects.filter(pk=note.pk).update(created_at=NOW - timedelta(days=10))
    assert untouched_since(customer, NOW) is None
    Note.objects.all().delete()
    customer.facts.last_order_at = NOW - timedelta(days=3)
    assert untouched_since(customer, NOW) is None


def test_figures_of_a_family_are_summed_and_dates_compared(in_scope: Business) -> None:
    members = [make_customer(in_scope, kind="company") for _ in range(3)]
    make_order(members[0], "100.10", ordered_at=NOW - timedelta(days=5))
    make_order(members[1], "0.15", ordered_at=NOW)
    fresh = list(Customer.objects.with_facts().filter(pk__in=[member.pk for member in members]))
    assert str(family_value(fields["total_spent"], fresh)) == "100.2500"
    assert family_value(fields["order_count"], fresh) == 2
    assert family_value(fields["last_order_at"], fresh) == NOW
    assert family_value(fields["last_order_at"], [one for one in fresh if one.pk == members[2].pk]) is None
