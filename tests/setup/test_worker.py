"""The worker as a person runs it, with processes killed under it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import psycopg
import pytest

from crm.clock import uuid7
from crm.setup.postgres import Cluster
from crm.setup.postgres_home import open_home
from crm.setup.server import listen
from tests.setup.clusters import data_folder
from tests.setup.test_up import MANAGE, Installation, start


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    with data_folder() as folder:
        found = start(folder, port, tmp_path_factory.mktemp("worker") / "log", 600)
        try:
            _do(found, "create table effects (number integer)", role="owner")
            _do(found, "grant select, insert on effects to crm_app", role="owner")
            yield found
        finally:
            if found.process.poll() is None:
                found.process.terminate()
            found.process.wait(60)


def _do(installation: Installation, statement: str, *values: Any, role: str = "app") -> list[tuple[Any, ...]]:
    with Cluster(open_home(installation.data_dir)).connect("crm", role) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def _enqueue(installation: Installation, task: str, params: str = "{}", *, limit: int = 60, attempts: int = 3) -> str:
    """A job as another program of the database could add it: its id is not on its way yet."""
    number = str(uuid7())
    _do(
        installation,
        "insert into crm_job (id, task, params, dedupe_key, max_attempts, limit_seconds, actor_kind, actor_id, actor_label) "
        "values (%s, %s, %s, '', %s, %s, 'system', '', 'test')",
        number, f"tests.setup.tasks.{task}", params, attempts, limit,
    )  # fmt: skip
    return number


def _state(installation: Installation, job: str) -> tuple[str, int, str]:
    try:
        [(state, attempts, code)] = _do(
            installation, "select state, attempts, error_code from crm_job where id = %s", job
        )
    except psycopg.OperationalError:
        return "away", 0, ""
    return state, attempts, code


def _wait(done: Callable[[], Any], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.1)


def _numbers(installation: Installation) -> list[int]:
    return [row[0] for row in _do(installation, "select number from effects order by number")]


def _processes(installation: Installation) -> list[psutil.Process]:
    """Workers, pushers and monitors of both lanes."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        values = process.info["environ"] or {}
        if values.get("DATA_DIR") == str(installation.data_dir) and "qcluster" in (process.info["cmdline"] or [])[-1:]:
            above = [parent for parent in process.parents() if "qcluster" in parent.cmdline()[-1:]]
            if len(above) == 2:
                found.append(process)
    return found


def test_the_node_says_that_it_lives(installation: Installation) -> None:
    _wait(lambda: _do(installation, "select name from crm_worker where seen_at > now() - interval '10 seconds'"))
    keys = _do(installation, "select count(*) from crm_schedule where business_id is null")
    assert keys[0][0] >= 4


def test_killed_idle_workers_stop_nothing(installation: Installation) -> None:
    _wait(lambda: len(_processes(installation)) >= 8)
    for process in _processes(installation):
        process.kill()
    jobs = [_enqueue(installation, "write", f'{{"number": {number}}}') for number in range(20)]
    _wait(lambda: all(_state(installation, job)[0] == "done" for job in jobs))
    assert _numbers(installation) == list(range(20))


def test_a_job_that_kills_its_process_is_given_up_and_stops_no_other(installation: Installation) -> None:
    poison = _enqueue(installation, "die", attempts=1)
    others = [_enqueue(installation, "write", f'{{"number": {number}}}') for number in range(100, 105)]
    _wait(lambda: all(_state(installation, job)[0] == "done" for job in others))
    _wait(lambda: _state(installation, poison)[0] == "dead")
    assert _state(installation, poison) == ("dead", 1, "worker_died")


def test_two_nodes_share_the_work_and_do_nothing_twice(installation: Installation) -> None:
    variables = {**installation.variables, "CRM_PROCESS": "worker"}
    second = subprocess.Popen([*MANAGE, "worker"], env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(
            lambda: (
                _do(installation, "select count(*) from crm_worker where seen_at > now() - interval '10 seconds'")[0][0]
                == 2
            ),
        )
        jobs = [
            _enqueue(installation, "write", f'{{"number": {number}, "seconds": 0.2}}') for number in range(400, 440)
        ]
        _wait(lambda: all(_state(installation, job)[0] == "done" for job in jobs))
    finally:
        second.terminate()
        assert second.wait(60) == 0
    assert [number for number in _numbers(installation) if number >= 400] == list(range(400, 440))
    runs = (
        "select max(times) from (select count(*) as times from crm_job where actor_kind = 'schedule' "
        "group by task, date_trunc('second', created_at)) x"
    )
    assert _do(installation, runs)[0][0] == 1, "a schedule was asked for twice"
    assert _do(installation, "select count(*) from crm_worker where seen_at > now() - interval '10 seconds'")[0][0] == 1


def test_a_killed_database_comes_back_and_every_job_ends_once(installation: Installation) -> None:
    jobs = [_enqueue(installation, "write", f'{{"number": {number}, "seconds": 1}}') for number in range(200, 206)]
    _wait(lambda: any(_state(installation, job)[0] == "running" for job in jobs))
    server = Cluster(open_home(installation.data_dir)).process()
    assert server is not None
    server.kill()
    _wait(lambda: all(_state(installation, job)[0] == "done" for job in jobs))
    assert [number for number in _numbers(installation) if 200 <= number < 300] == list(range(200, 206))


def test_a_stop_lets_short_work_end_and_hands_long_work_back(installation: Installation) -> None:
    short = _enqueue(installation, "write", '{"number": 300, "seconds": 3}')
    long = _enqueue(installation, "write", '{"number": 301, "seconds": 300}', limit=600)
    _wait(lambda: {_state(installation, short)[0], _state(installation, long)[0]} == {"running"})
    node = installation.children()["Worker"]
    os.kill(node, signal.SIGTERM)
    _wait(lambda: not psutil.pid_exists(node) or psutil.Process(node).status() == psutil.STATUS_ZOMBIE)
    assert _state(installation, short)[0] == "done"
    assert _state(installation, long)[1] <= 1
    assert 300 in _numbers(installation)
    assert 301 not in _numbers(installation)
