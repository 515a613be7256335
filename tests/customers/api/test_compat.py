"""The addresses of other systems: their envelopes, their parameters, their words."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm import clock
from crm.models import Business
from customers import services
from customers.models import ConsentRecord, Customer
from customers.queries.preferences import preference_of
from tests.crm.api.calling import Caller, assert_problem, make_key
from tests.factories import make_customer, make_note, make_order


@pytest.fixture
def caller(in_scope: Business) -> Caller:
    return Caller(make_key(in_scope))


def account(business: Business, **fields: Any) -> Customer:
    return make_customer(business, kind="company", acquired_on=date(2026, 1, 1), **fields)


def test_accounts_are_listed_in_the_envelope_of_their_system(caller: Caller, in_scope: Business) -> None:
    made = account(in_scope, display_name="Acme Corp", arr_manual="50000.00")
    make_customer(in_scope)
    answer = caller.get("/api/accounts")
    assert answer.json() == {
        "data": [
            {
                "id": str(made.pk), "name": "Acme Corp", "status": "active", "health_score": 50, "churn_risk_score": 0,
                "health_confidence": "none", "arr": 50000.0, "last_engagement": None,
            }
        ],
        "total": 1, "page": 1, "limit": 25, "hasMore": False,
    }  # fmt: skip


def test_accounts_are_paged(caller: Caller, in_scope: Business) -> None:
    for letter in "ABCDE":
        account(in_scope, display_name=letter)
    pages = [caller.get(f"/api/accounts?limit=2&page={page}").json() for page in (1, 2, 3, 4)]
    assert [[row["name"] for row in page["data"]] for page in pages] == [["A", "B"], ["C", "D"], ["E"], []]
    assert [page["hasMore"] for page in pages] == [True, True, False, False]
    assert {page["total"] for page in pages} == {5}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=prospect", ["Opportunity", "Prospect"]),
        ("status=active", ["Active", "Expansion"]),
        ("status=at_risk", ["Risky"]),
        ("status=churned", ["Gone"]),
        ("status=onboarding", []),
        ("health_min=50", ["Active", "Expansion", "Gone", "Opportunity", "Prospect", "Risky"]),
        ("health_min=51", []),
        ("health_max=49", []),
        ("health_min=0&health_max=100&status=churned", ["Gone"]),
        ("search=expan", ["Expansion"]),
    ],
)
def test_accounts_are_filtered(caller: Caller, in_scope: Business, query: str, found: list[str]) -> None:
    stages = {
        "Prospect": "prospect", "Opportunity": "opportunity", "Active": "active", "Expansion": "expansion", "Risky": "churn_risk",
        "Gone": "churned",
    }  # fmt: skip
    for name, stage in stages.items():
        account(in_scope, display_name=name, lifecycle_stage=stage)
    assert [row["name"] for row in caller.get(f"/api/accounts?{query}").json()["data"]] == found


@pytest.mark.parametrize(
    "query",
    [
        "status=gone",
        "health_min=101",
        "health_min=x",
        "limit=0",
        "limit=201",
        "page=0",
        "sort=name",
        "status=",
        "page=1&page=2",
    ],
)
def test_parameters_that_there_are_not_are_refused(caller: Caller, query: str) -> None:
    assert_problem(caller.get(f"/api/accounts?{query}"), 400)


def test_an_account_is_added_changed_and_archived(caller: Caller, in_scope: Business) -> None:
    body = {"name": "Acme Corp", "industry": "Technology", "size": "medium", "arr": 50000, "status": "onboarding"}
    answer = caller.post("/api/accounts", body)
    assert answer.status_code == 201
    made = answer.json()
    assert {name: made[name] for name in body} == body
    assert made["organization_id"] == str(in_scope.pk)
    assert answer["Location"] == f"/api/accounts/{made['id']}"
    path = f"/api/accounts/{made['id']}"
    changed = caller.put(path, {"arr": "60000.50", "status": "at_risk", "industry": None})
    assert changed.status_code == 200, changed.content
    assert {name: changed.json()[name] for name in ("arr", "status", "industry")} == {
        "arr": 60000.5, "status": "at_risk", "industry": None,
    }  # fmt: skip
    assert Customer.objects.get(pk=made["id"]).lifecycle_stage == "churn_risk"
    assert_problem(caller.call("PUT", path, {"arr": 1}, headers={"if-match": '"old"'}), 412)
    assert caller.call("DELETE", path).status_code == 204
    assert caller.get("/api/accounts").json()["total"] == 0
    assert caller.get(path).json()["archived_at"]
    assert_problem(caller.call("DELETE", path), 409)


def test_a_status_that_is_there_already_changes_nothing(caller: Caller, in_scope: Business) -> None:
    grown = account(in_scope, lifecycle_stage="expansion")
    assert caller.put(f"/api/accounts/{grown.pk}", {"status": "active"}).status_code == 200
    assert Customer.objects.get(pk=grown.pk).lifecycle_stage == "expansion"


def test_an_account_that_had_churned_is_back_for_a_reason(caller: Caller, in_scope: Business) -> None:
    gone = account(in_scope, lifecycle_stage="churned")
    path = f"/api/accounts/{gone.pk}"
    problem = assert_problem(caller.put(path, {"status": "active"}), 422)
    assert problem["errors"][0]["field"] == "status_reason"
    assert caller.put(path, {"status": "active", "status_reason": "Signed again."}).json()["status"] == "active"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"industry": "x"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "A", "arr": -1}, "arr"),
        ({"name": "A", "arr": "much"}, "arr"),
        ({"name": "A", "size": "huge"}, "size"),
        ({"name": "A", "status": "gone"}, "status"),
        ({"name": "A", "health_score": 5}, "health_score"),
    ],
)
def test_bad_accounts_are_refused_at_the_field(caller: Caller, body: dict[str, Any], field: str) -> None:
    answer = caller.post("/api/accounts", body)
    assert answer.status_code in (400, 422)
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


def test_people_are_no_accounts_and_others_businesses_have_none(
    caller: Caller, in_scope: Business, other_business: Business
) -> None:
    for customer in (make_customer(in_scope), make_customer(other_business, kind="company")):
        assert_problem(caller.get(f"/api/accounts/{customer.pk}"), 404)


def test_a_customer_of_a_shop_is_called_by_its_orders(caller: Caller, in_scope: Business) -> None:
    customer = make_customer(
        in_scope, first_name="Jo", last_name="Lee", acquired_on=date(2026, 1, 1), acquisition_source="web"
    )
    for _number in range(5):
        make_order(customer, "10.00")
    shown = caller.get(f"/api/crm/customers/{customer.pk}").json()
    assert {name: shown[name] for name in ("name", "lifecycle_stage", "total_orders", "lifetime_value", "acquisition_date")} == {
        "name": "Jo Lee", "lifecycle_stage": "loyal", "total_orders": 5, "lifetime_value": 50.0, "acquisition_date": "2026-01-01",
    }  # fmt: skip
    assert shown["preferred_contact_method"] == "email"
    assert shown["communication_preferences"]["transaction_receipts"] is True
    listed = caller.get("/api/crm/customers?lifecycle_stage=loyal").json()
    assert set(listed) == {"data", "total", "page", "limit", "hasMore"}
    assert [row["id"] for row in listed["data"]] == [str(customer.pk)]
    assert caller.get("/api/crm/customers?lifecycle_stage=lead").json()["total"] == 0


def test_what_is_derived_cannot_be_written(caller: Caller, in_scope: Business) -> None:
    customer = make_customer(in_scope)
    path = f"/api/crm/customers/{customer.pk}"
    problem = assert_problem(caller.put(path, {"lifecycle_stage": "loyal"}), 422)
    assert "5 orders or more" in problem["errors"][0]["message"]
    problem = assert_problem(caller.put(path, {"customer_status": "inactive"}), 422)
    assert problem["errors"][0]["field"] == "customer_status"
    changed = caller.put(path, {"customer_status": "churned", "phone": "+44 20 7946 0018"})
    assert (changed.json()["customer_status"], changed.json()["lifecycle_stage"]) == ("churned", "lost")


def test_fields_that_contradict_each_other_are_refused(caller: Caller, in_scope: Business) -> None:
    customer = make_customer(in_scope)
    answer = caller.put(f"/api/crm/customers/{customer.pk}", {"customer_status": "prospect", "lifecycle_stage": "lost"})
    assert {fault["field"] for fault in assert_problem(answer, 422)["errors"]} == {"customer_status", "lifecycle_stage"}


def test_tags_are_put_on_and_taken_off(caller: Caller, in_scope: Business, system: Any) -> None:
    customer = make_customer(in_scope)
    tag = services.create_tag(actor=system, business=in_scope, name="Old")
    path = f"/api/crm/customers/{customer.pk}/tags"
    shown = caller.post(path, {"tags": ["VIP"], "tag_ids": [str(tag.pk)]}).json()
    assert [one["name"] for one in shown["tags"]] == ["Old", "VIP"]
    assert caller.call("DELETE", f"{path}/{tag.pk}").status_code == 204
    assert [row["name"] for row in caller.get("/api/crm/customers?tag=vip").json()["data"]] == [customer.display_name]
    assert caller.get("/api/crm/customers?tag=old").json()["total"] == 0
    assert_problem(caller.post(path, {}), 422)


def test_a_role_that_only_reads_changes_nothing(in_scope: Business) -> None:
    made = account(in_scope)
    analyst = Caller(make_key(in_scope, "analyst"))
    assert analyst.get("/api/accounts").status_code == 200
    for method, path in (
        ("POST", "/api/accounts"),
        ("PUT", f"/api/accounts/{made.pk}"),
        ("DELETE", f"/api/accounts/{made.pk}"),
    ):
        assert_problem(analyst.call(method, path, {"name": "x"}), 403)


def test_a_profile_holds_its_notes_and_what_there_is_not_yet(caller: Caller, in_scope: Business, system: Any) -> None:
    customer, other = make_customer(in_scope), make_customer(in_scope)
    make_note(other, "Of somebody else.")
    first, second = (
        services.add_note(actor=system, customer=customer, at=clock.now(), content=text) for text in ("A", "B")
    )
    gone = services.add_note(actor=system, customer=customer, at=clock.now(), content="C")
    services.remove_note(actor=system, note=gone, at=clock.now())
    shown = caller.get(f"/api/crm/customers/{customer.pk}").json()
    assert [(note["id"], note["content"]) for note in shown["notes"]] == [(str(second.pk), "B"), (str(first.pk), "A")]
    assert set(shown["notes"][0]) == {
        "id",
        "customer_id",
        "content",
        "note_type",
        "created_by",
        "created_at",
        "updated_at",
    }
    assert (shown["segments"], shown["interactions"]) == ([], [])


def test_the_list_tells_preferences_at_the_cost_of_one_query(
    caller: Caller, in_scope: Business, system: Any, django_assert_max_num_queries: Any
) -> None:
    customers = [make_customer(in_scope) for _number in range(2)]
    services.set_preferences(
        actor=system, customer=customers[0], at=clock.now(), preferred_channel="sms", transaction_receipts=False
    )
    with CaptureQueriesContext(connection) as few:
        rows = {row["id"]: row for row in caller.get("/api/crm/customers").json()["data"]}
    chosen, default = (rows[str(customer.pk)] for customer in customers)
    assert (chosen["preferred_contact_method"], chosen["communication_preferences"]["transaction_receipts"]) == (
        "sms",
        False,
    )
    assert (default["preferred_contact_method"], default["communication_preferences"]["transaction_receipts"]) == (
        "email",
        True,
    )
    for _number in range(3):
        make_customer(in_scope)
    with django_assert_max_num_queries(len(few)):
        caller.get("/api/crm/customers")


def test_preferences_are_written_with_the_profile(caller: Caller, in_scope: Business) -> None:
    customer = make_customer(in_scope)
    path = f"/api/crm/customers/{customer.pk}"
    refused = assert_problem(
        caller.put(path, {"phone": "1", "communication_preferences": {"email_marketing": True}}), 422
    )
    assert [fault["field"] for fault in refused["errors"]] == ["evidence"]
    assert Customer.objects.get(pk=customer.pk).phone == customer.phone, "all of it is refused"
    body = {
        "preferred_contact_method": "phone", "communication_preferences": {"email_marketing": True, "transaction_receipts": False},
        "evidence": "Ticked on the web form", "text_version": "web form 4",
    }  # fmt: skip
    shown = caller.put(path, body)
    assert shown.status_code == 200, shown.content
    assert shown.json()["preferred_contact_method"] == "phone"
    stored = preference_of(customer)
    assert (stored.preferred_channel, stored.email_marketing, stored.transaction_receipts) == ("phone", True, False)
    consent = ConsentRecord.objects.get(customer=customer)
    assert (consent.channel, consent.state, consent.evidence, consent.text_version) == (
        "email", "given", "Ticked on the web form", "web form 4",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"preferred_contact_method": "pigeon"}, "preferred_contact_method"),
        ({"communication_preferences": {"email_marketing": "yes"}}, "communication_preferences.email_marketing"),
        ({"communication_preferences": {"fax": True}}, "communication_preferences.fax"),
        ({"communication_preferences": None}, "communication_preferences"),
        ({"notes": []}, "notes"),
        ({"segments": []}, "segments"),
    ],
)
def test_bad_preferences_are_refused_at_the_field(
    caller: Caller, in_scope: Business, body: dict[str, Any], field: str
) -> None:
    answer = caller.put(f"/api/crm/customers/{make_customer(in_scope).pk}", body)
    assert answer.status_code in (400, 422)
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


def test_a_change_of_preferences_makes_a_new_version(caller: Caller, in_scope: Business) -> None:
    path = f"/api/crm/customers/{make_customer(in_scope).pk}"
    first = caller.get(path)["ETag"]
    second = caller.put(path, {"preferred_contact_method": "sms"}, headers={"if-match": first})
    assert second.status_code == 200, second.content
    assert_problem(caller.put(path, {"preferred_contact_method": "push"}, headers={"if-match": first}), 412)
    assert_problem(caller.put(path, {"phone": ""}, headers={"if-match": first}), 412)
    third = caller.put(path, {"phone": ""}, headers={"if-match": second["ETag"]})
    assert third.status_code == 200, third.content
    assert (
        caller.put(path, {"preferred_contact_method": "push"}, headers={"if-match": third["ETag"]}).status_code == 200
    )
