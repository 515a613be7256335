"""Bringing a backup back, into the database of this installation or, as a rehearsal, into one that is dropped again.

What was there stays until everything that was restored has been checked: the tables in the schema `before_restore`, the
files in a folder beside.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from crm import checkpoints, integrity, seals
from crm.backups import verify
from crm.backups.faults import BackupFault
from crm.backups.make import count_rows
from crm.backups.programs import last_words, program, variables
from crm.bench import create_database, use_database
from crm.models import Business
from crm.registry import integrity_checks

BEFORE = "before_restore"
Say = Callable[[str], None]


def restore(archive: Path, *, at: datetime, replace: bool, say: Say, files: Path | None = None) -> list[str]:
    """Put the backup in the place of what is there, which must be empty unless `replace`.

    The whole archive is read before anything is touched. Returns what is not sound in what was saved. Raises BackupFault;
    then everything is as it was before.
    """
    files = Path(files or settings.MEDIA_ROOT)
    refuse_others()
    if not replace and not is_empty(files):
        raise BackupFault("There is data here already: add --replace to put the backup in its place.")
    contents = _proven(archive, say)
    with tempfile.TemporaryDirectory(dir=files.parent, prefix="files-restored-") as new:
        _set_aside()
        try:
            _load(archive, Path(new), say)
            findings = _check(contents, say)
        except BaseException:
            _bring_back()
            raise
        checkpoints.write_restored(at)
        _swap(files, Path(new), at)
    with connection.cursor() as cursor:
        cursor.execute(f"drop schema {BEFORE} cascade")
    findings += [f"The file {name} is named by a row and not there." for name in missing_files(contents.files)]
    return findings


def rehearse(archive: Path, *, say: Say) -> tuple[float, list[str]]:
    """Restore into a database that is dropped again, and check it: the seconds until it could serve, and what was found."""
    began = time.monotonic()
    contents = _proven(archive, say)
    with _scratch_database(), tempfile.TemporaryDirectory(prefix="customer-desk-drill-") as files:
        _load(archive, Path(files), say)
        findings = _check(contents, say)
        findings += [
            f"The file {name} is named by a row and not in the backup." for name in missing_files(contents.files)
        ]
        return time.monotonic() - began, findings


def refuse_others() -> None:
    """Nobody else may be connected to the database. Raises BackupFault."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select string_agg(distinct coalesce(nullif(application_name, ''), usename), ', '), count(*) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid() and usename is not null"
        )
        names, count = cursor.fetchone()
    if count:
        raise BackupFault(
            f"The database is in use by {count} other connections ({names}): stop Customer desk everywhere first."
        )


def is_empty(files: Path) -> bool:
    """No business, no user and no file."""
    if files.is_dir() and any(path.is_file() for path in files.rglob("*")):
        return False
    with connection.cursor() as cursor:
        for table in ("crm_business", "crm_user"):
            cursor.execute("select to_regclass(%s) is not null", [f"public.{table}"])
            if cursor.fetchone()[0]:
                cursor.execute(f"select exists (select from {table})")
                if cursor.fetchone()[0]:
                    return False
    return True


def missing_files(stored: frozenset[str]) -> list[str]:
    """Names of files that rows have and `stored` has not."""
    return sorted(integrity.named_files() - stored)


def _proven(archive: Path, say: Say) -> verify.Contents:
    began = time.monotonic()
    contents = verify.verify(archive)
    known = {f"{app}.{name}" for app, name in MigrationExecutor(connection).loader.disk_migrations or {}}
    unknown = sorted(set(contents.manifest["migrations"]) - known)
    if unknown:
        raise BackupFault(
            f"The backup was made by another version ({contents.manifest['version']}): this one doesn't know {unknown[0]}."
        )
    say(f"The backup of {contents.manifest['created_at']} is whole ({time.monotonic() - began:.1f} s).")
    return contents


