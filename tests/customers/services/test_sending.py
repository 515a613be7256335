"""The send gate: each reason in its order, stored, by what stands in the database at that moment."""

import threading
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction

from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import Business
from crm.scope import scope
from customers import services
from customers.choices import Channel, MessageCategory
from customers.models import CommunicationPreference, Customer, SendDecision
from customers.queries.preferences import FLAGS
from customers.queries.sending import REASONS, current_permission, reason_words
from customers.services.preferences import Proof
from tests.factories import make_business, make_customer

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)  # a Monday, 13:00 in London
PROOF = Proof(evidence="Form")


@pytest.fixture
def customer(in_scope: Business, system: Actor) -> Customer:
    """Somebody who wants everything, at any time."""
    customer = make_customer(in_scope, phone="+44 20 7946 0018")
    wanted: dict[str, Any] = dict.fromkeys(FLAGS, True)
    services.set_preferences(actor=system, customer=customer, at=AT - timedelta(days=9), proof=PROOF, **wanted)
    return customer


def _set(**values: Any) -> None:
    CommunicationPreference.objects.update(**values)


def _ask(
    customer: Customer, channel: str = "email", category: str = "marketing", at: datetime = AT, **more: Any
) -> tuple[str, str]:
    verdict = current_permission(customer=customer, channel=channel, category=category, at=at, **more)
    return str(verdict.outcome), verdict.stored_reason


def test_nothing_speaks_against_what_is_wanted(customer: Customer) -> None:
    for category in ("marketing", "promotion", "newsletter", "loyalty", "survey"):
        assert _ask(customer, category=category) == ("allow", "allowed")
    assert _ask(customer, category="receipt") == ("allow", "receipt")
    assert _ask(customer, category="service") == ("allow", "service")


def test_who_has_asked_for_erasure_gets_nothing_at_all(customer: Customer, system: Actor) -> None:
    services.request_erasure(actor=system, customer=customer, at=AT)
    for category in MessageCategory:
        assert _ask(customer, category=category) == ("suppress", "hidden")


def test_who_is_archived_gets_what_the_service_needs(customer: Customer, system: Actor) -> None:
    services.archive_customer(actor=system, customer=customer, at=AT)
    assert _ask(customer, category="service") == ("allow", "service")
    assert {_ask(customer, category=category) for category in MessageCategory if category != "service"} == {
        ("suppress", "archived")
    }


def test_nothing_goes_where_there_is_no_address(customer: Customer) -> None:
    Customer.objects.update(email="", phone="")
    found = {channel: _ask(customer, channel, "service") for channel in Channel}
    assert found.pop(Channel.PUSH) == ("allow", "service")
    assert set(found.values()) == {("suppress", "no_address")}


@pytest.mark.parametrize(
    ("category", "channel", "flag"),
    [
        ("marketing", "email", "email_marketing"), ("marketing", "sms", "sms_marketing"), ("marketing", "push", "push_notifications"),
        ("promotion", "email", "promotional_offers"), ("promotion", "email", "email_marketing"), ("promotion", "sms", "sms_marketing"),
        ("newsletter", "email", "newsletter_subscription"), ("loyalty", "sms", "loyalty_updates"),
        ("loyalty", "push", "push_notifications"),
        ("survey", "email", "survey_invitations"), ("receipt", "email", "transaction_receipts"), ("receipt", "push", "push_notifications"),
    ],
)  # fmt: skip
def test_each_flag_stops_what_it_is_about(customer: Customer, category: str, channel: str, flag: str) -> None:
    assert _ask(customer, channel, category)[0] == "allow"
    _set(**{flag: False})
    assert _ask(customer, channel, category) == ("suppress", f"flag_off:{flag}")


def test_a_flag_stops_nothing_else(customer: Customer) -> None:
    _set(email_marketing=False)
    assert _ask(customer, "email", "newsletter") == ("allow", "allowed")
    assert _ask(customer, "sms", "marketing") == ("allow", "allowed")


def test_service_messages_pass_whatever_is_off(customer: Customer) -> None:
    _set(
        **dict.fromkeys(FLAGS, False),
        paused_until=AT + timedelta(days=1),
        quiet_hours_start=time(0),
        quiet_hours_end=time(23),
    )
    assert _ask(customer, category="service") == ("allow", "service")
    assert _ask(customer, "push", "service") == ("allow", "service")


