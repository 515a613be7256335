"""When a member has looked at a profile, and when the time before."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.actor import Actor
from crm.models import Activity, Business
from customers.models import CustomerVisit
from customers.services import note_visit
from customers.services.visits import SAME_VISIT
from tests.factories import make_customer, make_membership

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_the_second_visit_knows_of_the_first(in_scope: Business, actor: Actor) -> None:
    customer = make_customer(in_scope)
    before = Activity.objects.count()
    assert note_visit(actor=actor, customer=customer, at=NOON) is None
    assert note_visit(actor=actor, customer=customer, at=NOON + timedelta(days=1)) == NOON
    assert note_visit(actor=actor, customer=customer, at=NOON + timedelta(days=3)) == NOON + timedelta(days=1)
    assert Activity.objects.count() == before


@pytest.mark.parametrize(("later", "same"), [(SAME_VISIT - timedelta(microseconds=1), True), (SAME_VISIT, False)])
def test_within_half_an_hour_it_is_the_same_visit(
    in_scope: Business, actor: Actor, later: timedelta, same: bool
) -> None:
    customer = make_customer(in_scope)
    note_visit(actor=actor, customer=customer, at=NOON - timedelta(days=2))
    note_visit(actor=actor, customer=customer, at=NOON)
    assert note_visit(actor=actor, customer=customer, at=NOON + later) == (NOON - timedelta(days=2) if same else NOON)


def test_each_person_has_visits_of_their_own(in_scope: Business, actor: Actor) -> None:
    customer = make_customer(in_scope)
    note_visit(actor=actor, customer=customer, at=NOON)
    other = Actor.for_user(make_membership(in_scope, "agent").user)
    assert note_visit(actor=other, customer=customer, at=NOON + timedelta(days=1)) is None


def test_programs_pay_no_visits(in_scope: Business, system: Actor) -> None:
    assert note_visit(actor=system, customer=make_customer(in_scope), at=NOON) is None
    assert not CustomerVisit.objects.exists()
