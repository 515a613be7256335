"""Setting preferences, the consents that follow, unsubscribing and the link."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from crm.actor import Actor
from crm.errors import InvalidInput, NotFound, StaleVersion
from crm.forms import version_of
from crm.models import Activity, Business
from customers import services
from customers.models import CommunicationPreference, ConsentRecord, Customer
from customers.queries.preferences import FLAGS, link_token, preference_of, read_token
from customers.services.preferences import Proof, words_shown
from tests.factories import make_customer

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
PROOF = Proof(evidence="Signed form of 3 May", text_version="form 4")


@pytest.fixture
def customer(in_scope: Business) -> Customer:
    return make_customer(in_scope)


@pytest.fixture
def own(customer: Customer) -> Actor:
    """The customer, through its own link."""
    return Actor("customer", str(customer.pk), "The customer", door="link")


def _settings(business: Business, **values: Any) -> None:
    business.settings = {"communication": values}
    business.save()


def _records(customer: Customer) -> list[tuple[str, str, str]]:
    rows = ConsentRecord.objects.filter(customer=customer).order_by("id")
    return [(row.purpose, row.channel, row.state) for row in rows]


def _verbs(customer: Customer) -> list[str]:
    rows = Activity.objects.filter(about=customer.pk).exclude(verb="customers.customer.created").order_by("id")
    return list(rows.values_list("verb", flat=True))


def test_who_has_chosen_nothing_wants_receipts_only(customer: Customer) -> None:
    wishes = preference_of(customer)
    assert [name for name in FLAGS if getattr(wishes, name)] == ["transaction_receipts"]
    assert (wishes.frequency, wishes.preferred_channel, wishes.time_zone) == ("immediate", "email", "Europe/London")
    assert not CommunicationPreference.objects.exists()


def test_the_defaults_of_the_former_system_can_be_kept(in_scope: Business) -> None:
    _settings(
        in_scope, consent_mode="source_defaults", quiet_hours="22:00-08:00", digest_at="07:30:00", digest_weekday="5"
    )
    wishes = preference_of(make_customer(in_scope))
    assert [name for name in FLAGS if not getattr(wishes, name)] == ["newsletter_subscription", "survey_invitations"]
    assert (wishes.quiet_hours_start, wishes.quiet_hours_end) == (time(22), time(8))
    assert (wishes.digest_at, wishes.digest_weekday) == (time(7, 30), 5)


def test_the_first_change_makes_the_row_of_the_defaults(customer: Customer, system: Actor) -> None:
    _settings(customer.business, quiet_hours="22:00-08:00")
    customer.refresh_from_db()
    services.set_preferences(actor=system, customer=customer, at=AT, frequency="daily_digest")
    row = CommunicationPreference.objects.get(customer=customer)
    assert (row.frequency, row.quiet_hours_start, row.transaction_receipts) == ("daily_digest", time(22), True)
    activity = Activity.objects.select_related("detail").latest("id")
    assert activity.verb == "customers.communication_preference.updated"
    assert activity.detail.changes == {"frequency": ["immediate", "daily_digest"]}


def test_what_is_as_it_was_writes_nothing(customer: Customer, system: Actor) -> None:
    services.set_preferences(actor=system, customer=customer, at=AT, frequency="immediate", email_marketing=False)
    assert not CommunicationPreference.objects.exists()
    assert _verbs(customer) == []


def test_turning_on_needs_evidence_which_is_recorded_in_the_same_deed(customer: Customer, system: Actor) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.set_preferences(actor=system, customer=customer, at=AT, newsletter_subscription=True)
    assert set(refused.value.errors) == {"evidence"}
    assert not CommunicationPreference.objects.exists()
    services.set_preferences(actor=system, customer=customer, at=AT, proof=PROOF, newsletter_subscription=True)
    record = ConsentRecord.objects.get()
    assert (record.purpose, record.channel, record.state, record.source) == ("newsletter", "", "given", "staff")
    assert (record.evidence, record.text_version, record.given_at) == ("Signed form of 3 May", "form 4", AT)
    assert preference_of(customer).newsletter_subscription
    assert _verbs(customer) == ["customers.consent.given", "customers.communication_preference.updated"]


def test_receipts_need_no_consent(customer: Customer, system: Actor) -> None:
    for wanted in (False, True):
        services.set_preferences(actor=system, customer=customer, at=AT, transaction_receipts=wanted)
    assert _records(customer) == []


def test_a_consent_that_holds_is_evidence_enough(customer: Customer, system: Actor) -> None:
    services.set_preferences(actor=system, customer=customer, at=AT, proof=PROOF, email_marketing=True)
    CommunicationPreference.objects.update(email_marketing=False)
    services.set_preferences(actor=system, customer=customer, at=AT, email_marketing=True)
    assert _records(customer) == [("marketing", "email", "given")]


def test_turning_off_records_that_consent_is_withdrawn(customer: Customer, system: Actor) -> None:
    services.set_preferences(actor=system, customer=customer, at=AT, proof=PROOF, sms_marketing=True)
    services.set_preferences(actor=system, customer=customer, at=AT + timedelta(days=1), sms_marketing=False)
    assert _records(customer) == [("marketing", "sms", "given"), ("marketing", "sms", "withdrawn")]


def test_consent_from_before_its_withdrawal_turns_nothing_on(customer: Customer, system: Actor) -> None:
    services.set_preferences(actor=system, customer=customer, at=AT, proof=PROOF, sms_marketing=True)
    services.set_preferences(actor=system, customer=customer, at=AT, sms_marketing=False)
    old = Proof(evidence="Form of last year", given_at=AT - timedelta(days=300))
    with pytest.raises(InvalidInput) as refused:
        services.set_preferences(actor=system, customer=customer, at=AT, proof=old, sms_marketing=True)
    assert set(refused.value.errors) == {"given_at"}


def test_consent_can_not_be_given_in_the_future(customer: Customer, system: Actor) -> None:
    late = Proof(evidence="x", given_at=AT + timedelta(seconds=1))
    with pytest.raises(InvalidInput) as refused:
        services.set_preferences(actor=system, customer=customer, at=AT, proof=late, sms_marketing=True)
    assert set(refused.value.errors) == {"given_at"}


def test_what_the_customer_ticks_on_its_own_page_is_its_consent(customer: Customer, own: Actor) -> None:
    services.set_preferences(actor=own, customer=customer, at=AT, promotional_offers=True)
    record = ConsentRecord.objects.get()
    assert (record.source, record.text_version, record.evidence) == ("link", words_shown(), "Special offers")
    assert record.actor_label == "The customer"
    services.set_preferences(actor=own, customer=customer, at=AT, promotional_offers=False)
    assert ConsentRecord.objects.latest("id").state == "withdrawn"


def test_what_was_assumed_becomes_consent_when_the_customer_ticks_it(in_scope: Business) -> None:
    _settings(in_scope, consent_mode="source_defaults")
    customer = make_customer(in_scope)
    own = Actor("customer", str(customer.pk), "The customer", door="link")
    services.set_preferences(actor=own, customer=customer, at=AT, email_marketing=True, sms_marketing=False)
    assert _records(customer) == [("marketing", "email", "given"), ("marketing", "sms", "withdrawn")]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"quiet_hours_start": time(22)}, "quiet_hours_end"),
        ({"quiet_hours_end": time(8)}, "quiet_hours_start"),
        ({"quiet_hours_start": time(8), "quiet_hours_end": time(8)}, "quiet_hours_end"),
        ({"time_zone": "Mars/Phobos"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
        ({"time_zone": "posix/UTC"}, "time_zone"),
        ({"time_zone": "x" * 300}, "time_zone"),
        ({"paused_until": AT}, "paused_until"),
        ({"paused_until": datetime(2200, 1, 1, tzinfo=UTC)}, "paused_until"),
        ({"digest_weekday": 0}, "digest_weekday"),
        ({"digest_weekday": 8}, "digest_weekday"),
        ({"frequency": "hourly"}, "frequency"),
        ({"preferred_channel": "pigeon"}, "preferred_channel"),
        ({"link_number": 7}, "link_number"),
        ({"favorite_color": "red"}, "favorite_color"),
    ],
)
def test_what_can_not_be_is_refused(customer: Customer, system: Actor, data: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.set_preferences(actor=system, customer=customer, at=AT, **data)
    assert set(refused.value.errors) == {field}
    assert not CommunicationPreference.objects.exists()


def test_quiet_hours_may_cross_midnight_and_be_taken_away(customer: Customer, system: Actor) -> None:
    services.set_preferences(
        actor=system, customer=customer, at=AT, quiet_hours_start=time(22), quiet_hours_end=time(8)
    )
    services.set_preferences(actor=system, customer=customer, at=AT, quiet_hours_start=None, quiet_hours_end=None)
    assert preference_of(customer).quiet_hours_start is None


def test_an_older_version_is_refused_that_of_the_defaults_too(customer: Customer, system: Actor) -> None:
    seen = version_of(preference_of(customer))
    services.set_preferences(actor=system, customer=customer, at=AT, version=seen, frequency="daily_digest")
    with pytest.raises(StaleVersion):
        services.set_preferences(actor=system, customer=customer, at=AT, version=seen, frequency="weekly_digest")


def test_unsubscribing_ends_all_but_receipts_and_withdraws_every_consent(
    customer: Customer, system: Actor, own: Actor
) -> None:
    services.set_preferences(
        actor=system, customer=customer, at=AT, proof=PROOF, email_marketing=True, loyalty_updates=True
    )
    services.record_consent(
        actor=system, customer=customer, purpose="marketing", channel="telegram", state="given", at=AT, evidence="Chat"
    )
    services.unsubscribe(actor=own, customer=customer, at=AT + timedelta(hours=1))
    wishes = preference_of(customer)
    assert [name for name in FLAGS if getattr(wishes, name)] == ["transaction_receipts"]
    assert _records(customer)[-3:] == [
        ("marketing", "email", "withdrawn"), ("loyalty", "", "withdrawn"), ("marketing", "", "withdrawn"),
    ]  # fmt: skip
    before = len(_records(customer))
    services.unsubscribe(actor=own, customer=customer, at=AT + timedelta(hours=2))
    assert len(_records(customer)) == before


def test_the_link_names_the_customer_and_ends_with_its_number(customer: Customer, system: Actor) -> None:
    token = link_token(preference_of(customer))
    assert read_token(token) == (customer.business_id, customer.pk, 1)
    services.renew_link(actor=system, customer=customer)
    assert read_token(link_token(preference_of(customer))) == (customer.business_id, customer.pk, 2)
    assert _verbs(customer) == ["customers.preference_link.renewed"]


@pytest.mark.parametrize(
    "change",
    [lambda t: t[:-1], lambda t: "0" + t[1:] if t[0] != "0" else "1" + t[1:], lambda t: "", lambda t: t.swapcase()],
)
def test_a_forged_token_names_nobody(customer: Customer, change: Any) -> None:
    assert read_token(change(link_token(preference_of(customer)))) is None


def test_a_hidden_customer_has_no_preferences_to_set(customer: Customer, system: Actor) -> None:
    services.request_erasure(actor=system, customer=customer, at=AT)
    with pytest.raises(NotFound):
        services.set_preferences(actor=system, customer=customer, at=AT, frequency="daily_digest")
    with pytest.raises(NotFound):
        services.renew_link(actor=system, customer=customer)