def test_a_pause_ends_to_the_second_and_not_in_quiet_hours(customer: Customer) -> None:
    _set(paused_until=AT)
    assert _ask(customer, at=AT - timedelta(seconds=1)) == ("delay", "paused")
    assert _ask(customer, at=AT) == ("allow", "allowed")
    _set(quiet_hours_start=time(12), quiet_hours_end=time(14))
    verdict = current_permission(customer=customer, channel="email", category="marketing", at=AT - timedelta(hours=9))
    assert (verdict.reason, verdict.until) == ("paused", AT + timedelta(hours=1))
    assert _ask(customer, category="receipt", at=AT - timedelta(hours=9)) == ("allow", "receipt")


def test_a_flag_without_consent_lets_nothing_through(in_scope: Business) -> None:
    in_scope.settings = {"communication": {"consent_mode": "source_defaults"}}
    in_scope.save()
    customer = make_customer(in_scope)
    for category in ("marketing", "promotion"):
        assert _ask(customer, category=category) == ("suppress", "consent_missing")
    assert _ask(customer, category="loyalty") == ("allow", "allowed")
    assert _ask(customer, category="receipt") == ("allow", "receipt")


def test_a_withdrawn_consent_stops_what_no_flag_stands_for(customer: Customer, system: Actor) -> None:
    assert _ask(customer, "phone", "marketing") == ("suppress", "consent_missing")
    for state, answer in (("given", ("allow", "allowed")), ("withdrawn", ("suppress", "consent_withdrawn"))):
        services.record_consent(
            actor=system, customer=customer, purpose="marketing", channel="phone", state=state, at=AT, evidence="Call"
        )
        assert _ask(customer, "phone", "marketing") == answer


def test_consent_to_one_channel_of_a_newsletter_is_none_for_the_others(in_scope: Business, system: Actor) -> None:
    customer = make_customer(in_scope, phone="+44 20 7946 0018")
    services.record_consent(
        actor=system, customer=customer, purpose="newsletter", channel="email", state="given", at=AT, evidence="Form"
    )
    assert _ask(customer, "email", "newsletter") == ("allow", "allowed")
    assert _ask(customer, "sms", "newsletter") == ("suppress", "consent_missing")


def test_quiet_hours_hold_in_the_zone_of_the_customer(customer: Customer) -> None:
    _set(quiet_hours_start=time(22), quiet_hours_end=time(8), time_zone="Asia/Kolkata")
    at = datetime(2026, 5, 4, 16, 29, 59, tzinfo=UTC)  # 21:59:59 there
    assert _ask(customer, at=at) == ("allow", "allowed")
    verdict = current_permission(customer=customer, channel="email", category="marketing", at=at + timedelta(seconds=1))
    assert (verdict.outcome, verdict.until) == ("delay", datetime(2026, 5, 5, 2, 30, tzinfo=UTC))
    _set(time_zone="Europe/London")  # the zone changes while the message waits
    assert _ask(customer, at=at + timedelta(seconds=1)) == ("allow", "allowed")


def test_digests_come_at_their_slot_and_go_out_themselves(customer: Customer) -> None:
    _set(frequency="daily_digest", digest_at=time(9))
    verdict = current_permission(customer=customer, channel="email", category="marketing", at=AT)
    slot = datetime(2026, 5, 5, 8, tzinfo=UTC)
    assert (verdict.outcome, verdict.reason, verdict.until) == ("digest", "daily_digest", slot)
    assert _ask(customer, at=slot, is_digest=True) == ("allow", "allowed")
    assert _ask(customer, category="receipt") == ("allow", "receipt")
    _set(frequency="weekly_digest", digest_weekday=3)
    verdict = current_permission(customer=customer, channel="email", category="marketing", at=AT)
    assert (verdict.reason, verdict.until) == ("weekly_digest", datetime(2026, 5, 6, 8, tzinfo=UTC))
    _set(quiet_hours_start=time(22), quiet_hours_end=time(10))
    verdict = current_permission(customer=customer, channel="email", category="marketing", at=AT)
    assert verdict.until == datetime(2026, 5, 6, 9, tzinfo=UTC)
    assert _ask(customer, at=datetime(2026, 5, 6, 8, tzinfo=UTC), is_digest=True) == ("delay", "quiet_hours")


