"""Checkpoints outside the database: short lines that can't be changed unseen, and what they tell of seals."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from crm import checkpoints, seals
from crm.models import Business
from tests.crm.sealing import seal_all
from tests.factories import make_business, make_customer

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _file(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR, settings.BACKUP_KEY = tmp_path, bytes(range(32))


@pytest.fixture
def business() -> Business:
    business = make_business()
    make_customer(business)
    seal_all(business)
    return business


def _cut_off_the_last_seal(business: Business) -> None:
    with connection.cursor() as cursor:
        cursor.execute("alter table crm_activityseal disable trigger user")
        cursor.execute("delete from crm_activityseal where id = (select max(id) from crm_activityseal)")
        cursor.execute("alter table crm_activityseal enable trigger user")


def test_a_line_is_written_for_each_new_seal_once(business: Business) -> None:
    assert checkpoints.write(NOON) == 1
    assert checkpoints.write(NOON + timedelta(hours=1)) == 0
    make_customer(business)
    seal_all(business)
    assert checkpoints.write(NOON + timedelta(hours=2)) == 1
    assert checkpoints.path().stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in checkpoints.path().read_text().splitlines()]
    assert [line["at"][:13] for line in lines] == ["2026-01-15T12", "2026-01-15T14"]
    assert seals.verify(business).faults == []


def test_without_a_file_there_is_nothing_to_compare(business: Business) -> None:
    assert checkpoints.faults(business) == []


def test_seals_that_were_cut_off_are_missed(business: Business) -> None:
    checkpoints.write(NOON)
    _cut_off_the_last_seal(business)
    (fault,) = checkpoints.faults(business)
    assert "cut off or rewritten" in fault


def test_a_business_that_is_gone_is_missed_unless_it_was_a_demo(business: Business) -> None:
    checkpoints.write(NOON)
    assert checkpoints.missing_businesses() == []
    gone = str(business.pk)
    with connection.cursor() as cursor:
        cursor.execute("truncate crm_business cascade")
    assert checkpoints.missing_businesses() == [gone]


@pytest.mark.parametrize("change", ["text", "order", "removed", "garbage"])
def test_a_changed_file_is_found(business: Business, change: str) -> None:
    for hour in range(3):
        make_customer(business)
        seal_all(business)
        checkpoints.write(NOON + timedelta(hours=hour))
    first, second, third = checkpoints.path().read_text().splitlines()
    changed = {
        "text": [first, second.replace("T13", "T11"), third],
        "order": [second, first, third],
        "removed": [first, third],
        "garbage": [first, "{", third],
    }[change]
    checkpoints.path().write_text("\n".join(changed) + "\n")
    assert [fault for fault in checkpoints.faults(business) if "line" in fault]


def test_after_a_restore_only_older_seals_are_compared(business: Business) -> None:
    checkpoints.write(NOON)
    kept = seals.verify(business).sealed
    make_customer(business)
    seal_all(business)
    checkpoints.write(NOON + timedelta(hours=1))
    _cut_off_the_last_seal(business)
    assert checkpoints.faults(business)
    assert checkpoints.faults(business, until=NOON + timedelta(minutes=30)) == []
    checkpoints.write_restored(NOON + timedelta(hours=2))
    assert checkpoints.faults(business) == []
    seal_all(business)
    checkpoints.write(NOON + timedelta(hours=3))
    assert (seals.verify(business).sealed, seals.verify(business).faults) == (kept + 1, [])
