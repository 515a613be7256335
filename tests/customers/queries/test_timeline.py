"""The timeline: one order over all sources, read page by page, at one customer or a family of companies."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.actor import Actor
from crm.models import Business
from crm.paging import BadCursor
from customers.models import Customer, LifecycleChange
from customers.queries import family_of, timeline_for
from customers.registry import timeline_sources
from tests.factories import make_customer, make_membership, make_order

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def enter(customer: Customer, stage: str, at: datetime, **fields: Any) -> None:
    LifecycleChange.objects.create(
        business_id=customer.business_id, customer=customer, stage=stage, effective_at=at, actor_kind="user",
        actor_label="Riley", **fields,
    )  # fmt: skip


def without_beginnings(customer: Customer) -> Customer:
    """The customer with no way through the stages yet, so that tests know every happening."""
    LifecycleChange.objects.filter(customer=customer).delete()
    return customer


def pages(actor: Actor, members: list[Customer], limit: int, **asked: Any) -> list[tuple[str, str]]:
    found, cursor = [], ""
    while True:
        entries, cursor = timeline_for(actor, members, cursor=cursor, limit=limit, **asked)
        found += [(one.source.key, one.entry.key) for one in entries]
        if not cursor:
            return found


def test_sources_make_one_order_newest_first(in_scope: Business, actor: Actor) -> None:
    customer = without_beginnings(make_customer(in_scope))
    make_order(customer, ordered_at=NOON, number="A1")
    enter(customer, "active", NOON + timedelta(days=1), reason="Signed")
    make_order(customer, "-10.00", ordered_at=NOON + timedelta(days=2), number="A2")
    found, cursor = timeline_for(actor, [customer])
    assert [one.entry.title for one in found] == ["Refund A2", "Began as Active", "Order A1"]
    assert (found[1].entry.text, found[1].entry.by, cursor) == ("Signed", "Riley", "")


def test_a_stage_says_what_it_came_from(in_scope: Business, actor: Actor) -> None:
    customer = without_beginnings(make_customer(in_scope))
    enter(customer, "prospect", NOON, substep="outreach")
    enter(customer, "active", NOON + timedelta(days=1))
    enter(customer, "active", NOON + timedelta(days=2), substep="adoption")
    titles = [one.entry.title for one in timeline_for(actor, [customer])[0]]
    assert titles == [
        "Step of the stage: – → Adoption", "Stage: Prospect, Initial outreach → Active", "Began as Prospect, Initial outreach",
    ]  # fmt: skip


@pytest.mark.parametrize("limit", [1, 2, 3, 25])
def test_pages_tell_everything_once_even_at_one_moment(in_scope: Business, actor: Actor, limit: int) -> None:
    customer = without_beginnings(make_customer(in_scope))
    for _ in range(3):
        make_order(customer, ordered_at=NOON)
        enter(customer, "active", NOON)
    enter(customer, "churned", NOON - timedelta(microseconds=1))
    make_order(customer, ordered_at=NOON + timedelta(microseconds=1))
    whole = pages(actor, [customer], 100)
    assert len(whole) == len(set(whole)) == 8
    assert pages(actor, [customer], limit) == whole


def test_one_source_alone(in_scope: Business, actor: Actor) -> None:
    customer = without_beginnings(make_customer(in_scope))
    make_order(customer, ordered_at=NOON)
    enter(customer, "active", NOON)
    assert [source for source, _key in pages(actor, [customer], 1, sources=["orders"])] == ["orders"]


def test_a_family_is_read_as_one(in_scope: Business, actor: Actor) -> None:
    parent = without_beginnings(make_customer(in_scope, kind="company"))
    children = [without_beginnings(make_customer(in_scope, kind="company", parent=parent)) for _ in range(2)]
    grandchild = without_beginnings(make_customer(in_scope, kind="company", parent=children[0]))
    members, is_cut = family_of(actor, parent)
    assert members[0].pk == parent.pk
    assert ({member.pk for member in members}, is_cut) == ({parent.pk, grandchild.pk, *(c.pk for c in children)}, False)
    for days, member in enumerate([parent, *children, grandchild]):
        for hour in range(3):
            make_order(member, ordered_at=NOON + timedelta(days=days, hours=hour))
    whole = pages(actor, members, 100)
    assert len(whole) == 12
    assert pages(actor, members, 5) == whole


def test_what_a_member_may_not_see_is_not_in_the_family(in_scope: Business) -> None:
    agent = make_membership(in_scope, "agent", visibility="own")
    parent = make_customer(in_scope, kind="company", owner=agent.user)
    make_customer(in_scope, kind="company", parent=parent)
    assert [one.pk for one in family_of(Actor.for_user(agent.user), parent)[0]] == [parent.pk]


def test_archived_subsidiaries_are_left_out(in_scope: Business, actor: Actor) -> None:
    parent = make_customer(in_scope, kind="company")
    child = make_customer(in_scope, kind="company", parent=parent)
    Customer.objects.filter(pk=child.pk).update(archived_at=NOON)
    assert [one.pk for one in family_of(actor, parent)[0]] == [parent.pk]


@pytest.mark.parametrize("size", [1, 4])
def test_each_source_costs_one_query(
    in_scope: Business, actor: Actor, size: int, django_assert_num_queries: Any
) -> None:
    members = [make_customer(in_scope, kind="company") for _ in range(size)]
    for member in members:
        make_order(member)
    with django_assert_num_queries(len(list(timeline_sources))):
        timeline_for(actor, members)


@pytest.mark.parametrize(
    "cursor", ["x", "W10", "WyJ4IiwgMSwgMl0", "!!!", "WyIyMDI2LTAxLTAxIiwgIm9yZGVycyIsICJub25zZW5zZSJd"]
)
def test_a_cursor_that_no_page_gave_is_refused(in_scope: Business, actor: Actor, cursor: str) -> None:
    with pytest.raises(BadCursor):
        timeline_for(actor, [make_customer(in_scope)], cursor=cursor)