def test_the_first_reason_that_fits_is_the_one(customer: Customer, system: Actor) -> None:
    """All of them at once, taken away one by one."""
    _set(
        paused_until=AT + timedelta(days=3), email_marketing=False, frequency="daily_digest", quiet_hours_start=time(0),
        quiet_hours_end=time(23, 59),
    )  # fmt: skip
    services.record_consent(actor=system, customer=customer, purpose="marketing", state="withdrawn", at=AT)
    services.archive_customer(actor=system, customer=customer, at=AT)
    Customer.objects.update(email="", hidden_at=AT)
    reasons = [_ask(customer)[1]]
    for model, change in (
        (Customer, {"hidden_at": None}), (Customer, {"email": "jordan@example.com"}), (Customer, {"archived_at": None}),
        (CommunicationPreference, {"paused_until": None}), (CommunicationPreference, {"email_marketing": True}),
    ):  # fmt: skip
        model.objects.update(**change)
        reasons.append(_ask(customer)[1])
    services.record_consent(
        actor=system, customer=customer, purpose="marketing", state="given", at=AT + timedelta(hours=1), evidence="Call"
    )
    reasons.append(_ask(customer)[1])
    _set(frequency="immediate")
    reasons.append(_ask(customer)[1])
    _set(quiet_hours_start=None, quiet_hours_end=None)
    reasons.append(_ask(customer)[1])
    assert reasons == [
        "hidden", "no_address", "archived", "paused", "flag_off:email_marketing", "consent_withdrawn", "daily_digest", "quiet_hours",
        "allowed",
    ]  # fmt: skip


def test_the_decision_is_stored_with_its_reason_and_who_has_asked(customer: Customer, system: Actor) -> None:
    _set(newsletter_subscription=False)
    decision = services.may_send(actor=system, customer=customer, channel="email", category="newsletter", at=AT)
    stored = SendDecision.objects.get()
    assert stored.pk == decision.pk
    assert (stored.outcome, stored.reason, stored.until) == ("suppress", "flag_off:newsletter_subscription", None)
    assert (stored.asked_at, stored.actor_label) == (AT, "test")
    assert reason_words(stored.reason) == "The customer doesn't want it. (newsletter)"


def test_asking_what_it_would_say_stores_nothing(customer: Customer) -> None:
    _ask(customer)
    assert not SendDecision.objects.exists()


@pytest.mark.parametrize(
    ("channel", "category", "field"), [("pigeon", "service", "channel"), ("email", "gossip", "category")]
)
def test_unknown_channels_and_categories_are_refused(
    customer: Customer, system: Actor, channel: str, category: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.may_send(actor=system, customer=customer, channel=channel, category=category, at=AT)
    assert set(refused.value.errors) == {field}


def test_every_reason_is_told_in_words() -> None:
    assert all(str(words) for words in REASONS.values())
    assert reason_words("from an older version") == "from an older version"


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_under_way_is_waited_for_and_holds_for_the_next_message() -> None:
    """While somebody unsubscribes, the gate waits; afterwards it refuses."""
    actor = Actor.system("test")
    business = make_business()
    customer = make_customer(business)
    with scope(business):
        services.set_preferences(actor=actor, customer=customer, at=AT, proof=PROOF, email_marketing=True)
    answers: list[str] = []

    def send() -> None:
        try:
            with scope(business):
                decision = services.may_send(
                    actor=actor, customer=customer, channel="email", category="marketing", at=AT
                )
                answers.append(decision.reason)
        finally:
            connections.close_all()

    with scope(business), transaction.atomic():
        services.unsubscribe(actor=actor, customer=customer, at=AT)
        sender = threading.Thread(target=send)
        sender.start()
        sender.join(0.5)
        assert answers == []
    sender.join(10)
    assert answers == ["flag_off:email_marketing"]
    with connection.cursor() as cursor:
        cursor.execute("truncate customers_consentrecord")
