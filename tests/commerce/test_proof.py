"""The nightly proof of stored figures: silent when all agree, and telling owners and operators by name which don't."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from commerce import services
from crm import clock, work
from crm.actor import Actor
from crm.jobs import enqueue
from crm.models import Business, Job, JobState, Notification
from crm.registry import regular_tasks
from customers.models import Customer
from tests.factories import (
    make_business,
    make_customer,
    make_deal,
    make_invoice,
    make_membership,
    make_order,
    make_user,
)


@pytest.fixture
def customer(in_scope: Business) -> Customer:
    customer = make_customer(in_scope)
    make_order(customer, "80.00")
    make_order(customer, "-20.00")
    make_deal(customer, amount=Decimal(50), stage="won")
    make_invoice(customer, amount=Decimal(120), recurs="year", issued_on=clock.today(in_scope.time_zone))
    return customer


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _prove(business: Business, system: Actor) -> Job:
    job = services.ask_for_proof(actor=system, business=business)
    assert job is not None
    work.run(str(job.pk))
    job.refresh_from_db()
    return job


def test_figures_that_agree_end_the_job_as_done(customer: Customer, in_scope: Business, system: Actor) -> None:
    owner = make_membership(in_scope, "owner")
    job = _prove(in_scope, system)
    assert (job.state, job.result, Notification.unscoped.count()) == (JobState.DONE, {"differing": {}}, 0)
    client = Client()
    client.force_login(owner.user)
    page = client.get(reverse("crm:job", args=[job.pk])).content.decode()
    assert "Every stored figure is what the records say." in page


@pytest.mark.parametrize(
    ("statement", "found", "words"),
    [
        ("update customers_customerfacts set total_spent = 1", {"total_spent": 1}, "Total spent: 1 customer"),
        ("update customers_customerfacts set lifetime_value = 1", {"lifetime_value": 1}, "1 customer"),
        ("update customers_customerfacts set ltv_deals = 0", {"ltv_deals": 1}, "1 customer"),
        ("update customers_customerfacts set mrr = null, arr = 7", {"mrr": 1, "arr": 1}, "ARR: 1 customer"),
        ("update customers_customerfacts set spent_30_days = 1", {"spent_30_days": 1}, "1 customer"),
        ("update commerce_revenueday set order_count = 9", {"revenue_days": 1}, "Revenue by day: 1 day"),
    ],
)  # fmt: skip
def test_a_figure_that_differs_is_named_to_owners_and_operators(
    customer: Customer, in_scope: Business, system: Actor, statement: str, found: dict[str, int], words: str
) -> None:
    owner, manager = make_membership(in_scope, "owner").user, make_membership(in_scope, "manager").user
    operator = make_user(is_staff=True)
    _sql(statement)
    job = _prove(in_scope, system)
    assert (job.state, job.error_code) == (JobState.FAILED, "refused")
    assert (job.result, words in job.error) == ({"differing": found}, True)
    told = {row.user_id: row for row in Notification.unscoped.all()}
    assert told.keys() == {owner.pk, operator.pk}
    assert manager.pk not in told
    assert words in told[owner.pk].text
    assert told[owner.pk].href == reverse("crm:job", args=[job.pk])
    assert in_scope.name in told[operator.pk].text
    services.rebuild_facts()
    assert _prove(in_scope, system).state == JobState.DONE


def test_nothing_is_written_by_a_proof(customer: Customer, in_scope: Business) -> None:
    _sql("update customers_customerfacts set order_count = 9")
    assert services.prove_figures() == services.prove_figures() == {"order_count": 1}


def test_the_proof_names_as_many_customers_as_the_verification(in_scope: Business) -> None:
    for _each in range(3):
        make_order(make_customer(in_scope), "5.00")
    _sql("update customers_customerfacts set first_order_at = null, order_count = 7")
    found = services.prove_figures()
    assert (found, services.rebuild_facts(verify=True)["orders"]) == ({"order_count": 3, "first_order_at": 3}, 3)


def test_every_business_is_asked_once_and_proven_by_itself(
    customer: Customer, in_scope: Business, system: Actor
) -> None:
    other = make_business()
    make_business(is_active=False)
    for _night in range(2):
        job = enqueue("commerce.tasks.prove_all_figures", actor=system, business=None)
        assert job is not None
        work.run(str(job.pk))
    asked = Job.unscoped.filter(task="commerce.tasks.prove_figures")
    assert {each.business_id for each in asked} == {in_scope.pk, other.pk}
    assert asked.count() == 2
    assert [task.cron for task in regular_tasks if task.task == "commerce.tasks.prove_all_figures"] == ["40 3 * * *"]


def test_figures_of_windows_stand_at_the_day_of_the_last_slide(
    customer: Customer, in_scope: Business, system: Actor
) -> None:
    services.slide_windows(actor=system, business=in_scope, day=date(2030, 1, 1))
    assert services.prove_figures() == {}
