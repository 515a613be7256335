"""What stands before the first page: secrets, stamps, sign-ins, and the sentences when a value is wrong."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from crm.environment import BASE_DIR, from_file, read
from crm.setup.env_file import ensure_env_file, unknown_names
from crm.setup.prepare import demo_sign_ins, empty_metrics, sign_in_lines, static_fingerprint


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    (tmp_path / ".env.example").write_text((BASE_DIR / ".env.example").read_text())
    return tmp_path


def test_env_file_is_written_once_with_secrets_of_its_own(folder: Path, tmp_path: Path) -> None:
    assert ensure_env_file(folder)
    path = folder / ".env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = path.read_text()
    assert not ensure_env_file(folder)
    assert path.read_text() == first
    path.unlink()
    ensure_env_file(folder)
    assert path.read_text() != first
    production = {"ENVIRONMENT": "production", "PUBLIC_URL": "https://crm.example.com"}
    found = read({**from_file(path), **production})
    assert len(found.secret_key) >= 50
    assert found.jwt_private_key.startswith("-----BEGIN PRIVATE KEY-----\n")


def test_env_file_is_not_written_when_the_process_brings_its_secrets(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "from elsewhere")
    assert not ensure_env_file(folder)
    assert not (folder / ".env").exists()


def test_slip_of_the_pen_in_the_env_file_is_found(folder: Path) -> None:
    (folder / ".env").write_text("PORT=8000\nPROT=9000\n")
    assert unknown_names(("PORT",), folder) == ["PROT"]


def test_static_fingerprint_changes_with_a_file(tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "base.css").write_text("a{}")
    first = static_fingerprint([tmp_path])
    assert static_fingerprint([tmp_path]) == first
    (tmp_path / "css" / "base.css").write_text("a{b:c}")
    assert static_fingerprint([tmp_path]) != first


def test_sign_ins_are_aligned_and_their_absence_is_quiet(tmp_path: Path) -> None:
    assert demo_sign_ins(tmp_path) == []
    (tmp_path / "demo-sign-ins.json").write_text("{")
    assert demo_sign_ins(tmp_path) == []
    entries = [
        {"business": "Acme", "role": "owner", "email": "riley@example.com", "password": "one"},
        {"business": "Globex Software", "role": "agent", "email": "j@example.com", "password": "two"},
    ]
    (tmp_path / "demo-sign-ins.json").write_text(json.dumps(entries))
    lines = sign_in_lines(demo_sign_ins(tmp_path))
    assert (
        len(
            {
                line.index("@example.com") - len(entry["email"].split("@")[0])
                for line, entry in zip(lines, entries, strict=True)
            }
        )
        == 1
    )


@pytest.mark.parametrize(
    ("variables", "code", "says"),
    [
        ({"PORT": "many"}, 2, "PORT is 'many'"),
        ({"DATABASE_URL": "postgres://a:b@127.0.0.1:1/crm"}, 1, "can't be reached"),
    ],
)
def test_fault_is_one_sentence_and_an_exit_code(variables: dict[str, str], code: int, says: str) -> None:
    command = [sys.executable, str(BASE_DIR / "manage.py"), "shell", "-c", "pass"]
    environment = {**os.environ, "CRM_DB_ROLE": "app", **variables}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_each_start_counts_anew(folder: Path) -> None:
    counted = empty_metrics(folder)
    assert stat.S_IMODE(counted.stat().st_mode) == 0o700
    (counted / "histogram_1.db").write_bytes(b"x")
    (counted / "notes.txt").write_bytes(b"x")
    assert empty_metrics(folder) == counted
    assert [path.name for path in counted.iterdir()] == ["notes.txt"]


def test_an_older_env_file_gets_a_key_for_backups_once(folder: Path) -> None:
    path = folder / ".env"
    path.write_text("SECRET_KEY=kept\nBACKUP_KEY=\n")
    assert not ensure_env_file(folder)
    first = path.read_text()
    assert not ensure_env_file(folder)
    assert path.read_text() == first
    assert len(read(from_file(path)).backup_key) == 32
    assert read(from_file(path)).secret_key == "kept"
