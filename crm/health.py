"""Whether this installation can serve: each precondition by name, answered within seconds even while the database hangs."""

import shutil
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import psycopg
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from crm.backups import keep
from crm.log import told
from crm.models import Lane
from crm.queue import DEAD_SECONDS

ANSWER_SECONDS = 2.5
"""How long the database may take for all of its checks together."""
KEPT_SECONDS = 1.0
"""How long a process gives the same answer again, so that asking often costs nothing."""
LEAST_DISK_SHARE = 0.10
BACKUP_HOURS = 26
ASKED_OF_THE_DATABASE = ("database", "migrations", "workers", "queue")


class Check(NamedTuple):
    """One precondition. `detail` is for operators; what is only a warning doesn't make the installation unfit."""

    name: str
    ok: bool
    detail: str
    warning: bool = False

    @property
    def word(self) -> str:
        return "ok" if self.ok else "warning" if self.warning else "not ok"


class Examiner:
    """Answers for one process; never asks the database a second time while a first question hangs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asking: _Asking | None = None
        self._found: list[Check] = []
        self._found_at = float("-inf")

    def examine(self) -> list[Check]:
        """All checks, at most `KEPT_SECONDS` old."""
        with self._lock:
            if time.monotonic() - self._found_at > KEPT_SECONDS:
                self._found = [*self._ask_database(), keys(), disk(), backup(datetime.now(UTC))]
                self._found_at = time.monotonic()
            return self._found

    def _ask_database(self) -> list[Check]:
        if self._asking is None or not self._asking.is_alive():
            self._asking = _Asking(connection.get_connection_params())
            self._asking.start()
            self._asking.join(ANSWER_SECONDS)
        if self._asking.is_alive():
            return _unanswered("it does not answer")
        return self._asking.found


class _Asking(threading.Thread):
    """One examination of the database, over a connection of its own; may hang as long as the database does."""

    def __init__(self, parameters: dict[str, Any]) -> None:
        super().__init__(name="health", daemon=True)
        limits = "-c statement_timeout=1500 -c lock_timeout=500"
        options = f"{parameters.get('options', '')} {limits}".strip()
        self._parameters = {**parameters, "options": options, "connect_timeout": 2, "autocommit": True}
        self.found = _unanswered("the examination broke off")

    def run(self) -> None:
        try:
            with psycopg.connect(**self._parameters) as database:
                self.found = list(ask(database))
        except (psycopg.Error, OSError) as error:
            self.found = _unanswered(told(error))


def _unanswered(why: str) -> list[Check]:
    first, *others = ASKED_OF_THE_DATABASE
    return [Check(first, False, why), *(Check(name, False, "unknown without the database") for name in others)]


def ask(database: psycopg.Connection) -> Iterator[Check]:
    """The checks that the database answers."""
    for name, look in zip(ASKED_OF_THE_DATABASE, (write_probe, migrations, workers, queue), strict=True):
        try:
            yield look(database)
        except psycopg.Error as error:
            yield Check(name, False, told(error))


def write_probe(database: psycopg.Connection) -> Check:
    """A row is really written and committed; one that somebody has locked is left alone."""
    database.execute(
        "update crm_servicemode set is_read_only = is_read_only "
        "where id in (select id from crm_servicemode for update skip locked)"
    )
    return Check("database", True, "takes changes")


def migrations(database: psycopg.Connection) -> Check:
    """The tables are those that this version of the code expects."""
    missing = unapplied(database)
    return Check("migrations", not missing, f"not applied: {', '.join(missing)}" if missing else "all applied")


@cache
def _wanted() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def unapplied(database: psycopg.Connection) -> list[str]:
    """The latest migration of each app that has not reached its last one."""
    table = database.execute("select to_regclass('django_migrations')").fetchone()
    applied = set(database.execute("select app, name from django_migrations")) if table != (None,) else set()
    return sorted(f"{app}.{name}" for app, name in _wanted() - applied)


def workers(database: psycopg.Connection) -> Check:
    """A node that does jobs has shown itself of late."""
    row = database.execute(
        "select count(*) filter (where seen_at > clock_timestamp() - %s * interval '1 second'), "
        "round(extract(epoch from clock_timestamp() - max(seen_at))) from crm_worker",
        [DEAD_SECONDS],
    ).fetchone()
    alive, last = row or (0, None)
    seen = "none was ever seen" if last is None else f"{alive} alive, the last one seen {last} s ago"
    return Check("workers", alive > 0, seen)


def queue(database: psycopg.Connection) -> Check:
    """Nothing that is due waits too long, unless changes are stopped on purpose. Long work may wait for other long work."""
    rows = database.execute(
        "select lane, coalesce(round(extract(epoch from clock_timestamp() - min(run_after) "
        "filter (where state = 'queued' and run_after <= clock_timestamp()))), 0), count(*) filter (where state = 'running') "
        "from crm_job where state in ('queued', 'running') group by lane"
    ).fetchall()
    stopped = database.execute("select 1 from crm_servicemode where is_read_only").fetchone() is not None
    late = [lane for lane, wait, running in rows if wait > settings.QUEUE_WAIT_SECONDS]
    standing = [lane for lane, wait, running in rows if lane in late and (lane == Lane.FAST or not running)]
    waits = ", ".join(f"{lane} {wait} s" for lane, wait, _running in sorted(rows)) or "nothing waits"
    detail = f"oldest that is due: {waits}{'; waiting for the end of read-only mode' if stopped else ''}"
    return Check("queue", not late, detail, warning=stopped or not standing)


def keys() -> Check:
    """What signs sessions and tokens is there; without SECRET_KEY no process would have started."""
    there = bool(settings.SECRET_KEY and settings.HEADLESS_JWT_PRIVATE_KEY)
    return Check("keys", there, "all there" if there else "missing: JWT_PRIVATE_KEY")


def disk() -> Check:
    """Room where everything is stored."""
    try:
        usage = shutil.disk_usage(settings.DATA_DIR)
    except OSError as error:
        return Check("disk", False, f"can't be read: {error.strerror}")
    share = usage.free / usage.total
    return Check("disk", share >= LEAST_DISK_SHARE, f"{share:.0%} free, {usage.free / 1024**3:.1f} GB")


def backup(at: datetime) -> Check:
    """The newest proven backup; only ever a warning."""
    age = backup_age(at)
    if age is None:
        return Check("backup", False, "there is none", warning=True)
    return Check("backup", age <= BACKUP_HOURS * 3600, f"{age / 3600:.1f} hours old", warning=True)


def backup_age(at: datetime) -> float | None:
    """Seconds since the newest proven backup was made; None without one."""
    for found in keep.backups(settings.BACKUP_DIR):
        made = str(found.manifest.get("created_at", ""))
        if found.is_good and made:
            try:
                return (at - datetime.fromisoformat(made)).total_seconds()
            except (ValueError, TypeError):
                continue
    return None


def is_fit(checks: list[Check]) -> bool:
    return all(check.ok or check.warning for check in checks)


examiner = Examiner()
