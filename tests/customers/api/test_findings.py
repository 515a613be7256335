"""Endpoints of BANT, fit, technologies, signals, competitors and the criteria of the ideal customer."""

from typing import Any
from uuid import uuid4

import pytest

from crm import clock
from crm.actor import Actor
from crm.models import AccessRecord, Activity, Business
from crm.scope import scope
from customers import services
from customers.api.competitors import CompetitorInput
from customers.api.customer_signals import SignalInput
from customers.api.icp import CriterionInput
from customers.api.qualification import QualificationInput
from customers.api.technologies import TechnologyInput
from customers.models import Customer, IcpCriterion, Technology
from customers.services.findings import BANT_FIELDS, COMPETITOR_FIELDS, SIGNAL_FIELDS, TECHNOLOGY_FIELDS
from customers.services.icp import CRITERION_FIELDS
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key, sign_in
from tests.factories import make_customer, make_membership

SYSTEM = Actor.system("test")
BODIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "technologies": ({"name": "SAP", "source": "Call"}, {"category": "ERP"}),
    "signals": ({"kind": "risk", "text": "Leaves", "source": "Call", "strength": 5}, {"closed_on": "2026-01-31"}),
    "competitors": ({"name": "Initech", "source": "Call"}, {"standing": "incumbent"}),
}


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


@pytest.fixture
def company(business: Business) -> Customer:
    return make_customer(business, kind="company", industry="Retail")


def test_the_api_accepts_the_fields_of_the_services() -> None:
    assert set(QualificationInput().fields) == set(BANT_FIELDS)
    assert set(TechnologyInput().fields) == set(TECHNOLOGY_FIELDS)
    assert set(SignalInput().fields) == set(SIGNAL_FIELDS)
    assert set(CompetitorInput().fields) == set(COMPETITOR_FIELDS)
    assert set(CriterionInput().fields) == set(CRITERION_FIELDS)


@pytest.mark.parametrize("word", BODIES)
def test_findings_are_added_read_changed_and_removed(caller: Caller, company: Customer, word: str) -> None:
    body, change = BODIES[word]
    if word == "signals":
        body = {**body, "seen_on": "2026-01-30"}
    response = caller.post(f"/customers/{company.pk}/{word}", body)
    assert response.status_code == 201, response.content
    made = response.json()
    assert made["customer"] == str(company.pk)
    assert {name: made[name] for name in body} == body
    place, tag = response["Location"], response["ETag"]
    assert caller.get(place).json() == made
    assert caller.get(f"/customers/{company.pk}/{word}").json()["data"] == [made]
    changed = caller.patch(place, change, headers={"if-match": tag})
    assert changed.status_code == 200, changed.content
    assert {name: changed.json()[name] for name in change} == change
    assert_problem(caller.patch(place, {"source": "Else"}, headers={"if-match": tag}), 412)
    assert caller.call("DELETE", place).status_code == 204
    assert_problem(caller.get(place), 404)
    assert AccessRecord.unscoped.filter(customer_ids=[company.pk]).exists()
    assert Activity.unscoped.latest("id").about == company.pk


@pytest.mark.parametrize(
    ("word", "body", "field"),
    [
        ("technologies", {"source": "Call"}, "name"),
        ("technologies", {"name": "SAP"}, "source"),
        ("technologies", {"name": "SAP", "source": "Call", "id": "x"}, "id"),
        ("technologies", {"name": "SAP", "source": "Call", "last_seen_on": "2999-01-01"}, "last_seen_on"),
        ("signals", {"kind": "rumor", "text": "x", "source": "x"}, "kind"),
        ("signals", {"kind": "risk", "text": "x", "source": "x", "strength": "5"}, "strength"),
        ("signals", {"kind": "risk", "text": "x", "source": "x", "strength": 6}, "strength"),
        ("signals", {"kind": "risk", "text": "x" * 301, "source": "x"}, "text"),
        ("signals", {"kind": "risk", "text": "x", "source": "x", "seen_on": "2026-02-30"}, "seen_on"),
        ("signals", {"kind": "risk", "text": "x", "source": "x", "seen_on": "2100-01-01"}, "seen_on"),
        ("competitors", {"name": "x", "source": "x", "standing": "hated"}, "standing"),
        ("competitors", {"name": "x", "source": "x", "why": 1}, "why"),
    ],
)
def test_bad_bodies_are_refused_by_name(
    caller: Caller, company: Customer, word: str, body: dict[str, Any], field: str
) -> None:
    response = caller.post(f"/customers/{company.pk}/{word}", body)
    assert response.status_code in (400, 422), response.content
    assert field in fields_at_fault(response.json())


def test_a_technology_twice_is_a_conflict(caller: Caller, company: Customer) -> None:
    caller.post(f"/customers/{company.pk}/technologies", BODIES["technologies"][0])
    problem = assert_problem(caller.post(f"/customers/{company.pk}/technologies", {"name": "sap", "source": "x"}), 409)
    assert fields_at_fault(problem) == {"name"}
    assert Technology.unscoped.count() == 1


