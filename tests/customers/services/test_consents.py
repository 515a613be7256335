"""Recording consent: append-only, with evidence, and the state at any time follows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import Business
from customers import services
from customers.models import ConsentRecord, Customer
from customers.queries.preferences import consents_of, preference_of
from tests.factories import make_customer

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def customer(in_scope: Business) -> Customer:
    return make_customer(in_scope)


def _record(actor: Actor, customer: Customer, state: str = "given", **more: Any) -> ConsentRecord:
    given = {"purpose": "newsletter", "at": AT, "evidence": "Form", **more}
    return services.record_consent(actor=actor, customer=customer, state=state, **given)


def test_the_database_refuses_to_change_and_to_delete_a_record(customer: Customer, system: Actor) -> None:
    record = _record(system, customer)
    for statement in (
        "update customers_consentrecord set state = 'withdrawn' where id = %s",
        "delete from customers_consentrecord where id = %s",
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [record.pk])
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        record.delete()
    assert ConsentRecord.objects.get().state == "given"


def test_giving_withdrawing_and_giving_again_is_three_records_and_the_flag_follows(
    customer: Customer, system: Actor
) -> None:
    states = ["given", "withdrawn", "given"]
    for day, state in enumerate(states):
        _record(system, customer, state, at=AT + timedelta(days=day))
        assert preference_of(customer).newsletter_subscription == (state == "given")
    assert list(ConsentRecord.objects.order_by("id").values_list("state", flat=True)) == states


def test_what_was_given_before_its_withdrawal_changes_nothing_when_it_is_entered_later(
    customer: Customer, system: Actor
) -> None:
    _record(system, customer, "withdrawn")
    _record(system, customer, given_at=AT - timedelta(days=1), at=AT + timedelta(days=1))
    assert not consents_of(customer).given("newsletter", "")
    assert not preference_of(customer).newsletter_subscription


def test_of_one_moment_the_one_that_is_entered_last_holds(customer: Customer, system: Actor) -> None:
    _record(system, customer)
    _record(system, customer, "withdrawn")
    assert not consents_of(customer).given("newsletter", "email")


def test_consent_to_all_channels_holds_on_each_and_to_one_only_there(customer: Customer, system: Actor) -> None:
    _record(system, customer, purpose="marketing", channel="email")
    consents = consents_of(customer)
    assert consents.given("marketing", "email")
    assert not consents.given("marketing", "sms")
    assert not consents.given("marketing", "")
    wishes = preference_of(customer)
    assert (wishes.email_marketing, wishes.sms_marketing) == (True, False)
    _record(system, customer, purpose="marketing", at=AT + timedelta(hours=1))
    assert consents_of(customer).given("marketing", "telegram")
    assert preference_of(customer).sms_marketing


def test_withdrawing_one_channel_leaves_the_others(customer: Customer, system: Actor) -> None:
    _record(system, customer, purpose="marketing")
    _record(system, customer, "withdrawn", purpose="marketing", channel="sms", at=AT + timedelta(hours=1))
    wishes = preference_of(customer)
    assert (wishes.email_marketing, wishes.sms_marketing, wishes.push_notifications) == (True, False, True)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"evidence": " "}, "evidence"),
        ({"evidence": "x" * 501}, "evidence"),
        ({"given_at": AT + timedelta(microseconds=1)}, "given_at"),
        ({"purpose": "service"}, "purpose"),
        ({"purpose": "receipt"}, "purpose"),
        ({"purpose": "gossip"}, "purpose"),
        ({"channel": "pigeon"}, "channel"),
        ({"basis": "whim"}, "basis"),
        ({"state": "maybe"}, "state"),
        ({"text_version": "x" * 81}, "text_version"),
    ],
)
def test_what_can_not_be_is_refused(customer: Customer, system: Actor, more: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        _record(system, customer, **more)
    assert field in refused.value.errors
    assert not ConsentRecord.objects.exists()


def test_withdrawing_needs_no_evidence(customer: Customer, system: Actor) -> None:
    assert _record(system, customer, "withdrawn", evidence="").state == "withdrawn"
