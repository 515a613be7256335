"""Adding, changing, archiving and restoring customers."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from crm.actor import Actor
from crm.errors import InvalidInput, NotFound, StaleVersion, from_integrity_error
from crm.forms import version_of
from crm.models import Activity, Business, Membership, Team
from customers import services
from customers.models import Customer, CustomerFacts, CustomerSearch
from customers.services.customers import AlreadyArchived, NotArchived
from tests.factories import make_customer, make_membership

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def _create(business: Business, system: Actor, **data: Any) -> Customer:
    return services.create_customer(actor=system, business=business, at=AT, **data)


def test_a_person_is_named_after_first_and_last_name(in_scope: Business, system: Actor) -> None:
    assert str(_create(in_scope, system, first_name=" Zoë ", last_name="Ångström")) == "Zoë Ångström"
    assert str(_create(in_scope, system, first_name="Zoë", display_name="Zed")) == "Zed"
    assert str(_create(in_scope, system, kind="company", display_name="Acme Corp", first_name="x")) == "Acme Corp"


def test_the_name_follows_only_while_it_was_not_chosen(in_scope: Business, system: Actor) -> None:
    plain = _create(in_scope, system, first_name="Jo", last_name="Lee")
    assert str(services.update_customer(actor=system, customer=plain, at=AT, last_name="Li")) == "Jo Li"
    chosen = _create(in_scope, system, first_name="Jo", last_name="Lee", display_name="Captain")
    assert str(services.update_customer(actor=system, customer=chosen, at=AT, last_name="Li")) == "Captain"


def test_a_new_customer_has_search_and_facts_rows(in_scope: Business, system: Actor) -> None:
    customer = _create(in_scope, system, first_name="Émile", email="EMILE@Example.com ")
    assert customer.email == "emile@example.com"
    assert CustomerSearch.objects.get(pk=customer.pk).sort_name == "emile"
    facts = CustomerFacts.objects.get(pk=customer.pk)
    assert (facts.total_spent, facts.order_count, facts.average_order_value, facts.is_live) == (0, 0, None, True)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "display_name"),
        ({"display_name": "  "}, "display_name"),
        ({"first_name": "x", "email": "not-an-address"}, "email"),
        ({"first_name": "x", "kind": "robot"}, "kind"),
        ({"first_name": "x", "lifecycle_stage": "gone"}, "lifecycle_stage"),
        ({"first_name": "x", "website": "javascript:alert(1)"}, "website"),
        ({"first_name": "x" * 101}, "first_name"),
        ({"first_name": "x", "size": "huge"}, "size"),
        ({"first_name": "x", "health": 5}, "health"),
        ({"first_name": "x", "total_spent": 5}, "total_spent"),
        ({"first_name": "x", "archived_at": AT}, "archived_at"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(
    in_scope: Business, system: Actor, data: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        _create(in_scope, system, **data)
    assert field in refusal.value.errors
    assert not Customer.objects.exists()


def test_an_address_is_taken_once_among_live_customers_of_a_business(
    in_scope: Business, other_business: Business, system: Actor
) -> None:
    first = _create(in_scope, system, first_name="A", email="a@example.com")
    make_customer(other_business, email="a@example.com")
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        _create(in_scope, system, first_name="B", email="A@EXAMPLE.com")
    refusal = from_integrity_error(error.value)
    assert refusal is not None
    assert (refusal.field, refusal.code) == ("email", "duplicate")
    services.archive_customer(actor=system, customer=first, at=AT)
    _create(in_scope, system, first_name="B", email="a@example.com")
    with pytest.raises(IntegrityError), transaction.atomic():
        services.restore_customer(actor=system, customer=first)


def test_owner_and_team_must_belong_to_the_business(
    in_scope: Business, other_business: Business, system: Actor
) -> None:
    stranger: Membership = make_membership(other_business)
    with pytest.raises(InvalidInput) as refusal:
        _create(in_scope, system, first_name="x", owner=stranger.user)
    assert list(refusal.value.errors) == ["owner"]
    foreign = Team.unscoped.create(business=other_business, name="Elsewhere")
    with pytest.raises(InvalidInput) as refusal:
        _create(in_scope, system, first_name="x", team=foreign)
    assert list(refusal.value.errors) == ["team"]
    mine = make_membership(in_scope, "agent")
    assert _create(in_scope, system, first_name="x", owner=mine.user).owner == mine.user
    mine.is_active = False
    mine.save()
    with pytest.raises(InvalidInput):
        _create(in_scope, system, first_name="y", owner=mine.user)


def test_saving_what_is_there_writes_nothing(in_scope: Business, system: Actor) -> None:
    customer = make_customer(in_scope, city="Leeds")
    before = Activity.objects.count()
    services.update_customer(actor=system, customer=customer, at=AT, city="Leeds")
    assert Activity.objects.count() == before
    assert Customer.objects.get(pk=customer.pk).updated_at == customer.updated_at


def test_a_stale_version_is_refused(in_scope: Business, system: Actor) -> None:
    customer = make_customer(in_scope)
    seen = version_of(customer)
    changed = services.update_customer(actor=system, customer=customer, at=AT, version=seen, city="York")
    with pytest.raises(StaleVersion):
        services.update_customer(actor=system, customer=customer, at=AT, version=seen, city="Bath")
    services.update_customer(actor=system, customer=customer, at=AT, version=version_of(changed), city="Bath")


def test_a_customer_of_another_business_is_not_found(
    in_scope: Business, other_business: Business, system: Actor
) -> None:
    foreign = make_customer(other_business)
    with pytest.raises(NotFound):
        services.update_customer(actor=system, customer=foreign, at=AT, city="x")
    with pytest.raises(NotFound):
        services.archive_customer(actor=system, customer=foreign, at=AT)


def test_archiving_takes_out_of_lists_and_search_and_restoring_brings_back(in_scope: Business, system: Actor) -> None:
    customer = make_customer(in_scope)
    services.archive_customer(actor=system, customer=customer, at=AT, reason="closed")
    assert not Customer.objects.live().exists()
    assert not CustomerSearch.objects.filter(is_live=True).exists()
    assert not CustomerFacts.objects.filter(is_live=True).exists()
    with pytest.raises(AlreadyArchived):
        services.archive_customer(actor=system, customer=customer, at=AT)
    services.restore_customer(actor=system, customer=customer)
    assert Customer.objects.live().get() == customer
    assert CustomerSearch.objects.get().is_live
    assert CustomerFacts.objects.get().is_live
    with pytest.raises(NotArchived):
        services.restore_customer(actor=system, customer=customer)
    verbs = [row.verb for row in Activity.objects.filter(about=customer.pk).order_by("id")]
    assert verbs == ["customers.customer.created", "customers.customer.archived", "customers.customer.restored"]


def test_visibility_follows_role_team_and_ownership(in_scope: Business) -> None:
    team = Team.objects.create(business=in_scope, name="North")
    of_team = make_membership(in_scope, "agent", team=team, visibility="team")
    alone = make_membership(in_scope, "agent", visibility="own")
    everyone = make_membership(in_scope, "manager")
    a = make_customer(in_scope, team=team)
    b = make_customer(in_scope, owner=alone.user)
    c = make_customer(in_scope, owner=of_team.user)

    def seen(member: Membership) -> set[Customer]:
        return set(Customer.objects.visible_to(Actor.for_user(member.user)))

    assert (seen(of_team), seen(alone), seen(everyone)) == ({a, c}, {b}, {a, b, c})
    assert set(Customer.objects.visible_to(Actor("user", "", "nobody"))) == set()
