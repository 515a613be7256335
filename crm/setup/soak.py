"""`manage.py soak`: the product under faults. It starts a throwaway installation with the product's own `up`, breaks it at random
(from a seed) and counts what was lost, doubled or answered wrongly. Nothing of the installation in this folder is touched."""

import argparse
import json
import os
import random
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from crm.environment import BASE_DIR

if TYPE_CHECKING:
    from crm.work import JobRun

DRAIN_SECONDS = 60.0
SERVING_SECONDS = 30.0
SLOWEST_P95 = 0.5
_PLACES = {"node": 4, "master": 6, "sentinel": 6, "part": 84}
"""Where a process stands in the tree, and how often in a hundred such a one is killed."""


def effect(work: "JobRun", *, number: int) -> None:
    """A task of the soak: takes a moment, then writes its one row in the transaction that ends the job."""
    from django.db import connection

    time.sleep(random.uniform(0.0, 0.1))  # noqa: S311  (no secret)
    with work.atomic(last=True), connection.cursor() as cursor:
        cursor.execute("insert into crm_soak (number, job) values (%s, %s)", [number, work.id])


def long_effect(work: "JobRun", *, number: int) -> None:
    """The same in the lane of long work, with progress."""
    for step in range(3):
        work.report(step, 3, force=True)
        time.sleep(0.03)
    effect(work, number=number)


class Fault(Exception):
    """A promise that the product did not keep."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="manage.py soak", description="Break a throwaway installation at random and count what is lost."
    )
    parser.add_argument("--jobs", type=int, default=2000, help="jobs to do while processes are killed")
    parser.add_argument("--kills", type=int, default=200, help="SIGKILLs to random processes of the workers")
    parser.add_argument(
        "--database-kills", type=int, default=10, help="SIGKILLs to PostgreSQL while customers are written"
    )
    parser.add_argument("--half-open", type=int, default=300, help="connections that send half a request")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["jobs", "database", "sockets"])
    options = parser.parse_args(arguments)
    faults = []
    with throwaway() as product:
        for name, part in (("jobs", _jobs), ("database", _database), ("sockets", _sockets)):
            if options.only in (None, name):
                try:
                    part(product, options)
                except Fault as fault:
                    faults.append(str(fault))
                    print(f"  NOT KEPT: {fault}", flush=True)
    print("All promises kept." if not faults else f"{len(faults)} promises not kept.", flush=True)
    return 1 if faults else 0


class Product:
    """The running throwaway installation, its API key and its log."""

    def __init__(self, up: subprocess.Popen[bytes], port: int, folder: Path, key: str) -> None:
        self.up, self.port, self.folder, self.key = up, port, folder, key

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, timeout: float = 30) -> int:
        """The status of one request; 0 when nobody answers."""
        return self.ask(method, path, body, timeout)[0]

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, timeout: float = 30) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, None
        except (OSError, ValueError):
            return 0, None


@contextmanager
def throwaway() -> Iterator[Product]:
    """An installation in a temporary folder, served, with one business and an API key; gone afterwards."""
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name)
        port = _free_port()
        generous = dict.fromkeys(("API_READS_PER_MINUTE", "API_WRITES_PER_MINUTE"), "10000000")
        for variable in ("DATABASE_URL", "DATABASE_OWNER_URL", "CRM_DB_ROLE", "CRM_PROCESS"):
            os.environ.pop(variable, None)
        os.environ.update(DATA_DIR=str(folder), PORT=str(port), **generous)
        print(f"Starting a throwaway installation in {folder} ...", flush=True)
        log = stack.enter_context((folder / "up.log").open("wb"))
        up = subprocess.Popen(
            [sys.executable, str(BASE_DIR / "manage.py"), "up", "--empty", "--port", str(port)],
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            _wait(lambda: _answers(port), 180, "the throwaway installation does not answer")
            _open_django()
            yield Product(up, port, folder, _make_business())
        finally:
            up.send_signal(signal.SIGTERM)
            try:
                up.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(up.pid, signal.SIGKILL)
            kept = os.environ.get("SOAK_LOG")
            if kept:
                Path(kept).write_bytes((folder / "up.log").read_bytes())


def _open_django() -> None:
    import django

    os.environ.update(CRM_DB_ROLE="app", CRM_PROCESS="command")
    django.setup()


def _make_business() -> str:
    """A business with an owner's API key; returns the key."""
    from crm import clock, services
    from crm.actor import Actor
    from crm.environment import environment_for
    from crm.models import User
    from crm.scope import scope
    from crm.setup.database import connect

    actor = Actor.system("Soak", door="command")
    owner = User.objects.create_user("soak@example.com", secrets.token_urlsafe(20), name="Soak")
    business = services.create_business(
        actor=actor, owner=owner, name="Soak", slug="soak", currency="EUR", time_zone="UTC"
    )
    with connect(environment_for(CRM_DB_ROLE="owner")) as connection:
        connection.execute("create table crm_soak (number integer not null, job uuid not null)")
        connection.execute("grant select, insert on crm_soak to crm_app")
    with scope(business):
        return services.create_api_key(actor=actor, business=business, name="Soak", role="owner", at=clock.now()).key


