"""Lists in the order of the fit with the ideal customer: on the pages, by the API, and off an index."""

import re

import pytest
from django.db import connection
from django.db.models import F, QuerySet
from django.test import Client

from crm.actor import Actor
from crm.models import Business
from customers.models import Customer, CustomerFacts
from customers.querysets import led_by_facts
from tests.crm.api.calling import Caller, assert_problem, make_key
from tests.factories import make_customer


@pytest.fixture
def scored(in_scope: Business) -> None:
    """Four companies, one of them without a score, and a person."""
    for name, score in (("Half", 50), ("Full", 100), ("None", 0), ("Unknown", None)):
        company = make_customer(in_scope, kind="company", display_name=name)
        CustomerFacts.objects.filter(pk=company.pk).update(icp_score=score)
    make_customer(in_scope, first_name="Jo", last_name="Person", lifecycle_stage="prospect")


def _names(browser: Client, address: str) -> list[str]:
    answer = browser.get(address)
    assert answer.status_code == 200, answer.content[:300]
    return re.findall(r'<a class="row-link"[^>]*>.*?<bdi>(.*?)</bdi>', answer.content.decode())


@pytest.mark.usefixtures("scored")
def test_the_list_is_sorted_by_fit(browser: Client) -> None:
    assert _names(browser, "/accounts?sort=-icp_score") == ["Full", "Half", "None", "Unknown"]
    assert _names(browser, "/accounts?sort=icp_score") == ["Unknown", "None", "Half", "Full"]
    assert _names(browser, "/customers?sort=-icp_score")[:3] == ["Full", "Half", "None"]
    assert _names(browser, "/customers?sort=-icp_score&lifecycle_stage=prospect") == ["Jo Person"]
    assert _names(browser, "/customers?sort=-icp_score&icp_score__gte=50") == ["Full", "Half"]
    assert _names(browser, "/customers?sort=-icp_score&search=half") == ["Half"]


@pytest.mark.usefixtures("scored")
def test_the_column_is_offered_and_its_head_sorts(browser: Client) -> None:
    assert 'value="icp_score"' in browser.get("/accounts").content.decode()
    text = browser.get("/accounts?columns=display_name,icp_score").content.decode()
    assert re.search(r'href="\?[^"]*sort=-icp_score"', text)


@pytest.mark.usefixtures("scored")
def test_the_api_sorts_by_fit(in_scope: Business) -> None:
    caller = Caller(make_key(in_scope))
    listed = caller.get("/customers?sort=-icp_score&kind=company&fields=display_name,icp_score").json()["data"]
    assert [(row["display_name"], row["icp_score"]) for row in listed] == [
        ("Full", 100), ("Half", 50), ("None", 0), ("Unknown", None),
    ]  # fmt: skip
    assert_problem(caller.get("/customers?sort=icp"), 400)


@pytest.mark.usefixtures("scored")
@pytest.mark.parametrize(
    ("narrow", "index"),
    [
        ({}, "facts_by_fit"),
        ({"lifecycle_stage": "active"}, "facts_by_stage_fit"),
        ({"kind": "company"}, "facts_by_kind_fit"),
    ],
)
@pytest.mark.parametrize("descending", [True, False])
def test_the_order_is_read_off_an_index(actor: Actor, narrow: dict[str, str], index: str, descending: bool) -> None:
    rows: QuerySet[Customer] = led_by_facts(Customer.objects.live().visible_to(actor).with_facts().filter(**narrow))
    score = F("facts__icp_score")
    rows = rows.filter(**{f"facts__{name}": value for name, value in narrow.items()})
    order = (
        (score.desc(nulls_last=True), "-facts__customer")
        if descending
        else (score.asc(nulls_first=True), "facts__customer")
    )
    with connection.cursor() as cursor:
        for other in {"facts_by_fit", "facts_by_stage_fit", "facts_by_kind_fit"} - {index}:
            cursor.execute(f"drop index {other}")  # among few rows they serve as well
        for setting in ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"):
            cursor.execute(f"set local enable_{setting} = off")
    plan = rows.order_by(*order)[:26].explain()
    assert index in plan
    assert "Sort" not in plan
