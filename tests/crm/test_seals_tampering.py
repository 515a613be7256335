"""A hundred random tamperings, each by somebody who may do anything in the database: every one of them is found."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from crm import checkpoints, seals
from crm.models import Business
from tests.crm.sealing import seal_all
from tests.factories import make_business, make_customer

pytestmark = pytest.mark.django_db(transaction=True)
SEED = 20_260_115
ROWS = 40

ONE = "where id = {row}"
COLUMNS = {
    "id": "id + 1000000",
    "xid": "(xid::text::bigint - 1)::text::xid8",
    "business_id": "'{other}'",
    "verb": "'customers.customer.archived'",
    "at": "at - interval '1 microsecond'",
    "actor_kind": "'user '",
    "actor_id": "'x'",
    "actor_label": "actor_label || ' '",
    "door": "'api'",
    "subject_type": "'crm.team'",
    "subject_id": "'x'",
    "about": "null",
    "batch": "uuidv7()",
    "counts": """'{{"rows": 1}}'""",
    "request_id": "'x'",
    "digest": "sha256('x')",
}
DETAILS = {
    "changes": """'{{"city": ["Leeds", "York"]}}'""",
    "payload": """'{{"a": 1}}'""",
    "ip": "'10.0.0.1'",
    "salt": "sha256('x')",
    "business_id": "'{other}'",
}
SEALS = {
    "last_xid": "(last_xid::text::bigint - 1)::text::xid8",
    "last_id": "last_id - 1",
    "count": "count + 1",
    "root_hash": "sha256('x')",
    "previous_hash": "sha256('x')",
    "business_id": "'{other}'",
}
_DROP_DETAIL = "delete from crm_activitydetail where activity_id {which}; "
_COLUMNS = "business_id, verb, at, actor_kind, actor_id, actor_label, door, subject_type, subject_id, counts, request_id, digest, xid"
STATEMENTS: dict[str, str] = {
    **{f"activity.{name}": f"update crm_activity set {name} = {to} {ONE}" for name, to in COLUMNS.items() if name != "id"},
    "activity.id": f"{_DROP_DETAIL.format(which='= {row}')} update crm_activity set id = {COLUMNS['id']} {ONE}",
    **{f"detail.{name}": f"update crm_activitydetail set {name} = {to} where activity_id = {{row}}" for name, to in DETAILS.items()},
    **{f"seal.{name}": f"update crm_activityseal set {name} = {to} where id = {{seal}}" for name, to in SEALS.items()},
    "delete one": f"{_DROP_DETAIL.format(which='= {row}')} delete from crm_activity {ONE}",
    "delete the last": f"{_DROP_DETAIL.format(which='= {last}')} delete from crm_activity where id = {{last}}",
    "delete from one on": f"{_DROP_DETAIL.format(which='>= {row}')} delete from crm_activity where id >= {{row}}",
    "delete all": "delete from crm_activitydetail; delete from crm_activity",
    "delete all and the seals": "delete from crm_activitydetail; delete from crm_activity; delete from crm_activityseal",
    "delete a seal": "delete from crm_activityseal where id = {seal}",
    "delete all seals": "delete from crm_activityseal",
    "cut off the tail": f"{_DROP_DETAIL.format(which='>= {row}')} delete from crm_activity where id >= {{row}}; "
    "delete from crm_activityseal where last_id >= {row}",
    "insert into the past": f"insert into crm_activity ({_COLUMNS}) select {_COLUMNS} from crm_activity {ONE}",
    "insert into the future": f"insert into crm_activity ({_COLUMNS}) "
    f"select {_COLUMNS.replace(', xid', '')}, '9000000000000' from crm_activity {ONE}",
    "swap two": "update crm_activity a set actor_label = b.actor_label || a.id, about = b.about, subject_id = b.subject_id, "
    "digest = b.digest "
    "from crm_activity b where a.id in ({row}, {row} - 1) and b.id in ({row}, {row} - 1) and a.id <> b.id",
    "swap the order": f"{_DROP_DETAIL.format(which='in ({row}, {row} - 1)')} "
    "update crm_activity set id = -id where id in ({row}, {row} - 1); "
    "update crm_activity set id = case -id when {row} then {row} - 1 else {row} end where id < 0",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _few_rows_per_seal(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(seals, "ROWS_PER_SEAL", 7)
    settings.DATA_DIR, settings.BACKUP_KEY = tmp_path, bytes(32)


def _sealed_business() -> Business:
    business = make_business()
    for _ in range(ROWS):
        make_customer(business)
    assert seal_all(business) == ROWS
    checkpoints.write(datetime(2026, 1, 15, 12, 0, tzinfo=UTC))
    assert seals.verify(business).faults == []
    return business


def _one(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def _faults_after(business: Business, tamper: Callable[[], None]) -> list[str]:
    """What verifying says after the tampering, which is then taken back."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
            for table in ("crm_activity", "crm_activityseal"):
                cursor.execute(f"alter table {table} disable trigger user")
        tamper()
        faults = [*seals.verify(business).faults, *checkpoints.missing_businesses()]
        transaction.set_rollback(True)
    return faults


