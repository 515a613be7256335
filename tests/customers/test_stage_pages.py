"""Pages about stages: the form with its times, correcting a date, the box on the profile, the report."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from crm import clock
from crm.models import AccessRecord, Business
from customers import services
from customers.models import Customer
from tests.factories import make_customer


@pytest.fixture
def customer(in_scope: Business) -> Customer:
    return make_customer(in_scope, acquired_on=date(2024, 1, 1))


def post(browser: Client, customer: Customer, **data: Any) -> Any:
    fields = {"stage": "expansion", "substep": "", "day": "", "time": "", "reason": "", "version": ""}
    return browser.post(f"/customers/{customer.pk}/lifecycle", {**fields, **data})


def test_a_stage_is_changed_now(browser: Client, customer: Customer) -> None:
    before = clock.now()
    assert post(browser, customer, reason="A second team.").status_code == 302
    customer.refresh_from_db()
    assert customer.lifecycle_stage == "expansion"
    assert customer.stage_since
    assert before <= customer.stage_since <= clock.now()
    profile = browser.get(f"/customers/{customer.pk}").content.decode()
    assert "A second team." in profile
    history = browser.get(f"/customers/{customer.pk}/history").content.decode()
    assert "Stage changed" in history


@pytest.mark.parametrize(
    ("day", "time", "moment"),
    [
        ("2025-07-01", "09:30", datetime(2025, 7, 1, 8, 30, tzinfo=UTC)),
        ("2025-01-10", "09:30:15", datetime(2025, 1, 10, 9, 30, 15, tzinfo=UTC)),
        ("2025-07-01", "", datetime(2025, 6, 30, 23, 0, tzinfo=UTC)),
    ],
)
def test_a_time_is_that_of_the_business(
    browser: Client, customer: Customer, day: str, time: str, moment: datetime
) -> None:
    assert post(browser, customer, day=day, time=time).status_code == 302
    customer.refresh_from_db()
    assert customer.stage_since == moment


def test_a_time_that_the_clocks_skip_is_refused(browser: Client, customer: Customer) -> None:
    answer = post(browser, customer, day="2025-03-30", time="01:30")
    assert answer.status_code == 422
    assert "time" in answer.context["form"].errors


@pytest.mark.parametrize(("showing", "hour"), [("first", 0), ("second", 1)])
def test_a_time_that_the_clocks_show_twice_is_asked_about(
    browser: Client, customer: Customer, showing: str, hour: int
) -> None:
    asked = post(browser, customer, day="2025-10-26", time="01:30")
    assert asked.status_code == 422
    assert 'type="radio"' in asked.content.decode()
    assert post(browser, customer, day="2025-10-26", time="01:30", showing=showing).status_code == 302
    customer.refresh_from_db()
    assert customer.stage_since == datetime(2025, 10, 26, hour, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"stage": "gone"}, "stage"),
        ({"substep": "closing"}, "substep"),
        ({"day": "2199-01-01"}, None),
        ({"day": "2026-02-30"}, "day"),
        ({"day": "1800-01-01"}, "day"),
        ({"time": "10:00"}, "day"),
        ({"day": "2025-01-01", "time": "25:00"}, "time"),
        ({"stage": "active"}, "stage"),
    ],
)
def test_bad_input_comes_back_with_what_was_typed(
    browser: Client, customer: Customer, data: dict[str, str], field: str | None
) -> None:
    answer = post(browser, customer, **{"reason": "Typed words", **data})
    assert answer.status_code in (409, 422)
    assert "Typed words" in answer.content.decode()
    assert (field or "__all__") in answer.context["form"].errors


def test_two_who_change_at_once_are_told(browser: Client, customer: Customer) -> None:
    page = browser.get(f"/customers/{customer.pk}/lifecycle")
    version = page.context["form"].initial["version"]
    assert post(browser, customer, version=version).status_code == 302
    assert post(browser, customer, stage="churned", version=version).status_code == 412


def test_a_date_is_corrected(browser: Client, customer: Customer, system: Any) -> None:
    at = datetime(2025, 5, 1, 12, 0, 0, 250, tzinfo=UTC)
    change = services.change_stage(actor=system, customer=customer, stage="expansion", effective_at=at, at=clock.now())
    path = f"/customers/{customer.pk}/lifecycle/{change.pk}"
    shown = browser.get(path).context["form"].initial
    assert (shown["day"], shown["time"].hour) == (date(2025, 5, 1), 13)
    same = {"day": "2025-05-01", "time": "13:00:00", "version": ""}
    assert browser.post(path, same).status_code == 302
    change.refresh_from_db()
    assert change.effective_at == at
    assert browser.post(path, {**same, "day": "2025-04-01"}).status_code == 302
    change.refresh_from_db()
    assert change.effective_at == datetime(2025, 4, 1, 12, tzinfo=UTC)
    refused = browser.post(path, {**same, "day": "2023-04-01"})
    assert refused.status_code == 422
    assert "can&#x27;t lie earlier" in refused.content.decode()


def test_the_report_leads_to_the_customers_behind_its_figures(browser: Client, customer: Customer, system: Any) -> None:
    now = clock.now()
    services.change_stage(actor=system, customer=customer, stage="expansion", effective_at=now, at=now)
    first = (now - timedelta(days=2)).date()
    page = browser.get(f"/reports/stages?as_of={first}")
    assert page.status_code == 200
    figures = {stage["label"]: stage for stage in page.context["stages"]}
    assert (figures["Active"]["before"], figures["Expansion"]["after"]) == (1, 1)
    for href in (figures["Active"]["before_href"], figures["Expansion"]["after_href"]):
        assert customer.display_name in browser.get(href).content.decode()
    flow = browser.get(f"/reports/stages/customers?as_of={first}&began=active&ended=expansion")
    assert customer.display_name in flow.content.decode()
    assert AccessRecord.unscoped.latest("id").customer_ids == [customer.pk]
    nobody = browser.get(f"/reports/stages/customers?as_of={first}&began=none&ended=expansion")
    assert customer.display_name not in nobody.content.decode()


@pytest.mark.parametrize("query", ["as_of=2199-01-01", "as_of=x", "x=1", "as_of=2026-01-01&until=2025-01-01"])
def test_the_report_refuses_days_that_there_are_not(browser: Client, query: str) -> None:
    assert browser.get(f"/reports/stages?{query}").status_code == 400


def test_the_report_is_empty_before_anybody_was_there(browser: Client, in_scope: Business) -> None:
    assert browser.get("/reports/stages").status_code == 200
