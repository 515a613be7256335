"""Companies and their parents."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection

from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import Business
from crm.scope import scope
from customers import services
from customers.models import Customer
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
def test_two_changes_at_once_make_no_circle() -> None:
    business = make_business()
    with scope(business):
        first, second = (make_customer(business, kind="company") for _ in range(2))
    start, outcomes = threading.Barrier(2), []

    def move(customer: Customer, parent: Customer) -> None:
        try:
            with scope(business):
                start.wait(30)
                _move(customer, parent)
            outcomes.append("moved")
        except InvalidInput as refusal:
            outcomes.append(next(iter(refusal.errors)))
        finally:
            connection.close()

    threads = [threading.Thread(target=move, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["moved", "parent"]
