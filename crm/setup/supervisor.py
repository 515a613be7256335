"""`manage.py up` and `dev`: everything that has to run, started in order, kept alive, stopped without a trace."""

import argparse
import errno
import http.client
import ipaddress
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import FrameType

from crm.environment import BASE_DIR, Environment, environment_for
from crm.setup import prepare, system
from crm.setup.database import available, check_external
from crm.setup.faults import SetupFault
from crm.setup.locks import only_one
from crm.setup.postgres import Cluster
from crm.setup.processes import Child, command_line, end_all, end_group, members
from crm.setup.server import listen

RUNNING = "running.json"
FIRST_PAGE_SECONDS = 60


DATABASE_SECONDS = 0.5


class Supervisor:
    """Runs `children`, and the embedded database if there is one, until a signal; what dies is started again."""

    def __init__(self, children: list[Child], record: Path, database: Cluster | None = None) -> None:
        self.children = children
        self.record = record
        self.database = database
        self.stopping = False
        self._looked_at = 0.0

    def stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def start(self) -> None:
        _handle_signals(self.stop)
        self.tick()

    def tick(self) -> None:
        self._watch_database()
        before = self._groups()
        for child in self.children:
            child.tick()
        if self._groups() != before:
            self._write_record()

    def run(self, pause: float = 0.2) -> None:
        while not self.stopping:
            self.tick()
            time.sleep(pause)

    def _watch_database(self) -> None:
        """Start the embedded database again when its server process is gone."""
        if self.database is None or time.monotonic() - self._looked_at < DATABASE_SECONDS:
            return
        if self.database.process() is None and not self.stopping:
            prepare.say("The database was stopped from outside; it is started again.")
            try:
                self.database.ensure()
            except SetupFault as fault:
                prepare.say(str(fault))
        self._looked_at = time.monotonic()

    def end(self) -> None:
        """No child and no grandchild is left; further signals are ignored meanwhile."""
        _handle_signals(signal.SIG_IGN)
        end_all(self.children)
        self.record.unlink(missing_ok=True)

    def _groups(self) -> dict[str, int]:
        return {child.name: child.group for child in self.children if child.group}

    def _write_record(self) -> None:
        partial = self.record.with_suffix(".partial")
        partial.write_text(json.dumps({"supervisor": os.getpid(), "children": self._groups(), "folder": str(BASE_DIR)}))
        partial.replace(self.record)


def up(arguments: list[str]) -> int:
    """The product: database, web processes and worker."""
    parser = argparse.ArgumentParser(prog="manage.py up", description="Set up what is missing and run Customer desk.")
    parser.add_argument("--port", help="answer on this port (default: PORT, 8000)")
    parser.add_argument(
        "--empty", action="store_true", help="no demo data: begin with a page that asks for your business"
    )
    options = parser.parse_args(arguments)
    return _serve(options.port, empty=options.empty, reload=False)


def dev(arguments: list[str]) -> int:
    """The same with Django's own server, which reloads changed code and shows errors."""
    parser = argparse.ArgumentParser(prog="manage.py dev", description="Run Customer desk for work on its code.")
    parser.add_argument("--port", help="answer on this port (default: PORT, 8000)")
    parser.add_argument("--empty", action="store_true", help="no demo data")
    options = parser.parse_args(arguments)
    os.environ["DEBUG"] = "true"
    return _serve(options.port, empty=options.empty, reload=True)


def _serve(port: str | None, *, empty: bool, reload: bool) -> int:
    if port:
        os.environ["PORT"] = port
    os.environ.update(CRM_DB_ROLE="owner", CRM_PROCESS="command")
    _handle_signals(_interrupt)
    environment = environment_for()
    busy = f"Customer desk already runs in this folder: stop it first, or open {environment.public_url}."
    with only_one(environment.data_dir / "up.lock", busy), closing(_listen(environment)) as listening:
        _end_orphans(environment.data_dir / RUNNING)
        if not system.install_pdf_libraries():
            prepare.say(f"PDF files can't be made until this is run: {system.pdf_line()}")
        if not (environment.data_dir / prepare.SET_UP_DONE).exists() and not environment.database_is_external:
            prepare.say("Starting the database ...")
        with available(environment) as database:
            if environment.database_is_external:
                check_external(environment_for(CRM_DB_ROLE="app"))
            prepare.prepare_database(environment)
            prepare.prepare_static_files(environment.data_dir)
            variables = {"CRM_DB_ROLE": "app", "CRM_PROCESS": "command"}
            prepare.prepare_demo(environment.data_dir, empty=empty or environment.production, variables=variables)
            if reload:
                listening.close()
            children = _children(environment, listening, reload=reload)
            supervisor = Supervisor(children, environment.data_dir / RUNNING, database)
            try:
                supervisor.start()
                _announce(environment, supervisor)
                supervisor.run()
            finally:
                prepare.say("Stopping ...")
                supervisor.end()
    return 0