def _jobs(product: Product, options: argparse.Namespace) -> None:
    """Random SIGKILLs over random processes of the workers while jobs come in: each has its effect once, and the queue drains."""
    from crm import jobs
    from crm.actor import Actor
    from crm.models import Business

    print(f"Jobs: {options.jobs} jobs, {options.kills} SIGKILLs, seed {options.seed}", flush=True)
    chance = random.Random(options.seed)  # noqa: S311  (repeatable on purpose)
    business = Business.objects.get(slug="soak")
    killed: Counter[str] = Counter()
    began = time.monotonic()
    made = 0
    for turn in range(options.kills):
        while made < options.jobs * (turn + 1) // options.kills:
            task = "crm.setup.soak.long_effect" if made % 20 == 0 else "crm.setup.soak.effect"
            actor = Actor.system(f"Soak {made % 7}", door="command", id=str(made % 7))
            jobs.enqueue(task, actor=actor, business=business, max_attempts=20, number=made)
            made += 1
        time.sleep(chance.uniform(0.05, 0.8))
        kind, process = _victim(product, chance)
        _kill_quietly(process)
        killed[kind] += 1
    last_kill = time.monotonic()
    _wait(lambda: _count("state in ('queued', 'running')") == 0, DRAIN_SECONDS * 4, "the queue does not drain")
    drained = time.monotonic() - last_kill
    effects, doubled, lost, runs = _effects(options.jobs)
    print(
        f"  {options.jobs} jobs, {sum(killed.values())} kills ({', '.join(f'{n} {kind}' for kind, n in sorted(killed.items()))}) "
        f"in {last_kill - began:.0f} s: {effects} effects, {lost} lost, {doubled} doubled, {runs} attempts; "
        f"drained {drained:.1f} s after the last kill",
        flush=True,
    )
    if lost or doubled:
        raise Fault(f"{lost} jobs were lost and {doubled} doubled")
    if drained > DRAIN_SECONDS:
        raise Fault(f"the queue drained after {drained:.0f} s, not within {DRAIN_SECONDS:.0f} s")


def _victim(product: Product, chance: random.Random) -> tuple[str, psutil.Process]:
    """A random process that does jobs: mostly a worker, pusher or monitor, now and then what stands above them."""
    place = chance.choices(list(_PLACES), list(_PLACES.values()))[0]
    while True:
        found = [pair for pair in _workers(product) if pair[0] == place]
        if found:
            return chance.choice(found)
        time.sleep(0.1)


def _workers(product: Product) -> list[tuple[str, psutil.Process]]:
    """Every living process that does jobs, by its place in the tree."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        arguments = process.info["cmdline"] or []
        if (process.info["environ"] or {}).get("DATA_DIR") != str(product.folder):
            continue
        try:
            if arguments[-1:] == ["worker"]:
                found.append(("node", process))
            elif arguments[-1:] == ["qcluster"]:
                found.append((("master", "sentinel", "part")[_depth(process)], process))
        except psutil.Error:
            continue
    return found


def _depth(process: psutil.Process) -> int:
    """0 for the master of a lane, 1 for its sentinel, 2 for workers, pusher and monitor."""
    depth, parent = 0, process.parent()
    while parent is not None and parent.cmdline()[-1:] == ["qcluster"]:
        depth, parent = depth + 1, parent.parent()
    return min(depth, 2)


def _count(where: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from crm_job where task like 'crm.setup.soak.%%' and {where}")  # noqa: S608
        return int(cursor.fetchone()[0])


def _effects(expected: int) -> tuple[int, int, int, int]:
    """Effects, doubled ones, lost ones, attempts."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select count(*), count(*) - count(distinct number), count(distinct number) from crm_soak")
        effects, doubled, distinct = cursor.fetchone()
        cursor.execute("select sum(attempts) from crm_job where task like 'crm.setup.soak.%%'")
        attempts = cursor.fetchone()[0]
    return effects, doubled, expected - distinct, attempts


