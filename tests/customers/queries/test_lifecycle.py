"""Counts as of any day, flows between two, and one customer's time in its stages."""

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from crm.actor import Actor
from crm.errors import DomainError
from crm.models import Business
from crm.scope import scope
from customers import services
from customers.choices import LifecycleStage
from customers.models import Customer
from customers.queries import customers_by_stage
from customers.queries.lifecycle import (
    Days,
    counts_after,
    counts_as_of,
    counts_then,
    median_days_in_stage,
    place_label,
    stage_flows,
    stood_in,
    time_in_stage,
    way_of,
)
from tests.factories import make_customer, make_membership

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


def enter(system: Actor, customer: Customer, stage: str, effective_at: datetime, reason: str = "It was so.") -> None:
    services.change_stage(actor=system, customer=customer, stage=stage, effective_at=effective_at, at=AT, reason=reason)


def test_the_past_is_what_an_independent_replay_says(in_scope: Business, system: Actor) -> None:
    random = Random(4)
    log: dict[Customer, list[tuple[datetime, int, str]]] = {}
    archived: dict[Customer, datetime] = {}
    for _number in range(25):
        joined = BEGIN + timedelta(days=random.randrange(400))
        customer = make_customer(in_scope, acquired_on=joined.date())
        log[customer] = [(joined, 0, "active")]
    for number in range(1, 250):
        customer = random.choice(list(log))
        stage, when = random.choice(LifecycleStage.values), BEGIN + timedelta(hours=random.randrange(24 * 500))
        try:
            enter(system, customer, stage, when)
        except DomainError:
            continue
        log[customer].append((when, number, stage))
    for customer in random.sample(list(log), 6):
        archived[customer] = BEGIN + timedelta(days=450 + random.randrange(50))
        services.archive_customer(actor=system, customer=customer, at=archived[customer])

    def stood(customer: Customer, at: datetime) -> str:
        if customer in archived and archived[customer] <= at:
            return ""
        return next((stage for when, _number, stage in sorted(log[customer], reverse=True) if when <= at), "")

    moments = [BEGIN + timedelta(days=20 * step, microseconds=step % 2) for step in range(-1, 27)]
    for at, later in zip(moments, [*moments[5:], *[None] * 5], strict=True):
        counted = counts_as_of(system, in_scope, at)
        assert counted == {s: sum(stood(c, at) == s for c in log) for s in LifecycleStage.values}
        flows = stage_flows(system, in_scope, at, later)
        expected: dict[tuple[str, str], int] = {}
        for customer in log:
            pair = (stood(customer, at), stood(customer, later or AT))
            if pair != ("", ""):
                expected[pair] = expected.get(pair, 0) + 1
        assert flows == expected
        assert counts_then(flows) == counted
        for (began, ended), count in flows.items():
            found = stood_in(Customer.objects.all(), in_scope, began, at)
            assert stood_in(found, in_scope, ended, later or AT).count() == count


def test_now_is_what_the_list_says(in_scope: Business, system: Actor) -> None:
    for stage in ("active", "prospect", "prospect", "churned"):
        make_customer(in_scope, lifecycle_stage=stage)
    Customer.objects.filter(pk=make_customer(in_scope).pk).update(is_unidentified=True)
    listed = {stage: count for stage, _label, count in customers_by_stage(system, in_scope)}
    assert counts_after(stage_flows(system, in_scope, BEGIN)) == listed


def test_the_moment_of_a_change_belongs_to_the_new_stage(in_scope: Business, system: Actor) -> None:
    customer = make_customer(in_scope, acquired_on=date(2025, 1, 1))
    enter(system, customer, "expansion", AT)
    assert counts_as_of(system, in_scope, AT)["expansion"] == 1
    assert counts_as_of(system, in_scope, AT - timedelta(microseconds=1))["active"] == 1


def test_people_count_whom_they_may_see(in_scope: Business, other_business: Business) -> None:
    agent = make_membership(in_scope, "agent", visibility="own")
    make_customer(in_scope, owner=agent.user, acquired_on=date(2025, 1, 1))
    make_customer(in_scope, acquired_on=date(2025, 1, 1))
    make_customer(other_business, acquired_on=date(2025, 1, 1))
    with scope(in_scope):
        own, everything = Actor.for_user(agent.user), Actor.system("test")
        assert counts_as_of(own, in_scope, AT)["active"] == 1
        assert counts_as_of(everything, in_scope, AT)["active"] == 2
        assert sum(median_days_in_stage(own, in_scope, AT).values()) > 0


def test_a_way_says_how_long_it_took(in_scope: Business, system: Actor) -> None:
    customer = make_customer(in_scope, acquired_on=date(2026, 1, 1), lifecycle_stage="onboarding")
    enter(system, customer, "active", datetime(2026, 2, 1, tzinfo=UTC))
    enter(system, customer, "churn_risk", datetime(2026, 3, 1, tzinfo=UTC))
    enter(system, customer, "active", datetime(2026, 3, 11, tzinfo=UTC))
    way = way_of(customer, AT)
    assert [(stay.change.stage, stay.days) for stay in way] == [
        ("onboarding", 31), ("active", 28), ("churn_risk", 10), ("active", 82),
    ]  # fmt: skip
    assert [stay.before and stay.before.stage for stay in way] == [None, "onboarding", "active", "churn_risk"]
    assert way[-1].until is None
    assert time_in_stage(way)["active"] == timedelta(days=28 + 82, hours=12)


def test_the_median_is_of_those_who_stand_there_now(in_scope: Business, system: Actor) -> None:
    for days in (1, 10, 100):
        make_customer(in_scope, acquired_on=(AT - timedelta(days=days)).date())
    assert median_days_in_stage(system, in_scope, AT) == {"active": 10}


def test_a_place_in_words() -> None:
    assert place_label("churn_risk", "root_cause") == "Churn risk · Root cause"
    assert place_label("active") == "Active"


@pytest.mark.parametrize(
    ("asked", "began", "ended"),
    [
        ({"as_of": date(2026, 5, 1), "until": None}, "2026-05-01T22:59:59.999999+00:00", None),
        ({"as_of": date(2026, 1, 1), "until": date(2026, 5, 1)}, "2026-01-01T23:59:59.999999+00:00", "2026-05-01T22:59:59.999999+00:00"),
        ({"as_of": date(2026, 6, 1), "until": date(2026, 6, 1)}, "2026-06-01T12:00:00+00:00", None),
        ({"as_of": None, "until": None}, "2026-05-02T22:59:59.999999+00:00", None),
    ],
)  # fmt: skip
def test_a_day_counts_to_its_end_where_the_business_is(asked: dict[str, date], began: str, ended: str | None) -> None:
    days = Days.of(asked, "Europe/London", AT)
    assert days.began == datetime.fromisoformat(began)
    assert days.ended == (datetime.fromisoformat(ended) if ended else None)
