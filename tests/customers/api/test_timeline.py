"""The timeline through the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.actor import Actor
from crm.models import AccessRecord, Business
from crm.scope import scope
from customers import services
from tests.crm.api.calling import Caller, make_key
from tests.factories import make_customer, make_membership, make_order

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business, "owner"))


def test_pages_follow_one_another(caller: Caller, business: Business) -> None:
    customer = make_customer(business)
    for days in range(3):
        make_order(customer, ordered_at=NOON + timedelta(days=days), number=f"N{days}")
    address = f"/api/v1/customers/{customer.pk}/timeline?source=orders&limit=2"
    first = caller.get(address).json()
    assert [row["title"] for row in first["data"]] == ["Order N2", "Order N1"]
    assert (first["hasMore"], first["limit"], first["data"][0]["customer"]) == (True, 2, str(customer.pk))
    second = caller.get(f"{address}&cursor={first['next']}").json()
    assert ([row["title"] for row in second["data"]], second["hasMore"], second["next"]) == (["Order N0"], False, None)


def test_subsidiaries_count_when_asked(caller: Caller, business: Business) -> None:
    parent = make_customer(business, kind="company")
    child = make_customer(business, kind="company", parent=parent)
    make_order(child, ordered_at=NOON)
    address = f"/api/v1/customers/{parent.pk}/timeline?source=orders"
    assert caller.get(address).json()["data"] == []
    assert [row["customer"] for row in caller.get(f"{address}&family=1").json()["data"]] == [str(child.pk)]
    with scope(business):
        assert set(AccessRecord.objects.latest("id").customer_ids) == {parent.pk, child.pk}


def test_those_who_work_there_count_too_as_far_as_one_sees_them(
    caller: Caller, business: Business, in_scope: Business, sign_in: Any
) -> None:
    system, agent = Actor.system("test"), make_membership(business, "agent", visibility="own")
    company = make_customer(business, kind="company", owner=agent.user)
    below = make_customer(business, kind="company", parent=company, owner=agent.user)
    people = [make_customer(business, first_name=name, last_name="Person", **more) for name, more in (
        ("Seen", {"owner": agent.user}), ("Below", {"owner": agent.user}), ("Unseen", {}), ("Former", {"owner": agent.user}),
        ("Elsewhere", {"owner": agent.user}),
    )]  # fmt: skip
    for customer, place in zip(people, (company, below, company, company, None), strict=True):
        make_order(customer, ordered_at=NOON)
        if place is not None:
            contact = services.add_contact(actor=system, customer=place, display_name=customer.display_name)
            services.convert_contact(actor=system, contact=contact, at=NOON, person=customer)
            if customer.first_name == "Former":
                services.archive_contact(actor=system, contact=contact, at=NOON)
    seen, under, unseen = (str(one.pk) for one in people[:3])
    address = f"/api/v1/customers/{company.pk}/timeline?source=orders"
    assert caller.get(address).json()["data"] == []
    assert {row["customer"] for row in caller.get(f"{address}&family=1").json()["data"]} == {seen, under, unseen}
    assert {str(pk) for pk in AccessRecord.objects.latest("id").customer_ids} == {str(company.pk), seen, under, unseen}
    page = sign_in(agent).get(f"/customers/{company.pk}/timeline?source=orders&family=1").content.decode()
    assert f'<a href="/customers/{seen}"><bdi>Seen Person</bdi></a>' in page
    assert f'<a href="/customers/{under}"><bdi>Below Person</bdi></a>' in page
    assert "2 companies together, with 2 people who work there" in page
    assert not any(name in page for name in ("Unseen", "Former", "Elsewhere"))


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "source=nothing",
        "family=2",
        "cursor=",
        "cursor=x",
        "nonsense=1",
        "limit=1&limit=2",
    ],
)
def test_odd_parameters_are_named(caller: Caller, business: Business, query: str) -> None:
    answer: Any = caller.get(f"/api/v1/customers/{make_customer(business).pk}/timeline?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]
