"""The endpoint of companies."""

from typing import Any

import pytest

from crm.models import AccessRecord, Business, Membership
from customers.models import Customer
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key, sign_in
from tests.factories import make_customer, make_membership


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


def _names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["display_name"] for row in answer.json()["data"]]


def test_the_list_holds_companies_alone_and_takes_the_parameters_of_customers(
    caller: Caller, business: Business, other_business: Business
) -> None:
    for name, city in (("Acme", "Leeds"), ("Bolt", "York"), ("Crown", "Leeds")):
        make_customer(business, kind="company", display_name=name, city=city, country=city)
    make_customer(business, display_name="Acme Person", country="Leeds")
    make_customer(other_business, kind="company", display_name="Acme Foreign")
    assert _names(caller.get("/accounts")) == ["Acme", "Bolt", "Crown"]
    assert _names(caller.get("/accounts?sort=-name&country=Leeds")) == ["Crown", "Acme"]
    assert _names(caller.get("/accounts?search=bolt")) == ["Bolt"]
    assert _names(caller.get("/accounts?kind=person")) == []
    page = caller.get("/accounts?limit=2&fields=display_name&include=owner").json()
    assert (page["total"], page["hasMore"]) == (3, True)
    assert set(page["data"][0]) == {"id", "display_name", "included"}
    assert _names(caller.get(f"/accounts?limit=2&cursor={page['next']}")) == ["Crown"]
    assert fields_at_fault(assert_problem(caller.get("/accounts?colour=red"), 400)) == {"colour"}


def test_what_was_shown_is_recorded_and_only_what_one_may_see(business: Business) -> None:
    agent = make_membership(business, "agent", visibility="own")
    mine = make_customer(business, kind="company", display_name="Mine", owner=agent.user)
    make_customer(business, kind="company", display_name="Not mine")
    assert _names(Caller(sign_in(agent.user.email)["access_token"]).get("/accounts")) == ["Mine"]
    record = AccessRecord.unscoped.latest("pk")
    assert (record.what, record.customer_ids) == ("api:account_list", [mine.pk])


def test_a_company_is_added(caller: Caller, business: Business, owner: Membership) -> None:
    answer = caller.post("/accounts", {"display_name": "Acme Corp", "owner": str(owner.user_id)})
    assert answer.status_code == 201, answer.content
    made = Customer.unscoped.get()
    assert (made.kind, made.business_id, made.owner_id) == ("company", business.pk, owner.user_id)
    assert answer["Location"] == f"/api/v1/customers/{made.pk}"
    shown = caller.get(answer["Location"])
    assert (shown.json(), shown["ETag"]) == (answer.json(), answer["ETag"])
    assert caller.post("/accounts", {"display_name": "Bolt", "kind": "company"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "field"), [({"display_name": "Jordan", "kind": "person"}, "kind"), ({}, "display_name"), ({"x": 1}, "x")]
)
def test_what_is_no_company_is_refused(caller: Caller, body: dict[str, Any], field: str) -> None:
    answer = caller.post("/accounts", body)
    assert answer.status_code in (400, 422)
    assert field in fields_at_fault(answer.json())
    assert Customer.unscoped.count() == 0


def test_only_who_may_add_customers_adds_companies(business: Business) -> None:
    caller = Caller(make_key(business, "analyst"))
    assert_problem(caller.post("/accounts", {"display_name": "Acme Corp"}), 403)
    assert caller.get("/accounts").status_code == 200
