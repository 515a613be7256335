"""A throwaway installation for the fuzzer: a database of its own with two businesses, and a real web process."""

import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.management import call_command
from django.db import connection

from crm import bench, clock
from crm.actor import Actor
from crm.demo import demo_businesses, make_demo
from crm.environment import BASE_DIR
from crm.models import Business
from crm.scope import scope
from crm.services.api_keys import create_api_key
from crm.setup.server import listen

CUSTOMERS = 120


@dataclass(frozen=True)
class Installation:
    """Where the fuzzed API is, and the callers of its two businesses: each a name with the headers that it sends."""

    url: str
    callers: dict[str, dict[str, str]]
    folder: Path


@contextmanager
def throwaway() -> Iterator[Installation]:
    """An installation in a database that is dropped afterwards."""
    own, name = connection.settings_dict["NAME"], f"crm_fuzz_{secrets.token_hex(4)}"
    bench.create_database(name)
    try:
        bench.use_database(name)
        call_command("migrate", interactive=False, verbosity=0)
        with tempfile.TemporaryDirectory(prefix="crm-fuzz-") as folder, _served(name, Path(folder)) as served:
            yield Installation(served, _callers(), Path(folder))
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
    variables = os.environ | _variables(database, port, folder)
    collect = [sys.executable, "-m", "django", "collectstatic", "--noinput", "-v0"]
    subprocess.run(collect, env=variables, cwd=BASE_DIR, check=True)
    log = (folder / "server.log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "crm.setup.server", str(listening.fileno())],
        env=variables, cwd=BASE_DIR, pass_fds=[listening.fileno()], stdout=log, stderr=log,
    )  # fmt: skip
    listening.close()
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/v1/schema", server, folder / "server.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def _variables(database: str, port: int, folder: Path) -> dict[str, str]:
    settings = connection.settings_dict
    who = ":".join(quote(str(settings[name]), safe="") for name in ("USER", "PASSWORD") if settings[name])
    where = f"{quote(settings['HOST'] or 'localhost', safe='')}:{settings['PORT'] or 5432}"
    limits = ("READS", "SEARCHES", "WRITES", "HEAVY", "SIGN_INS", "ANONYMOUS")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        **{f"API_{name}_PER_MINUTE": "1000000" for name in limits},
        "DATABASE_URL": f"postgres://{who}@{where}/{database}", "DATABASE_OWNER_URL": "", "CRM_PROCESS": "web", "CRM_DB_ROLE": "owner",
        "DJANGO_SETTINGS_MODULE": "crm.settings", "ENVIRONMENT": "development", "DEBUG": "false", "DATA_DIR": str(folder),
        "PUBLIC_URL": f"http://127.0.0.1:{port}", "PORT": str(port), "LOG_LEVEL": "ERROR",
        "JWT_PRIVATE_KEY": key.decode().replace("\n", "\\n"),
    }  # fmt: skip


def _wait_for(address: str, server: "subprocess.Popen[bytes]", log: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=10):  # noqa: S310  (our own server)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"the web process of the fuzzed installation did not start: {log.read_text()[-2000:]}")