def test_a_hundred_random_tamperings_are_found() -> None:
    business, other = _sealed_business(), make_business()
    chance = random.Random(SEED)
    first, last = _one("select min(id) from crm_activity"), _one("select max(id) from crm_activity")
    seal_ids = list(
        range(_one("select min(id) from crm_activityseal"), _one("select max(id) from crm_activityseal") + 1)
    )
    names = list(STATEMENTS)
    tamperings = [*names, *(chance.choice(names) for _ in range(100 - len(names)))]
    missed = []
    for name in tamperings:
        places = {
            "row": chance.randint(first + 1, last),
            "seal": chance.choice(seal_ids),
            "last": last,
            "other": other.pk,
        }

        def tamper(statement: str = STATEMENTS[name].format(**places)) -> None:
            with connection.cursor() as cursor:
                cursor.execute(statement)

        if not _faults_after(business, tamper):
            missed.append((name, places))
    assert len(tamperings) == 100
    assert missed == []
    assert seals.verify(business).faults == []


def test_a_chain_that_was_made_anew_is_found_by_the_checkpoint() -> None:
    business = _sealed_business()

    def rewrite() -> None:
        """Change a row, and write all seals from it on as if it had always been so, under the numbers that they had."""
        row = _one("select max(id) - 10 from crm_activity")
        numbers = _seals_from(row)
        with connection.cursor() as cursor:
            cursor.execute("update crm_activity set actor_label = 'Somebody else' where id = %s", [row])
            cursor.execute("delete from crm_activityseal where last_id >= %s", [row])
        seals.seal(business)
        with connection.cursor() as cursor:
            for place, number in enumerate(numbers):
                cursor.execute(
                    "update crm_activityseal set id = %s where id = (select id from crm_activityseal order by id desc offset %s limit 1)",
                    [-number, len(numbers) - 1 - place],
                )
            cursor.execute("update crm_activityseal set id = -id where id < 0")

    def _seals_from(row: int) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute("select id from crm_activityseal where last_id >= %s order by id", [row])
            return [number for (number,) in cursor.fetchall()]

    faults = _faults_after(business, rewrite)
    assert [fault for fault in faults if "checkpoint" in fault]


def test_the_fault_names_the_rows_among_which_the_bad_one_is() -> None:
    business = _sealed_business()
    row = _one("select min(id) + 9 from crm_activity")

    def change() -> None:
        with connection.cursor() as cursor:
            cursor.execute("update crm_activity set actor_label = 'x' where id = %s", [row])

    (fault,) = _faults_after(business, change)
    assert f"activity {row - 2} to {row + 4}" in fault


def test_details_that_changed_are_named_by_their_activity() -> None:
    business = _sealed_business()
    row = _one("select min(id) + 9 from crm_activity")

    def change() -> None:
        with connection.cursor() as cursor:
            cursor.execute("update crm_activitydetail set ip = '10.0.0.1' where activity_id = %s", [row])

    assert _faults_after(business, change) == [f"the details of activity {row} were changed"]


def test_what_is_new_and_not_sealed_yet_is_no_fault() -> None:
    business = _sealed_business()
    make_customer(business)
    verdict = seals.verify(business)
    assert (verdict.sealed, verdict.unsealed, verdict.faults) == (ROWS, 1, [])
