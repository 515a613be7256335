"""`manage.py doctor`: every precondition, and for each that fails the line that mends it."""

import datetime
import json
import os
import shutil
import subprocess
import sys
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from crm.environment import BASE_DIR, VARIABLES, Environment, environment_for
from crm.setup import prepare, system
from crm.setup.bootstrap import Bootstrap
from crm.setup.database import LOWEST_VERSION, available, connect
from crm.setup.env_file import unknown_names
from crm.setup.faults import SetupFault

LEAST_DISK = 2 * 1024**3
LEAST_DISK_SHARE = 0.05
INTERNAL_NAMES = ("CRM_PROCESS", "CRM_DB_ROLE", "CRM_TEST_DATABASE")


@dataclass(frozen=True)
class Finding:
    """`remedy` is empty when all is well; a warning does not make the doctor fail."""

    subject: str
    state: str
    remedy: str = ""
    warning: bool = False

    @property
    def failed(self) -> bool:
        return bool(self.remedy) and not self.warning

    def __str__(self) -> str:
        mark = "FAIL" if self.failed else "warn" if self.remedy else "ok"
        line = f"{mark:<5} {self.subject:<18} {self.state}"
        return f"{line}\n      -> {self.remedy}" if self.remedy else line


def main(arguments: list[str]) -> int:
    """Print all findings; 1 when one of them fails."""
    if arguments:
        print("usage: manage.py doctor")
        return 0 if arguments[0] in ("-h", "--help") else 2
    failed = 0
    for finding in examine(environment_for()):
        print(finding, flush=True)
        failed += finding.failed
    print(f"\n{failed} of the above must be mended." if failed else "\nAll is well.")
    return int(bool(failed))


def examine(environment: Environment) -> Iterator[Finding]:
    """One finding after another; a check that breaks is itself a failure."""
    checks: list[Callable[[Environment], Finding | Iterator[Finding]]] = [
        python,
        packages,
        env_file,
        disk,
        databases,
        static_files,
        processes,
        pdf,
        browser,
        email,
        clock,
    ]
    for check in checks:
        try:
            found = check(environment)
            yield from [found] if isinstance(found, Finding) else found
        except Exception as error:
            yield Finding(
                check.__name__.replace("_", " "),
                f"could not be examined: {type(error).__name__}: {error}",
                "see the message",
            )


def python(environment: Environment) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        "Python", version, "" if sys.version_info >= (3, 11) else "install Python 3.11 or newer and remove .venv"
    )


def packages(environment: Environment) -> Finding:
    ready = Bootstrap(BASE_DIR).is_ready()
    return Finding(
        "Packages",
        "as the lock file says" if ready else "differ from the lock file",
        "" if ready else "rm -r .venv; python3 manage.py up",
    )


def env_file(environment: Environment) -> Iterator[Finding]:
    path = BASE_DIR / ".env"
    if not path.exists():
        yield Finding("Settings", "no .env; values come from the process")
    elif path.stat().st_mode & 0o077:
        yield Finding("Settings", ".env can be read by others", "chmod 600 .env")
    else:
        yield Finding("Settings", f"{environment.environment}, .env for its owner only")
    unknown = unknown_names((*VARIABLES, *INTERNAL_NAMES))
    if unknown:
        yield Finding(
            "Settings",
            f"nobody reads {', '.join(unknown)} of .env",
            "correct or remove the name (see .env.example)",
            warning=True,
        )
    if not environment.jwt_private_key:
        remedy = "set JWT_PRIVATE_KEY (docs/operations.md says how to make one)"
        yield Finding("API key", "JWT_PRIVATE_KEY is missing: the API can't hand out tokens", remedy)


def disk(environment: Environment) -> Finding:
    environment.data_dir.mkdir(parents=True, exist_ok=True)
    usage = shutil.disk_usage(environment.data_dir)
    enough = usage.free >= LEAST_DISK and usage.free >= usage.total * LEAST_DISK_SHARE
    state = f"{usage.free / 1024**3:.1f} GB free in {environment.data_dir.name}/"
    if not os.access(environment.data_dir, os.W_OK):
        return Finding("Disk", f"{environment.data_dir} can't be written", "make it writable, or set DATA_DIR")
    return Finding("Disk", state, "" if enough else "free some space, or set DATA_DIR to a larger disk")


def databases(environment: Environment) -> Iterator[Finding]:
    kind = "DATABASE_URL" if environment.database_is_external else "embedded"
    try:
        with available(environment):
            with connect(environment_for(CRM_DB_ROLE="app")) as connection:
                yield from _database(connection, kind)
            yield _owner() if environment.has_owner else Finding("Owner role", "not given; migrations run elsewhere")
            yield _migrations()
            yield _worker(environment)
    except SetupFault as fault:
        yield Finding("Database", kind, str(fault))