def _database(product: Product, options: argparse.Namespace) -> None:
    """kill -9 of PostgreSQL under four writers: what was acknowledged is there, and meanwhile the answer is 503, never 500."""
    from django.db import connection

    print(
        f"Database: {options.database_kills} x kill -9 of PostgreSQL under 4 writers, seed {options.seed}", flush=True
    )
    chance = random.Random(options.seed)  # noqa: S311
    acknowledged: list[str] = []
    statuses: Counter[int] = Counter()
    over = threading.Event()

    def write(writer: int) -> None:
        number = 0
        while not over.is_set():
            number += 1
            body = {"kind": "company", "display_name": f"Writer {writer} number {number} {secrets.token_hex(4)}"}
            status, answer = product.ask("POST", "/api/v1/customers", body)
            statuses[status] += 1
            if status == 201:
                acknowledged.append(answer["id"])
            elif status != 503:
                time.sleep(0.2)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in writers:
        thread.start()
    outages = []
    for _kill in range(options.database_kills):
        time.sleep(chance.uniform(1.0, 3.0))
        postmaster = psutil.Process(int((product.folder / "postgres" / "postmaster.pid").read_text().split("\n")[0]))
        if chance.random() < 0.5:
            for backend in postmaster.children():
                _kill_quietly(backend)
        _kill_quietly(postmaster)
        killed_at = time.monotonic()
        wanted = len(acknowledged) + 5
        _wait(partial(_reached, acknowledged, wanted), 120, "writes do not go on after the database was killed")
        outages.append(time.monotonic() - killed_at)
    over.set()
    for thread in writers:
        thread.join()
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from customers_customer where id = any(%s::uuid[])", [acknowledged])
        there = int(cursor.fetchone()[0])
    missing = len(acknowledged) - there
    print(
        f"  {len(acknowledged)} writes acknowledged, {missing} missing; answers {dict(sorted(statuses.items()))}; "
        f"writing again after {statistics.median(outages):.1f} s (median), {max(outages):.1f} s at most",
        flush=True,
    )
    wrong = {status: count for status, count in statuses.items() if status not in (201, 503)}
    if missing or wrong:
        raise Fault(f"{missing} acknowledged writes missing, other answers than 201 and 503: {wrong}")
    if max(outages) > SERVING_SECONDS:
        raise Fault(f"one outage took {max(outages):.0f} s")


def _sockets(product: Product, options: argparse.Namespace) -> None:
    """Connections that send half a request and then nothing: others are served as before."""
    print(f"Sockets: {options.half_open} half-open connections", flush=True)
    with ExitStack() as stack:
        for _number in range(options.half_open):
            half = stack.enter_context(socket.create_connection(("127.0.0.1", product.port), timeout=5))
            half.sendall(b"GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        seconds = []
        for _number in range(200):
            began = time.monotonic()
            status = product.call("GET", "/api/v1/me", timeout=10)
            seconds.append(time.monotonic() - began)
            if status != 200:
                raise Fault(f"an ordinary request was answered {status}")
    p95 = statistics.quantiles(seconds, n=20)[-1]
    print(f"  others: median {statistics.median(seconds) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms", flush=True)
    if p95 > SLOWEST_P95:
        raise Fault(f"the p95 of others rose to {p95 * 1000:.0f} ms")


def _reached(acknowledged: list[str], wanted: int) -> bool:
    return len(acknowledged) >= wanted


def _kill_quietly(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        pass


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/account/sign-in", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _wait(done: Callable[[], bool], seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise Fault(f"{otherwise} within {seconds:.0f} s")
        time.sleep(0.1)