@contextmanager
def _scratch_database() -> Iterator[None]:
    own, scratch = connection.settings_dict["NAME"], f"crm_drill_{os.getpid()}"
    create_database(scratch)
    use_database(scratch)
    try:
        yield
    finally:
        use_database(own)
        with connection.cursor() as cursor:
            cursor.execute(f"drop database if exists {scratch} with (force)")


def _set_aside() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select exists (select from pg_namespace where nspname = %s)", [BEFORE])
        if cursor.fetchone()[0]:
            raise BackupFault(
                f"A restore was interrupted: the tables from before it are in the schema {BEFORE}. "
                f"To take them back: drop schema public cascade; alter schema {BEFORE} rename to public. "
                f"To let them go: drop schema {BEFORE} cascade."
            )
        cursor.execute(f"alter schema public rename to {BEFORE}")


def _bring_back() -> None:
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("drop schema if exists public cascade")
        cursor.execute(f"alter schema {BEFORE} rename to public")


def _load(archive: Path, files: Path, say: Say) -> None:
    """The dump into the database of the connection, in one transaction; the files into the folder."""
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("drop schema if exists public cascade")
        cursor.execute("select current_setting('server_version_num')::int / 10000")
        server = int(cursor.fetchone()[0])
    connection.close()

    def store(name: str, content: IO[bytes]) -> None:
        target = files / name
        if not target.resolve().is_relative_to(files.resolve()):
            raise BackupFault(f"The backup names a file outside its folder: {name}.")
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            shutil.copyfileobj(content, file)

    command = [
        program("pg_restore", server), "--format=custom", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error",
        f"--dbname={connection.settings_dict['NAME']}",
    ]  # fmt: skip
    with tempfile.TemporaryFile() as errors:
        loader = subprocess.Popen(
            command,
            env=variables(connection.settings_dict),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        assert loader.stdin is not None  # noqa: S101  (for the type checker)
        try:
            verify.read(archive, loader.stdin, store)
        except BaseException:
            loader.kill()
            raise
        finally:
            verify.end_input(loader.stdin)
            code = loader.wait()
        if code:
            errors.seek(0)
            raise BackupFault(f"The database can't be restored: {last_words(errors.read())}.")
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    say(f"Database and files are loaded ({time.monotonic() - began:.1f} s).")


def _check(contents: verify.Contents, say: Say) -> list[str]:
    """Row counts, migrations that are missing (they are run), seals (a new epoch begins) and integrity; what is not sound, in words."""
    findings: list[str] = []
    began = time.monotonic()
    with connection.cursor() as cursor:
        rows = count_rows(cursor)
    wrong = [table for table, count in contents.manifest["rows"].items() if rows.get(table) != count]
    if wrong:
        raise BackupFault(f"Not all rows were restored: {wrong[0]} has {rows.get(wrong[0], 0):,}.")
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    say(
        f"{sum(rows.values()):,} rows in {len(rows)} tables, as many as were saved; migrations are applied ({_since(began)})."
    )
    began = time.monotonic()
    until = datetime.fromisoformat(contents.manifest["created_at"])
    for business in Business.objects.order_by("name"):
        seals.begin_epoch(business)
        findings += [f"{business.name}: {fault}." for fault in seals.verify(business, until=until).faults]
    say(f"The activity trail is verified ({_since(began)}).")
    began = time.monotonic()
    for found in integrity.examine(check for check in integrity_checks if check.key != integrity.FILES):
        if found.broken:
            findings.append(f"{found.check.label}: {found.broken:,} broken. {' '.join(found.examples)}")
    say(f"Integrity is checked ({_since(began)}).")
    return findings


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"


def _swap(files: Path, new: Path, at: datetime) -> None:
    """The restored files in the place of the old ones, which stay in a folder beside."""
    if files.exists() and any(files.iterdir()):
        files.rename(files.with_name(f"{files.name}-before-{at:%Y%m%dT%H%M%S}"))
    elif files.exists():
        files.rmdir()
    shutil.copytree(new, files, copy_function=os.replace)
    files.chmod(0o700)
