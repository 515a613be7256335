"""The virtual environment: when it is made, when it is left alone, and what a person reads when it can't be."""

import ast
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from crm.environment import BASE_DIR
from crm.setup.bootstrap import STAMP, UNFINISHED, Bootstrap, BootstrapFault, locked_requirement, run_logged

LOCK = r"""django==5.2.19 \
    --hash=sha256:aa \
    --hash=sha256:bb
uv==0.13.8 \
    --hash=sha256:cc
    # via x
"""


class Programs:
    """Stands for uv, pip and apt: remembers what was asked for, fails where told, makes the interpreter's file."""

    def __init__(self, root: Path, *failing: str) -> None:
        self.root = root
        self.failing = failing
        self.lines: list[str] = []

    def __call__(self, command: Sequence[str], log: Path) -> int:
        line = " ".join(command)
        self.lines.append(line)
        with log.open("a") as output:
            output.write(f"{line}\n")
        if any(part in line for part in self.failing):
            return 1
        if " venv " in line:
            python = self.root / ".venv" / "bin" / "python"
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()
        return 0

    def ran(self, part: str) -> bool:
        return any(part in line for line in self.lines)


def make(root: Path, *failing: str, on_path: Sequence[str] = ("uv",)) -> tuple[Bootstrap, Programs]:
    (root / "requirements.lock").write_text(LOCK)
    programs = Programs(root, *failing)
    return Bootstrap(root, programs, lambda name: f"/bin/{name}" if name in on_path else None), programs


def test_first_time_installs_and_second_time_touches_nothing(tmp_path: Path) -> None:
    bootstrap, programs = make(tmp_path)
    assert bootstrap.ensure()
    assert programs.ran("/bin/uv pip install")
    assert programs.ran("--require-hashes")
    programs.lines.clear()
    assert not bootstrap.ensure()
    assert programs.lines == []


def test_changed_lock_installs_into_the_same_environment(tmp_path: Path) -> None:
    bootstrap, programs = make(tmp_path)
    bootstrap.ensure()
    programs.lines.clear()
    bootstrap.lock.write_text(LOCK.replace("5.2.19", "5.2.20"))
    assert bootstrap.ensure()
    assert not programs.ran(" venv ")


def test_killed_installation_is_made_anew(tmp_path: Path) -> None:
    bootstrap, programs = make(tmp_path)
    bootstrap.ensure()
    (bootstrap.venv / UNFINISHED).touch()
    (bootstrap.venv / "left-over").touch()
    programs.lines.clear()
    assert bootstrap.ensure()
    assert programs.ran(" venv ")
    assert not (bootstrap.venv / "left-over").exists()


def test_missing_interpreter_is_made_anew(tmp_path: Path) -> None:
    bootstrap, programs = make(tmp_path)
    bootstrap.ensure()
    bootstrap.python.unlink()
    programs.lines.clear()
    assert bootstrap.ensure()
    assert programs.ran(" venv ")


def test_without_uv_the_locked_one_is_installed_first(tmp_path: Path) -> None:
    bootstrap, programs = make(tmp_path, on_path=())
    assert bootstrap.ensure()
    assert programs.ran(f"-m venv --clear {tmp_path}")
    assert programs.ran(f"{tmp_path}/.venv/bin/uv pip install")


def test_pip_takes_over_when_uv_fails(tmp_path: Path) -> None:
    bootstrap, programs = make(tmp_path, "uv pip install")
    assert bootstrap.ensure()
    assert programs.ran("-m pip install")


def test_no_network_is_one_sentence_and_leaves_no_stamp(tmp_path: Path) -> None:
    bootstrap, _ = make(tmp_path, "pip install")
    with pytest.raises(BootstrapFault, match="check the network") as caught:
        bootstrap.ensure()
    assert "\n" not in str(caught.value)
    assert not (bootstrap.venv / STAMP).exists()
    bootstrap.run = Programs(tmp_path)
    assert bootstrap.ensure()


def test_debian_without_venv_is_told_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    bootstrap, _ = make(tmp_path, "-m venv", on_path=("apt-get",))
    with pytest.raises(BootstrapFault, match="apt-get install python3-venv"):
        bootstrap.ensure()


def test_root_on_debian_gets_venv_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    bootstrap, programs = make(tmp_path, "-m venv", on_path=("apt-get",))
    with pytest.raises(BootstrapFault):
        bootstrap.ensure()
    assert programs.ran("apt-get install --yes --no-install-recommends python3-venv")


def test_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    bootstrap, _ = make(tmp_path)
    bootstrap.venv = tmp_path / "requirements.lock" / ".venv"
    with pytest.raises(BootstrapFault, match="can't be written"):
        bootstrap.ensure()


def test_program_that_is_missing_counts_as_failed(tmp_path: Path) -> None:
    assert run_logged([str(tmp_path / "nothing")], tmp_path / "log") == 127
    assert run_logged([sys.executable, "-c", "print('said')"], tmp_path / "log") == 0
    assert "said" in (tmp_path / "log").read_text()


def test_one_package_of_the_lock_file_with_its_hashes() -> None:
    assert locked_requirement(LOCK, "uv") == "uv==0.13.8 \\\n    --hash=sha256:cc\n"
    assert locked_requirement(LOCK, "pip") == ""
    assert locked_requirement((BASE_DIR / "requirements.lock").read_text(), "uv").startswith("uv==")


def test_lock_file_names_no_index() -> None:
    lock = (BASE_DIR / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--index-url" not in lock


def test_manage_py_can_be_read_by_an_old_python() -> None:
    source = (BASE_DIR / "manage.py").read_text()
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= sys.stdlib_module_names


def test_old_python_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import manage

    monkeypatch.setattr(manage, "LOWEST", (4, 0))
    monkeypatch.setattr(manage, "newer_python", lambda: None)
    assert manage.main(["up"]) == 1
    assert "needs Python 3.11 or newer" in capsys.readouterr().err


def test_newer_python_is_one_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import manage

    shim, real = tmp_path / "python3.14", tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n")
    real.write_text("#!/bin/sh\nexit 0\n")
    for path in (shim, real):
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert manage.newer_python() == str(real)
