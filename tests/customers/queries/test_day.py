"""What awaits somebody: only at their own live customers, within the days, the most pressing first."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crm.actor import Actor
from crm.models import Business, Membership
from customers.models import Contact, Customer, CustomerFacts, Signal
from customers.queries.day import (
    MOST,
    own_at_risk,
    own_changed,
    own_customers,
    own_opportunities,
    own_renewals,
    own_untouched_contacts,
)
from tests.factories import make_contact, make_customer, make_membership

AT = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)


@pytest.fixture
def me(owner: Membership) -> Actor:
    return Actor.for_user(owner.user)


@pytest.fixture
def mine(in_scope: Business, owner: Membership) -> Any:
    def make(**fields: Any) -> Customer:
        return make_customer(in_scope, **{"owner": owner.user, **fields})

    return make


def _signal(customer: Customer, kind: str, strength: int = 3, **fields: Any) -> Signal:
    values = {"text": f"{kind} {strength}", "source": "call", "seen_on": AT.date(), **fields}
    made: Signal = Signal.objects.create(
        business=customer.business, customer=customer, kind=kind, strength=strength, **values
    )
    return made


def test_only_live_customers_of_one_s_own(mine: Any, me: Actor, in_scope: Business) -> None:
    kept = mine()
    Customer.objects.filter(pk=mine().pk).update(archived_at=AT)
    mine(owner=None)
    mine(owner=make_membership(in_scope, "agent").user)
    hidden = mine()
    Customer.objects.filter(pk=hidden.pk).update(hidden_at=AT)
    assert list(own_customers(me)) == [kept]


def test_at_risk_by_stage_or_open_signal_and_by_what_they_spent(mine: Any, me: Actor) -> None:
    little, much = mine(lifecycle_stage="churn_risk"), mine()
    CustomerFacts.objects.filter(pk=much.pk).update(total_spent=500)
    _signal(much, "risk")
    _signal(mine(), "risk", closed_on=AT.date())
    _signal(mine(), "buying")
    assert own_at_risk(me) == [much, little]
    assert vars(own_at_risk(me)[0])["open_risks"] == ["risk 3"]


@pytest.mark.parametrize(("days", "is_due"), [(-1, False), (0, True), (60, True), (61, False)])
def test_renewals_of_the_next_sixty_days(mine: Any, me: Actor, in_scope: Business, days: int, is_due: bool) -> None:
    customer = mine(renewal_on=date(2026, 3, 10) + timedelta(days=days))
    assert own_renewals(me, in_scope, AT) == ([customer] if is_due else [])


def test_the_day_is_that_of_the_business(mine: Any, me: Actor, in_scope: Business) -> None:
    in_scope.time_zone = "Asia/Tokyo"
    mine(renewal_on=date(2026, 3, 10))
    tomorrow = mine(renewal_on=date(2026, 3, 11))
    assert own_renewals(me, in_scope, AT) == [tomorrow]


def test_the_end_of_the_contract_counts_where_no_renewal_is_named(mine: Any, me: Actor, in_scope: Business) -> None:
    ends = mine(contract_end_on=date(2026, 3, 20))
    mine(contract_end_on=date(2026, 3, 20), renewal_on=date(2027, 3, 20))
    mine(contract_end_on=date(2026, 3, 20), lifecycle_stage="churned")
    sooner = mine(renewal_on=date(2026, 3, 15))
    assert own_renewals(me, in_scope, AT) == [sooner, ends]


def test_opportunities_are_open_signals_of_buying_and_expansion(mine: Any, me: Actor) -> None:
    weak, strong = _signal(mine(), "buying", 2), _signal(mine(), "expansion", 5)
    _signal(mine(), "competitive", 5)
    _signal(mine(), "buying", 5, closed_on=AT.date())
    _signal(mine(owner=None), "buying", 5)
    assert own_opportunities(me) == [strong, weak]


def test_contacts_to_speak_to_are_the_influential_first(mine: Any, me: Actor, in_scope: Business) -> None:
    company = mine(kind="company")
    never = make_contact(company, influence=2, last_touched_at=None)
    long_ago = make_contact(company, influence=5, last_touched_at=AT - timedelta(days=61))
    make_contact(company, influence=5, last_touched_at=AT - timedelta(days=59))
    Contact.objects.filter(pk=make_contact(company, influence=5).pk).update(archived_at=AT)
    assert own_untouched_contacts(me, in_scope, AT) == [long_ago, never]


def test_what_changed_in_a_week_and_no_more_than_fits(mine: Any, me: Actor) -> None:
    rows = [mine() for _ in range(MOST + 2)]
    for number, row in enumerate(rows):
        Customer.objects.filter(pk=row.pk).update(updated_at=AT - timedelta(days=number * 0.5))
    old = mine()
    Customer.objects.filter(pk=old.pk).update(updated_at=AT - timedelta(days=8))
    assert own_changed(me, AT) == rows[:MOST]
