"""Recurring revenue by month: opening and movements make the closing, and the closing is what the figures of customers say."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.test.utils import CaptureQueriesContext

from commerce import services
from commerce.queries.recurring import MOVEMENTS, bridge, movers
from crm import clock
from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import Business
from crm.scope import scope
from customers.models import CustomerFacts
from tests.crm.api.calling import Caller, assert_problem, make_key
from tests.factories import make_customer, make_membership, make_subscription

SYSTEM = Actor.system("test")
TODAY = date(2026, 6, 15)


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def _values(row: Any, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in names)


def _change(subscription: Any, day: date, **data: Any) -> Any:
    return services.change_subscription(actor=SYSTEM, subscription=subscription, at=_at(day), on=day, **data)


def test_each_movement_is_of_its_month(in_scope: Business) -> None:
    grower, shrinker, leaver = (make_customer(in_scope) for _n in range(3))
    one = make_subscription(grower, started_on=date(2026, 1, 10), at=_at(date(2026, 1, 10)))
    two = make_subscription(shrinker, started_on=date(2026, 2, 10), at=_at(date(2026, 2, 10)))
    three = make_subscription(leaver, started_on=date(2026, 2, 20), at=_at(date(2026, 2, 20)))
    _change(one, date(2026, 3, 5), amount=Decimal(150))
    _change(two, date(2026, 4, 5), amount=Decimal(40))
    services.cancel_subscription(actor=SYSTEM, subscription=three, at=_at(date(2026, 5, 7)))
    services.reopen_subscription(actor=SYSTEM, subscription=three, at=_at(date(2026, 6, 8)))
    months = bridge(SYSTEM, in_scope, TODAY, 6)
    assert [_values(m, "opening", "new", "expansion", "contraction", "churn", "closing") for m in months] == [
        (0, 1200, 0, 0, 0, 1200), (1200, 2400, 0, 0, 0, 3600), (3600, 0, 600, 0, 0, 4200), (4200, 0, 0, 720, 0, 3480),
        (3480, 0, 0, 0, 1200, 2280), (2280, 1200, 0, 0, 0, 3480),
    ]  # fmt: skip
    assert months[0].net_retention is None
    assert months[2].net_retention == Decimal(100) * 4200 / 3600
    assert months[2].gross_retention == 100
    assert months[4].net_retention == Decimal(100) * 2280 / 3480
    gone = movers(SYSTEM, in_scope, TODAY, date(2026, 5, 1), "churn")
    assert [_values(row, "customer_id", "opening", "closing") for row in gone] == [(leaver.pk, 1200, 0)]
    assert months[4].customers == {"new": 0, "expansion": 0, "contraction": 0, "churn": 1}


def test_a_customer_counts_as_a_whole(in_scope: Business) -> None:
    """What moves from one subscription of a customer to another is no movement."""
    customer = make_customer(in_scope)
    one = make_subscription(customer, started_on=date(2026, 4, 1), at=_at(date(2026, 4, 1)))
    services.cancel_subscription(actor=SYSTEM, subscription=one, at=_at(date(2026, 5, 3)))
    make_subscription(customer, started_on=date(2026, 5, 20), at=_at(date(2026, 5, 20)), amount=Decimal(130))
    last = bridge(SYSTEM, in_scope, TODAY, 2)[0]
    assert _values(last, "opening", "expansion", "churn", "new") == (1200, 360, 0, 0)


def test_an_end_that_has_come_counts_before_it_stands_in_the_ledger(in_scope: Business) -> None:
    subscription = make_subscription(make_customer(in_scope), started_on=date(2026, 4, 1), at=_at(date(2026, 4, 1)))
    services.cancel_subscription(
        actor=SYSTEM, subscription=subscription, at=_at(date(2026, 5, 1)), ended_on=date(2026, 6, 10)
    )
    assert bridge(SYSTEM, in_scope, date(2026, 6, 9), 1)[0].closing == 1200
    before = bridge(SYSTEM, in_scope, TODAY, 1)
    services.settle_subscriptions(actor=SYSTEM, business=in_scope, day=TODAY)
    assert bridge(SYSTEM, in_scope, TODAY, 1) == before
    assert [before[0].churn, before[0].closing] == [1200, 0]


def test_opening_and_movements_make_the_closing_whatever_happens(in_scope: Business) -> None:
    random, today = Random(7), clock.today(in_scope.time_zone)
    customers = [make_customer(in_scope) for _n in range(8)]
    for _n in range(20):
        customer = random.choice(customers)
        started = date(today.year - 1, random.randint(1, 12), random.randint(1, 28))
        subscription = make_subscription(
            customer, started_on=started, amount=Decimal(random.randint(0, 900)), interval=random.choice(["month", "year"]),
            status=random.choice(["active", "active", "trial"]),
        )  # fmt: skip
        for deed in random.sample(["change", "pause", "cancel"], random.randint(0, 2)):
            day: dict[str, Any] = {"on": today} if deed != "cancel" else {}
            try:
                if deed == "change":
                    services.change_subscription(
                        actor=SYSTEM,
                        subscription=subscription,
                        at=clock.now(),
                        amount=Decimal(random.randint(0, 900)),
                        **day,
                    )
                elif deed == "pause":
                    services.pause_subscription(actor=SYSTEM, subscription=subscription, at=clock.now(), **day)
                else:
                    services.cancel_subscription(actor=SYSTEM, subscription=subscription, at=clock.now())
            except (services.SubscriptionEnded, InvalidInput):  # a trial is not paused
                continue
    months = bridge(SYSTEM, in_scope, today, 26)
    for before, after in pairwise(months):
        assert before.closing == after.opening
    for month in months:
        for name in MOVEMENTS:
            rows = movers(SYSTEM, in_scope, today, month.first_day, name)
            assert len(rows) == month.customers[name]
            assert sum(abs(row.closing - row.opening) for row in rows) == getattr(month, name)
    assert months[-1].closing == CustomerFacts.objects.aggregate(sum=Sum("arr"))["sum"]


def test_the_page_opens_the_rows(browser: Client, business: Business) -> None:
    today = clock.today(business.time_zone)
    customer = make_customer(business, display_name="Initech")
    make_subscription(customer, started_on=today)
    with CaptureQueriesContext(connection) as caught:
        shown = browser.get("/reports/recurring").content.decode()
    assert len(caught) <= 15
    assert "£1,200.00" in shown
    assert "Initech" not in shown
    assert "Initech" in browser.get(f"/reports/recurring?month={today:%Y-%m}&movement=new").content.decode()
    for query in ("month=2026-13&movement=new", "month=2026-01", "movement=sideways&month=2026-01", "color=red"):
        assert browser.get(f"/reports/recurring?{query}").status_code == 400


def test_the_endpoint_and_what_a_role_sees(business: Business) -> None:
    agent = make_membership(business, "agent", visibility="own")
    make_subscription(make_customer(business, owner=agent.user))
    make_subscription(make_customer(business))
    caller = Caller(make_key(business))
    answer = caller.get("/reports/recurring?months=2").json()
    assert [row["closing"] for row in answer["data"]] == ["0.00", "2400.00"]
    assert answer["data"][1]["net_retention"] is None
    assert_problem(caller.get("/reports/recurring?months=0"), 400)
    assert_problem(caller.get("/reports/recurring?years=1"), 400)
    with scope(business):
        seen = bridge(Actor.for_user(agent.user), business, clock.today(business.time_zone), 1)
    assert seen[0].closing == 1200
