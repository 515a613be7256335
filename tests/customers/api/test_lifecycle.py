"""The lifecycle by the API: a customer's way, entering a stage, correcting a date, counts as of a day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crm import clock
from crm.models import AccessRecord, Business
from customers.models import Customer, LifecycleChange
from tests.crm.api.calling import Caller, assert_problem, make_key
from tests.factories import make_customer


@pytest.fixture
def caller(in_scope: Business) -> Caller:
    return Caller(make_key(in_scope))


@pytest.fixture
def customer(in_scope: Business) -> Customer:
    return make_customer(in_scope, acquired_on=date(2026, 1, 1))


def enter(caller: Caller, customer: Customer, stage: str, at: str = "", **more: Any) -> Any:
    body = {"stage": stage, **({"effective_at": at} if at else {}), **more}
    return caller.post(f"/customers/{customer.pk}/lifecycle", body)


def test_a_stage_is_entered_and_listed_with_the_one_before(caller: Caller, customer: Customer) -> None:
    answer = enter(
        caller, customer, "expansion", "2026-02-01T10:00:00+01:00", substep="expansion", reason="A second team."
    )
    assert answer.status_code == 201
    made = answer.json()
    assert (made["from"], made["stage"], made["substep"], made["until"]) == ("active", "expansion", "expansion", None)
    assert made["effective_at"] == "2026-02-01T09:00:00Z"
    assert (made["actor_kind"], made["actor"], made["reason"]) == ("api_key", "Web shop", "A second team.")
    listed = caller.get(f"/customers/{customer.pk}/lifecycle").json()
    assert [row["stage"] for row in listed["data"]] == ["expansion", "active"]
    assert listed["data"][1]["until"] == "2026-02-01T09:00:00Z"
    assert caller.get(f"/customers/{customer.pk}").json()["lifecycle_stage"] == "expansion"


def test_without_a_date_it_holds_from_now(caller: Caller, customer: Customer) -> None:
    before = clock.now()
    made = enter(caller, customer, "expansion").json()
    assert before <= datetime.fromisoformat(made["effective_at"]) <= clock.now()


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "stage"),
        ({"stage": "gone"}, 422, "stage"),
        ({"stage": "expansion", "substep": "closing"}, 422, "substep"),
        ({"stage": "expansion", "effective_at": "2199-01-01T00:00:00Z"}, 422, "effective_at"),
        ({"stage": "expansion", "effective_at": "2026-02-01"}, 422, "effective_at"),
        ({"stage": "expansion", "effective_at": 5}, 422, "effective_at"),
        ({"stage": "expansion", "reason": "x" * 501}, 422, "reason"),
        ({"stage": "expansion", "actor": "me"}, 400, "actor"),
        ({"stage": "expansion", "x": 1}, 400, "x"),
    ],
)
def test_bad_input_is_refused_at_its_field(
    caller: Caller, customer: Customer, body: dict[str, Any], status: int, field: str
) -> None:
    answer = caller.post(f"/customers/{customer.pk}/lifecycle", body)
    assert answer.status_code in (400, status)
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


def test_what_holds_already_is_a_conflict(caller: Caller, customer: Customer) -> None:
    assert_problem(enter(caller, customer, "active"), 409, "stage_unchanged")


def test_who_had_left_comes_back_for_a_reason(caller: Caller, customer: Customer) -> None:
    assert enter(caller, customer, "churned", "2026-02-01T00:00:00Z").status_code == 201
    problem = assert_problem(enter(caller, customer, "active"), 422)
    assert problem["errors"][0]["field"] == "reason"
    assert enter(caller, customer, "active", reason="Signed again.").status_code == 201


def test_a_date_is_corrected(caller: Caller, customer: Customer) -> None:
    made = enter(caller, customer, "expansion", "2026-02-01T09:00:00Z").json()
    path = f"/customers/{customer.pk}/lifecycle/{made['id']}"
    answer = caller.patch(path, {"effective_at": "2026-01-15T09:00:00Z"})
    assert (answer.status_code, answer.json()["effective_at"]) == (200, "2026-01-15T09:00:00Z")
    assert_problem(caller.patch(path, {"effective_at": "2025-01-15T09:00:00Z"}), 422, "out_of_order")
    other = make_customer(Business.objects.get())
    assert_problem(
        caller.patch(f"/customers/{other.pk}/lifecycle/{made['id']}", {"effective_at": "2026-01-16T09:00:00Z"}), 404
    )


def test_a_change_of_another_customer_is_not_there(caller: Caller, customer: Customer, business: Business) -> None:
    other = make_customer(business)
    theirs = LifecycleChange.unscoped.get(customer=other)
    crossed = f"/customers/{customer.pk}/lifecycle/{theirs.pk}"
    assert_problem(caller.patch(crossed, {"effective_at": "2020-01-31T12:00:00Z"}), 404)
    assert LifecycleChange.unscoped.get(pk=theirs.pk).effective_at == theirs.effective_at


def test_reading_a_way_leaves_an_access_record(caller: Caller, customer: Customer) -> None:
    caller.get(f"/customers/{customer.pk}/lifecycle")
    assert AccessRecord.unscoped.latest("id").customer_ids == [customer.pk]


def test_the_report_counts_a_change_at_once(caller: Caller, customer: Customer) -> None:
    enter(caller, customer, "expansion")
    yesterday = (clock.now() - timedelta(days=1)).astimezone(UTC).date().isoformat()
    report = caller.get(f"/lifecycle/stages?as_of={yesterday}").json()
    counts = {row["stage"]: (row["count"], row["count_until"]) for row in report["data"]}
    assert (counts["active"], counts["expansion"]) == ((1, 0), (0, 1))
    assert report["flows"] == [{"began": "active", "ended": "expansion", "count": 1}]
    assert (report["as_of"], report["until"]) == (yesterday, None)


@pytest.mark.parametrize(
    "query",
    ["as_of=2199-01-01", "as_of=x", "as_of=2026-02-30", "until=2020-01-01", "x=1", "as_of=2026-01-01&as_of=2026-01-02"],
)
def test_the_report_refuses_what_it_cannot_read(caller: Caller, query: str) -> None:
    assert_problem(caller.get(f"/lifecycle/stages?{query}"), 400)


def test_a_way_of_another_business_is_not_there(caller: Caller, other_business: Business) -> None:
    foreign = make_customer(other_business)
    change = LifecycleChange.unscoped.get(customer=foreign)
    assert_problem(caller.get(f"/customers/{foreign.pk}/lifecycle"), 404)
    assert_problem(enter(caller, foreign, "churned"), 404)
    assert_problem(caller.patch(f"/customers/{foreign.pk}/lifecycle/{change.pk}", {}), 404)