@pytest.mark.parametrize("word", BODIES)
def test_customers_out_of_sight_are_unknown(caller: Caller, other_business: Business, word: str) -> None:
    foreign = make_customer(other_business)
    for pk in (foreign.pk, uuid4()):
        assert_problem(caller.get(f"/customers/{pk}/{word}"), 404)
        assert_problem(caller.post(f"/customers/{pk}/{word}", BODIES[word][0]), 404)
        assert_problem(caller.get(f"/customers/{pk}/qualification"), 404)


@pytest.fixture
def three(caller: Caller, company: Customer) -> dict[str, str]:
    """Findings of two customers: ids by what they say."""
    other, made = make_customer(company.business), {}
    for customer, word, body in (
        (
            company,
            "technologies",
            {
                "name": "SAP",
                "category": "ERP",
                "source": "Call",
                "first_seen_on": "2026-01-01",
                "last_seen_on": "2026-01-05",
            },
        ),
        (
            other,
            "technologies",
            {"name": "Odoo", "source": "Call", "first_seen_on": "2026-02-01", "last_seen_on": "2026-02-05"},
        ),
        (
            company,
            "signals",
            {"kind": "risk", "text": "Leaves", "source": "Call", "strength": 5, "seen_on": "2026-01-30"},
        ),
        (
            other,
            "signals",
            {"kind": "buying", "text": "Buys", "source": "x", "seen_on": "2026-02-01", "closed_on": "2026-02-02"},
        ),
        (
            company,
            "competitors",
            {"name": "Initech", "source": "Call", "standing": "incumbent", "seen_on": "2026-01-30"},
        ),
        (other, "competitors", {"name": "Globex", "source": "Call", "seen_on": "2026-02-01"}),
    ):
        answer = caller.post(f"/customers/{customer.pk}/{word}", body)
        assert answer.status_code == 201, answer.content
        made[str(body.get("text") or body["name"])] = answer.json()["id"]
    return made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("technologies", ["Odoo", "SAP"]), ("technologies?sort=last_seen_on", ["SAP", "Odoo"]), ("technologies?name=sap", ["SAP"]),
        ("technologies?name=sa", []), ("technologies?category=ERP", ["SAP"]), ("technologies?first_seen_on__gte=2026-01-02", ["Odoo"]),
        ("technologies?last_seen_on__lte=2026-01-05", ["SAP"]), ("signals", ["Buys", "Leaves"]), ("signals?kind=risk", ["Leaves"]),
        ("signals?open=true", ["Leaves"]), ("signals?open=false", ["Buys"]), ("signals?strength__gte=4", ["Leaves"]),
        ("signals?seen_on__gte=2026-01-31", ["Buys"]), ("signals?seen_on__lte=2026-01-31&open=true", ["Leaves"]),
        ("competitors", ["Globex", "Initech"]), ("competitors?name=INITECH", ["Initech"]), ("competitors?standing=incumbent", ["Initech"]),
        ("competitors?seen_on__gte=2026-02-01", ["Globex"]),
    ],
)  # fmt: skip
def test_findings_of_all_customers(caller: Caller, three: dict[str, str], query: str, expected: list[str]) -> None:
    answer = caller.get(f"/{query}")
    assert answer.status_code == 200, answer.content
    assert [row["id"] for row in answer.json()["data"]] == [three[name] for name in expected]


@pytest.mark.parametrize("word", BODIES)
def test_lists_of_findings_are_read_on_and_noted(
    caller: Caller, company: Customer, three: dict[str, str], word: str
) -> None:
    first = caller.get(f"/{word}?limit=1").json()
    second = caller.get(f"/{word}?limit=1&cursor={first['next']}").json()
    assert {row["id"] for page in (first, second) for row in page["data"]} < set(three.values())
    assert (first["total"], first["hasMore"], second["hasMore"]) == (2, True, False)
    (only,) = caller.get(f"/{word}?customer={company.pk}").json()["data"]
    assert only["customer"] == str(company.pk)
    assert AccessRecord.unscoped.latest("id").customer_ids == [company.pk]


@pytest.mark.parametrize("word", BODIES)
def test_findings_are_seen_with_their_customers_alone(
    company: Customer, three: dict[str, str], other_business: Business, word: str
) -> None:
    own = make_membership(company.business, "agent", visibility="own")
    caller = Caller(sign_in(own.user.email)["access_token"])
    assert caller.get(f"/{word}").json()["data"] == []
    Customer.unscoped.filter(pk=company.pk).update(owner=own.user)
    assert [row["customer"] for row in caller.get(f"/{word}").json()["data"]] == [str(company.pk)]
    assert Caller(make_key(other_business)).get(f"/{word}").json()["data"] == []


@pytest.mark.parametrize(
    "query",
    [
        "signals?kind=luck",
        "signals?open=perhaps",
        "competitors?standing=x",
        "technologies?first_seen_on__gte=x",
        "signals?name=x",
    ],
)
def test_filters_of_findings_that_make_no_sense_are_refused(caller: Caller, query: str) -> None:
    problem = assert_problem(caller.get(f"/{query}"), 400)
    assert fields_at_fault(problem) == {query.partition("?")[2].partition("=")[0]}


