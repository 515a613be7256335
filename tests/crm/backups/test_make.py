"""Making and keeping backups: encrypted, proven, 0600, the newest kept; damage is found by reading."""

import json
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command

from crm.backups import keep
from crm.backups.envelope import key_id
from crm.backups.faults import BackupFault
from crm.backups.make import make
from crm.backups.verify import verify
from crm.models import Notification
from crm.setup.locks import FileLock
from tests.factories import make_business, make_customer, make_user

pytestmark = pytest.mark.django_db(transaction=True)
NIGHT = datetime(2026, 1, 15, 1, 30, tzinfo=UTC)
KEY = bytes(range(32))


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.BACKUP_DIR, settings.BACKUP_KEY, settings.BACKUPS_KEPT = tmp_path / "backups", KEY, 30
    settings.MEDIA_ROOT = tmp_path / "files"
    (tmp_path / "files" / "imports").mkdir(parents=True)
    (tmp_path / "files" / "imports" / "orders.csv").write_text("CANARY-FILE,1")
    return tmp_path / "backups"


@contextmanager
def _files_at_most(size: int) -> Iterator[None]:
    """As on a disk that is full after so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _is_refused(path: Path) -> bool:
    try:
        verify(path)
    except BackupFault:
        return True
    return False


def test_a_backup_is_one_encrypted_file_for_its_owner_alone(folder: Path) -> None:
    make_customer(make_business(), first_name="CANARY", last_name="NAME")
    backup = make(NIGHT)
    assert backup.path == folder / "customer-desk-20260115T013000-000Z.backup"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert sorted(path.name for path in folder.iterdir()) == [".lock", backup.path.name, f"{backup.path.name}.json"]
    raw = backup.path.read_bytes()
    assert [word for word in (b"CANARY", b"PGDMP", b"crm_customer") if word in raw] == []


def test_the_manifest_says_what_is_inside_and_which_keys_are_needed(folder: Path) -> None:
    make_customer(make_business())
    manifest = make(NIGHT).manifest
    assert manifest["rows"]["customers_customer"] == 1
    assert "crm_cache" not in manifest["rows"]
    assert (manifest["files"], manifest["keys_needed"]) == (1, ["BACKUP_KEY", "SECRET_KEY", "JWT_PRIVATE_KEY"])
    assert manifest["key"] == key_id(KEY)
    assert "crm.0001_initial" in manifest["migrations"]
    assert manifest["postgresql"].startswith("18")
    assert {"created_at", "verified_at", "version", "size", "sha256", "database_size", "database_sha256"} <= set(
        manifest
    )
    text = keep.manifest_path(next(folder.glob("*.backup"))).read_text()
    assert KEY.hex() not in text
    assert json.loads(text) == manifest


def test_what_was_made_is_whole() -> None:
    contents = verify(make(NIGHT).path)
    assert contents.files == {"imports/orders.csv"}


def test_every_damage_is_found_by_reading(folder: Path) -> None:
    backup, other = make(NIGHT), make(NIGHT + timedelta(days=1))
    whole, beside = backup.path.read_bytes(), keep.manifest_path(backup.path)
    described = beside.read_text()
    size = len(whole)
    damages = {
        **{
            f"flipped at {place}": whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :]
            for place in range(0, size, size // 9)
        },
        **{f"cut at {place}": whole[:place] for place in (0, 5, size // 2, size - 1)},
        "longer": whole + b"\0",
        "swapped": other.path.read_bytes(),
    }
    for name, damaged in damages.items():
        backup.path.write_bytes(damaged)
        assert _is_refused(backup.path), name
    backup.path.write_bytes(whole)
    beside.write_text(described.replace('"files": 1', '"files": 2'))
    with pytest.raises(BackupFault, match="manifest"):
        verify(backup.path)
    beside.unlink()
    with pytest.raises(BackupFault, match="manifest"):
        verify(backup.path)
    beside.write_text(described)
    assert verify(backup.path)


def test_another_key_opens_nothing(settings: Any) -> None:
    backup = make(NIGHT)
    settings.BACKUP_KEY = bytes(32)
    with pytest.raises(BackupFault, match="another key"):
        verify(backup.path)


def test_without_a_key_nothing_is_written(settings: Any, folder: Path) -> None:
    settings.BACKUP_KEY = b""
    with pytest.raises(BackupFault, match="BACKUP_KEY is missing"):
        make(NIGHT)
    assert not folder.exists()


def test_a_full_disk_leaves_no_file_and_the_backups_before(folder: Path) -> None:
    before = make(NIGHT)
    with _files_at_most(20_000), pytest.raises(BackupFault, match="can't be written"):
        make(NIGHT + timedelta(days=1))
    assert [backup.path for backup in keep.backups(folder)] == [before.path]
    assert not list(folder.glob("*.partial"))
    assert verify(before.path)


def test_a_failed_backup_ends_with_a_sentence_and_tells_the_operators(settings: Any) -> None:
    operator = make_user(is_staff=True)
    settings.BACKUP_KEY = b""
    with pytest.raises(BackupFault):
        call_command("backup", stdout=StringIO())
    assert list(Notification.unscoped.values_list("user", "kind")) == [(operator.pk, "crm.backup_failed")]


def test_two_at_once_are_refused(folder: Path) -> None:
    folder.mkdir()
    with FileLock(folder / ".lock"), pytest.raises(BackupFault, match="being made right now"):
        make(NIGHT)


def test_what_a_killed_backup_has_left_goes(folder: Path) -> None:
    folder.mkdir()
    (folder / "customer-desk-20260101T000000-000Z.backup.partial").write_bytes(b"half")
    make(NIGHT)
    assert not list(folder.glob("*.partial"))


def test_of_31_daily_backups_30_are_kept(folder: Path) -> None:
    first = make(NIGHT)
    for day in range(1, 30):
        name = folder / keep.name_for(NIGHT + timedelta(days=day))
        shutil.copy(first.path, name)
        shutil.copy(keep.manifest_path(first.path), keep.manifest_path(name))
    assert len(keep.backups(folder)) == 30
    newest = make(NIGHT + timedelta(days=30))
    there = keep.backups(folder)
    assert (len(there), there[0].path, first.path in {backup.path for backup in there}) == (30, newest.path, False)
    assert not keep.manifest_path(first.path).exists()


def test_the_last_good_one_is_never_pruned(folder: Path) -> None:
    good = make(NIGHT)
    for day in range(1, 5):
        (folder / keep.name_for(NIGHT + timedelta(days=day))).write_bytes(b"never proven")
    assert keep.prune(folder, 1) == []
    assert keep.newest_good(folder).path == good.path


def test_the_commands_list_and_verify(folder: Path) -> None:
    backup, out, errors = make(NIGHT), StringIO(), StringIO()
    (folder / keep.name_for(NIGHT + timedelta(days=1))).write_bytes(b"never proven")
    call_command("backup", "list", stdout=out)
    assert "never proven" in out.getvalue().splitlines()[0]
    assert backup.path.name in out.getvalue().splitlines()[1]
    call_command("backup", "verify", stdout=out)
    assert f"{backup.path.name}: whole" in out.getvalue()
    with pytest.raises(BackupFault, match="1 of 2"):
        call_command("backup", "verify", all=True, stdout=out, stderr=errors)


def test_files_of_uploads_are_saved(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = default_storage.path("")
    name = default_storage.save("imports/upload.csv", ContentFile(b"a,b"))
    try:
        assert name in verify(make(NIGHT).path).files
    finally:
        default_storage.delete(name)