def _handle_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """For the signals that mean "stop"; a hang-up that `nohup` has switched off stays so."""
    signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGTERM, handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _children(environment: Environment, listening: socket.socket, *, reload: bool) -> list[Child]:
    common = {**os.environ, "CRM_DB_ROLE": "app", "PYTHONUNBUFFERED": "1"}
    metrics = str(prepare.empty_metrics(environment.data_dir))
    web = {**common, "CRM_PROCESS": "web", "PROMETHEUS_MULTIPROC_DIR": metrics}
    manage = str(BASE_DIR / "manage.py")
    worker = Child("Worker", [sys.executable, manage, "worker"], {**common, "CRM_PROCESS": "worker"})
    if reload:
        address = f"[{environment.bind_address}]" if ":" in environment.bind_address else environment.bind_address
        server = [sys.executable, manage, "runserver", f"{address}:{environment.port}"]
        return [Child("Web server", server, web), worker]
    descriptor = listening.fileno()
    command = [sys.executable, "-m", "crm.setup.server", str(descriptor)]
    web["PYTHONPATH"] = os.pathsep.join(filter(None, [str(BASE_DIR), os.environ.get("PYTHONPATH", "")]))
    servers = [
        Child(f"Web process {number}", command, web, [descriptor]) for number in range(1, environment.web_processes + 1)
    ]
    return [*servers, worker]


def _listen(environment: Environment) -> socket.socket:
    try:
        return listen(environment.bind_address, environment.port)
    except OSError as error:
        port = environment.port
        if error.errno == errno.EADDRINUSE:
            free = port + 1 if port < 65535 else 8000
            fault = f"Port {port} is used by another program: stop that one, or run python3 manage.py up --port {free}."
        elif error.errno == errno.EACCES:
            fault = (
                f"Port {port} needs the rights of root: choose one above 1023, "
                "for example python3 manage.py up --port 8000."
            )
        else:
            fault = (
                f"The address {environment.bind_address} can't be used ({error.strerror}): "
                "set BIND_ADDRESS to one of this machine."
            )
        raise SetupFault(fault) from None


def _announce(environment: Environment, supervisor: Supervisor) -> None:
    """The address and the sign-ins, once the first page really answers."""
    deadline = time.monotonic() + FIRST_PAGE_SECONDS
    status = None
    while not supervisor.stopping and status is None and time.monotonic() < deadline:
        supervisor.tick()
        status = first_page(environment)
        if status is None:
            time.sleep(0.1)
    if supervisor.stopping:
        return
    if status is None or status >= 500:
        state = "does not answer yet" if status is None else f"answers with error {status}"
        prepare.say(f"The first page {state}; the messages above say why, and so may python3 manage.py doctor.")
    prepare.say(f"\nCustomer desk runs at {environment.public_url}")
    entries = prepare.demo_sign_ins(environment.data_dir)
    if entries:
        prepare.say("\n".join(["Demo sign-ins:", *prepare.sign_in_lines(entries)]))
    prepare.say("Ctrl-C stops it.")


def first_page(environment: Environment) -> int | None:
    """The status that the front page answers with; None while nobody does."""
    bound = ipaddress.ip_address(environment.bind_address)
    address = str(bound) if not bound.is_unspecified else "::1" if bound.version == 6 else "127.0.0.1"
    host = next((name for name in environment.allowed_hosts if not name.startswith((".", "*"))), "localhost")
    with closing(http.client.HTTPConnection(address, environment.port, timeout=FIRST_PAGE_SECONDS)) as connection:
        try:
            connection.request("GET", "/", headers={"Host": host})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None


def _end_orphans(record: Path) -> None:
    """Children of a supervisor that was killed and could not end them itself."""
    try:
        groups = json.loads(record.read_text())["children"].values()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    for group in groups:
        commands = " ".join(command_line(process) for process in members(group))
        if str(BASE_DIR) in commands or "crm.setup.server" in commands:
            end_group(group, signal.SIGKILL)
    record.unlink(missing_ok=True)
