"""Two people or programs who change the same thing at the same moment: one wins or both do, nothing is lost, each deed stands once."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, time
from functools import partial
from typing import Any

import pytest
from django.db import connection

from crm.actor import Actor
from crm.forms import version_of
from crm.models import Activity, Business
from crm.scope import scope
from crm.services import update_business
from customers import services
from customers.models import (
    CommunicationPreference,
    ConsentRecord,
    Contact,
    Customer,
    CustomerTag,
    LifecycleChange,
    Note,
    Tag,
    UniqueCustomValue,
    UniquePhone,
)
from customers.queries import integrity
from customers.queries.preferences import preference_of
from customers.services.custom_fields import TakenValue
from customers.services.customers import AlreadyArchived
from customers.services.preferences import Proof
from customers.services.unique_phones import TakenPhone
from tests.factories import make_business, make_contact, make_custom_field, make_customer, make_note

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROUNDS = range(6)
SYSTEM = Actor.system("test")
Deed = Callable[[], Any]


@pytest.fixture
def business(db: None) -> Business:
    return make_business()


def _at_once(business: Business, *deeds: Deed) -> list[str]:
    """Does all of it at the same moment, each in a thread; how each ended: "done", or the name of the refusal, in the given order."""
    start, ends = threading.Barrier(len(deeds)), ["never ended"] * len(deeds)

    def act(place: int) -> None:
        try:
            with scope(business):
                start.wait(30)
                deeds[place]()
            ends[place] = "done"
        except Exception as refusal:
            ends[place] = type(refusal).__name__
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=(place,)) for place in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return ends


def _deeds(verb: str, about: Customer) -> list[dict[str, Any]]:
    """The changes of the deeds of this name on the customer, in their order."""
    rows = Activity.objects.filter(verb=verb, about=about.pk).select_related("detail").order_by("id")
    return [row.detail.changes for row in rows]


def test_of_two_edits_of_one_version_one_wins(business: Business) -> None:
    for _round in ROUNDS:
        customer = make_customer(business, city="London")
        version = version_of(customer)
        edit = partial(services.update_customer, actor=SYSTEM, customer=customer, at=AT, version=version)
        ends = _at_once(business, partial(edit, city="Leeds"), partial(edit, city="York"), partial(edit, region="Kent"))
        assert sorted(ends) == ["StaleVersion", "StaleVersion", "done"]
        place, value = [("city", "Leeds"), ("city", "York"), ("region", "Kent")][ends.index("done")]
        with scope(business):
            customer.refresh_from_db()
            assert {"city": "London", "region": ""} | {place: value} == {
                "city": customer.city,
                "region": customer.region,
            }
            before = "London" if place == "city" else ""
            assert _deeds("customers.customer.updated", customer) == [{place: [before, value]}]


def test_edits_of_different_fields_without_a_version_are_both_kept(business: Business) -> None:
    for _round in ROUNDS:
        customer = make_customer(business, city="London")
        edit = partial(services.update_customer, actor=SYSTEM, customer=customer, at=AT)
        ends = _at_once(
            business, partial(edit, city="Leeds"), partial(edit, region="Kent"), partial(edit, last_name="New")
        )
        assert ends == ["done"] * 3
        with scope(business):
            customer.refresh_from_db()
            assert (customer.city, customer.region, customer.display_name) == ("Leeds", "Kent", "Jordan New")
            assert len(_deeds("customers.customer.updated", customer)) == 3
            assert customer.search.sort_name == "jordan new"


def test_values_before_are_those_that_the_one_before_has_left(business: Business) -> None:
    """Of edits of one field each tells of what it really replaced."""
    for _round in ROUNDS:
        customer = make_customer(business, city="A")
        edit = partial(services.update_customer, actor=SYSTEM, customer=customer, at=AT)
        assert _at_once(business, *(partial(edit, city=city) for city in "BCD")) == ["done"] * 3
        with scope(business):
            customer.refresh_from_db()
            told = [deed["city"] for deed in _deeds("customers.customer.updated", customer)]
        assert [before for before, _after in told] == ["A", *(after for _before, after in told[:-1])]
        assert told[-1][1] == customer.city


def test_of_two_stages_of_one_version_one_is_entered(business: Business) -> None:
    for _round in ROUNDS:
        customer = make_customer(business)
        assert customer.stage_since
        change = partial(
            services.change_stage, actor=SYSTEM, customer=customer, effective_at=customer.stage_since, at=AT.replace(year=2027),
            reason="At once.", version=version_of(customer),
        )  # fmt: skip
        ends = _at_once(business, partial(change, stage="expansion"), partial(change, stage="churn_risk"))
        assert sorted(ends) == ["StaleVersion", "done"]
        with scope(business):
            customer.refresh_from_db()
            assert customer.lifecycle_stage == ("expansion", "churn_risk")[ends.index("done")]
            assert LifecycleChange.objects.filter(customer=customer).count() == 2
            assert len(_deeds("customers.lifecycle.changed", customer)) == 1


def test_one_tag_put_on_twice_is_one_row_and_one_deed(business: Business) -> None:
    """By its name too, which both have typed for the first time."""
    for number in ROUNDS:
        customer, other = make_customer(business), make_customer(business)
        tag = partial(services.tag_customer, actor=SYSTEM, name=f"VIP {number}")
        set_all = partial(services.set_tags, actor=SYSTEM, customer=other, tags=[f"vip {number}"])
        ends = _at_once(business, partial(tag, customer=customer), partial(tag, customer=customer), set_all)
        assert ends == ["done"] * 3
        with scope(business):
            (made,) = Tag.objects.filter(name__iexact=f"VIP {number}")
            rows = CustomerTag.objects.filter(tag=made).values_list("customer", flat=True)
            assert sorted(rows) == sorted([customer.pk, other.pk])
            assert [len(_deeds("customers.customer.tagged", one)) for one in (customer, other)] == [1, 1]


def test_of_two_edits_of_a_note_of_one_version_one_wins(business: Business) -> None:
    for _round in ROUNDS:
        customer = make_customer(business)
        note = make_note(customer, "As it was.")
        edit = partial(services.edit_note, actor=SYSTEM, note=note, at=AT, version=version_of(note))
        ends = _at_once(
            business, partial(edit, content="One"), partial(edit, content="Two"), partial(edit, is_pinned=True)
        )
        assert sorted(ends) == ["StaleVersion", "StaleVersion", "done"]
        with scope(business):
            kept = Note.objects.get(pk=note.pk)
            held = [("One", False), ("Two", False), ("As it was.", True)][ends.index("done")]
            assert (kept.content, kept.is_pinned) == held
            assert len(_deeds("customers.note.updated", customer)) == 1


def test_a_note_is_removed_once(business: Business) -> None:
    customer = make_customer(business)
    note = make_note(customer)
    remove = partial(services.remove_note, actor=SYSTEM, note=note, at=AT)
    assert sorted(_at_once(business, remove, remove)) == ["NoteRemoved", "done"]
    with scope(business):
        assert len(_deeds("customers.note.removed", customer)) == 1


def test_of_two_edits_of_preferences_of_one_version_one_wins(business: Business) -> None:
    """The first change, which makes the row of the defaults, and one of a row that is there."""
    for _round in ROUNDS:
        customer = make_customer(business)
        for stored in (False, True):
            with scope(business):
                assert CommunicationPreference.objects.filter(customer=customer).exists() == stored
                version = version_of(preference_of(customer))
            edit = partial(services.set_preferences, actor=SYSTEM, customer=customer, at=AT, version=version)
            weekly, night = (
                partial(edit, frequency="weekly_digest"),
                {"quiet_hours_start": time(22), "quiet_hours_end": time(7)},
            )
            if stored:
                weekly, night = (
                    partial(edit, frequency="daily_digest"),
                    {"quiet_hours_start": time(23), "quiet_hours_end": time(6)},
                )
            assert sorted(_at_once(business, weekly, partial(edit, **night))) == ["StaleVersion", "done"]
            with scope(business):
                assert CommunicationPreference.objects.filter(customer=customer).count() == 1
                assert len(_deeds("customers.communication_preference.updated", customer)) == 1 + stored


def test_flags_that_are_turned_off_at_once_are_all_off_and_withdrawn_once(business: Business) -> None:
    for _round in ROUNDS:
        customer = make_customer(business)
        with scope(business):
            proof = Proof(evidence="Signed form")
            flags: dict[str, Any] = {"email_marketing": True, "survey_invitations": True}
            services.set_preferences(actor=SYSTEM, customer=customer, at=AT, proof=proof, **flags)
        edit = partial(services.set_preferences, actor=SYSTEM, customer=customer, at=AT)
        off = [partial(edit, **{name: False}) for name in (*flags, "email_marketing")]
        assert _at_once(business, *off) == ["done"] * 3
        with scope(business):
            kept = preference_of(customer)
            assert (kept.email_marketing, kept.survey_invitations) == (False, False)
            assert ConsentRecord.objects.filter(customer=customer, state="withdrawn").count() == 2
            assert len(_deeds("customers.communication_preference.updated", customer)) == 3


def test_a_unique_value_claimed_by_two_customers_is_given_to_one(business: Business) -> None:
    with scope(business):
        make_custom_field(business, key="card", is_unique=True)
    for number in ROUNDS:
        pair = [make_customer(business) for _ in range(2)]
        claim = partial(services.update_customer, actor=SYSTEM, at=AT, custom_values={"card": f"C-{number}"})
        ends = _at_once(business, *(partial(claim, customer=one) for one in pair))
        assert sorted(ends) == [TakenValue.__name__, "done"]
        winner, loser = pair if ends[0] == "done" else reversed(pair)
        with scope(business):
            assert [row.customer_id for row in UniqueCustomValue.objects.filter(customer__in=pair)] == [winner.pk]
            loser.refresh_from_db()
            assert loser.custom_values == {}
            assert [len(_deeds("customers.customer.updated", one)) for one in (winner, loser)] == [1, 0]


def test_two_marks_of_the_first_person_to_speak_to_leave_one(business: Business) -> None:
    """Put on contacts that are there and on a new one."""
    for _round in ROUNDS:
        company = make_customer(business, kind="company")
        pair = [make_contact(company) for _ in range(2)]
        deeds = [
            partial(services.update_contact, actor=SYSTEM, contact=one, is_primary=True, version=version_of(one))
            for one in pair
        ]
        new = partial(services.add_contact, actor=SYSTEM, customer=company, first_name="New", is_primary=True)
        assert _at_once(business, *deeds, new) == ["done"] * 3
        with scope(business):
            marked = Contact.objects.get(customer=company, is_primary=True)
            taken = [
                deed for deed in _deeds("customers.contact.updated", company) if deed == {"is_primary": [True, False]}
            ]
            assert len(taken) == 2
            assert marked.archived_at is None


def test_a_customer_is_archived_and_hidden_once(business: Business) -> None:
    customer = make_customer(business)
    archive = partial(services.archive_customer, actor=SYSTEM, customer=customer, at=AT)
    assert sorted(_at_once(business, archive, archive)) == [AlreadyArchived.__name__, "done"]
    erase = partial(services.request_erasure, actor=SYSTEM, customer=customer, at=AT)
    edit = partial(services.update_customer, actor=SYSTEM, customer=customer, at=AT, city="Leeds")
    ends = _at_once(business, erase, erase, edit)
    assert sorted(ends[:2]) == ["NotFound", "done"]
    assert ends[2] in ("NotFound", "done")
    with scope(business):
        assert len(_deeds("customers.customer.archived", customer)) == 1
        assert len(_deeds("customers.privacy_request.received", customer)) == 1
        assert len(_deeds("customers.customer.updated", customer)) == (ends[2] == "done")


def test_two_customers_who_exchange_unique_values_at_once_keep_them_apart(business: Business) -> None:
    with scope(business):
        make_custom_field(business, key="card", is_unique=True)
    for number in range(20):
        values = [f"A-{number}", f"B-{number}"]
        pair = [make_customer(business, custom_values={"card": value}) for value in values]
        claims = [
            partial(services.update_customer, actor=SYSTEM, customer=one, at=AT, custom_values={"card": value})
            for one, value in zip(pair, reversed(values), strict=True)
        ]
        ends = _at_once(business, *claims)
        assert set(ends) <= {"TakenValue", "done"}
        with scope(business):
            held = {row.customer_id: row.value_key for row in UniqueCustomValue.objects.filter(customer__in=pair)}
            assert len(set(held.values())) == 2
            assert integrity.UNIQUE_VALUES().broken == 0


def test_a_phone_number_claimed_by_two_customers_is_given_to_one(business: Business) -> None:
    update_business(actor=SYSTEM, business=business, settings={"customers": {"unique_phones": True}})
    for number in ROUNDS:
        phone = f"+44 20 7946 00{number:02}"
        other = make_customer(business)
        claim = partial(services.update_customer, actor=SYSTEM, customer=other, at=AT, phone=phone)
        new = partial(services.create_customer, actor=SYSTEM, business=business, at=AT, first_name="Jo", phone=phone)
        assert sorted(_at_once(business, claim, new)) == [TakenPhone.__name__, "done"]
        with scope(business):
            assert Customer.objects.filter(phone=phone).count() == 1
            assert integrity.UNIQUE_PHONES().broken == 0


def test_two_customers_who_exchange_phone_numbers_at_once_keep_them_apart(business: Business) -> None:
    update_business(actor=SYSTEM, business=business, settings={"customers": {"unique_phones": True}})
    for number in range(10):
        phones = [f"+44 20 7946 0{digit}{number:02}" for digit in (1, 2)]
        pair = [make_customer(business, phone=phone) for phone in phones]
        claims = [
            partial(services.update_customer, actor=SYSTEM, customer=one, at=AT, phone=phone)
            for one, phone in zip(pair, reversed(phones), strict=True)
        ]
        assert set(_at_once(business, *claims)) <= {TakenPhone.__name__, "done"}
        with scope(business):
            assert UniquePhone.objects.filter(customer__in=pair).count() == 2
            assert integrity.UNIQUE_PHONES().broken == 0


def test_while_numbers_become_unique_nobody_slips_in(business: Business) -> None:
    switch = partial(update_business, actor=SYSTEM, business=business)
    for number in ROUNDS:
        switch(settings={"customers": {"unique_phones": False}})
        phone = f"+44 20 7946 03{number:02}"
        make_customer(business, phone=phone)
        double = partial(services.create_customer, actor=SYSTEM, business=business, at=AT, first_name="Jo", phone=phone)
        on = partial(switch, settings={"customers": {"unique_phones": True}})
        ends = _at_once(business, double, on)
        assert ends in (["done", "InvalidInput"], [TakenPhone.__name__, "done"])
        with scope(business):
            assert integrity.UNIQUE_PHONES().broken == 0
            Customer.objects.filter(phone=phone).delete()
