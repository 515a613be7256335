"""Lists by computed figures show the same rows as any other list, whatever the database reads first."""

import pytest

from crm import clock, paging
from crm.actor import Actor
from crm.models import Business, Membership
from customers import services
from customers.choices import LifecycleStage
from customers.models import Customer
from customers.registry import fields
from tests.factories import make_customer, make_membership, make_order


def _names(rows: object, key: str, *, descending: bool = True) -> list[str]:
    sort = fields[key].sort
    assert sort is not None
    return [str(row) for row in paging.page(rows, sort, descending=descending, cursor="", limit=50).rows]  # type: ignore[arg-type]  # a queryset


@pytest.fixture
def buyers(in_scope: Business) -> list[Customer]:
    made = [make_customer(in_scope, first_name="Ann", last_name=str(number)) for number in range(4)]
    for number, customer in enumerate(made):
        for _order in range(number):
            make_order(customer)
    return made


@pytest.mark.parametrize("few", [0, 2, 100])
@pytest.mark.parametrize("key", ["total_spent", "last_order_at"])
def test_an_order_by_figures_takes_no_row_away(
    buyers: list[Customer], monkeypatch: pytest.MonkeyPatch, few: int, key: str
) -> None:
    monkeypatch.setattr(paging, "FEW", few)
    rows = Customer.objects.live().with_facts()
    assert sorted(_names(rows, key)) == ["Ann 0", "Ann 1", "Ann 2", "Ann 3"]
    assert _names(rows, key)[-1] == "Ann 0"
    assert _names(rows, key, descending=False)[0] == "Ann 0"
    assert _names(rows.filter(last_name__in=["1", "3"]), key) in (["Ann 3", "Ann 1"], ["Ann 1", "Ann 3"])


def test_a_changed_stage_is_followed_by_the_figures(buyers: list[Customer], actor: Actor) -> None:
    services.update_customer(actor=actor, customer=buyers[1], at=clock.now(), lifecycle_stage=LifecycleStage.CHURNED)
    assert buyers[1].facts.__class__.objects.get(customer=buyers[1]).lifecycle_stage == LifecycleStage.CHURNED
    rows = Customer.objects.live().with_facts()
    assert _names(rows, "total_spent") == ["Ann 3", "Ann 2", "Ann 1", "Ann 0"]
    assert _names(rows.filter(lifecycle_stage=LifecycleStage.CHURNED), "total_spent") == ["Ann 1"]


def test_who_works_in_two_businesses_sees_those_of_the_open_one(
    buyers: list[Customer], other_business: Business, owner: Membership
) -> None:
    make_membership(other_business, "agent", owner.user, visibility="own")
    make_customer(other_business)
    actor = Actor.for_user(owner.user)
    assert len(actor.grants) == 2
    assert [grant.business_id for grant in actor.grants_in_scope()] == [owner.business_id]
    assert Customer.objects.visible_to(actor).count() == 4