def test_bant_and_fit(caller: Caller, company: Customer) -> None:
    with scope(company.business):
        for field, weight in (("industry", 2), ("country", 1)):
            services.create_criterion(
                actor=SYSTEM, business=company.business, field=field, operator="filled", weight=weight
            )
    place = f"/customers/{company.pk}/qualification"
    first = caller.get(place)
    shown = first.json()
    assert (shown["bant_score"], shown["verdict"], shown["assessed_at"]) == (0, "unknown", None)
    assert {key: shown["icp"][key] for key in ("score", "points", "total", "known")} == {
        "score": 67,
        "points": 2,
        "total": 3,
        "known": 1,
    }
    assert [(one["field"], one["state"], one["points"]) for one in shown["icp"]["criteria"]] == [
        ("industry", "matched", 2), ("country", "unknown", 0),
    ]  # fmt: skip
    assert caller.get(place, headers={"if-none-match": first["ETag"]}).status_code == 304
    body = {"budget": 2, "budget_evidence": "Named a sum", "need": 3, "need_evidence": "Told us"}
    answer = caller.put(place, body, headers={"if-match": first["ETag"]})
    assert answer.status_code == 200, answer.content
    assert (answer.json()["bant_score"], answer.json()["verdict"]) == (5, "promising")
    assert_problem(caller.put(place, {"budget": 0}, headers={"if-match": first["ETag"]}), 412)
    assert caller.put(place, {"budget": 0}, headers={"if-match": answer["ETag"]}).json()["bant_score"] == 3
    assert caller.get(f"/customers/{company.pk}").json()["icp_score"] is None
    with scope(company.business):
        services.refresh_icp_scores()
    assert caller.get(f"/customers/{company.pk}").json()["icp_score"] == 67
    assert [row["id"] for row in caller.get("/customers?icp_score__gte=67").json()["data"]] == [str(company.pk)]
    assert caller.get("/customers?icp_score__gte=68").json()["data"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [({"budget": 1}, "budget_evidence"), ({"budget": 4}, "budget"), ({"budget": True}, "budget"),
     ({"bant_score": 5}, "bant_score"), ({"x": 1}, "x"), ({}, "")],
)  # fmt: skip
def test_bad_assessments_are_refused_by_name(
    caller: Caller, company: Customer, body: dict[str, Any], field: str
) -> None:
    response = caller.put(f"/customers/{company.pk}/qualification", body)
    assert response.status_code in (400, 422), response.content
    assert fields_at_fault(response.json()) == {field}


def test_criteria(caller: Caller, business: Business) -> None:
    body = {"field": "employee_count", "operator": "between", "value": [10, "20.50"], "weight": 30}
    response = caller.post("/icp-criteria", body)
    assert response.status_code == 201, response.content
    made = response.json()
    assert (made["name"], made["value"], made["weight"]) == ("Employees", ["10", "20.5"], 30)
    assert caller.get("/icp-criteria").json()["data"] == [made]
    place = response["Location"]
    changed = caller.patch(place, {"operator": "at_least", "value": [5]}, headers={"if-match": response["ETag"]})
    assert changed.json()["value"] == ["5"]
    assert_problem(caller.patch(place, {"weight": 1}, headers={"if-match": response["ETag"]}), 412)
    assert caller.call("DELETE", place).status_code == 204
    assert not IcpCriterion.unscoped.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"operator": "filled"}, "field"),
        ({"field": "no_such", "operator": "filled"}, "field"),
        ({"field": "industry", "operator": "like"}, "operator"),
        ({"field": "industry", "operator": "in"}, "value"),
        ({"field": "industry", "operator": "in", "value": [5]}, "value"),
        ({"field": "industry", "operator": "in", "value": "Retail"}, "value"),
        ({"field": "employee_count", "operator": "at_least", "value": [None]}, "value"),
        ({"field": "employee_count", "operator": "at_least", "value": [{}]}, "value"),
        ({"field": "employee_count", "operator": "between", "value": [2, 1]}, "value"),
        ({"field": "industry", "operator": "filled", "weight": 0}, "weight"),
    ],
)
def test_bad_criteria_are_refused_by_name(caller: Caller, body: dict[str, Any], field: str) -> None:
    response = caller.post("/icp-criteria", body)
    assert response.status_code in (400, 422), response.content
    assert {name.partition(".")[0].partition("[")[0] for name in fields_at_fault(response.json())} == {field}


@pytest.mark.parametrize(("role", "status"), [("agent", 403), ("analyst", 403), ("integration", 403), ("manager", 201)])
def test_who_may_define_the_ideal_customer(business: Business, role: str, status: int) -> None:
    caller = Caller(make_key(business, role))
    assert caller.get("/icp-criteria").status_code == 200
    assert caller.post("/icp-criteria", {"field": "industry", "operator": "filled"}).status_code == status


def test_an_archived_customer_takes_no_findings(caller: Caller, company: Customer) -> None:
    with scope(company.business):
        services.archive_customer(actor=SYSTEM, customer=company, at=clock.now())
    assert_problem(caller.post(f"/customers/{company.pk}/signals", BODIES["signals"][0]), 409, "archived")
