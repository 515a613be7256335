"""The people at a company: adding and changing them, lines of reporting, the one mark, leaving, and becoming a customer."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotFound, StaleVersion, from_integrity_error
from crm.forms import version_of
from crm.models import Activity, Business, Membership
from crm.scope import scope
from customers import services
from customers.models import Contact, Customer
from customers.services.contacts import (
    ContactHasNotLeft,
    ContactLeft,
    CustomerAlready,
    NoCustomer,
    NotACompany,
    NotYet,
)
from tests.factories import make_contact, make_customer

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def company(in_scope: Business) -> Customer:
    return make_customer(in_scope, kind="company", display_name="Acme Corp")


def _verbs() -> list[str]:
    return list(Activity.objects.order_by("id").values_list("verb", flat=True))


def test_a_contact_works_at_a_company(company: Customer, system: Actor) -> None:
    contact = services.add_contact(
        actor=system, customer=company, first_name=" Zoë ", last_name="Ångström", email=" ZOE@Acme.example", phone="020 7946 / 18",
        role="champion", influence=5, sentiment=-2,
    )  # fmt: skip
    contact.refresh_from_db()
    assert (str(contact), contact.email, contact.phone) == ("Zoë Ångström", "zoe@acme.example", "020 7946 / 18")
    assert (contact.customer, contact.business, contact.sort_name) == (company, company.business, "zoe angstrom")
    deed = Activity.objects.latest("id")
    assert (deed.verb, deed.about, deed.subject_id) == ("customers.contact.created", company.pk, str(contact.pk))
    assert deed.detail.changes["influence"] == [None, 5]


def test_only_companies_have_contacts(in_scope: Business, system: Actor) -> None:
    with pytest.raises(NotACompany):
        services.add_contact(actor=system, customer=make_customer(in_scope), first_name="Jo")
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "first_name"),
        ({"display_name": "  "}, "first_name"),
        ({"first_name": "x" * 101}, "first_name"),
        ({"first_name": "x", "display_name": "x" * 201}, "display_name"),
        ({"first_name": "x", "email": "not an address"}, "email"),
        ({"first_name": "x", "role": "boss"}, "role"),
        ({"first_name": "x", "influence": 0}, "influence"),
        ({"first_name": "x", "influence": 6}, "influence"),
        ({"first_name": "x", "sentiment": -3}, "sentiment"),
        ({"first_name": "x", "sentiment": 3}, "sentiment"),
        ({"first_name": "x", "archived_at": AT}, "archived_at"),
        ({"first_name": "x", "last_touched_at": AT}, "last_touched_at"),
        ({"first_name": "x", "person_customer": None}, "person_customer"),
        ({"first_name": "x", "no_such": 1}, "no_such"),
    ],
)
def test_what_can_not_be_accepted_is_named(company: Customer, system: Actor, data: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.add_contact(actor=system, customer=company, **data)
    assert set(refused.value.errors) == {field}


def test_an_address_is_once_among_the_live_of_a_company(company: Customer, in_scope: Business, system: Actor) -> None:
    first = make_contact(company, email="dana@acme.example")
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        services.add_contact(actor=system, customer=company, first_name="x", email="DANA@acme.example")
    refusal = from_integrity_error(refused.value)
    assert refusal is not None
    assert (refusal.field, refusal.code) == ("email", "duplicate")
    other = make_customer(in_scope, kind="company")
    assert make_contact(other, email="dana@acme.example").email == first.email
    services.archive_contact(actor=system, contact=first, at=AT)
    make_contact(company, email="dana@acme.example")
    with pytest.raises(IntegrityError), transaction.atomic():
        services.restore_contact(actor=system, contact=first)


def test_the_name_follows_until_it_was_chosen(company: Customer, system: Actor) -> None:
    plain = make_contact(company, first_name="Jo", last_name="Lee")
    assert str(services.update_contact(actor=system, contact=plain, last_name="Li")) == "Jo Li"
    chosen = make_contact(company, first_name="Jo", last_name="Lee", display_name="Captain")
    assert str(services.update_contact(actor=system, contact=chosen, last_name="Li")) == "Captain"


def test_what_is_as_it_was_writes_nothing(company: Customer, system: Actor) -> None:
    contact = make_contact(company, role="user")
    before = Activity.objects.count()
    assert services.update_contact(actor=system, contact=contact, role="user").updated_at == contact.updated_at
    assert Activity.objects.count() == before


def test_a_change_over_an_older_version_is_refused(company: Customer, system: Actor) -> None:
    contact = make_contact(company)
    version = version_of(contact)
    services.update_contact(actor=system, contact=contact, version=version, role="user")
    deeds: list[Callable[[], Any]] = [
        lambda: services.update_contact(actor=system, contact=contact, version=version, role="blocker"),
        lambda: services.archive_contact(actor=system, contact=contact, at=AT, version=version),
        lambda: services.touch_contact(actor=system, contact=contact, at=AT, version=version),
        lambda: services.make_primary(actor=system, contact=contact, version=version),
        lambda: services.convert_contact(actor=system, contact=contact, at=AT, version=version),
    ]
    for deed in deeds:
        with pytest.raises(StaleVersion):
            deed()


def test_lines_of_reporting_stay_in_the_company_and_make_no_circle(
    company: Customer, in_scope: Business, system: Actor
) -> None:
    a = make_contact(company)
    b = make_contact(company, reports_to=a)
    c = make_contact(company, reports_to=b)
    stranger = make_contact(make_customer(in_scope, kind="company"))
    gone = services.archive_contact(actor=system, contact=make_contact(company), at=AT)
    for contact, boss in ((a, a), (a, b), (a, c), (b, c), (a, stranger), (a, gone)):
        with pytest.raises(InvalidInput) as refused:
            services.update_contact(actor=system, contact=contact, reports_to=boss)
        assert set(refused.value.errors) == {"reports_to"}
    assert services.update_contact(actor=system, contact=c, reports_to=a).reports_to_id == a.pk
    assert services.update_contact(actor=system, contact=b, reports_to=None).reports_to_id is None
    assert services.update_contact(actor=system, contact=a, reports_to=b).reports_to_id == b.pk


def test_a_contact_may_keep_a_boss_who_has_left(company: Customer, system: Actor) -> None:
    boss = make_contact(company)
    contact = make_contact(company, reports_to=boss)
    services.archive_contact(actor=system, contact=boss, at=AT)
    assert services.update_contact(actor=system, contact=contact, role="user").reports_to_id == boss.pk


def test_one_contact_is_the_first_to_speak_to(company: Customer, in_scope: Business, system: Actor) -> None:
    a, b = make_contact(company, is_primary=True), make_contact(company)
    elsewhere = make_contact(make_customer(in_scope, kind="company"), is_primary=True)
    services.make_primary(actor=system, contact=b)
    assert set(Contact.objects.filter(is_primary=True)) == {b, elsewhere}
    assert make_contact(company, is_primary=True).is_primary
    b.refresh_from_db()
    assert not b.is_primary
    before = a.updated_at
    a.refresh_from_db()
    assert a.updated_at > before


def test_who_has_left_loses_the_mark_and_can_come_back(company: Customer, system: Actor) -> None:
    contact = make_contact(company, is_primary=True)
    services.archive_contact(actor=system, contact=contact, at=AT, reason="New job")
    contact.refresh_from_db()
    assert (contact.archived_at, contact.is_primary) == (AT, False)
    assert Activity.objects.latest("id").detail.payload["reason"] == "New job"
    refused: list[Callable[[], Any]] = [
        lambda: services.archive_contact(actor=system, contact=contact, at=AT),
        lambda: services.touch_contact(actor=system, contact=contact, at=AT),
        lambda: services.make_primary(actor=system, contact=contact),
        lambda: services.convert_contact(actor=system, contact=contact, at=AT),
    ]
    for deed in refused:
        with pytest.raises(ContactLeft):
            deed()
    assert services.restore_contact(actor=system, contact=contact).archived_at is None
    with pytest.raises(ContactHasNotLeft):
        services.restore_contact(actor=system, contact=contact)
    assert _verbs()[-2:] == ["customers.contact.archived", "customers.contact.restored"]


@pytest.mark.parametrize(
    ("on", "stored"),
    [
        (None, AT),
        (date(2026, 5, 1), AT),
        (date(2026, 4, 30), datetime(2026, 4, 30, 11, tzinfo=UTC)),  # noon in London, in summer time
        (date(2026, 1, 5), datetime(2026, 1, 5, 12, tzinfo=UTC)),
    ],
)
def test_a_touch_is_today_or_a_day_before(company: Customer, system: Actor, on: date | None, stored: datetime) -> None:
    contact = make_contact(company)
    assert services.touch_contact(actor=system, contact=contact, at=AT, on=on).last_touched_at == stored


def test_today_is_that_of_the_business(other_business: Business, system: Actor) -> None:
    contact = make_contact(make_customer(other_business, kind="company"))
    late = datetime(2026, 5, 2, 3, tzinfo=UTC)  # the first of May in New York
    with scope(other_business):
        with pytest.raises(NotYet):
            services.touch_contact(actor=system, contact=contact, at=late, on=date(2026, 5, 2))
        services.touch_contact(actor=system, contact=contact, at=late, on=date(2026, 5, 1))
        with pytest.raises(InvalidInput):
            services.touch_contact(actor=system, contact=contact, at=late, on=date(1, 1, 1))


def test_a_contact_becomes_a_customer(company: Customer, system: Actor) -> None:
    contact = make_contact(
        company, first_name="Dana", last_name="Reyes", email="dana@acme.example", phone="+44 20 7946 0018"
    )
    services.convert_contact(actor=system, contact=contact, at=AT)
    contact.refresh_from_db()
    person = contact.person_customer
    assert person is not None
    assert (person.kind, str(person), person.email) == ("person", "Dana Reyes", "dana@acme.example")
    assert _verbs()[-1] == "customers.contact.converted"
    assert Activity.objects.latest("id").about == company.pk
    with pytest.raises(CustomerAlready):
        services.convert_contact(actor=system, contact=contact, at=AT)
    services.unlink_contact(actor=system, contact=contact)
    with pytest.raises(NoCustomer):
        services.unlink_contact(actor=system, contact=contact)
    assert Customer.objects.filter(pk=person.pk).exists()


def test_a_contact_is_linked_to_a_person_who_is_there(company: Customer, in_scope: Business, system: Actor) -> None:
    contact, person = make_contact(company), make_customer(in_scope)
    before = Customer.objects.count()
    assert services.convert_contact(actor=system, contact=contact, at=AT, person=person).person_customer == person
    assert Customer.objects.count() == before
    with pytest.raises(InvalidInput):
        services.convert_contact(actor=system, contact=make_contact(company), at=AT, person=company)


def test_an_address_that_a_customer_has_makes_no_second_one(
    company: Customer, in_scope: Business, system: Actor
) -> None:
    make_customer(in_scope, email="dana@acme.example")
    contact = make_contact(company, email="dana@acme.example")
    with pytest.raises((IntegrityError, DomainError)), transaction.atomic():
        services.convert_contact(actor=system, contact=contact, at=AT)
    contact.refresh_from_db()
    assert contact.person_customer_id is None


def test_contacts_of_another_business_are_not_there(company: Customer, other_business: Business, system: Actor) -> None:
    contact = make_contact(company)
    with scope(other_business), pytest.raises(NotFound):
        services.update_contact(actor=system, contact=contact, role="user")
    with scope(other_business), pytest.raises(NotFound):
        services.add_contact(actor=system, customer=company, first_name="x")


@pytest.mark.django_db(transaction=True)
def test_two_lines_at_once_make_no_circle(owner: Membership, system: Actor) -> None:
    company = make_customer(owner.business, kind="company")
    a, b = make_contact(company), make_contact(company)
    start = threading.Barrier(2)
    refused = []

    def report(contact: Contact, boss: Contact) -> None:
        try:
            with scope(owner.business):
                start.wait()
                services.update_contact(actor=system, contact=contact, reports_to=boss)
        except InvalidInput:
            refused.append(contact)
        finally:
            connection.close()

    threads = [threading.Thread(target=report, args=pair) for pair in ((a, b), (b, a))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    with scope(owner.business):
        assert Contact.objects.filter(reports_to__isnull=False).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_marks_at_once_leave_one(owner: Membership, system: Actor) -> None:
    company = make_customer(owner.business, kind="company")
    contacts = [make_contact(company) for _ in range(4)]
    start = threading.Barrier(4)

    def mark(contact: Contact) -> None:
        try:
            with scope(owner.business):
                start.wait()
                services.make_primary(actor=system, contact=contact)
        finally:
            connection.close()

    threads = [threading.Thread(target=mark, args=(contact,)) for contact in contacts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with scope(owner.business):
        assert Contact.objects.filter(is_primary=True).count() == 1
