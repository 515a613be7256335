"""Imports while others import or edit: each is done or refused in words, and nothing is done twice."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction

from crm import clock, work
from crm.actor import Actor
from crm.models import Business
from crm.scope import scope
from customers import services
from customers.models import Customer, ImportJob
from tests.factories import make_business

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Actor.system("test")


def _uploaded(business: Business, content: str) -> ImportJob:
    with scope(business):
        return services.start_import(
            actor=SYSTEM, business=business, file=ContentFile(content.encode(), name="file.csv")
        )


def _in_background(deed: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            deed()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_an_address_that_is_taken_meanwhile_is_a_refusal_in_words() -> None:
    business = make_business()
    record = _uploaded(business, "external_id,email\n1,jo@x.example\n")
    with scope(business), transaction.atomic():
        services.create_customer(actor=SYSTEM, business=business, at=clock.now(), first_name="Jo", email="jo@x.example")
        thread = _in_background(lambda: work.run(str(record.job_id)))
        thread.join(1)
    thread.join(60)
    record.refresh_from_db()
    assert record.state == "failed"
    assert "e-mail address" in record.error
    with scope(business):
        assert Customer.objects.count() == 1


def test_the_same_file_twice_at_once_is_taken_once() -> None:
    business = make_business()
    content = "order_number,customer_external_id,ordered_at,total\n" + "".join(
        f"{n},{n % 7},2026-01-05,1\n" for n in range(300)
    )
    backwards = "\n".join([content.splitlines()[0], *reversed(content.splitlines()[1:])]) + "\n"
    records = [_uploaded(business, content), _uploaded(business, backwards), _uploaded(business, content)]
    threads = [_in_background(partial(work.run, str(record.job_id))) for record in records]
    for thread in threads:
        thread.join(60)
    for record in records:
        record.refresh_from_db()
    assert [record.state for record in records] == ["done"] * 3
    assert sorted(record.counts["orders_created"] for record in records) == [0, 0, 300]
    with scope(business):
        assert Customer.objects.count() == 7
        assert sum(customer.facts.total_spent for customer in Customer.objects.with_facts()) == 300


def test_people_go_on_working_while_a_file_is_imported() -> None:
    """An import holds its own record, and nothing that every other change needs."""
    business = make_business()
    record = _uploaded(business, "external_id,email\n1,jo@x.example\n")
    with scope(business), transaction.atomic():
        services.create_customer(actor=SYSTEM, business=business, at=clock.now(), first_name="Jo", email="jo@x.example")
        thread = _in_background(lambda: work.run(str(record.job_id)))
        thread.join(0.5)  # the import waits for the address
        with connection.cursor() as cursor:
            cursor.execute("set local lock_timeout = '900ms'")
        services.create_customer(actor=SYSTEM, business=business, at=clock.now(), first_name="Riley")
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
    thread.join(60)
    record.refresh_from_db()
    assert record.state == "failed"
