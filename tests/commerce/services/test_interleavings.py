"""Whatever happens to orders in whatever order, the facts are those that a recomputation from the rows gives."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from commerce import services
from commerce.models import Order, RevenueDay
from crm.actor import Actor
from crm.errors import DomainError
from crm.models import Business
from crm.scope import scope
from customers.models import Customer, CustomerFacts
from tests.factories import make_customer

TODAY = date(2026, 3, 1)
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NUMBERS = [str(n) for n in range(6)]
MONEY = st.decimals(min_value=0, max_value=50, places=2)
DAYS = st.integers(min_value=-3, max_value=400)


class _Orders(RuleBasedStateMachine):
    """Takes, corrects, refunds and deletes a handful of orders of two customers, and lets days go by."""

    business: Business
    customers: list[Customer]

    @initialize()
    def empty(self) -> None:
        Order.objects.all().delete()
        services.refresh_order_facts()
        services.refresh_revenue()
        self.actor = Actor.system("test")

    def _try(self, act: Any, **values: Any) -> None:
        with suppress(DomainError):
            act(actor=self.actor, at=AT, **values)

    @rule(
        number=st.sampled_from(NUMBERS),
        total=MONEY,
        ago=DAYS,
        who=st.integers(0, 1),
        status=st.sampled_from(["completed", "pending", "cancelled"]),
    )
    def take(self, number: str, total: Decimal, ago: int, who: int, status: str) -> None:
        self._try(
            services.create_order, business=self.business, number=number, total=total, status=status,
            ordered_at=AT - timedelta(days=ago), customer=self.customers[who],
        )  # fmt: skip

    @rule(
        number=st.sampled_from(NUMBERS),
        of=st.sampled_from([*NUMBERS, ""]),
        total=MONEY,
        ago=DAYS,
        who=st.integers(0, 1),
    )
    def refund(self, number: str, of: str, total: Decimal, ago: int, who: int) -> None:
        self._try(
            services.create_order, business=self.business, number=f"R{number}", total=-total, status="refund",
            ordered_at=AT - timedelta(days=ago), refund_of_number=of, customer=self.customers[who],
        )  # fmt: skip

    @rule(
        pick=st.integers(0, 20),
        total=MONEY,
        ago=DAYS,
        who=st.integers(0, 1),
        status=st.sampled_from(["completed", "pending", "cancelled", "refund"]),
    )
    def correct(self, pick: int, total: Decimal, ago: int, who: int, status: str) -> None:
        if order := self._picked(pick):
            total = -total if status == "refund" else total
            self._try(
                services.update_order, order=order, total=total, status=status, ordered_at=AT - timedelta(days=ago),
                customer=self.customers[who],
            )  # fmt: skip

    @rule(pick=st.integers(0, 20))
    def delete(self, pick: int) -> None:
        if order := self._picked(pick):
            services.delete_order(actor=self.actor, order=order)

    @rule(days=st.integers(1, 40))
    def go_by(self, days: int) -> None:
        last = getattr(self, "day", TODAY)
        self.day = last + timedelta(days=days)
        services.slide_windows(actor=self.actor, business=self.business, day=self.day)

    def _picked(self, pick: int) -> Order | None:
        orders = list(Order.objects.order_by("number"))
        return orders[pick % len(orders)] if orders else None

    @invariant()
    def facts_are_those_of_the_rows(self) -> None:
        assert services.refresh_order_facts() == 0
        assert services.refresh_revenue() == 0
        for customer in self.customers:
            orders = list(Order.objects.filter(customer=customer, status__in=["completed", "refund"]))
            facts = CustomerFacts.objects.get(pk=customer.pk)
            assert facts.total_spent == sum((o.total for o in orders), Decimal(0))
            assert all(_given_back(o) <= max(o.total, 0) for o in orders)
            assert facts.order_count == sum(o.status == "completed" and not _is_given_back(o) for o in orders)
        days = sum((day.revenue for day in RevenueDay.objects.all()), Decimal(0))
        assert days == sum((o.total for o in Order.objects.filter(status__in=["completed", "refund"])), Decimal(0))


def _given_back(order: Order) -> Decimal:
    return -sum((refund.total for refund in Order.objects.filter(refund_of=order)), Decimal(0))


def _is_given_back(order: Order) -> bool:
    return order.total > 0 and _given_back(order) >= order.total


@pytest.mark.django_db
def test_any_interleaving_leaves_the_facts_of_a_recomputation(business: Business) -> None:
    with scope(business):
        made = [make_customer(business), make_customer(business)]
        machine = type("Orders", (_Orders,), {"business": business, "customers": made})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), database=None,
                phases=[Phase.generate]
            ),
        )  # fmt: skip
