"""A web process whose database is killed, full, hangs or comes back: 503 until it is there, never 500, never a hang."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
import pytest

from crm.environment import BASE_DIR, read
from crm.setup.checks import production_variables
from crm.setup.database import available
from crm.setup.postgres import Cluster
from crm.setup.prepare import UNUSED_STATIC, empty_metrics
from crm.setup.server import listen
from tests.setup.clusters import data_folder
from tests.timing import swiftly

# Each of them asks the database.
ASKS = [
    ("GET", "/"),
    ("GET", "/customers"),
    ("GET", "/admin/"),
    ("GET", "/static/no-such-file.js"),
    ("GET", "/no-such-page"),
    ("GET", "/api/v1/customers"),
    ("POST", "/api/v1/auth/token"),
    ("POST", "/account/sign-in"),
]
TOKEN = "metrics-token-of-the-tests-0123456789"


@dataclass
class Web:
    """One web process as the supervisor starts it."""

    port: int
    cluster: Cluster
    variables: dict[str, str]

    def call(self, method: str, path: str) -> tuple[int, str | None]:
        """Status and `Retry-After` of an answer."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {
            "Host": "localhost", "Cookie": "session=abcdefghijklmnopqrstuvwxyz012345",
            "Authorization": "Bearer crm_ab12cd34_0123456789012345678901234567890123",
        }  # fmt: skip
        body = b""
        if path.startswith("/api") and method == "POST":
            headers["Content-Type"] = "application/json"
            body = json.dumps({"email": "a@example.com", "password": "correct horse battery staple"}).encode()
        try:
            link.request(method, path, body, headers)
            response = link.getresponse()
            response.read()
            return response.status, response.getheader("Retry-After")
        finally:
            link.close()

    def figure(self, line: str) -> float:
        """The value that `/metrics` shows behind `line`; 0 without it."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            link.request("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
            text = link.getresponse().read().decode()
        finally:
            link.close()
        found = [part.removeprefix(line) for part in text.splitlines() if part.startswith(f"{line} ")]
        return float(found[0]) if found else 0.0

    def probe(self, path: str) -> int:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            link.request("GET", path)
            response = link.getresponse()
            response.read()
            return response.status
        finally:
            link.close()

    def wait_until_served(self, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while self.call("GET", "/customers")[0] != 302:
            assert time.monotonic() < deadline, "it does not serve again"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    with data_folder() as folder, listen("127.0.0.1", 0) as listening:
        variables = {
            **os.environ, "DATA_DIR": str(folder), "DATABASE_URL": "", "DATABASE_OWNER_URL": "", "PYTHONPATH": str(BASE_DIR),
            "CRM_PROCESS": "web", "CRM_DB_ROLE": "app", "PUBLIC_URL": "", "WEB_THREADS": "4", "LOG_FORMAT": "json",
            "METRICS_TOKEN": TOKEN, "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
        }  # fmt: skip
        with available(read({"SECRET_KEY": "x", "DATA_DIR": str(folder)})) as cluster:
            assert cluster is not None
            empty_metrics(folder)
            collect = ["collectstatic", "--no-input", *(f"--ignore={name}" for name in (*UNUSED_STATIC, "admin"))]
            manage = [sys.executable, str(BASE_DIR / "manage.py")]
            as_owner = {**variables, "CRM_PROCESS": "command", "CRM_DB_ROLE": "owner"}
            for command in (["migrate", "--verbosity", "0"], ["createcachetable"], collect):
                subprocess.run([*manage, *command], env=as_owner, check=True, capture_output=True)
            with serving(variables, listening.fileno(), folder.parent / "log"):
                found = Web(listening.getsockname()[1], cluster, variables)
                yield found


@contextmanager
def serving(variables: dict[str, str], descriptor: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "crm.setup.server", str(descriptor)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=variables, cwd=BASE_DIR, pass_fds=(descriptor,), stderr=output)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(180)


def kill(cluster: Cluster) -> None:
    """As if the machine had no memory left: the server's process and all of its children at once."""
    process = cluster.process()
    assert process is not None
    for found in [process, *process.children(recursive=True)]:
        found.kill()
    psutil.wait_procs([process], timeout=120)


@pytest.mark.parametrize("killed", [False, True], ids=["restarted", "killed"])
def test_under_load_nobody_sees_a_500_while_the_database_goes_and_comes(web: Web, killed: bool) -> None:
    web.wait_until_served()
    answers: Counter[tuple[str, int]] = Counter()
    lacking: list[tuple[str, int]] = []

    def go_and_come() -> float:
        """Seconds of the slowest answer while the database went and came back."""
        waits: list[float] = []
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                for method, path in ASKS:
                    began = time.monotonic()
                    status, retry = web.call(method, path)
                    waits.append(time.monotonic() - began)
                    answers[path, status] += 1
                    if status == 503 and retry is None:
                        lacking.append((path, status))

        callers = [threading.Thread(target=ask) for _ in range(4)]
        for caller in callers:
            caller.start()
        try:
            time.sleep(0.5)
            if killed:
                kill(web.cluster)
                time.sleep(1.0)
            else:
                web.cluster.stop()
            assert swiftly(lambda: web.probe("/readyz"), 3, time.perf_counter) == 503
            assert web.probe("/livez") == 200
            web.cluster.ensure()
            web.wait_until_served()
            time.sleep(0.5)
        finally:
            stop.set()
            for caller in callers:
                caller.join(60)
        return max(waits)

    assert any(go_and_come() <= 5 for _attempt in range(3))
    statuses = {status for _path, status in answers}
    assert 503 in statuses
    assert statuses <= {200, 302, 401, 403, 404, 429, 503}, answers
    assert lacking == []
    after = Counter(web.call(method, path)[0] for method, path in ASKS)
    assert not any(status >= 500 for status in after), after


