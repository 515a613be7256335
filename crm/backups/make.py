"""Making a backup: one snapshot of the database and the folder of files, streamed through encryption into one archive."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import connection

from crm import clock
from crm.backups import keep
from crm.backups.envelope import Sealer, key_id
from crm.backups.faults import BackupFault
from crm.backups.programs import last_words, program, variables
from crm.backups.verify import DATABASE, FILES, MANIFEST, verify

PIECE = 8 * 1024 * 1024
KEYS = ("BACKUP_KEY", "SECRET_KEY", "JWT_PRIVATE_KEY")


def make(at: datetime, *, folder: Path | None = None, files: Path | None = None) -> keep.Backup:
    """Write a backup, prove it by reading all of it, and remove what is older than the newest that are kept.

    Raises BackupFault; then no file is left and no older backup was touched.
    """
    folder, files = folder or settings.BACKUP_DIR, files or settings.MEDIA_ROOT
    if not settings.BACKUP_KEY:
        raise BackupFault(
            "BACKUP_KEY is missing: without it nothing can be encrypted; 'python3 manage.py up' writes one into .env."
        )
    with keep.opened(folder):
        archive = folder / keep.name_for(at.astimezone(UTC))
        partial = archive.with_name(archive.name + keep.PARTIAL)
        try:
            inner, digest = _write(partial, Path(files), at)
            manifest = inner | {"size": partial.stat().st_size, "sha256": digest}
            verify(partial, manifest=manifest)
            manifest["verified_at"] = clock.now().isoformat()
            _write_manifest(keep.manifest_path(archive), manifest)
            partial.rename(archive)
            keep.sync_folder(folder)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise BackupFault(f"The backup can't be written to {folder}: {error.strerror or error}.") from error
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        keep.prune(folder, settings.BACKUPS_KEPT)
    return keep.Backup(archive, manifest)


def _write(path: Path, files: Path, at: datetime) -> tuple[dict[str, Any], str]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        sealer = Sealer(target, settings.BACKUP_KEY, at.isoformat())
        with _snapshot() as (number, described), tarfile.open(fileobj=sealer, mode="w|", bufsize=PIECE) as archive:
            size, digest = _add_database(archive, number, described["server"])
            count = _add_files(archive, files)
            manifest = described | {
                "created_at": at.isoformat(), "version": product_version(), "key": key_id(settings.BACKUP_KEY),
                "keys_needed": list(KEYS), "database_size": size, "database_sha256": digest, "files": count,
            }  # fmt: skip
            _add_bytes(archive, MANIFEST, json.dumps(manifest).encode())
        sealer.finish()
        target.flush()
        os.fsync(target.fileno())
    return manifest, sealer.digest.hexdigest()


@contextmanager
def _snapshot() -> Iterator[tuple[str, dict[str, Any]]]:
    """A snapshot that pg_dump can join, and what it holds: migrations, rows of each table, the server's version."""
    own = connection.copy()
    try:
        with own.cursor() as cursor:
            cursor.execute("begin transaction isolation level repeatable read, read only")
            cursor.execute(
                "select pg_export_snapshot(), current_setting('server_version'), current_setting('server_version_num')::int"
            )
            number, version, version_number = cursor.fetchone()
            cursor.execute("select app || '.' || name from django_migrations order by 1")
            migrations = [row[0] for row in cursor.fetchall()]
            yield number, {
                "postgresql": version, "server": version_number // 10000, "migrations": migrations, "rows": count_rows(cursor),
            }  # fmt: skip
    finally:
        own.close()


def count_rows(cursor: Any) -> dict[str, int]:
    """The rows of every table that is dumped with its rows."""
    cursor.execute(
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relpersistence = 'p' order by 1"
    )
    counts = {}
    for (table,) in cursor.fetchall():
        cursor.execute(f"select count(*) from {connection.ops.quote_name(table)}")
        counts[table] = int(cursor.fetchone()[0])
    return counts


def _add_database(archive: tarfile.TarFile, snapshot: str, server: int) -> tuple[int, str]:
    """The dump in pieces, as its length is known only at its end."""
    command = [
        program("pg_dump", server), "--format=custom", "--compress=gzip:3", "--no-owner", "--no-privileges", "--schema=public",
        "--no-unlogged-table-data", f"--snapshot={snapshot}",
    ]  # fmt: skip
    digest, size, number = hashlib.sha256(), 0, 0
    with tempfile.TemporaryFile() as errors:
        dump = subprocess.Popen(command, env=variables(connection.settings_dict), stdout=subprocess.PIPE, stderr=errors)
        try:
            assert dump.stdout is not None  # noqa: S101  (for the type checker)
            while piece := dump.stdout.read(PIECE):
                digest.update(piece)
                size, number = size + len(piece), number + 1
                _add_bytes(archive, f"{DATABASE}{number:06d}", piece)
        finally:
            dump.kill() if dump.poll() is None and number == 0 else None
            if dump.stdout:
                dump.stdout.close()
            code = dump.wait()
        if code:
            errors.seek(0)
            raise BackupFault(f"The database can't be dumped: {last_words(errors.read())}.")
    return size, digest.hexdigest()


def _add_files(archive: tarfile.TarFile, folder: Path) -> int:
    count = 0
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        try:
            file: BinaryIO = path.open("rb")
        except FileNotFoundError:  # removed a moment ago
            continue
        with file:
            entry = archive.gettarinfo(fileobj=file, arcname=FILES + str(path.relative_to(folder)))
            archive.addfile(entry, file)
        count += 1
    return count


def _add_bytes(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o600
    archive.addfile(entry, io.BytesIO(data))


def _write_manifest(path: Path, manifest: dict[str, Any]) -> None:
    partial = path.with_name(path.name + keep.PARTIAL)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(manifest, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)


def product_version() -> str:
    """The version that stands in pyproject.toml."""
    return str(tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
