"""A throwaway installation for the fuzzer: a database of its own with two businesses, a real web process, and what the runs came to."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.management import call_command
from django.db import connection

from crm import bench, clock
from crm.actor import Actor
from crm.demo import demo_businesses, make_demo
from crm.models import Business, User
from crm.scope import scope
from crm.services.api_keys import create_api_key
from crm.setup.server import listen

CUSTOMERS = 120
PHASES = ("examples", "coverage", "fuzzing", "stateful")
# Statuses with which a request that fits the schema may be refused: what is stored decides, not the request's form.
STORED_DECIDES = ("2xx", "3xx", "401", "403", "404", "409", "412", "429")


@dataclass(frozen=True)
class Installation:
    """Where the fuzzed API is, and the callers of its two businesses: each a name with the headers that it sends."""

    url: str
    callers: dict[str, dict[str, str]]
    folder: Path


@dataclass
class Result:
    """What one run came to: cases sent, failures of each check, seconds."""

    seed: int
    cases: int = 0
    seconds: float = 0
    failures: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    output: str = ""


@contextmanager
def throwaway(url: str = "") -> Iterator[Installation]:
    """An installation in a database that is dropped afterwards; `url` leaves the server to somebody who has started one on it."""
    own, name = connection.settings_dict["NAME"], f"crm_fuzz_{secrets.token_hex(4)}"
    bench.create_database(name)
    try:
        bench.use_database(name)
        call_command("migrate", interactive=False, verbosity=0)
        with tempfile.TemporaryDirectory(prefix="crm-fuzz-") as folder, _served(name, Path(folder)) as served:
            yield Installation(url or served, _callers(), Path(folder))
    finally:
        bench.use_database(own)
        with connection.cursor() as cursor:
            cursor.execute(f"drop database if exists {connection.ops.quote_name(name)} with (force)")


def _callers() -> dict[str, dict[str, str]]:
    """The owner of each demo business, with an API key."""
    make_demo(customers=CUSTOMERS, orders_per_customer=3, seed=1, today=clock.now().date())
    return {business.slug: {"Authorization": f"Bearer {_key(business)}"} for business in demo_businesses()}


def _key(business: Business) -> str:
    with scope(business):
        actor = Actor.system("Fuzzer", door="command")
        return create_api_key(actor=actor, business=business, name="Fuzzer", role="owner", at=clock.now()).key


@contextmanager
def _served(database: str, folder: Path) -> Iterator[str]:
    """One web process on a free port, with limits that no run reaches; its log is `server.log` in the folder."""
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    log = (folder / "server.log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "crm.setup.server", str(listening.fileno())],
        env=os.environ | _variables(database, port, folder), pass_fds=[listening.fileno()], stdout=log, stderr=log,
    )  # fmt: skip
    listening.close()
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/v1/schema", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def _variables(database: str, port: int, folder: Path) -> dict[str, str]:
    settings = connection.settings_dict
    who = ":".join(quote(str(settings[name]), safe="") for name in ("USER", "PASSWORD") if settings[name])
    where = f"{quote(settings['HOST'] or 'localhost', safe='')}:{settings['PORT'] or 5432}"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "DATABASE_URL": f"postgres://{who}@{where}/{database}", "DATABASE_OWNER_URL": "", "CRM_PROCESS": "web", "CRM_DB_ROLE": "owner",
        "ENVIRONMENT": "development", "DEBUG": "false", "PUBLIC_URL": f"http://127.0.0.1:{port}", "PORT": str(port),
        "DATA_DIR": str(folder), "LOG_LEVEL": "WARNING", "JWT_PRIVATE_KEY": key.decode().replace("\n", "\\n"),
    }  # fmt: skip


def _wait_for(address: str, server: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=10):  # noqa: S310  (our own server)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError("the web process of the fuzzed installation did not start")


def run(on: Installation, *, seed: int, cases: int, phases: Sequence[str] = PHASES, workers: int = 2) -> Result:
    """One run of the fuzzer over the whole document, with all of its checks."""
    report = on.folder / f"run-{seed}.json"
    settings = on.folder / "schemathesis.toml"
    settings.write_text(_settings(on), encoding="utf-8")
    began = time.monotonic()
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "st"), "--config-file", str(settings), "run", f"{on.url}/api/v1/schema",
            "--phases", ",".join(phases), "--checks", "all", "--max-examples", str(cases), "--seed", str(seed), "--workers", str(workers),
            "--continue-on-failure", "--request-timeout", "20", "--generation-database", "none", "--no-color",
            "--report", "json", "--report-json-path", str(report),
        ],
        cwd=on.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    result = Result(seed, seconds=time.monotonic() - began, output=done.stdout + done.stderr)
    return result


def _settings(on: Installation) -> str:
    """The fuzzer's own settings: who calls, and which refusals a well-formed request may meet."""
    callers = on.folder / "callers.json"
    entries = [
        {"name": name, "fixedHeaders": [{"name": key, "value": value} for key, value in headers.items()]}
        for name, headers in on.callers.items()
    ]
    callers.write_text(json.dumps({"auth": entries}), encoding="utf-8")
    return "\n".join(
        [
            "[auth.wfc]",
            f"path = {json.dumps(str(callers))}",
            f"peers = {json.dumps(list(on.callers))}",
            "[generation]",
            "allow-x00 = true",
            "[checks.positive_data_acceptance]",
            f"expected-statuses = {json.dumps(list(STORED_DECIDES))}",
            "[checks.object_level_authorization]",
            "enabled = true",
        ]
    )
