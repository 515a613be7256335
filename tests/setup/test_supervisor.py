"""The supervisor keeps its children alive and leaves none behind; the web process finishes what it has begun."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm.environment import BASE_DIR, read
from crm.setup import supervisor as module
from crm.setup.faults import SetupFault
from crm.setup.locks import only_one
from crm.setup.processes import Child, end_group, members
from crm.setup.server import listen
from crm.setup.supervisor import Supervisor

SUPERVISED = """
import os, pathlib, sys
from crm.setup.processes import Child
from crm.setup.supervisor import Supervisor
command = ["/bin/sh", "-c", "trap '' TERM; sleep 300 & sleep 300 & wait; wait; sleep 300"]
gentle = ["/bin/sh", "-c", "sleep 300 & exec sleep 300"]
children = [Child("stubborn", command, os.environ), Child("gentle", gentle, os.environ)]
supervisor = Supervisor(children, pathlib.Path(sys.argv[1]))
import crm.setup.supervisor as module
module.end_all.__defaults__ = (0.5,)
supervisor.start()
print(*[child.group for child in supervisor.children], flush=True)
supervisor.run(0.05)
supervisor.end()
"""


def wait_until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def start(tmp_path: Path) -> tuple[subprocess.Popen[str], list[int]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISED, str(tmp_path / "running.json")],
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # whatever started the tests
    )
    assert process.stdout is not None
    groups = [int(number) for number in process.stdout.readline().split()]
    wait_until(lambda: all(len(members(group)) >= 2 for group in groups))
    return process, groups


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stop_leaves_no_process(tmp_path: Path, sent: signal.Signals) -> None:
    process, groups = start(tmp_path)
    with process:
        assert (tmp_path / "running.json").exists()
        process.send_signal(sent)
        assert process.wait(60) == 0
    wait_until(lambda: not any(members(group) for group in groups))
    assert not (tmp_path / "running.json").exists()


def test_orphans_of_a_killed_supervisor_are_ended_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process, groups = start(tmp_path)
    with process:
        process.kill()
    left = [group for group in groups if members(group)]
    assert left  # the stubborn one ignores the signal of its parent's death
    monkeypatch.setattr(module, "BASE_DIR", Path("sleep 300"))  # what these children's command lines say
    module._end_orphans(tmp_path / "running.json")
    wait_until(lambda: not members(groups[0]))
    for group in groups:
        end_group(group, signal.SIGKILL)


def test_record_of_nobody_is_harmless(tmp_path: Path) -> None:
    record = tmp_path / "running.json"
    module._end_orphans(record)
    record.write_text("[]")
    module._end_orphans(record)
    record.write_text('{"children": {"Worker": 1}}')
    module._end_orphans(record)
    assert not record.exists()


def test_dead_child_is_started_again_with_its_group_cleared(capfd: pytest.CaptureFixture[str]) -> None:
    child = Child("Worker", ["/bin/sh", "-c", "sleep 300 & exec sleep 300"], os.environ, pause=0.05)
    child.tick()
    first = child.group
    assert first is not None
    try:
        wait_until(lambda: len(members(first)) == 2)
        os.kill(first, signal.SIGKILL)

        def again() -> bool:
            child.tick()
            return child.group not in (None, first)

        wait_until(again)
        wait_until(lambda: not members(first))
        assert child.restarts == 1
        assert child.pause == 0.05, "somebody killed it: that says nothing of the next time"
        assert "Worker ended with code -9" in capfd.readouterr().err
    finally:
        child.end_group(signal.SIGKILL)
        if child.process:
            child.process.wait()


def test_the_pause_of_a_child_that_keeps_failing_doubles(capfd: pytest.CaptureFixture[str]) -> None:
    child = Child("Worker", ["/bin/sh", "-c", "exit 3"], os.environ, pause=0.05)

    def failed_twice() -> bool:
        child.tick()
        return child.restarts == 2

    wait_until(failed_twice)
    assert child.pause == 0.2
    assert "it is started again in 0.1 s" in capfd.readouterr().err


def test_second_supervisor_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with only_one(lock, "runs"), pytest.raises(SetupFault, match="runs"), only_one(lock, "runs"):
        pass
    with only_one(lock, "runs"):
        pass


def test_used_port_is_one_sentence_with_the_way_out() -> None:
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        environment = read({"SECRET_KEY": "x", "PORT": str(port)})
        with pytest.raises(SetupFault, match=f"Port {port} is used by another program") as caught:
            module._listen(environment)
        assert "--port" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_address_of_another_machine_is_one_sentence() -> None:
    with pytest.raises(SetupFault, match="BIND_ADDRESS"):
        module._listen(read({"SECRET_KEY": "x", "BIND_ADDRESS": "192.0.2.1"}))


SERVED = """
import socket, sys, time
from crm.setup.server import WebProcess, allow_many_connections, build
def application(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        print("begun", flush=True)
        time.sleep(0.7)
    body = environ.get("HTTP_X_FORWARDED_FOR", "none").encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
allow_many_connections()
WebProcess(build(application, socket.socket(fileno=int(sys.argv[1])), 2, 0)).run()
print("done", flush=True)
"""


def get(port: int, path: str = "/") -> tuple[int, bytes, str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"X-Forwarded-For": "203.0.113.9"})
        response = connection.getresponse()
        return response.status, response.read(), response.getheader("Server")
    finally:
        connection.close()


def test_web_process_finishes_its_request_and_believes_no_proxy() -> None:
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-c", SERVED, str(listening.fileno())],
            cwd=BASE_DIR,
            pass_fds=[listening.fileno()],
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert get(port) == (200, b"none", None)
            with socket.create_connection(("127.0.0.1", port), timeout=30) as waiting:
                waiting.sendall(b"GET /slow HTTP/1.0\r\nHost: localhost\r\n\r\n")
                assert process.stdout is not None
                assert process.stdout.readline() == "begun\n"
                process.terminate()
                answer = b"".join(iter(lambda: waiting.recv(4096), b""))
            assert answer.startswith(b"HTTP/1.0 200 OK")
            assert process.wait(60) == 0


def test_first_page_is_none_while_nobody_answers() -> None:
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
    assert module.first_page(read({"SECRET_KEY": "x", "PORT": str(port)})) is None


def test_children_serve_as_the_lesser_role() -> None:
    environment = read({"SECRET_KEY": "x", "WEB_PROCESSES": "3"})
    with listen("127.0.0.1", 0) as listening:
        children = module._children(environment, listening, reload=False)
        reloading = module._children(environment, listening, reload=True)
    assert [child.name for child in children] == ["Web process 1", "Web process 2", "Web process 3", "Worker"]
    assert {child.environment["CRM_DB_ROLE"] for child in children + reloading} == {"app"}
    assert [child.environment["CRM_PROCESS"] for child in reloading] == ["web", "worker"]
    assert isinstance(Supervisor(children, Path("none")).stopping, bool)
