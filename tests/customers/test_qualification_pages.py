"""The tab Qualification with its forms, and the settings page of the ideal customer."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm import clock
from crm.actor import Actor
from crm.models import AccessRecord, Membership
from crm.scope import scope
from customers import services
from customers.models import CompetitorMention, Customer, IcpCriterion, Qualification, Signal, Technology
from tests.factories import make_custom_field, make_customer, make_membership

SYSTEM = Actor.system("test")


@pytest.fixture
def company(owner: Membership) -> Customer:
    return make_customer(owner.business, kind="company", industry="Retail")


def define(company: Customer, field: str, operator: str, *value: Any, **data: Any) -> IcpCriterion:
    with scope(company.business):
        return services.create_criterion(
            actor=SYSTEM, business=company.business, field=field, operator=operator, value=list(value), **data
        )


def test_the_tab_explains_each_point(company: Customer, browser: Client) -> None:
    define(company, "industry", "in", "Retail", "Media", weight=30, name="Our industries")
    define(company, "employee_count", "between", 10, 1000, weight=10)
    with scope(company.business):
        services.add_signal(
            actor=SYSTEM, customer=company, at=clock.now(), kind="buying", text="Wants a price list", source="Call"
        )
        services.add_competitor(
            actor=SYSTEM, customer=company, at=clock.now(), name="Initech", source="Call", standing="incumbent"
        )
    page = browser.get(f"/customers/{company.pk}/qualification").content.decode()
    for words in (
        "Our industries", "is one of Retail, Media", "is between 10 and 1,000", "Matched", "Not known", "30 of 40 points",
        "Known: 1 of 2 criteria", "Not assessed", "Wants a price list", "Initech", "In use",
    ):  # fmt: skip
        assert words in page, words
    record = AccessRecord.unscoped.latest("id")
    assert (record.what, record.customer_ids) == ("customers:customer_qualification", [company.pk])


def test_persons_are_assessed_but_not_scored(owner: Membership, browser: Client) -> None:
    page = browser.get(f"/customers/{make_customer(owner.business).pk}/qualification").content.decode()
    assert "BANT" in page
    assert "Fit with the ideal customer" not in page


def test_the_tab_costs_no_more_than_fifteen_queries(company: Customer, browser: Client) -> None:
    make_custom_field(company.business, key="plan", type="choice")
    define(company, "custom_plan", "in", "a")
    define(company, "technology", "filled")
    with scope(company.business):
        for number in range(20):
            services.add_technology(actor=SYSTEM, customer=company, at=clock.now(), name=f"T{number}", source="Call")
            services.add_signal(
                actor=SYSTEM, customer=company, at=clock.now(), kind="risk", text=f"S{number}", source="Call"
            )
        services.assess_customer(actor=SYSTEM, customer=company, at=clock.now(), need=1, need_evidence="x")
    browser.get(f"/customers/{company.pk}/qualification")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert browser.get(f"/customers/{company.pk}/qualification").status_code == 200
    assert len(queries) <= 15, [query["sql"][:90] for query in queries]


def test_assessing(company: Customer, browser: Client) -> None:
    address = f"/customers/{company.pk}/qualification/edit"
    form = {f"{part}_evidence": "" for part in ("budget", "authority", "need", "timeline")}
    form |= {"budget": "2", "authority": "0", "need": "0", "timeline": "0", "version": "new"}
    answer = browser.post(address, form)
    assert answer.status_code == 422
    assert "Say how that is known." in answer.content.decode()
    answer = browser.post(address, {**form, "budget_evidence": "Named a sum"})
    assert (answer.status_code, answer["Location"]) == (302, f"/customers/{company.pk}/qualification")
    assert Qualification.unscoped.get().budget == 2
    assert browser.post(address, {**form, "budget_evidence": "Else"}).status_code == 412
    assert "Named a sum" in browser.get(address).content.decode()


def test_noting_changing_and_removing(company: Customer, browser: Client) -> None:
    tab = f"/customers/{company.pk}/qualification"
    noted: dict[str, Any] = {
        "technologies": ({"name": "SAP", "source": "Call"}, {"name": "SAP R/3"}, Technology),
        "signals": ({"kind": "risk", "strength": "4", "text": "Leaves", "source": "Call"}, {"strength": "2"}, Signal),
        "competitors": (
            {"name": "Initech", "standing": "mentioned", "source": "Call"},
            {"note": "x"},
            CompetitorMention,
        ),
    }
    for word, (given, changed, model) in noted.items():
        answer = browser.post(f"/customers/{company.pk}/{word}/new", given)
        assert (answer.status_code, answer.get("Location")) == (302, tab), answer.content.decode()[:500]
        record: Any = model.unscoped.get()
        assert "Remove" in browser.get(f"/{word}/{record.pk}").content.decode()
        answer = browser.post(f"/{word}/{record.pk}", {**given, **changed})
        assert answer.status_code == 302, answer.content.decode()
        if word == "signals":
            assert browser.post(f"/signals/{record.pk}/close", {"on": ""}).status_code == 302
            assert browser.post(f"/signals/{record.pk}/close", {"on": ""}).status_code == 409
        assert "history" in browser.get(f"/{word}/{record.pk}/remove").content.decode()
        assert browser.post(f"/{word}/{record.pk}/remove").status_code == 302
        assert not model.unscoped.exists()


def test_a_technology_twice_is_said_at_the_field(company: Customer, browser: Client) -> None:
    given = {"name": "SAP", "source": "Call"}
    browser.post(f"/customers/{company.pk}/technologies/new", given)
    answer = browser.post(f"/customers/{company.pk}/technologies/new", given)
    assert answer.status_code == 409
    assert "This technology is noted here already." in answer.content.decode()


def test_who_may_only_look_is_offered_no_forms(company: Customer, sign_in: Any) -> None:
    browser = sign_in(make_membership(company.business, "analyst"))
    page = browser.get(f"/customers/{company.pk}/qualification")
    assert page.status_code == 200
    assert "/technologies/new" not in page.content.decode()
    assert "ideal-customer" not in page.content.decode()
    assert browser.get(f"/customers/{company.pk}/qualification/edit").status_code == 403


def test_findings_of_customers_out_of_sight_are_not_found(company: Customer, sign_in: Any) -> None:
    browser = sign_in(make_membership(company.business, "agent", visibility="own"))
    with scope(company.business):
        seen = services.add_signal(actor=SYSTEM, customer=company, at=clock.now(), kind="risk", text="x", source="Call")
    assert browser.get(f"/signals/{seen.pk}").status_code == 404
    assert browser.post(f"/signals/{seen.pk}/remove").status_code == 404
    assert browser.get(f"/customers/{company.pk}/qualification").status_code == 404


def test_the_ideal_customer_is_defined_fact_by_fact(company: Customer, browser: Client) -> None:
    make_custom_field(company.business, key="plan", type="choice", label="Plan")
    home = "/settings/ideal-customer"
    assert "No criteria yet" in browser.get(home).content.decode()
    assert f"{home}/new?field=custom_plan" in browser.get(f"{home}/new").content.decode()
    assert browser.get(f"{home}/new?field=no_such").status_code == 400
    assert browser.post(f"{home}/new", {}).status_code == 422
    rest = {"weight": "30", "order": "10", "name": ""}
    sent: list[tuple[str, dict[str, Any], list[str]]] = [
        ("industry", {"operator": "in", "value": "Retail\n\n Media "}, ["Retail", "Media"]),
        ("custom_plan", {"operator": "in", "value": ["a", "b"]}, ["a", "b"]),
        ("employee_count", {"operator": "between", "lowest": "10", "highest": "20.5"}, ["10", "20.5"]),
        ("annual_revenue", {"operator": "at_least", "lowest": "1000", "highest": "5"}, ["1000"]),
        ("country", {"operator": "filled", "value": "ignored"}, []),
    ]
    for field, data, value in sent:
        answer = browser.post(f"{home}/new?field={field}", {**rest, **data})
        assert (answer.status_code, answer.get("Location")) == (302, home), answer.content.decode()
        assert IcpCriterion.unscoped.get(field=field).value == value
    page = browser.get(home).content.decode()
    for words in ("is one of Retail, Media", "is between 10 and 20.5", "is at least £1,000", "is known", "20%"):
        assert words in page, words


@pytest.mark.parametrize(
    ("field", "data", "words"),
    [
        (
            "employee_count",
            {"operator": "between", "lowest": "20", "highest": "10"},
            "The highest value lies below the lowest.",
        ),
        ("employee_count", {"operator": "at_most"}, "A value is needed."),
        ("industry", {"operator": "in", "value": "  "}, "Give at least one value."),
        ("industry", {"operator": "at_least", "value": "x"}, "Select a valid choice"),
        ("industry", {"operator": "filled", "weight": "101"}, "less than or equal to 100"),
    ],
)
def test_what_is_no_criterion_is_said_at_the_field(
    company: Customer, browser: Client, field: str, data: dict[str, str], words: str
) -> None:
    answer = browser.post(f"/settings/ideal-customer/new?field={field}", {"weight": "10", "order": "10", **data})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not IcpCriterion.unscoped.exists()


def test_a_criterion_is_changed_and_deleted(company: Customer, browser: Client) -> None:
    made = define(company, "industry", "in", "Retail")
    address = f"/settings/ideal-customer/{made.pk}"
    assert "Retail" in browser.get(address).content.decode()
    form = {"operator": "in", "value": "Media\nRetail", "weight": "5", "order": "10", "name": "Ours"}
    assert browser.post(address, form).status_code == 302
    made = IcpCriterion.unscoped.get()
    assert (made.value, made.weight, made.name) == (["Media", "Retail"], 5, "Ours")
    assert browser.post(address, {**form, "weight": "6", "version": "2026-01-01T00:00:00+00:00"}).status_code == 412
    assert "scores of all companies change" in browser.get(f"{address}/delete").content.decode()
    assert browser.post(f"{address}/delete").status_code == 302
    assert not IcpCriterion.unscoped.exists()
