"""What the API tells of customers beside their fields: status, signs of risk, what is missing, families."""

from datetime import timedelta
from typing import Any

import pytest

from crm import clock
from crm.actor import Actor
from crm.models import AccessRecord, Business
from customers import services
from customers.models import Customer
from customers.services import request_erasure
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key, sign_in
from tests.factories import make_custom_field, make_customer, make_membership, make_order

SYSTEM = Actor.system("test")


@pytest.fixture
def caller(in_scope: Business) -> Caller:
    return Caller(make_key(in_scope))


def _found(caller: Caller, query: str) -> set[str]:
    answer = caller.get(f"/customers?{query}")
    assert answer.status_code == 200, answer.content
    return {row["display_name"] for row in answer.json()["data"]}


def test_status_is_that_of_an_account_or_of_a_customer(caller: Caller, in_scope: Business) -> None:
    long_ago = clock.now() - timedelta(days=400)
    for stage in ("prospect", "onboarding", "expansion", "churn_risk", "churned"):
        make_customer(in_scope, kind="company", display_name=f"company {stage}", lifecycle_stage=stage)
    for stage in ("opportunity", "churn_risk", "churned"):
        person = make_customer(in_scope, first_name="person", last_name=stage, lifecycle_stage=stage)
        make_order(person, ordered_at=clock.now())
    sleeper = make_customer(in_scope, first_name="person", last_name="asleep", lifecycle_stage="active")
    make_order(sleeper, ordered_at=long_ago)
    assert _found(caller, "status=prospect") == {"company prospect", "person opportunity"}
    assert _found(caller, "status=onboarding") == {"company onboarding"}
    assert _found(caller, "status=active") == {"company expansion", "person churn_risk"}
    assert _found(caller, "status=at_risk") == {"company churn_risk"}
    assert _found(caller, "status=inactive") == {"person asleep"}
    assert _found(caller, "status=churned") == {"company churned", "person churned"}
    assert _found(caller, "status=active&kind=person") == {"person churn_risk"}
    assert fields_at_fault(assert_problem(caller.get("/customers?status=loyal"), 400)) == {"status"}


def test_full_name_and_whether_one_is_active(caller: Caller, in_scope: Business) -> None:
    person = make_customer(in_scope, first_name="Jordan", last_name="Smith", display_name="Jo")
    company = make_customer(in_scope, kind="company", display_name="Acme Corp")
    rows = {row["id"]: row for row in caller.get("/customers").json()["data"]}
    assert {rows[str(pk)]["full_name"] for pk in (person.pk, company.pk)} == {"Jordan Smith", "Acme Corp"}
    assert rows[str(person.pk)]["is_active"] is True
    assert caller.post(f"/customers/{person.pk}/archive", {}).json()["is_active"] is False
    assert fields_at_fault(assert_problem(caller.patch(f"/customers/{company.pk}", {"is_active": False}), 400)) == {
        "is_active"
    }


def test_signs_of_risk_are_told_in_words(caller: Caller, in_scope: Business) -> None:
    calm = make_customer(in_scope, kind="company")
    risky = make_customer(in_scope, kind="company", lifecycle_stage="churn_risk")
    services.add_signal(actor=SYSTEM, customer=risky, at=clock.now(), kind="risk", text="Budget cut", source="a call")
    assert caller.get(f"/customers/{calm.pk}").json()["risks"] == []
    risks = {risk["key"]: risk for risk in caller.get(f"/customers/{risky.pk}").json()["risks"]}
    assert {"Budget cut" in risk["text"] for risk in risks.values()} == {True, False}
    assert all(risk["label"] and risk["text"] for risk in risks.values())
    assert "risks" not in caller.get("/customers").json()["data"][0]


def test_what_is_missing_is_named(caller: Caller, in_scope: Business) -> None:
    customer = make_customer(in_scope, phone="", city="Leeds")
    make_custom_field(business=in_scope, key="plan", is_required=True)
    shown = caller.get(f"/customers/{customer.pk}").json()["completeness"]
    assert {"phone", "custom_values.plan"} <= set(shown["missing"])
    assert "city" not in shown["missing"]
    assert shown["percent"] == 100 * (12 - len(shown["missing"])) // 12
    assert "12" in shown["how"]


def test_a_customer_whom_nobody_looks_after_is_stale(caller: Caller, in_scope: Business) -> None:
    customer = make_customer(in_scope)
    path, then = f"/customers/{customer.pk}", clock.now() - timedelta(days=200)
    assert caller.get(path).json()["staleness"]["untouched_since"] is None
    Customer.objects.filter(pk=customer.pk).update(updated_at=then, stage_since=then)
    shown = caller.get(path).json()["staleness"]
    assert (shown["is_stale"], shown["untouched_since"][:10]) == (True, then.date().isoformat())
    assert "180" in shown["how"]


def _family(in_scope: Business) -> tuple[Customer, Customer, Customer]:
    parent = make_customer(in_scope, kind="company", display_name="Holding")
    child = make_customer(in_scope, kind="company", display_name="Works", parent=parent)
    grandchild = make_customer(in_scope, kind="company", display_name="Plant", parent=child)
    make_order(parent, "100.00")
    make_order(grandchild, "20.50")
    return parent, child, grandchild


def test_a_family_is_summed_with_what_it_is_made_of(caller: Caller, in_scope: Business) -> None:
    parent, child, grandchild = _family(in_scope)
    shown = caller.get(f"/customers/{parent.pk}/family").json()
    assert (shown["figures"]["total_spent"], shown["figures"]["order_count"]) == ("120.50", 2)
    assert (shown["currency"], shown["is_cut"]) == (in_scope.currency, False)
    members = [(row["display_name"], row["parent"], row["figures"]["total_spent"]) for row in shown["members"]]
    assert members == [
        ("Holding", None, "100.00"), ("Works", str(parent.pk), "0.00"), ("Plant", str(child.pk), "20.50"),
    ]  # fmt: skip
    assert set(AccessRecord.unscoped.latest("pk").customer_ids) == {parent.pk, child.pk, grandchild.pk}


def test_a_family_holds_only_whom_one_may_see(caller: Caller, in_scope: Business, other_business: Business) -> None:
    parent, child, grandchild = _family(in_scope)
    agent = make_membership(in_scope, "agent", visibility="own")
    Customer.objects.filter(pk=parent.pk).update(owner=agent.user)

    def names(asking: Caller) -> Any:
        return [row["display_name"] for row in asking.get(f"/customers/{parent.pk}/family").json()["members"]]

    mine = Caller(sign_in(agent.user.email)["access_token"])
    assert names(mine) == ["Holding"]
    assert_problem(mine.get(f"/customers/{child.pk}/family"), 404)
    request_erasure(actor=SYSTEM, customer=grandchild, at=clock.now())
    assert names(caller) == ["Holding", "Works"]
    foreign = make_customer(other_business, kind="company")
    assert_problem(caller.get(f"/customers/{foreign.pk}/family"), 404)
