"""What monitoring asks: answered without a session, within seconds, and without secrets."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from crm import health
from crm.health import Check, Examiner
from crm.models import Job, Lane, Worker
from tests.factories.crm import make_user
from tests.timing import swiftly

TOKEN = "metrics-token-of-the-tests-0123456789"
NAMES = ["database", "migrations", "workers", "queue", "keys", "disk", "backup"]


@pytest.fixture
def examiner(monkeypatch: pytest.MonkeyPatch) -> Examiner:
    """One that has no answer in store."""
    fresh = Examiner()
    monkeypatch.setattr(health, "examiner", fresh)
    return fresh


@pytest.fixture
def fit(transactional_db: None, settings: Any, tmp_path: Path) -> None:
    """A worker that lives, keys, a proven backup."""
    Worker.objects.create(name="node", capacity={"fast": 2, "slow": 2})
    settings.HEADLESS_JWT_PRIVATE_KEY = "key"
    settings.BACKUP_DIR = tmp_path
    write_backup(tmp_path, timezone.now())


@pytest.fixture
def database(transactional_db: None) -> Iterator[psycopg.Connection]:
    """A connection as the examination uses it."""
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as found:
        yield found


def write_backup(folder: Path, at: datetime, **more: Any) -> None:
    archive = folder / f"customer-desk-{at:%Y%m%dT%H%M%S}.backup"
    archive.write_bytes(b"")
    manifest = {"created_at": at.isoformat(), "verified_at": at.isoformat(), **more}
    archive.with_name(archive.name + ".json").write_text(json.dumps(manifest))


def job(lane: Lane, state: str = "queued", seconds: float = 0) -> Job:
    due = timezone.now() - timedelta(seconds=seconds)
    found: Job = Job.unscoped.create(
        task="crm.tasks.clean_up", lane=lane, state=state, run_after=due, actor_kind="system"
    )
    return found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_livez_asks_no_database(client: Client) -> None:
    client.cookies["session"] = "some-session"
    response = client.get("/livez", headers={"Host": "10.0.0.7:8000"})
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert client.post("/livez").status_code == 405
    assert client.head("/livez").status_code == 200


def test_readyz_names_every_check_and_tells_strangers_no_more(examiner: Examiner, fit: None, client: Client) -> None:
    response = client.get("/readyz", headers={"Host": "10.0.0.7:8000"})
    assert response.status_code == 200, response.content
    assert response.json() == {"status": "ok", "checks": dict.fromkeys(NAMES, "ok")}


def test_readyz_tells_those_who_know_the_token_what_is_behind_it(
    examiner: Examiner, fit: None, client: Client, settings: Any
) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert "details" not in client.get("/readyz", headers=bearer("wrong")).json()
    details = client.get("/readyz", headers=bearer(TOKEN)).json()["details"]
    assert list(details) == NAMES
    assert details["workers"] == "1 alive, the last one seen 0 s ago"
    assert settings.SECRET_KEY not in json.dumps(details)
    settings.METRICS_TOKEN = ""
    assert "details" not in client.get("/readyz", headers=bearer("")).json()


@pytest.mark.parametrize(
    ("is_staff", "needs_factor", "told"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_readyz_tells_operators_what_is_behind_it(
    examiner: Examiner, fit: None, client: Client, settings: Any, is_staff: bool, needs_factor: bool, told: bool
) -> None:
    settings.OPERATORS_NEED_SECOND_FACTOR = needs_factor
    client.force_login(make_user(is_staff=is_staff), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert ("details" in client.get("/readyz").json()) == told


def test_readyz_is_503_when_one_check_fails(examiner: Examiner, fit: None, client: Client) -> None:
    Worker.objects.all().delete()
    response = client.get("/readyz")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json()["status"] == "not ok"
    assert response.json()["checks"]["workers"] == "not ok"


@pytest.mark.parametrize(("seconds", "ok"), [(0, True), (55, True), (65, False)])
def test_a_worker_must_have_shown_itself_within_a_minute(database: psycopg.Connection, seconds: int, ok: bool) -> None:
    Worker.objects.create(name="node", seen_at=timezone.now() - timedelta(seconds=seconds))
    assert health.workers(database).ok == ok


def test_no_worker_was_ever_seen(database: psycopg.Connection) -> None:
    assert health.workers(database) == Check("workers", False, "none was ever seen")


@pytest.mark.parametrize(("lane", "seconds", "word"), [
    (Lane.FAST, 55, "ok"), (Lane.FAST, 65, "not ok"), (Lane.SLOW, 55, "ok"), (Lane.SLOW, 65, "not ok"), (Lane.FAST, -3600, "ok"),
])  # fmt: skip
def test_work_that_is_due_waits_a_minute_at_most(
    database: psycopg.Connection, lane: Lane, seconds: int, word: str
) -> None:
    job(lane, seconds=seconds)
    assert health.queue(database).word == word


def test_long_work_may_wait_for_other_long_work(database: psycopg.Connection) -> None:
    job(Lane.SLOW, seconds=600)
    job(Lane.SLOW, state="running")
    assert health.queue(database).word == "warning"
    job(Lane.FAST, seconds=600)
    job(Lane.FAST, state="running")
    assert health.queue(database).word == "not ok"


def test_how_long_work_may_wait_is_a_setting(database: psycopg.Connection, settings: Any) -> None:
    settings.QUEUE_WAIT_SECONDS = 10
    job(Lane.FAST, seconds=15)
    assert not health.queue(database).ok


def test_in_read_only_mode_work_waits_on_purpose(database: psycopg.Connection) -> None:
    database.execute(
        "insert into crm_servicemode (id, is_read_only) values (1, true) on conflict (id) do update set is_read_only = true"
    )
    job(Lane.FAST, seconds=600)
    assert health.queue(database).word == "warning"


def test_missing_migrations_are_named(database: psycopg.Connection) -> None:
    assert health.unapplied(database) == []
    with database.transaction() as undone:
        database.execute("delete from django_migrations where app = 'customers'")
        (missing,) = health.unapplied(database)
        assert missing.startswith("customers.")
        raise psycopg.Rollback(undone)


def test_a_database_without_tables_lacks_all_migrations(database: psycopg.Connection) -> None:
    with database.transaction() as undone:
        database.execute("drop table django_migrations")
        assert len(health.unapplied(database)) > 5
        raise psycopg.Rollback(undone)


def test_a_database_that_takes_no_changes_is_unfit(database: psycopg.Connection) -> None:
    database.execute("set default_transaction_read_only = on")
    checks = {check.name: check for check in health.ask(database)}
    assert checks["database"].word == "not ok"
    assert "25006" in checks["database"].detail
    assert checks["migrations"].ok


def test_a_locked_row_does_not_hold_the_probe_up(database: psycopg.Connection) -> None:
    database.execute("insert into crm_servicemode (id) values (1) on conflict do nothing")
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("select from crm_servicemode for update")
        assert swiftly(partial(health.write_probe, database), 0.4, time.perf_counter).ok


def test_missing_keys_are_named(settings: Any) -> None:
    settings.HEADLESS_JWT_PRIVATE_KEY = "key"
    assert health.keys() == Check("keys", True, "all there")
    settings.HEADLESS_JWT_PRIVATE_KEY = ""
    assert health.keys() == Check("keys", False, "missing: JWT_PRIVATE_KEY")


@pytest.mark.parametrize(("free", "ok"), [(100, True), (99, False)])
def test_a_tenth_of_the_disk_must_be_free(monkeypatch: pytest.MonkeyPatch, free: int, ok: bool) -> None:
    usage = type("Usage", (), {"free": free, "total": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    assert health.disk().ok == ok


def test_a_folder_that_is_gone_is_no_room(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "gone"
    assert health.disk().word == "not ok"


NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(("hours", "word"), [(1, "ok"), (26, "ok"), (26.1, "warning")])
def test_an_old_backup_is_a_warning(settings: Any, tmp_path: Path, hours: float, word: str) -> None:
    settings.BACKUP_DIR = tmp_path
    write_backup(tmp_path, NOW - timedelta(hours=hours))
    assert health.backup(NOW).word == word


def test_only_proven_backups_count(settings: Any, tmp_path: Path) -> None:
    settings.BACKUP_DIR = tmp_path
    assert health.backup(NOW).word == "warning"
    write_backup(tmp_path, NOW - timedelta(hours=1), verified_at="")
    write_backup(tmp_path, NOW - timedelta(hours=2), created_at="yesterday")
    assert health.backup_age(NOW) is None
    write_backup(tmp_path, NOW - timedelta(hours=3))
    assert health.backup_age(NOW) == 3 * 3600


def test_answers_are_kept_for_a_second(examiner: Examiner, fit: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = examiner.examine()
    Worker.objects.all().delete()
    assert examiner.examine() is before
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)
    assert not health.is_fit(examiner.examine())
