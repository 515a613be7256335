"""Figures of customers stay true when several change the orders of one customer, or the customer, at the same time."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection, transaction

from commerce.models import Order
from commerce.services import refresh_order_facts
from crm import clock
from crm.actor import Actor
from crm.models import Business
from crm.scope import scope
from customers import services
from customers.models import Customer, CustomerFacts
from tests.factories import make_business, make_customer

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Actor.system("test")


def _order(customer: Customer, number: str, total: int) -> None:
    Order.objects.create(
        business_id=customer.business_id, customer_id=customer.pk, number=number, currency="GBP", total=total,
        total_base=total, ordered_at=datetime(2026, 1, 5, tzinfo=UTC),
    )  # fmt: skip
    refresh_order_facts([customer.pk])


def _meanwhile(business: Business, first: Callable[[], object], second: Callable[[], object]) -> list[BaseException]:
    """Do `second` in another transaction, which begins before that of `first` has ended."""
    faults: list[BaseException] = []

    def other() -> None:
        try:
            with scope(business), transaction.atomic():
                second()
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    with scope(business), transaction.atomic():
        first()
        thread.start()
        thread.join(0.7)
    thread.join(60)
    return faults


def test_two_orders_at_once_both_count() -> None:
    business = make_business()
    customer = make_customer(business)
    assert not _meanwhile(business, lambda: _order(customer, "1", 10), lambda: _order(customer, "2", 5))
    with scope(business):
        facts = CustomerFacts.objects.get()
    assert (facts.total_spent, facts.order_count) == (Decimal(15), 2)


def test_an_order_while_the_customer_is_restored_leaves_it_in_the_lists() -> None:
    business = make_business()
    customer = make_customer(business)
    with scope(business):
        services.archive_customer(actor=SYSTEM, customer=customer, at=clock.now())
    faults = _meanwhile(
        business,
        lambda: services.restore_customer(actor=SYSTEM, customer=customer),
        lambda: _order(customer, "1", 10),
    )
    assert not faults
    with scope(business):
        assert CustomerFacts.objects.get().is_live


def test_an_order_while_the_customer_is_changed_waits_without_a_deadlock() -> None:
    """The order holds the figures and needs the customer's key; the change holds the customer and needs the figures."""
    business = make_business()
    customer = make_customer(business)
    faults = _meanwhile(
        business,
        lambda: _order(customer, "1", 10),
        lambda: services.update_customer(actor=SYSTEM, customer=customer, at=clock.now(), last_name="Changed"),
    )
    assert not faults
    with scope(business):
        assert CustomerFacts.objects.get().total_spent == 10
        assert Customer.objects.get().last_name == "Changed"
