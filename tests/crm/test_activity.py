"""The trail: one row per deed, sealed, and every tampering is found."""

import pytest
from django.db import DatabaseError, connection, transaction

from crm import activity, clock, seals
from crm.actor import Actor
from crm.models import Activity, ActivityDetail, ActivitySeal, Business
from crm.registry import Listener, listeners
from crm.scope import scope
from customers import services
from customers.models import Customer
from tests.crm.sealing import seal_all
from tests.factories import make_business, make_customer

pytestmark = pytest.mark.django_db(transaction=True)


def _customer(**fields: object) -> Customer:
    return make_customer(make_business(), **fields)


def test_a_deed_writes_one_row_with_before_and_after() -> None:
    customer = _customer(city="Leeds")
    with scope(customer.business):
        services.update_customer(actor=Actor.system("test"), customer=customer, at=clock.now(), city="York")
        row = Activity.objects.select_related("detail").latest("id")
    assert (row.verb, row.about, row.subject_type) == ("customers.customer.updated", customer.pk, "customers.customer")
    assert row.detail.changes == {"city": ["Leeds", "York"]}
    assert bytes(row.digest) == activity.detail_digest(
        bytes(row.detail.salt), {"changes": row.detail.changes, "payload": {}, "ip": None}
    )


def test_nothing_is_recorded_when_the_deed_is_rolled_back() -> None:
    customer = _customer()
    before = Activity.unscoped.count()
    with scope(customer.business), transaction.atomic():
        services.update_customer(actor=Actor.system("test"), customer=customer, at=clock.now(), city="York")
        transaction.set_rollback(True)
    assert Activity.unscoped.count() == before


def test_outside_a_transaction_or_with_an_unknown_verb_nothing_can_be_recorded() -> None:
    customer = _customer()
    with pytest.raises(RuntimeError, match="outside a transaction"):
        activity.record(
            "customers.customer.updated", actor=Actor.system("t"), business=customer.business, subject=customer
        )
    with transaction.atomic(), pytest.raises(KeyError):
        activity.record(
            "customers.customer.vanished", actor=Actor.system("t"), business=customer.business, subject=customer
        )


def test_listeners_hear_the_touched_ids_inside_the_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[object] = []
    monkeypatch.setattr(listeners, "_plugs", {})
    monkeypatch.setattr(listeners, "_sorted", None)
    listeners.plug(
        Listener(
            "customers.customer.created",
            "test",
            lambda row, ids: heard.append((row.verb, ids, connection.in_atomic_block)),
        )
    )
    customer = _customer()
    assert heard == [("customers.customer.created", [customer.pk], True)]


@pytest.mark.parametrize(
    "statement",
    [
        "update crm_activity set actor_label = 'x'",
        "delete from crm_activity",
        "delete from crm_activityseal",
        "update crm_accessrecord set what = 'x'",
    ],
)
def test_the_database_refuses_to_change_the_trail(statement: str) -> None:
    customer = _customer()
    seal_all(customer.business)
    with scope(customer.business):
        from crm.access import record_access

        record_access(actor=Actor.system("t"), business=customer.business, what="x", customer_ids=[customer.pk])
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(statement)


def _tamper(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "alter table crm_activity disable trigger user; alter table crm_activityseal disable trigger user"
        )
        cursor.execute(statement)
        cursor.execute("alter table crm_activity enable trigger user; alter table crm_activityseal enable trigger user")


def _sealed_business(monkeypatch: pytest.MonkeyPatch) -> Business:
    monkeypatch.setattr(seals, "ROWS_PER_SEAL", 3)
    business = make_business()
    for _ in range(8):
        make_customer(business)
    assert seal_all(business) == 8
    assert ActivitySeal.unscoped.filter(business=business).count() == 3
    verdict = seals.verify(business)
    assert (verdict.sealed, verdict.unsealed, verdict.faults) == (8, 0, [])
    return business


TAMPERINGS = {
    "label": "update crm_activity set actor_label = 'Somebody else' where id = (select min(id) + 4 from crm_activity)",
    "time": "update crm_activity set at = at - interval '1 microsecond' where id = (select max(id) from crm_activity)",
    "subject": "update crm_activity set about = uuidv7() where id = (select min(id) from crm_activity)",
    "digest": "update crm_activity set digest = sha256('x') where id = (select min(id) from crm_activity)",
    "removed": "with gone as (select min(id) + 1 as id from crm_activity), "
    "d as (delete from crm_activitydetail using gone where activity_id = gone.id) "
    "delete from crm_activity a using gone where a.id = gone.id",
    "changes": """update crm_activitydetail set changes = '{"city": ["a", "b"]}' where activity_id = (select max(id) from crm_activity)""",
    "seal removed": "delete from crm_activityseal where id = (select min(id) + 1 from crm_activityseal)",
    "seal changed": "update crm_activityseal set root_hash = sha256('x') where id = (select min(id) from crm_activityseal)",
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_every_tampering_is_found(monkeypatch: pytest.MonkeyPatch, tampering: str) -> None:
    business = _sealed_business(monkeypatch)
    _tamper(TAMPERINGS[tampering])
    assert seals.verify(business).faults


def test_details_may_be_deleted_and_the_trail_still_verifies(monkeypatch: pytest.MonkeyPatch) -> None:
    business = _sealed_business(monkeypatch)
    ActivityDetail.unscoped.filter(business=business).delete()
    assert seals.verify(business).faults == []


def test_a_seal_leaves_out_what_a_running_transaction_may_still_add() -> None:
    business = make_business()
    make_customer(business)
    running = connection.copy()
    try:
        with running.cursor() as cursor:
            cursor.execute("begin")
            cursor.execute("select pg_current_xact_id()")
            make_customer(business)
            assert seals.seal(business) <= 1
            cursor.execute("rollback")
    finally:
        running.close()
    assert seal_all(business) >= 1
    assert seals.verify(business).unsealed == 0
