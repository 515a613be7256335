"""Companies and their parents."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import Activity, Business
from crm.scope import scope
from customers import services
from customers.models import Customer
from customers.queries import integrity
from tests.factories import make_business, make_customer, make_membership

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
SYSTEM = Actor.system("test")


def _move(customer: Customer, parent: Customer | None) -> Customer:
    return services.update_customer(actor=SYSTEM, customer=customer, at=AT, parent=parent)


def _refused(customer: Customer, parent: Customer, field: str = "parent") -> None:
    with pytest.raises(InvalidInput) as refusal:
        _move(customer, parent)
    assert list(refusal.value.errors) == [field]
    customer.refresh_from_db()


def test_a_company_has_a_parent_and_the_parent_its_children(in_scope: Business) -> None:
    parent, child = (make_customer(in_scope, kind="company") for _ in range(2))
    _move(child, parent)
    assert list(parent.children.all()) == [child]
    _move(child, None)
    assert not parent.children.exists()


@pytest.mark.parametrize("depth", [1, 2, 60])
def test_no_company_stands_above_itself(in_scope: Business, depth: int) -> None:
    chain = [make_customer(in_scope, kind="company") for _ in range(depth)]
    for below, above in zip(chain[1:], chain, strict=False):
        _move(below, above)
    _refused(chain[0], chain[-1])
    assert chain[0].parent_id is None


def test_only_companies_have_and_are_parents(in_scope: Business) -> None:
    company, person = make_customer(in_scope, kind="company"), make_customer(in_scope)
    _refused(person, company)
    _refused(company, person)


def test_a_parent_is_live_of_the_business_and_in_sight(in_scope: Business, other_business: Business) -> None:
    company = make_customer(in_scope, kind="company")
    _refused(company, make_customer(other_business, kind="company"))
    archived = make_customer(in_scope, kind="company")
    services.archive_customer(actor=SYSTEM, customer=archived, at=AT)
    _refused(company, archived)
    member = make_membership(in_scope, "agent", visibility="own")
    own = make_customer(in_scope, kind="company", owner=member.user)
    with pytest.raises(InvalidInput):
        services.update_customer(actor=Actor.for_user(member.user), customer=own, at=AT, parent=company)


def test_a_parent_out_of_sight_stays(in_scope: Business) -> None:
    member = make_membership(in_scope, "agent", visibility="own")
    hidden = make_customer(in_scope, kind="company")
    own = make_customer(in_scope, kind="company", owner=member.user, parent=hidden)
    services.update_customer(actor=Actor.for_user(member.user), customer=own, at=AT, parent=hidden, city="York")
    own.refresh_from_db()
    assert (own.parent_id, own.city) == (hidden.pk, "York")


def test_a_company_with_children_stays_a_company(in_scope: Business) -> None:
    parent = make_customer(in_scope, kind="company")
    child = make_customer(in_scope, kind="company", parent=parent)
    with pytest.raises(InvalidInput) as refusal:
        services.update_customer(actor=SYSTEM, customer=parent, at=AT, kind="person")
    assert list(refusal.value.errors) == ["kind"]
    with pytest.raises(InvalidInput) as refusal:
        services.update_customer(actor=SYSTEM, customer=child, at=AT, kind="person")
    assert list(refusal.value.errors) == ["parent"]
    services.update_customer(actor=SYSTEM, customer=child, at=AT, kind="person", parent=None)
    assert services.update_customer(actor=SYSTEM, customer=parent, at=AT, kind="person").kind == "person"


def test_a_company_with_contacts_stays_a_company(in_scope: Business) -> None:
    company = make_customer(in_scope, kind="company")
    services.add_contact(actor=SYSTEM, customer=company, first_name="Ada")
    with pytest.raises(InvalidInput) as refusal:
        services.update_customer(actor=SYSTEM, customer=company, at=AT, kind="person")
    assert list(refusal.value.errors) == ["kind"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("length", [2, 3])
def test_changes_at_once_make_no_circle(length: int) -> None:
    """Each company is to stand below the next one, and the last below the first: all but one of the moves are made."""
    business = make_business()
    for _round in range(5):
        with scope(business):
            companies = [make_customer(business, kind="company") for _ in range(length)]
        start, outcomes = threading.Barrier(length), list[str]()

        def move(customer: Customer, parent: Customer, start: Any, outcomes: list[str]) -> None:
            try:
                with scope(business):
                    start.wait(30)
                    _move(customer, parent)
                outcomes.append("moved")
            except InvalidInput as refusal:
                outcomes.append(next(iter(refusal.errors)))
            finally:
                connection.close()

        pairs = zip(companies, [*companies[1:], companies[0]], strict=True)
        threads = [threading.Thread(target=move, args=(*pair, start, outcomes)) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(outcomes) == ["moved"] * (length - 1) + ["parent"]
        with scope(business):
            (top,) = Customer.objects.filter(pk__in=[one.pk for one in companies], parent=None)
            made = Activity.objects.filter(verb="customers.customer.updated", about__in=[one.pk for one in companies])
            assert made.count() == length - 1
            assert not made.filter(about=top.pk).exists()
    assert integrity.FAMILIES().broken == 0
