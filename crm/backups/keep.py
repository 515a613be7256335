"""The folder of backups: what is there, and how many are kept."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from crm.backups.faults import BackupFault
from crm.setup.locks import FileLock

SUFFIX = ".backup"
PARTIAL = ".partial"


@dataclass(frozen=True)
class Backup:
    """An archive and what its manifest says; without a manifest it was never proven to be whole."""

    path: Path
    manifest: dict[str, Any]

    @property
    def is_good(self) -> bool:
        return bool(self.manifest.get("verified_at"))


def name_for(at: datetime) -> str:
    """The file's name, which sorts by time."""
    return f"customer-desk-{at:%Y%m%dT%H%M%S}-{at.microsecond // 1000:03d}Z{SUFFIX}"


def manifest_path(archive: Path) -> Path:
    return archive.with_name(archive.name + ".json")


def read(archive: Path) -> Backup:
    """The backup with its manifest; one that can't be read counts as none."""
    try:
        manifest = json.loads(manifest_path(archive).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        manifest = {}
    return Backup(archive, manifest if isinstance(manifest, dict) else {})


def backups(folder: Path) -> list[Backup]:
    """All backups of the folder, newest first."""
    return [read(path) for path in sorted(folder.glob(f"*{SUFFIX}"), reverse=True)]


def newest_good(folder: Path) -> Backup:
    """Raises BackupFault when there is none."""
    for backup in backups(folder):
        if backup.is_good:
            return backup
    raise BackupFault(f"There is no backup in {folder} that was proven to be whole.")


def prune(folder: Path, kept: int) -> list[Path]:
    """Remove what is older than the `kept` newest good backups; never any of those, and so never the last good one."""
    good = [backup.path for backup in backups(folder) if backup.is_good]
    if len(good) <= kept:
        return []
    oldest_kept = good[kept - 1].name
    gone = [backup.path for backup in backups(folder) if backup.path.name < oldest_kept]
    for path in gone:
        path.unlink()
        manifest_path(path).unlink(missing_ok=True)
    return gone


@contextmanager
def opened(folder: Path) -> Iterator[None]:
    """The folder, ours alone for the length of the body: 0700, without what an interrupted backup has left."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BackupFault(f"The folder {folder} can't be made ({error.strerror}): set BACKUP_DIR.") from None
    lock = FileLock(folder / ".lock")
    if not lock.acquire(wait=False):
        lock.release()
        raise BackupFault("Another backup is being made right now: wait for it to end.")
    try:
        for left in folder.glob(f"*{PARTIAL}"):
            left.unlink()
        yield
    finally:
        lock.release()


def sync_folder(folder: Path) -> None:
    """Make renames in the folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
