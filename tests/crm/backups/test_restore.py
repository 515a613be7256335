"""Bringing a backup back: what is damaged is refused before anything is touched, what comes back is checked."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from crm import clock, seals
from crm.actor import Actor
from crm.backups.faults import BackupFault
from crm.backups.make import make
from crm.backups.restore import rehearse, restore
from crm.bench import create_database, use_database
from crm.models import Activity, ActivitySeal, Business
from crm.scope import scope
from customers import services
from customers.models import Customer
from tests.crm.sealing import seal_all
from tests.factories import make_business, make_customer, make_order

pytestmark = pytest.mark.django_db(transaction=True)
NIGHT = datetime(2026, 1, 15, 1, 30, tzinfo=UTC)
WRITERS = 8


@pytest.fixture(autouse=True)
def _places(settings: Any, tmp_path: Path) -> None:
    settings.BACKUP_DIR, settings.BACKUP_KEY, settings.DATA_DIR = tmp_path / "backups", bytes(range(32)), tmp_path
    settings.MEDIA_ROOT = tmp_path / "files"
    (tmp_path / "files" / "imports").mkdir(parents=True)


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """An empty database beside, in which the process works; the test's own is back afterwards."""
    own, name = connection.settings_dict["NAME"], f"{connection.settings_dict['NAME']}_restore"
    with connection.cursor() as cursor:
        cursor.execute(f"drop database if exists {name}")
    create_database(name)
    use_database(name)
    try:
        yield name
    finally:
        use_database(own)
        with connection.cursor() as cursor:
            cursor.execute(f"drop database {name} with (force)")


def _no_words(sentence: str) -> None:
    """Said to nobody."""


def _filled(business: Business) -> Customer:
    customer = make_customer(business, city="Leeds")
    make_order(customer, "120.50", lines=2)
    seal_all(business)
    return customer


def test_what_comes_back_is_what_was_there(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    customer = _filled(make_business())
    (tmp_path / "files" / "imports" / "orders.csv").write_text("a,b")
    backup = make(NIGHT)
    request.getfixturevalue("elsewhere")
    (tmp_path / "files" / "imports" / "orders.csv").unlink()
    assert restore(backup.path, at=NIGHT, replace=False, say=_no_words) == []
    with scope(customer.business):
        there = Customer.objects.select_related("facts").get()
    assert (there.pk, there.city, str(there.facts.total_spent)) == (customer.pk, "Leeds", "120.5000")
    assert (tmp_path / "files" / "imports" / "orders.csv").read_text() == "a,b"
    assert (tmp_path / "files").stat().st_mode & 0o777 == 0o700


def test_the_trail_goes_on_after_it(request: pytest.FixtureRequest) -> None:
    customer = _filled(make_business())
    backup = make(NIGHT)
    request.getfixturevalue("elsewhere")
    restore(backup.path, at=NIGHT, replace=False, say=_no_words)
    business = Business.objects.get()
    with scope(business):
        services.update_customer(
            actor=Actor.system("test"), customer=Customer.objects.get(pk=customer.pk), at=clock.now(), city="York"
        )
    seal_all(business)
    verdict = seals.verify(business)
    assert (verdict.sealed, verdict.unsealed, verdict.faults) == (2, 0, [])
    assert ActivitySeal.unscoped.filter(count=0).count() == 1


def test_data_that_is_there_is_not_replaced_unasked(tmp_path: Path) -> None:
    business = make_business()
    backup = make(NIGHT)
    with pytest.raises(BackupFault, match="--replace"):
        restore(backup.path, at=NIGHT, replace=False, say=_no_words)
    business.delete()
    (tmp_path / "files" / "imports" / "orders.csv").write_text("a,b")
    with pytest.raises(BackupFault, match="--replace"):
        restore(backup.path, at=NIGHT, replace=False, say=_no_words)


def test_what_was_there_is_replaced_when_asked(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    _filled(make_business(name="Saved"))
    backup = make(NIGHT)
    request.getfixturevalue("elsewhere")
    restore(backup.path, at=NIGHT, replace=False, say=_no_words)
    _filled(make_business(name="Later"))
    (tmp_path / "files" / "later.csv").write_text("x")
    assert restore(backup.path, at=NIGHT + timedelta(hours=1), replace=True, say=_no_words) == []
    assert [business.name for business in Business.objects.all()] == ["Saved"]
    assert [path.read_text() for path in tmp_path.glob("files-before-20260115T023000/later.csv")] == ["x"]


def test_a_damaged_backup_is_refused_before_anything_is_touched() -> None:
    business = make_business()
    _filled(business)
    backup = make(NIGHT)
    whole = backup.path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:-9] + b"x" + whole[-8:], b""):
        backup.path.write_bytes(damaged)
        with pytest.raises(BackupFault):
            restore(backup.path, at=NIGHT, replace=True, say=_no_words)
        assert Business.objects.get() == business
        assert seals.verify(business).faults == []


def test_a_restore_that_breaks_leaves_everything_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    business = make_business()
    _filled(business)
    backup = make(NIGHT)
    monkeypatch.setattr("crm.backups.restore.count_rows", lambda cursor: {})
    with pytest.raises(BackupFault, match="Not all rows"):
        restore(backup.path, at=NIGHT, replace=True, say=_no_words)
    assert Business.objects.get() == business
    with scope(business):
        assert Customer.objects.count() == 1
        assert Activity.objects.count() == 1


def test_a_backup_of_a_newer_version_is_refused() -> None:
    with connection.cursor() as cursor:
        cursor.execute("insert into django_migrations (app, name, applied) values ('crm', '9999_later', now())")
        try:
            backup = make(NIGHT)
        finally:
            cursor.execute("delete from django_migrations where name = '9999_later'")
    with pytest.raises(BackupFault, match=r"crm\.9999_later"):
        restore(backup.path, at=NIGHT, replace=True, say=_no_words)


def test_while_somebody_uses_the_database_nothing_is_restored() -> None:
    backup = make(NIGHT)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("select 1")
            with pytest.raises(BackupFault, match="in use by 1 other"):
                restore(backup.path, at=NIGHT, replace=True, say=_no_words)
    finally:
        other.close()


def test_a_backup_made_while_people_write_passes_the_drill() -> None:
    business = make_business()
    stop = threading.Event()
    written = []

    def write() -> None:
        try:
            while not stop.is_set():
                with transaction.atomic():
                    order = make_order(make_customer(business), "10.00", lines=1)
                written.append(order)
        finally:
            connections.close_all()

    writers = [threading.Thread(target=write) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        deadline = time.monotonic() + 60
        while len(written) < WRITERS:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        seals.seal(business)
        backup = make(NIGHT)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    saved = backup.manifest["rows"]["commerce_order"]
    assert 0 < saved < len(written)
    own = connection.settings_dict["NAME"]
    seconds, findings = rehearse(backup.path, say=_no_words)
    assert findings == []
    assert seconds > 0
    assert connection.settings_dict["NAME"] == own
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_database where datname like 'crm_drill_%%'")
        assert cursor.fetchone()[0] == 0


def test_the_drill_tells_of_rows_that_are_not_sound(tmp_path: Path) -> None:
    business = make_business()
    customer = _filled(business)
    with connection.cursor() as cursor:
        cursor.execute("update customers_customerfacts set total_spent = total_spent + 1")
        cursor.execute("update crm_activitydetail set ip = '10.0.0.1'")
    findings = rehearse(make(NIGHT).path, say=_no_words)[1]
    assert any(str(customer.pk) in finding for finding in findings)
    assert any("details of activity" in finding for finding in findings)
