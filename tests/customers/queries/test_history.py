"""The history of a customer: deeds of the trail and lines of bulk changes in one order."""

from typing import Any

import pytest

from crm import clock
from crm.actor import Actor
from crm.models import Business, Membership
from crm.paging import BadCursor
from customers import services
from customers.models import BulkChange, BulkRun, Customer
from customers.queries import history_of, news_of
from customers.queries.history import doers_of
from tests.factories import make_customer, make_membership


def bulk_line(customer: Customer, by: Membership, **fields: Any) -> None:
    run = BulkRun.objects.create(business=customer.business, action="owner", requested_by=by.user)
    BulkChange.objects.create(business=customer.business, run=run, customer=customer, at=clock.now(), **fields)


def whole(customer: Customer, limit: int, **asked: Any) -> list[str]:
    found, cursor = [], ""
    while True:
        deeds, cursor = history_of(customer, cursor=cursor, limit=limit, **asked)
        found += [deed.verb or f"bulk {deed.bulk}" for deed in deeds]
        if not cursor:
            return found


def test_deeds_and_bulk_lines_stand_in_one_order(in_scope: Business, actor: Actor, owner: Membership) -> None:
    customer = make_customer(in_scope)
    bulk_line(customer, owner, result="changed", before={"owner": None}, after={"owner": str(owner.user_id)})
    bulk_line(customer, owner, result="blocked", reason="archived")
    services.update_customer(actor=actor, customer=customer, at=clock.now(), city="Leeds")
    kinds = [kind for kind in whole(customer, 100) if kind != "customers.lifecycle.changed"]
    # in a test everything is written in one transaction, so the line, stamped last, comes first
    assert sorted(kinds) == ["bulk owner", "customers.customer.created", "customers.customer.updated"]
    for limit in (1, 2):
        assert whole(customer, limit) == whole(customer, 100)


def test_history_is_narrowed_to_a_field_or_a_person(in_scope: Business, actor: Actor, owner: Membership) -> None:
    customer = make_customer(in_scope)
    agent = make_membership(in_scope, "agent")
    services.update_customer(actor=actor, customer=customer, at=clock.now(), city="Leeds")
    services.update_customer(actor=Actor.for_user(agent.user), customer=customer, at=clock.now(), country="GB")
    bulk_line(customer, agent, result="changed", before={"city": "Leeds"}, after={"city": "York"})
    assert whole(customer, 10, field_name="city") == ["bulk owner", "customers.customer.updated"]
    assert sorted(whole(customer, 10, member=str(agent.user_id))) == ["bulk owner", "customers.customer.updated"]
    assert {name for _pk, name in doers_of(customer)} == {str(owner.user), str(agent.user)}


def test_news_are_what_others_have_done_since(in_scope: Business, actor: Actor, owner: Membership) -> None:
    customer = make_customer(in_scope)
    agent = make_membership(in_scope, "agent")
    services.update_customer(actor=Actor.for_user(agent.user), customer=customer, at=clock.now(), country="GB")
    services.update_customer(actor=actor, customer=customer, at=clock.now(), city="Leeds")
    bulk_line(customer, agent, result="changed", before={}, after={"city": "York"})
    bulk_line(customer, owner, result="changed", before={}, after={"city": "York"})
    start = customer.created_at.replace(year=2020)
    deeds, has_more = news_of(actor, customer, start)
    assert [deed.by for deed in deeds if deed.verb == "customers.customer.updated" or deed.bulk] == [
        str(agent.user)
    ] * 2
    assert not has_more
    assert news_of(actor, customer, clock.now()) == ([], False)


@pytest.mark.parametrize(
    "cursor", ["x", "1", "1.2", "1.2.3.4", "-1.2.0", "9" * 19 + ".0.0", "٣.1.1", "1.1." + "9" * 30]
)
def test_a_cursor_that_no_page_gave_is_refused(in_scope: Business, cursor: str) -> None:
    with pytest.raises(BadCursor):
        history_of(make_customer(in_scope), cursor=cursor)
