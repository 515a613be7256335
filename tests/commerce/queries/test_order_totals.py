"""What a list of orders comes to: all of them by the days, some of them by themselves, too many of them not at all."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from commerce import services
from commerce.choices import OrderStatus
from commerce.models import Order
from commerce.queries import order_totals
from commerce.queries.order_totals import Totals, totals_of, totals_of_business
from crm.actor import Actor
from crm.models import Business
from crm.scope import scope
from tests.crm.api.calling import Caller, make_key
from tests.factories import make_customer, make_membership, make_order


@pytest.fixture
def orders(in_scope: Business, other_business: Business) -> list[Order]:
    customer, other = make_customer(in_scope), make_customer(in_scope)
    with scope(other_business):
        make_order(make_customer(other_business), "5000.00")
    sold = make_order(customer, "40.00", ordered_at=datetime(2026, 1, 31, 23, 30, tzinfo=UTC))
    made = [
        make_order(customer, "100.00", ordered_at=datetime(2026, 1, 1, tzinfo=UTC)),
        make_order(other, "25.50", ordered_at=datetime(2026, 2, 1, tzinfo=UTC)),
        make_order(customer, "-40.00", refund_of=sold, ordered_at=datetime(2026, 2, 2, tzinfo=UTC)),
        make_order(customer, "-3.25", ordered_at=datetime(2026, 2, 3, tzinfo=UTC)),
        make_order(customer, "900.00", status="cancelled"), make_order(customer, "800.00", status="pending"),
    ]  # fmt: skip
    Order.objects.filter(pk=sold.pk).update(is_refunded=True)
    services.rebuild_facts()
    return list(Order.objects.filter(pk__in=[sold.pk, *(order.pk for order in made)]))


def _plain(orders: Sequence[Order]) -> Totals:
    """The same, order by order."""
    counts = [order for order in orders if order.status in (OrderStatus.COMPLETED, OrderStatus.REFUND)]
    return Totals(
        sum((order.total_base for order in counts), Decimal(0)),
        sum(order.status == OrderStatus.COMPLETED and not order.is_refunded for order in counts),
        -sum((order.total_base for order in counts if order.status == OrderStatus.REFUND), Decimal(0)),
    )


def test_days_and_orders_say_the_same(orders: list[Order], in_scope: Business) -> None:
    assert totals_of_business(in_scope) == totals_of(Order.objects.all()) == _plain(orders)
    assert _plain(orders) == Totals(Decimal("122.25"), 2, Decimal("43.25"))


def test_of_some_orders_only_those_are_summed(orders: list[Order]) -> None:
    refunds = Order.objects.filter(status="refund")
    assert totals_of(refunds) == _plain(list(refunds)) == Totals(Decimal("-43.25"), 0, Decimal("43.25"))
    assert totals_of(Order.objects.none()) == totals_of(Order.objects.filter(number="none")) == Totals()


def test_more_than_can_be_summed_are_not(orders: list[Order]) -> None:
    assert totals_of(Order.objects.all(), most=len(orders)) == _plain(orders)
    assert totals_of(Order.objects.all(), most=len(orders) - 1) is None


def test_a_business_without_orders_has_taken_nothing(in_scope: Business) -> None:
    assert totals_of_business(in_scope) == Totals()


def test_the_list_of_the_api_says_what_its_orders_come_to(
    orders: list[Order], in_scope: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = Caller(make_key(in_scope))

    def totals(query: str = "") -> Any:
        return caller.get(f"/orders{query}").json()["totals"]

    assert totals() == {"revenue": "122.25", "orders": 2, "refunds": "43.25", "currency": "GBP", "note": ""}
    assert totals("?limit=1&sort=ordered_at") == totals()
    assert totals("?ordered_at__month=2026-01") == {
        "revenue": "140.00", "orders": 1, "refunds": "0.00", "currency": "GBP", "note": "",
    }  # fmt: skip
    monkeypatch.setattr(order_totals.totals_of, "__defaults__", (2,))
    many = totals("?total__lte=1000")
    assert (many["revenue"], many["orders"], many["refunds"]) == (None, None, None)
    assert many["note"] == "Too many orders to sum; narrow the list."
    assert totals()["orders"] == 2


def test_who_sees_some_customers_learns_what_those_have_bought(in_scope: Business) -> None:
    agent = make_membership(in_scope, "agent", visibility="own").user
    make_order(make_customer(in_scope, owner=agent), "7.00")
    make_order(make_customer(in_scope), "1000.00")
    assert totals_of(Order.objects.visible_to(Actor.for_user(agent))) == Totals(Decimal(7), 1, Decimal(0))


def test_sums_cost_one_question(orders: list[Order], in_scope: Business) -> None:
    asked: list[Callable[[], Totals | None]] = [
        lambda: totals_of(Order.objects.all()), lambda: totals_of_business(in_scope),
    ]  # fmt: skip
    for ask in asked:
        with CaptureQueriesContext(connection) as captured:
            ask()
        assert len(captured) == 1
