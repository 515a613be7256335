"""What has to be true before the first page: tables, rights, static files, and demo data the first time."""

import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crm.environment import BASE_DIR, Environment
from crm.setup.database import grant_app
from crm.setup.faults import SetupFault

SIGN_INS = "demo-sign-ins.json"
SET_UP_DONE = "set-up.done"
# Files of packages that no page asks for: REST framework's own pages and htmx 4; compressing them takes seconds.
UNUSED_STATIC = ["rest_framework", "htmx-4*", "htmax-4*", "ext"]


def say(sentence: str) -> None:
    print(sentence, flush=True)


def prepare_database(environment: Environment) -> None:
    """Migrations (with a sentence only when there are any), the cache's table, the rights of the serving role."""
    import django
    from django.core.management import call_command
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    django.setup()
    try:
        executor = MigrationExecutor(connections["default"])
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan and not _may_create_tables():
            raise SetupFault(
                "The database needs migrations: set DATABASE_OWNER_URL, or run python3 manage.py migrate with it."
            )
        if plan:
            say(f"Preparing the database ({len(plan)} migrations) ...")
            call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
    finally:
        connections.close_all()
    grant_app(environment)


def _may_create_tables() -> bool:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT has_schema_privilege('public', 'CREATE')")
        return bool(cursor.fetchone()[0])


def prepare_static_files(data_dir: Path) -> None:
    """`collectstatic` when a file or a package has changed since the last time."""
    from django.conf import settings
    from django.core.management import call_command

    stamp = data_dir / "static.stamp"
    current = static_fingerprint([Path(folder) for folder in settings.STATICFILES_DIRS])
    if stamp.is_file() and stamp.read_text() == current and Path(settings.STATIC_ROOT).is_dir():
        return
    say("Collecting the static files ...")
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0, ignore_patterns=UNUSED_STATIC)
    stamp.write_text(current)


def static_fingerprint(folders: list[Path]) -> str:
    """Of every static file's path, size and time, and of the packages that bring some of their own."""
    digest = hashlib.sha256()
    for package in ("django", "django-htmx", "drf-spectacular", "django-import-export", "whitenoise", "lucide"):
        digest.update(f"{package} {importlib.metadata.version(package)}\n".encode())
    for folder in sorted(folders):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found = path.stat()
                digest.update(f"{path}|{found.st_size}|{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def empty_metrics(data_dir: Path) -> Path:
    """The folder into which web processes count, without what those of the last run have left there."""
    folder = data_dir / "metrics"
    folder.mkdir(mode=0o700, exist_ok=True)
    for left in folder.glob("*.db"):
        left.unlink()
    return folder


def prepare_demo(data_dir: Path, *, empty: bool, variables: Mapping[str, str]) -> None:
    """The first time, unless `empty`: two demo businesses, made by `manage.py demo` as the serving role."""
    from django.apps import apps
    from django.core.management import get_commands
    from django.db import connections

    marker = data_dir / SET_UP_DONE
    if marker.exists():
        return
    try:
        filled = apps.get_model("crm", "Business")._base_manager.exists()
    finally:
        connections.close_all()
    if not filled and not empty and "demo" in get_commands():
        say("Making demo data: two businesses with three years of history ...")
        command = [sys.executable, str(BASE_DIR / "manage.py"), "demo", "--customers", "5000", "--seed", "1"]
        done = subprocess.run(command, env={**os.environ, **variables}, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise SetupFault(
                "The demo data could not be made (the reason stands above): run python3 manage.py up again, "
                "or python3 manage.py up --empty to begin without it."
            )
    marker.write_text("")


def demo_sign_ins(data_dir: Path) -> list[dict[str, Any]]:
    """The sign-ins of the demo businesses while their file exists."""
    try:
        found = json.loads((data_dir / SIGN_INS).read_text())
    except (OSError, ValueError):
        return []
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def sign_in_lines(entries: list[dict[str, Any]]) -> list[str]:
    """The sign-ins as aligned lines, one per role."""
    rows = [[str(entry.get(key, "")) for key in ("business", "role", "email", "password")] for entry in entries]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
