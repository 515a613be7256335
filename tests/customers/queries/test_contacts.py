"""How well a company's people are covered, finding contacts by words, and rules over all of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from crm.actor import Actor
from crm.models import Business, Membership
from crm.scope import scope
from customers import services
from customers.choices import ContactRole
from customers.models import Contact, Customer, CustomerVisit
from customers.panels.palette import contact_entries
from customers.queries.contacts import (
    LINES_STAY,
    champion_strength,
    days_since_touch,
    fitting_contacts,
    matching_contacts,
    same_people,
    stakeholder_coverage,
    workplaces_of,
)
from customers.queries.palette import contact_hits
from tests.factories import make_contact, make_customer, make_membership

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def company(in_scope: Business) -> Customer:
    return make_customer(in_scope, kind="company", display_name="Acme Corp")


def test_a_company_without_contacts_lacks_every_role_and_hangs_on_nobody(company: Customer) -> None:
    coverage = stakeholder_coverage(company, AT)
    assert coverage.missing_roles == ("decision_maker", "champion", "executive_sponsor", "user")
    assert (coverage.contacts, coverage.untouched, coverage.single_threaded) == ((), (), False)
    assert (coverage.champion, coverage.champion_strength) == (None, None)


def test_roles_that_nobody_has_are_missing(company: Customer, system: Actor) -> None:
    for role in ContactRole:
        make_contact(company, role=role)
    assert stakeholder_coverage(company, AT).missing_roles == ()
    sponsor = Contact.objects.get(role="executive_sponsor")
    services.archive_contact(actor=system, contact=sponsor, at=AT)
    assert stakeholder_coverage(company, AT).missing_roles == (ContactRole.EXECUTIVE_SPONSOR,)


@pytest.mark.parametrize(("days", "is_untouched"), [(0, False), (59, False), (60, True), (61, True)])
def test_untouched_begins_with_the_sixtieth_day(company: Customer, days: int, is_untouched: bool) -> None:
    contact = make_contact(company, last_touched_at=AT - timedelta(days=days))
    coverage = stakeholder_coverage(company, AT)
    assert days_since_touch(contact, company.business, AT) == days
    assert coverage.untouched == ((contact,) if is_untouched else ())
    assert coverage.engaged == (() if is_untouched else (contact,))


@pytest.mark.parametrize(
    ("touched", "days"),
    [
        ("2026-03-01T23:59Z", 61),  # winter time: still the first of March in London
        ("2026-03-02T00:00Z", 60),
        ("2026-04-30T22:59Z", 1),  # summer time: a minute before midnight in London
        ("2026-04-30T23:00Z", 0),
    ],
)
def test_days_are_those_of_the_business(company: Customer, touched: str, days: int) -> None:
    contact = make_contact(company, last_touched_at=datetime.fromisoformat(touched))
    assert days_since_touch(contact, company.business, AT) == days


def test_days_differ_by_time_zone(company: Customer, other_business: Business) -> None:
    touched, at = datetime(2026, 5, 1, 2, tzinfo=UTC), datetime(2026, 5, 1, 6, tzinfo=UTC)
    assert days_since_touch(make_contact(company, last_touched_at=touched), company.business, at) == 0
    there = make_contact(make_customer(other_business, kind="company"), last_touched_at=touched)
    assert days_since_touch(there, other_business, at) == 1


def test_who_was_never_touched_is_untouched(company: Customer) -> None:
    contact = make_contact(company)
    assert stakeholder_coverage(company, AT).untouched == (contact,)


def test_the_number_of_days_is_a_setting_of_the_business(company: Customer) -> None:
    contact = make_contact(company, last_touched_at=AT - timedelta(days=10))
    company.business.settings = {"contacts": {"untouched_after_days": 10}}
    assert stakeholder_coverage(company, AT).untouched == (contact,)
    company.business.settings = {"contacts": {"untouched_after_days": 11}}
    assert stakeholder_coverage(company, AT).untouched == ()


@pytest.mark.parametrize(
    ("sentiments", "is_single"), [([1], True), ([1, 0], False), ([1, None], False), ([1, -1], True), ([-2, -1], True)]
)
def test_a_relationship_that_hangs_on_one_is_single_threaded(
    company: Customer, sentiments: list[int | None], is_single: bool
) -> None:
    for sentiment in sentiments:
        make_contact(company, sentiment=sentiment, last_touched_at=AT)
    assert stakeholder_coverage(company, AT).single_threaded is is_single


def test_an_untouched_contact_is_no_thread(company: Customer) -> None:
    make_contact(company, sentiment=2, last_touched_at=AT)
    make_contact(company, sentiment=2, last_touched_at=AT - timedelta(days=60))
    assert stakeholder_coverage(company, AT).single_threaded


@pytest.mark.parametrize(
    ("influence", "sentiment", "is_touched", "strength"),
    [
        (5, 2, True, 100), (5, 2, False, 50), (4, 1, True, 60), (5, 0, True, 50), (1, 2, True, 20), (5, -1, True, 25), (5, -2, True, 0),
        (None, None, True, 30), (None, 2, True, 60), (5, None, False, 25), (3, 1, False, 23), (1, -1, False, 3),
    ],
)  # fmt: skip
def test_champion_strength(influence: Any, sentiment: Any, is_touched: bool, strength: int) -> None:
    contact = Contact(role="champion", influence=influence, sentiment=sentiment)
    assert champion_strength(contact, is_touched=is_touched) == strength


def test_the_strongest_champion_counts(company: Customer) -> None:
    make_contact(company, role="champion", influence=2, sentiment=2, last_touched_at=AT)
    best = make_contact(company, role="champion", influence=4, sentiment=2, last_touched_at=AT)
    make_contact(company, role="champion", influence=5, sentiment=2)
    make_contact(company, role="decision_maker", influence=5, sentiment=2, last_touched_at=AT)
    coverage = stakeholder_coverage(company, AT)
    assert (coverage.champion, coverage.champion_strength) == (best, 80)


def test_coverage_is_one_query(company: Customer, django_assert_num_queries: Any) -> None:
    boss = make_contact(company)
    for _ in range(3):
        make_contact(company, reports_to=boss)
    with django_assert_num_queries(1):
        assert [c.reports_to and str(c.reports_to) for c in stakeholder_coverage(company, AT).contacts]


@pytest.mark.parametrize(
    "words",
    ["zoe", "ÅNG", "angstrom zoe", "zoe@acme.example", "zoe@ac", "acme.example", "20 7946 0018", "+442079460018", "zo"],
)
def test_a_contact_is_found_by_name_address_and_number(company: Customer, words: str) -> None:
    contact = make_contact(
        company, first_name="Zoë", last_name="Ångström", email="zoe@acme.example", phone="+44 20 7946 0018"
    )
    make_contact(company, first_name="Bea", last_name="Other", email="b@other.test")
    assert matching_contacts(words) == [contact.pk]


@pytest.mark.parametrize("words", ["", " ", "'", "\\", "a'b\\", "''':*", "& | !", "12345678", "@", "%", "_"])
def test_words_that_fit_nobody_find_nobody(company: Customer, words: str) -> None:
    make_contact(company)
    assert matching_contacts(words) == []


@pytest.mark.parametrize("words", ["dana reyse", "Dama Reyes", "reyess", "dnaa"])
def test_a_slip_in_each_word_still_finds_the_contact(company: Customer, words: str) -> None:
    contact = make_contact(company, first_name="Dana", last_name="Reyes", email="")
    make_contact(company, first_name="Bea", last_name="Other", email="")
    assert matching_contacts(words) == [contact.pk]
    assert matching_contacts("dxxa reyes") == []


def test_a_new_name_of_a_contact_is_known_at_once(company: Customer, system: Actor) -> None:
    contact = make_contact(company, first_name="Dana", last_name="Reyes")
    services.update_contact(actor=system, contact=contact, first_name="Wilhelmina")
    assert matching_contacts("wilhelmima") == [contact.pk]


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        ("dana", "display_name", "Dana Reyes"), ("reyes dana", "display_name", "Dana Reyes"), ("dana.r@", "email", "dana.r@acme.example"),
        ("acme.example", "email", "dana.r@acme.example"), ("(020) 7946-0018", "phone", "+44 20 7946 0018"),
        ("dana acme", "email", "dana.r@acme.example"), ("dana r acme", "email", "dana.r@acme.example"),
        ("dnaa reyse", "close", "Dana Reyes"),
    ],
)  # fmt: skip
def test_a_contact_says_by_what_it_was_found(
    company: Customer, actor: Actor, words: str, field: str, value: str
) -> None:
    contact = make_contact(
        company, first_name="Dana", last_name="Reyes", email="dana.r@acme.example", phone="+44 20 7946 0018"
    )
    (hit,) = contact_hits(actor, words, 5)
    assert (hit.customer.pk, hit.field, hit.value) == (contact.pk, field, value)
    (entry,) = contact_entries(actor, company.business, words, 5)
    assert entry["matched"] == field
    assert (hit.label in entry["hint"]) == (field != "display_name")


def test_contacts_of_companies_opened_lately_come_first(company: Customer, owner: Membership) -> None:
    actor = Actor.for_user(owner.user)
    other = make_customer(company.business, kind="company", display_name="Zeta")
    near, far = (
        make_contact(other, first_name="Zoë", last_name="Z"),
        make_contact(company, first_name="Zoë", last_name="A"),
    )
    for customer, at, first in ((other, AT, near), (company, AT + timedelta(days=1), far)):
        CustomerVisit.objects.create(business=company.business, user=owner.user, customer=customer, seen_at=at)
        found = fitting_contacts(actor, "zoe", 10)
        assert (found[0], set(found)) == (first, {near, far})


def test_who_has_left_is_not_found(company: Customer, system: Actor) -> None:
    contact = make_contact(company, first_name="Zoë")
    services.archive_contact(actor=system, contact=contact, at=AT)
    assert matching_contacts("zoë") == []


def test_only_contacts_of_visible_companies_fit(owner: Membership, company: Customer) -> None:
    agent = make_membership(owner.business, "agent", visibility="own")
    mine = make_customer(owner.business, kind="company", owner=agent.user)
    seen, unseen = make_contact(mine, first_name="Zoë"), make_contact(company, first_name="Zoë")
    assert fitting_contacts(Actor.for_user(agent.user), "zoe", 10) == [seen]
    assert set(fitting_contacts(Actor.for_user(owner.user), "zoe", 10)) == {seen, unseen}


def test_the_same_people_are_those_of_the_address_or_the_name(
    company: Customer, in_scope: Business, actor: Actor
) -> None:
    contact = make_contact(company, first_name="Dana", last_name="Reyes", email="dana@acme.example")
    by_address = make_customer(in_scope, email="dana@acme.example")
    by_name = make_customer(in_scope, first_name="DANA", last_name="Reyes")
    make_customer(in_scope)
    make_customer(in_scope, kind="company", display_name="Dana Reyes")
    assert same_people(actor, contact) == [by_address, by_name]


def test_where_a_person_works(company: Customer, in_scope: Business, actor: Actor, system: Actor) -> None:
    person, former = make_customer(in_scope), make_customer(in_scope, kind="company")
    now, before = make_contact(company), make_contact(former)
    for contact in (now, before):
        services.convert_contact(actor=system, contact=contact, at=AT, person=person)
    services.archive_contact(actor=system, contact=before, at=AT)
    assert workplaces_of(actor, person) == [now, before]


def test_lines_that_leave_the_company_or_make_a_circle_are_noticed(company: Customer, in_scope: Business) -> None:
    a, b = make_contact(company), make_contact(company)
    make_contact(company, reports_to=a)
    c = make_contact(make_customer(in_scope, kind="company"))
    assert LINES_STAY().broken == 0
    Contact.objects.filter(pk=c.pk).update(reports_to=a)
    assert LINES_STAY().broken == 1
    Contact.objects.filter(pk=c.pk).update(reports_to=None)
    Contact.objects.filter(pk=a.pk).update(reports_to=b)
    Contact.objects.filter(pk=b.pk).update(reports_to=a)
    assert LINES_STAY().broken == 2


def test_contacts_of_another_business_are_not_found(company: Customer, other_business: Business) -> None:
    make_contact(company, first_name="Zoë")
    with scope(other_business):
        assert matching_contacts("zoë") == []
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from customers_contact")
        assert cursor.fetchone()[0] == 1
