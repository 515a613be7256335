"""The report of retention: grid, groups, cohorts, moves and seasons on one page, each cell leading to its customers."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from commerce import services
from crm.actor import Actor
from crm.models import Business, Job
from tests.crm.api.calling import Caller, assert_problem, make_key
from tests.factories import make_customer, make_order

SYSTEM = Actor.system("test")


@pytest.fixture
def shop(in_scope: Business) -> Business:
    """A business with two years of orders, computed now."""
    now, draw = datetime.now(UTC), Random(8)
    for _n in range(25):
        customer = make_customer(in_scope)
        for _m in range(draw.randrange(1, 6)):
            make_order(
                customer, f"{draw.randrange(10, 300)}.00", ordered_at=now - timedelta(days=draw.randrange(1, 700))
            )
    services.compute_patterns(actor=SYSTEM, business=in_scope, at=now)
    return in_scope


def test_the_page_shows_what_was_computed_and_leads_to_customers(shop: Business, browser: Client) -> None:
    page = browser.get("/reports/retention").content.decode()
    for words in (
        "Repeat rate",
        "Recency 5",
        "Champions",
        "Customers who order again",
        "New, lost, back",
        "By weekday",
    ):
        assert words in page
    hrefs = {unescape(found) for found in re.findall(r'href="(/customers\?[^"]+)"', page)}
    assert len(hrefs) > 40
    cells = [href for href in hrefs if "ordered_in=" in href]
    assert cells
    for href in sorted(hrefs)[::9] + cells[:3]:
        assert browser.get(href).status_code == 200, href


def test_a_cell_of_a_cohort_leads_to_exactly_those_customers(shop: Business) -> None:
    caller = Caller(make_key(shop, "analyst"))
    answer = caller.get("/api/v1/reports/retention").json()
    looked = 0
    for cohort in answer["data"][-8:]:
        month = date.fromisoformat(f"{cohort['month']}-01")
        last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        first = f"first_order_at__gte={month:%Y-%m-%d}&first_order_at__lte={last:%Y-%m-%d}"
        assert caller.get(f"/api/v1/customers?{first}").json()["total"] == cohort["customers"]
        for cell in cohort["months"]:
            asked = f"/api/v1/customers?{first}&ordered_in={cell['month']}"
            assert caller.get(asked).json()["total"] == cell["customers"]
            looked += cell["customers"] > 0
    assert looked > 5
    assert answer["average_retention"][0] == "100"
    assert len(caller.get("/api/v1/reports/retention?cohorts=3").json()["moves"]) <= 3
    for bad in ("cohorts=0", "cohorts=121", "cohorts=x", "since=1"):
        assert_problem(caller.get(f"/api/v1/reports/retention?{bad}"), 400)
    assert_problem(caller.get("/api/v1/customers?ordered_in=2026-13"), 400)


def test_the_number_of_queries_does_not_grow(shop: Business, browser: Client, in_scope: Business) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert browser.get("/reports/retention").status_code == 200
        return len(queries)

    asked()
    before = asked()
    for _n in range(10):
        make_order(make_customer(in_scope), ordered_at=datetime.now(UTC) - timedelta(days=300))
    services.compute_patterns(actor=SYSTEM, business=in_scope, at=datetime.now(UTC))
    assert asked() == before
    assert before <= 20


def test_computing_is_asked_for_on_the_page(in_scope: Business, browser: Client) -> None:
    answer = browser.post("/reports/retention/compute")
    assert answer.status_code == 302
    assert Job.objects.filter(task="commerce.tasks.compute_patterns").count() == 1


def test_a_negative_average_is_drawn_as_nothing(in_scope: Business, browser: Client, owner: Any) -> None:
    customer = make_customer(in_scope)
    make_order(customer, "10.00", ordered_at=datetime.now(UTC) - timedelta(days=5))
    make_order(customer, "-40.00", ordered_at=datetime.now(UTC) - timedelta(days=4))
    services.compute_patterns(actor=SYSTEM, business=in_scope, at=datetime.now(UTC))
    assert browser.get("/reports/retention").status_code == 200
