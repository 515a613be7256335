"""The virtual environment: made, filled from the lock file, stamped. Needs nothing but the standard library."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

STAMP = "customer-desk.stamp"
UNFINISHED = "customer-desk.unfinished"
Run = Callable[[Sequence[str], Path], int]


class BootstrapFault(Exception):
    """One sentence for the operator."""


def run_logged(command: Sequence[str], log: Path) -> int:
    """Run a program with its output appended to the log; its exit code, 127 when it can't be started."""
    with log.open("ab") as output:
        output.write(("$ " + " ".join(command) + "\n").encode())
        output.flush()
        try:
            return subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
            ).returncode
        except OSError as error:
            output.write(f"{error}\n".encode())
            return 127


class Bootstrap:
    """Brings `.venv` into the state that the lock file asks for; `run` and `find` are there to be replaced in tests."""

    def __init__(
        self, root: str | Path, run: Run = run_logged, find: Callable[[str], str | None] = shutil.which
    ) -> None:
        self.root = Path(root)
        self.venv = self.root / ".venv"
        self.lock = self.root / "requirements.lock"
        self.log = self.root / ".venv.log"
        self.run = run
        self.find = find

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    def fingerprint(self) -> str:
        """Of the lock file, the Python that was used and the place, for a virtual environment can't be moved."""
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return hashlib.sha256(self.lock.read_bytes() + f"|{version}|{self.venv}".encode()).hexdigest()

    def is_ready(self) -> bool:
        try:
            stamped = (self.venv / STAMP).read_text() == self.fingerprint()
        except OSError:
            return False
        return stamped and self.python.exists() and not (self.venv / UNFINISHED).exists()

    def ensure(self) -> bool:
        """True when something was installed; nothing is touched while the stamp is right."""
        if self.is_ready():
            return False
        try:
            guard = os.open(self.root / ".venv.lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise self._read_only(error) from None
        try:
            fcntl.flock(guard, fcntl.LOCK_EX)
            if self.is_ready():
                return True
            self._install()
            return True
        except OSError as error:
            raise self._read_only(error) from None
        finally:
            os.close(guard)

    def _install(self) -> None:
        print("Installing the packages that Customer desk stands on ...", flush=True)
        self.log.write_bytes(b"")
        uv = self.find("uv")
        if not self._usable():
            self._make(uv)
        (self.venv / STAMP).unlink(missing_ok=True)
        (self.venv / UNFINISHED).touch()
        if not self._install_packages(uv):
            raise BootstrapFault(
                "The packages could not be installed: check the network, or the package index that pip and uv are "
                "configured for, and run the same command again; it carries on from there. "
                f"The last line of {self.log} is: {self._last_line()}"
            )
        (self.venv / UNFINISHED).unlink()
        (self.venv / STAMP).write_text(self.fingerprint())
        self.log.unlink(missing_ok=True)
        (self.root / ".venv.lock").unlink(missing_ok=True)

    def _usable(self) -> bool:
        """A whole virtual environment of this Python version; what a killed set-up left behind is not."""
        if (self.venv / UNFINISHED).exists() or not self.python.exists():
            return False
        check = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]!r})"
        return self.run([str(self.python), "-c", check], self.log) == 0

    def _make(self, uv: str | None) -> None:
        if self.venv.is_symlink() or self.venv.is_file():
            raise BootstrapFault(f"{self.venv} is not a folder of its own: remove it and run the same command again.")
        shutil.rmtree(self.venv, ignore_errors=True)
        base = getattr(sys, "_base_executable", None) or sys.executable
        if uv and self.run([uv, "venv", "--quiet", "--python", base, str(self.venv)], self.log) == 0:
            return
        if self.run([base, "-m", "venv", "--clear", str(self.venv)], self.log) == 0:
            return
        if self._install_venv_module() and self.run([base, "-m", "venv", "--clear", str(self.venv)], self.log) == 0:
            return
        shutil.rmtree(self.venv, ignore_errors=True)
        if self.find("apt-get"):
            raise BootstrapFault(
                "Python can't make virtual environments yet: run apt-get install python3-venv, "
                "then the same command again."
            )
        raise BootstrapFault(
            f"The virtual environment could not be made; the last line of {self.log} is: {self._last_line()}"
        )

    def _install_venv_module(self) -> bool:
        """Debian ships `venv` apart; as root it is installed."""
        apt = self.find("apt-get")
        if os.geteuid() != 0 or not apt:
            return False
        print("Installing the system package python3-venv ...", flush=True)
        install = [apt, "install", "--yes", "--no-install-recommends", "python3-venv"]
        return self.run(install, self.log) == 0 or (
            self.run([apt, "update"], self.log) == 0 and self.run(install, self.log) == 0
        )

    def _install_packages(self, uv: str | None) -> bool:
        """With uv where it is there or can be had (it is in the lock file), else with pip; both check every hash."""
        requirements = ["--require-hashes", "--requirement", str(self.lock)]
        if uv is None and self._has_pip() and self._install_uv():
            uv = str(self.venv / "bin" / "uv")
        if (
            uv
            and self.run([uv, "pip", "install", "--quiet", "--python", str(self.python), *requirements], self.log) == 0
        ):
            return True
        if not self._has_pip():
            self.run([str(self.python), "-m", "ensurepip", "--default-pip"], self.log)
        install = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
        return self.run(install, self.log) == 0

    def _has_pip(self) -> bool:
        return self.run([str(self.python), "-m", "pip", "--version"], self.log) == 0

    def _install_uv(self) -> bool:
        block = locked_requirement(self.lock.read_text(), "uv")
        if not block:
            return False
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(block)
            file.flush()
            install = [
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--require-hashes",
                "--requirement",
                file.name,
            ]
            return self.run([str(self.python), *install], self.log) == 0

    def _read_only(self, error: OSError) -> BootstrapFault:
        reason = error.strerror or str(error)
        return BootstrapFault(
            f"The folder {self.root} can't be written ({reason}): make it writable, "
            "or copy Customer desk to one that is."
        )

    def _last_line(self) -> str:
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else "(nothing)"


def locked_requirement(lock: str, name: str) -> str:
    """The lines of one package in a lock file with hashes; empty when it is not there."""
    lines = lock.splitlines()
    for index, line in enumerate(lines):
        if line.startswith(f"{name}=="):
            end = index
            while lines[end].endswith("\\"):
                end += 1
            return "\n".join(lines[index : end + 1]) + "\n"
    return ""
