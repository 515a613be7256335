"""PostgreSQL's own programs and how they reach the database."""

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crm.backups.faults import BackupFault
from crm.setup.faults import SetupFault
from crm.setup.postgres_home import packaged_binaries

_PARAMETERS = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD", "NAME": "PGDATABASE"}
_OPTIONS = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}


def program(name: str, server: int) -> str:
    """The path of pg_dump, pg_restore or psql of at least the server's major version: from the package, else from PATH."""
    try:
        packaged: str | None = str(packaged_binaries() / name)
    except SetupFault:
        packaged = None
    found = [path for path in (packaged, shutil.which(name)) if path and Path(path).is_file()]
    for path in found:
        if _major(path) >= server:
            return path
    newest = max((_major(path) for path in found), default=0)
    raise BackupFault(
        f"{name} of PostgreSQL {server} or newer is missing (the newest found is {newest or 'none'}): "
        f"install the package postgresql-client-{server} so that {name} stands on PATH."
    )


@functools.cache
def _major(path: str) -> int:
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"(\d+)\.\d", done.stdout)
    return int(version[1]) if version else 0


def variables(database: Mapping[str, Any], name: str = "") -> dict[str, str]:
    """The process environment by which the programs reach `database` (a value of DATABASES); no password in any argument."""
    options = database.get("OPTIONS") or {}
    wanted = {variable: str(database[key]) for key, variable in _PARAMETERS.items() if database.get(key)}
    wanted |= {variable: str(options[key]) for key, variable in _OPTIONS.items() if options.get(key)}
    if name:
        wanted["PGDATABASE"] = name
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return kept | wanted | {"LC_ALL": "C", "PGAPPNAME": "customer-desk-backup", "PGCONNECT_TIMEOUT": "10"}


def last_words(errors: bytes) -> str:
    """What a program gave as its reason: its last line that isn't empty."""
    lines = [line.strip() for line in errors.decode(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower() or "FATAL" in line]
    return (telling or lines or ["no reason was given"])[-1][:400]
