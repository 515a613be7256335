"""Stage changes at the same time: each is recorded or refused, and the way keeps one order."""

import threading
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection

from crm import clock
from crm.actor import Actor
from crm.errors import DomainError
from crm.models import Business
from crm.scope import scope
from customers import services
from customers.models import Customer, CustomerFacts, LifecycleChange
from tests.factories import make_business, make_customer

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Actor.system("test")


def _both_enter(business: Business, customer: Customer, stages: tuple[str, str]) -> list[str]:
    """Two programs enter their stages at the same moment; returns the stages that were recorded."""
    ready, recorded, at = threading.Barrier(2), [], clock.now()

    def enter(stage: str) -> None:
        try:
            with scope(business):
                ready.wait()
                services.change_stage(
                    actor=SYSTEM, customer=customer, stage=stage, effective_at=at, at=at, reason="At once."
                )
                recorded.append(stage)
        except DomainError:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=enter, args=(stage,)) for stage in stages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return recorded


def test_two_changes_at_once_keep_one_order() -> None:
    business = make_business()
    customer = make_customer(business, acquired_on=(clock.now() - timedelta(days=9)).date())
    entered = 0
    for _round in range(10):
        recorded = _both_enter(business, customer, ("expansion", "churn_risk"))
        entered += len(recorded)
        with scope(business):
            way = list(LifecycleChange.objects.filter(customer=customer).order_by("effective_at", "id"))
            assert len(way) == entered + 1
            assert all(a.stage != b.stage for a, b in pairwise(way))
            customer.refresh_from_db()
            assert customer.lifecycle_stage == way[-1].stage
            assert customer.stage_since == way[-1].effective_at
            assert CustomerFacts.objects.get(pk=customer.pk).lifecycle_stage == way[-1].stage
    assert entered >= 10


def test_the_same_change_twice_at_once_is_recorded_once() -> None:
    business = make_business()
    customer = make_customer(business, acquired_on=(clock.now() - timedelta(days=9)).date())
    assert _both_enter(business, customer, ("expansion", "expansion")) == ["expansion"]