def test_without_a_free_connection_the_answer_is_503_within_five_seconds(web: Web) -> None:
    web.wait_until_served()
    with web.cluster.connect() as database:
        database.execute("alter role crm_app connection limit 0")
        try:
            database.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'crm_app'")
            for method, path in ASKS:
                answer = swiftly(partial(web.call, method, path), 5, time.perf_counter)
                assert answer == (503, "5"), path
            assert swiftly(lambda: web.probe("/readyz"), 3, time.perf_counter) == 503
        finally:
            database.execute("alter role crm_app connection limit -1")
    assert web.call("GET", "/customers")[0] == 302


def test_a_database_that_hangs_is_not_waited_for(web: Web) -> None:
    """Connections that are open still answer; new ones get no answer at all."""
    web.wait_until_served()
    process = web.cluster.process()
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    try:
        time.sleep(1.2)
        for _ in range(2):
            assert swiftly(lambda: web.probe("/readyz"), 3, time.perf_counter) == 503
        assert web.probe("/livez") == 200
    finally:
        process.send_signal(signal.SIGCONT)
    web.wait_until_served()


def test_a_statement_that_takes_too_long_ends_with_503(web: Web) -> None:
    """Another session holds the table of sessions; whoever needs it waits for three seconds at most."""
    web.wait_until_served()
    with web.cluster.connect("crm", "owner") as database, database.transaction():
        database.execute("lock table django_session")
        answer = swiftly(lambda: web.call("GET", "/customers"), 5, time.perf_counter)
        assert answer == (503, "5")
    assert web.call("GET", "/customers")[0] == 302


def test_the_log_of_all_this_is_one_json_object_a_line(web: Web) -> None:
    log = Path(web.variables["DATA_DIR"]).parent / "log"
    records = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(records) > 20
    assert {record["status"] for record in records if record["logger"] == "crm.requests"} >= {302, 503}
    assert "correct horse" not in log.read_text()
    assert "0123456789012345678901" not in log.read_text()


def test_the_log_of_the_database_holds_nothing_that_was_typed(web: Web) -> None:
    with web.cluster.connect("crm", "app") as database:
        for statement in (
            "select 'canary-typed'::text where 1/0 = 1",
            "insert into crm_business (name, slug) values ('canary-typed', null)",
        ):
            try:
                database.execute(statement)
            except Exception:
                database.rollback()
    kept = "".join(path.read_text() for path in (web.cluster.home.data / "log").glob("*.log"))
    assert "ERROR:" in kept
    assert "canary-typed" not in kept


def test_a_process_starts_while_the_database_is_away_and_serves_once_it_is_there(web: Web, tmp_path: Path) -> None:
    kill(web.cluster)
    with listen("127.0.0.1", 0) as listening:
        other = Web(listening.getsockname()[1], web.cluster, web.variables)
        with serving(web.variables, listening.fileno(), tmp_path / "log"):
            assert other.call("GET", "/customers")[0] == 503
            web.cluster.ensure()
            other.wait_until_served()


def test_what_processes_count_is_added_up(web: Web, tmp_path: Path) -> None:
    counted = 'crm_request_seconds_count{door="page",method="GET",route="customers:customer_list",status="3xx"}'
    web.wait_until_served()
    before = web.figure(counted)
    with listen("127.0.0.1", 0) as listening, serving(web.variables, listening.fileno(), tmp_path / "log"):
        other = Web(listening.getsockname()[1], web.cluster, web.variables)
        assert other.call("GET", "/customers")[0] == web.call("GET", "/customers")[0] == 302
        assert web.figure(counted) == other.figure(counted) == before + 2
    assert web.figure(counted) == before + 2
    assert web.figure("crm_gauges_failed") == 0


@pytest.mark.parametrize(
    ("change", "undo", "says"),
    [
        (
            "delete from django_migrations where app = 'commerce'",
            "insert into django_migrations select * from kept",
            "lacks migrations (commerce.",
        ),
        ("alter role crm_app bypassrls", "alter role crm_app nobypassrls", "may bypass row-level security"),
    ],
)
def test_a_process_that_must_not_serve_ends_with_one_sentence(
    web: Web, tmp_path: Path, change: str, undo: str, says: str
) -> None:
    production = {**web.variables, **production_variables(), "PUBLIC_URL": "https://crm.example.com"}
    with web.cluster.connect("crm", "superuser") as database, listen("127.0.0.1", 0) as listening:
        database.execute("create temp table kept as select * from django_migrations where app = 'commerce'")
        database.execute(change)
        try:
            with serving(production, listening.fileno(), tmp_path / "log") as process:
                assert process.wait(180) == 1
        finally:
            database.execute(undo)
    lines = (tmp_path / "log").read_text().splitlines()
    assert says in lines[-1]
    assert "Traceback" not in "".join(lines)
