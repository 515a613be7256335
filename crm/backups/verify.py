"""Proving that a backup is whole: every byte of it is read, opened and understood, and nothing is written."""

import hashlib
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from crm.backups import keep
from crm.backups.envelope import Opener
from crm.backups.faults import BackupFault
from crm.backups.programs import last_words, program
from crm.setup.database import LOWEST_VERSION

PIECE = 1024 * 1024
DATABASE, FILES, MANIFEST = "database/", "files/", "manifest.json"


@dataclass(frozen=True)
class Contents:
    """What an archive holds: its manifest and the names of its files."""

    manifest: dict[str, Any]
    files: frozenset[str]


def verify(archive: Path, manifest: dict[str, Any] | None = None) -> Contents:
    """Read the whole archive: each chunk opens, the dump is understood to its end, sums and sizes are those of the manifest
    beside it (or of `manifest`). Raises BackupFault."""
    beside = keep.read(archive).manifest if manifest is None else manifest
    if not beside:
        raise BackupFault(
            f"The manifest of {archive.name} is missing or can't be read: nobody knows whether the backup is whole."
        )
    with tempfile.TemporaryFile() as errors:
        command = [
            program("pg_restore", int(beside.get("server", LOWEST_VERSION))),
            "--format=custom",
            "--file=/dev/null",
        ]
        reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors)
        assert reader.stdin is not None  # noqa: S101  (for the type checker)
        try:
            contents, digest = read(archive, reader.stdin)
        finally:
            end_input(reader.stdin)
            code = reader.wait()
        if code:
            errors.seek(0)
            raise BackupFault(f"The dump inside {archive.name} can't be read: {last_words(errors.read())}.")
    if (archive.stat().st_size, digest) != (beside.get("size"), beside.get("sha256")):
        raise BackupFault(f"{archive.name} is not the archive that its manifest describes.")
    if any(beside.get(name) != value for name, value in contents.manifest.items()):
        raise BackupFault(f"The manifest of {archive.name} was changed.")
    return contents


def read(
    archive: Path, database: IO[bytes], store: Callable[[str, IO[bytes]], None] | None = None
) -> tuple[Contents, str]:
    """Open all of the archive: the dump goes to `database`, each file to `store`. Returns what it holds and the SHA-256 of
    the archive. Raises BackupFault at the first byte that is not what was written."""
    digest, names, manifest = hashlib.sha256(), set(), None
    try:
        with archive.open("rb") as source:
            opener = Opener(source, settings.BACKUP_KEY)
            with tarfile.open(fileobj=opener, mode="r|", bufsize=PIECE) as entries:
                for entry in entries:
                    content = entries.extractfile(entry)
                    if content is None:
                        raise BackupFault(f"{archive.name} holds something that is no file: {entry.name}.")
                    if entry.name.startswith(DATABASE):
                        _copy(content, database, digest)
                    elif entry.name.startswith(FILES):
                        name = entry.name.removeprefix(FILES)
                        names.add(name)
                        store(name, content) if store else _copy(content, None)
                    elif entry.name == MANIFEST:
                        manifest = json.load(content)
            while opener.read(PIECE):
                pass
    except FileNotFoundError:
        raise BackupFault(f"There is no file {archive}.") from None
    except (tarfile.TarError, ValueError) as error:
        raise BackupFault(f"{archive.name} can't be read: {error}.") from None
    if manifest is None or manifest["files"] != len(names) or manifest["created_at"] != opener.created_at:
        raise BackupFault(f"{archive.name} is not complete.")
    if manifest["database_sha256"] != digest.hexdigest():
        raise BackupFault(f"The dump inside {archive.name} is not the one that was made.")
    return Contents(manifest, frozenset(names)), opener.digest.hexdigest()


def _copy(content: IO[bytes], target: IO[bytes] | None, digest: Any = None) -> None:
    """In pieces. A program that has stopped listening says why itself, so the pieces still are counted."""
    while piece := content.read(PIECE):
        if digest is not None:
            digest.update(piece)
        if target is not None and not target.closed:
            try:
                target.write(piece)
            except BrokenPipeError:
                end_input(target)


def end_input(target: IO[bytes]) -> None:
    """Close it; what a program that has ended doesn't take any more is dropped."""
    with suppress(BrokenPipeError):
        target.close()
