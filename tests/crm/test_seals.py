"""Seals under concurrency, and in a database that has moved to a PostgreSQL with smaller numbers of transactions."""

import random
import threading

import pytest
from django.db import connection, connections, transaction

from crm import clock, seals
from crm.actor import Actor
from crm.models import Activity, ActivitySeal, Business
from crm.scope import scope
from customers import services
from tests.crm.sealing import seal_all
from tests.factories import make_business, make_customer

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS, DEEDS = 16, 12


def _number_transactions_from(business: Business, first: int) -> None:
    """As if the rows had been written in a PostgreSQL that had seen many more transactions."""
    with connection.cursor() as cursor:
        cursor.execute("alter table crm_activity disable trigger user")
        cursor.execute(
            "update crm_activity set xid = (%s + id)::text::xid8 where business_id = %s", [first, business.pk]
        )
        cursor.execute("alter table crm_activity enable trigger user")


def test_a_moved_database_is_told_and_begins_a_new_epoch() -> None:
    business = make_business()
    customer = make_customer(business)
    _number_transactions_from(business, 9_000_000_000)
    assert seals.seal(business) == 0
    (fault,) = seals.verify(business).faults
    assert "moved" in fault
    seals.begin_epoch(business)
    assert seals.verify(business).faults == []
    with scope(business):
        services.update_customer(actor=Actor.system("test"), customer=customer, at=clock.now(), city="York")
    assert seal_all(business) <= 1
    verdict = seals.verify(business)
    assert (verdict.sealed, verdict.unsealed, verdict.faults) == (2, 0, [])


def test_every_epoch_is_verified_and_none_hides_a_tampering() -> None:
    business = make_business()
    for first in (9_000_000_000, 5_000_000_000, 7_000_000_000):
        for _ in range(3):
            make_customer(business)
        with connection.cursor() as cursor:
            cursor.execute("alter table crm_activity disable trigger user")
            cursor.execute(
                "update crm_activity set xid = (%s + id)::text::xid8 where id in (select id from crm_activity order by id desc limit 3)",
                [first],
            )
            cursor.execute("alter table crm_activity enable trigger user")
        seals.begin_epoch(business)
    assert (seals.verify(business).sealed, seals.verify(business).faults) == (9, [])
    for row in Activity.unscoped.values_list("id", flat=True):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("alter table crm_activity disable trigger user")
            cursor.execute("update crm_activity set actor_label = 'x' where id = %s", [row])
            assert seals.verify(business).faults
            transaction.set_rollback(True)


def test_a_row_slipped_in_before_an_epoch_is_found() -> None:
    business = make_business()
    make_customer(business)
    make_customer(business)
    seals.begin_epoch(business)
    with connection.cursor() as cursor:
        cursor.execute("alter table crm_activity disable trigger user")
        cursor.execute("set constraints all immediate")
        cursor.execute(
            "insert into crm_activity (id, business_id, verb, actor_kind, actor_id, actor_label, door, subject_type, subject_id, counts, "
            "request_id, digest) select -1, business_id, verb, actor_kind, actor_id, actor_label, door, subject_type, subject_id, counts, "
            "request_id, digest from crm_activity limit 1"
        )
        cursor.execute("alter table crm_activity enable trigger user")
    assert any("slipped in" in fault for fault in seals.verify(business).faults)


def test_many_writers_a_tenth_of_whom_change_their_mind() -> None:
    business = make_business()
    kept: list[int] = []
    done = threading.Event()
    faults: list[BaseException] = []

    def write(number: int) -> None:
        chance = random.Random(number)
        try:
            for _ in range(DEEDS):
                with transaction.atomic():
                    make_customer(business)
                    back = chance.random() < 0.1
                    transaction.set_rollback(back)
                kept.append(0 if back else 1)
        except BaseException as error:
            faults.append(error)
        finally:
            connections.close_all()

    def seal() -> None:
        try:
            while not done.is_set():
                seals.seal(business)
        finally:
            connections.close_all()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    sealers = [threading.Thread(target=seal) for _ in range(2)]
    for thread in [*writers, *sealers]:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in sealers:
        thread.join()
    assert faults == []
    seal_all(business)
    verdict = seals.verify(business)
    assert (verdict.sealed, verdict.unsealed, verdict.faults) == (sum(kept), 0, [])
    assert ActivitySeal.unscoped.count() > 1
    assert 0 < sum(kept) < WRITERS * DEEDS