def _database(connection: psycopg.Connection, kind: str) -> Iterator[Finding]:
    version = connection.info.server_version
    remedy = "" if version // 10000 >= LOWEST_VERSION else f"upgrade to PostgreSQL {LOWEST_VERSION} or newer"
    yield Finding("Database", f"PostgreSQL {version // 10000}.{version % 10000}, {kind}", remedy)
    query = (
        "SELECT pg_encoding_to_char(encoding), datlocprovider, datlocale FROM pg_database "
        "WHERE datname = current_database()"
    )
    encoding, provider, locale = connection.execute(query).fetchone() or ("", "", "")
    fits = encoding == "UTF8" and provider == "b" and locale == "PG_UNICODE_FAST"
    remedy = (
        "create it anew: CREATE DATABASE ... TEMPLATE template0 ENCODING 'UTF8' "
        "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST'"
    )
    yield Finding("Database locale", f"{encoding}, {locale or 'of the operating system'}", "" if fits else remedy)
    role = connection.execute(
        "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    name, *powers = role or ("?", True, True)
    remedy = f"ALTER ROLE {name} NOSUPERUSER NOBYPASSRLS;"
    yield Finding(
        "Serving role", f"{name}, {'too powerful' if any(powers) else 'ordinary'}", remedy if any(powers) else ""
    )


def _owner() -> Finding:
    with connect(environment_for(CRM_DB_ROLE="owner")) as connection:
        row = connection.execute("SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    name, powerful = row or ("?", True)
    return Finding(
        "Owner role",
        f"{name}, {'a superuser' if powerful else 'ordinary'}",
        f"ALTER ROLE {name} NOSUPERUSER;" if powerful else "",
    )


def _migrations() -> Finding:
    command = [sys.executable, str(BASE_DIR / "manage.py"), "migrate", "--check"]
    variables = {"CRM_DB_ROLE": "owner", "CRM_PROCESS": "command"}
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, check=False)
    return Finding(
        "Migrations", *(("missing or broken", "python3 manage.py migrate") if done.returncode else ("all applied",))
    )


def _worker(environment: Environment) -> Finding:
    """Of the running installation: the worker's process lives and has said so of late."""
    running = _running(environment)
    if running is None:
        return Finding("Worker", "Customer desk is not running here", "python3 manage.py up", warning=True)
    number = running.get("Worker", 0)
    if not psutil.pid_exists(number):
        return Finding(
            "Worker", "is not alive", "look at the messages of python3 manage.py up; it starts the worker again"
        )
    program = (
        "import django; django.setup(); from django.db import connection; c = connection.cursor(); "
        "c.execute('select coalesce(min(extract(epoch from clock_timestamp() - seen_at))::int, -1) from crm_worker'); "
        "print(c.fetchone()[0])"
    )
    variables = {"CRM_DB_ROLE": "app", "CRM_PROCESS": "command", "DJANGO_SETTINGS_MODULE": "crm.settings"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=BASE_DIR,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = int(done.stdout.strip() or -1) if done.returncode == 0 else -1
    alive = 0 <= seconds < 60
    state = f"process {number}, seen {seconds} s ago" if seconds >= 0 else f"process {number}, without a sign of life"
    return Finding("Worker", state, "" if alive else f"kill -TERM {number}; the supervisor starts it again")


def _running(environment: Environment) -> dict[str, int] | None:
    try:
        record = json.loads((environment.data_dir / "running.json").read_text())
        return dict(record["children"]) if psutil.pid_exists(record["supervisor"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def processes(environment: Environment) -> Finding:
    running = _running(environment)
    if running is None:
        return Finding("Web server", "Customer desk is not running here", "python3 manage.py up", warning=True)
    dead = [name for name, number in running.items() if not psutil.pid_exists(number)]
    remedy = "look at the messages of python3 manage.py up" if dead else ""
    return Finding("Web server", f"{', '.join(dead)} not alive" if dead else f"{len(running)} processes alive", remedy)


def static_files(environment: Environment) -> Finding:
    stamp = environment.data_dir / "static.stamp"
    current = stamp.is_file() and stamp.read_text() == prepare.static_fingerprint([BASE_DIR / "static"])
    return Finding(
        "Static files",
        "collected" if current else "missing or old",
        "" if current else "python3 manage.py up collects them",
    )


def pdf(environment: Environment) -> Finding:
    works = system.makes_pdf()
    return Finding("PDF", "a page was made" if works else "no page can be made", "" if works else system.pdf_line())


def browser(environment: Environment) -> Finding:
    found = system.chromium()
    return Finding(
        "Browser for tests", Path(found).name if found else "none", "" if found else system.browser_line(), warning=True
    )


def email(environment: Environment) -> Finding:
    backend = str(environment.email["EMAIL_BACKEND"]).rsplit(".", 2)[-2]
    if environment.production and backend != "smtp":
        return Finding(
            "E-mail", f"goes to {backend}, nobody gets any", "set EMAIL_URL=smtp+tls://user:password@host:587"
        )
    if backend != "smtp":
        return Finding("E-mail", "is written to files (development)")
    return Finding("E-mail", f"by {environment.email['EMAIL_HOST']} as {environment.default_from_email}")


def clock(environment: Environment) -> Finding:
    try:
        zoneinfo.ZoneInfo("Europe/London")
        zones = len(zoneinfo.available_timezones())
    except zoneinfo.ZoneInfoNotFoundError:
        return Finding("Clock", "no time zone data", "rm -r .venv; python3 manage.py up")
    now = datetime.datetime.now(datetime.UTC)
    newest = max(path.stat().st_mtime for path in (BASE_DIR / "manage.py", BASE_DIR / "requirements.lock"))
    late = now.timestamp() < newest - 86400
    return Finding(
        "Clock", f"{now:%Y-%m-%d %H:%M} UTC, {zones} time zones", "set the clock of this machine" if late else ""
    )
