"""`manage.py up` from an empty folder to the first page and back, as a person would run it."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from crm.environment import BASE_DIR
from crm.setup.postgres import Cluster
from crm.setup.postgres_home import open_home
from crm.setup.processes import members
from crm.setup.server import listen
from tests.setup.clusters import data_folder

MANAGE = [sys.executable, str(BASE_DIR / "manage.py")]


@dataclass
class Installation:
    """One running `up` with everything that it printed so far."""

    process: subprocess.Popen[str]
    data_dir: Path
    port: int
    log: Path
    variables: dict[str, str]

    def children(self) -> dict[str, int]:
        return dict(json.loads((self.data_dir / "running.json").read_text())["children"])

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("GET", path, headers={"Host": "localhost"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*MANAGE, *arguments], env=self.variables, capture_output=True, text=True, check=False, timeout=300
        )


def wait_for_address(process: subprocess.Popen[str], log: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if "Customer desk runs at" in log.read_text():
            return
        time.sleep(0.05)
    raise AssertionError(f"no address was printed: {log.read_text()[-2000:]}")


def start(data_dir: Path, port: int, log: Path, seconds: float) -> Installation:
    variables = {
        **os.environ,
        "DATA_DIR": str(data_dir),
        "CRM_PROCESS": "command",
        "PUBLIC_URL": "",
        "WEB_PROCESSES": "2",
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [*MANAGE, "up", "--empty", "--port", str(port)],
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    wait_for_address(process, log, seconds)
    return Installation(process, data_dir, port, log, variables)


def stop(installation: Installation) -> None:
    """Ctrl-C; fails when it does not end well or a process is left."""
    groups = installation.children().values()
    cluster = Cluster(open_home(installation.data_dir))
    assert cluster.process() is not None
    installation.process.send_signal(signal.SIGINT)
    assert installation.process.wait(60) == 0
    assert not [process for group in groups for process in members(group)]
    assert cluster.process() is None


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    with data_folder() as folder:
        found = start(folder, port, tmp_path_factory.mktemp("up") / "log", 600)
        try:
            yield found
        finally:
            if found.process.poll() is None:
                found.process.terminate()
            found.process.wait(60)


def test_first_start_ends_with_a_page(installation: Installation) -> None:
    printed = installation.log.read_text()
    assert "Preparing the database" in printed
    assert f"Customer desk runs at http://localhost:{installation.port}" in printed
    status, _ = installation.get("/")
    assert status in (200, 302)
    assert set(installation.children()) == {"Web process 1", "Web process 2", "Worker"}


def test_second_up_in_the_same_folder_is_refused(installation: Installation) -> None:
    done = installation.manage("up", "--port", "0" if installation.port == 1 else "1")
    assert done.returncode == 1
    assert "already runs in this folder" in done.stderr
    assert done.stderr.count("\n") == 1


def test_doctor_finds_the_running_processes(installation: Installation) -> None:
    deadline = time.monotonic() + 600
    lines: list[str] = []
    while time.monotonic() < deadline:
        lines = installation.manage("doctor").stdout.splitlines()
        if any(line.startswith("ok    Worker") for line in lines):
            break
    assert any(line.startswith("ok    Worker") for line in lines), lines
    assert any(line.startswith("ok    Web server") for line in lines), lines
    assert any(line.startswith("ok    Migrations") for line in lines), lines
    assert any(line.startswith("ok    Static files") for line in lines), lines


def test_killed_web_process_is_replaced_and_nobody_notices(installation: Installation) -> None:
    killed = installation.children()["Web process 1"]
    os.kill(killed, signal.SIGKILL)
    assert installation.get("/")[0] in (200, 302)
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline and installation.children().get("Web process 1") in (None, killed):
        time.sleep(0.05)
    assert psutil.pid_exists(installation.children()["Web process 1"])
    assert installation.get("/")[0] in (200, 302)


def test_stop_leaves_nothing_and_the_next_start_does_only_what_has_changed(installation: Installation) -> None:
    stop(installation)
    again = start(installation.data_dir, installation.port, installation.log, 600)
    assert again.get("/")[0] in (200, 302)
    printed = again.log.read_text()
    assert "Preparing" not in printed
    assert "Collecting" not in printed
    stop(again)
