"""The embedded PostgreSQL 18: made, started, watched until it answers, stopped when its last user is done."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

from crm.setup.faults import SetupFault
from crm.setup.locks import FileLock
from crm.setup.postgres_home import Home, open_home

START_SECONDS = 30
RECOVERY_SECONDS = 600
STOP_SECONDS = 30
OWN_SETTINGS = "customer-desk.conf"
MEGABYTE = 1024 * 1024


class Cluster:
    """One embedded PostgreSQL, known by its data folder."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def ensure(self) -> None:
        """Make the cluster when it is missing and start it when it is down; returns when it answers."""
        if not (self.home.data / "PG_VERSION").exists():
            self._initialize()
        if not self.answers():
            self._start()

    def answers(self) -> bool:
        """It accepts connections and is out of recovery."""
        try:
            with self.connect() as connection:
                row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
                return row is not None and row[0] is False
        except psycopg.Error:
            return False

    def connect(self, database: str = "postgres", role: str = "superuser") -> psycopg.Connection:
        """A connection of its own in autocommit; the caller closes it."""
        return psycopg.connect(
            host=str(self.home.socket),
            port=5432,
            user="postgres" if role == "superuser" else f"crm_{role}",
            password=self.home.passwords[role],
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )

    def process(self) -> psutil.Process | None:
        """The running postmaster; a left-over postmaster.pid that names another program's number counts as none."""
        try:
            number = int((self.home.data / "postmaster.pid").read_text().split("\n", 1)[0])
            process = psutil.Process(number)
            ours = _alive(process) and str(self.home.data) in process.cmdline()
        except (OSError, ValueError, psutil.Error):
            return None
        return process if ours else None

    def stop(self) -> None:
        """Fast shutdown, then immediate; the write-ahead log heals what an immediate one leaves."""
        process = self.process()
        if process is None:
            return
        for sent in (signal.SIGINT, signal.SIGQUIT, signal.SIGQUIT):
            try:
                process.send_signal(sent)
            except psutil.NoSuchProcess:
                return
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline:
                if not _alive(process):
                    return
                time.sleep(0.02)
        raise SetupFault(
            f"PostgreSQL (process {process.pid}) does not stop: stop it by hand with kill -QUIT {process.pid}."
        )

    def _initialize(self) -> None:
        data = self.home.data
        partial = data.with_name(data.name + ".partial")
        password_file = data.with_name(data.name + ".password")
        shutil.rmtree(partial, ignore_errors=True)
        if data.exists() and any(data.iterdir()):
            raise SetupFault(
                f"The folder {data} holds something else than a database: move it away and run the same command again."
            )
        partial.mkdir(mode=0o700, parents=True)
        password_file.touch(mode=0o600)
        password_file.write_text(self.home.passwords["superuser"] + "\n")
        if self.home.account:
            self.home.account.own(partial)
            self.home.account.own(password_file)
        try:
            done = self.home.run(
                "initdb",
                f"--pgdata={partial}",
                "--username=postgres",
                "--auth=scram-sha-256",
                f"--pwfile={password_file}",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=PG_UNICODE_FAST",
                "--no-instructions",
            )
        finally:
            password_file.unlink(missing_ok=True)
        if done.returncode or not (partial / "PG_VERSION").exists():
            shutil.rmtree(partial, ignore_errors=True)
            raise SetupFault(f"PostgreSQL could not be set up in {data}: {_last_line(done.stdout)}")
        with (partial / "postgresql.conf").open("a") as configuration:
            configuration.write(
                "\n# Scaled to this machine at each start; lines below it win over it.\n"
                f"include_if_exists = '{OWN_SETTINGS}'\n"
            )
        if data.exists():
            data.rmdir()
        partial.rename(data)

    def _start(self) -> None:
        self._write_settings()
        deadline = time.monotonic() + START_SECONDS
        recovery_deadline = time.monotonic() + RECOVERY_SECONDS
        while True:
            if self.process() is None:
                # After a kill the old server's children may hold its memory for a moment: the start is tried again.
                self.home.run(
                    "pg_ctl", "start", "--no-wait", "--silent", f"--pgdata={self.home.data}", f"--log={self._log()}"
                )
                time.sleep(0.05)
            for _ in range(20):
                if self.answers():
                    return
                time.sleep(0.05)
                if self.process() is None:
                    break
            now = time.monotonic()
            if now > recovery_deadline or (now > deadline and self.process() is None):
                raise SetupFault(
                    f"PostgreSQL does not start: {_last_line(self._log_text())} The whole log is {self._log()}."
                )

    def _log(self) -> Path:
        return self.home.data / "start.log"

    def _log_text(self) -> str:
        try:
            return self._log().read_text(errors="replace")
        except OSError:
            return ""

    def _write_settings(self) -> None:
        path = self.home.data / OWN_SETTINGS
        path.write_text("".join(f"{name} = {value}\n" for name, value in self.settings().items()))
        path.chmod(0o600)
        self._log().write_text("")
        self._log().chmod(0o600)
        if self.home.account:
            self.home.account.own(path)
            self.home.account.own(self._log())

    def settings(self) -> dict[str, str]:
        """Server settings for this machine's memory and disk (measured at 24 GB: 2 GB of shared buffers and so on)."""
        memory = psutil.virtual_memory().total // MEGABYTE
        disk = shutil.disk_usage(self.home.data).free // MEGABYTE
        return {
            "listen_addresses": "''",
            "unix_socket_directories": f"'{self.home.socket}'",
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "shared_buffers": f"{_between(128, memory // 12, 2048)}MB",
            "effective_cache_size": f"{_between(256, memory // 2, 65536)}MB",
            "work_mem": f"{_between(4, memory // 384, 64)}MB",
            "temp_buffers": "64MB",
            "maintenance_work_mem": f"{_between(64, memory // 24, 1024)}MB",
            "max_wal_size": f"{_between(512, disk // 10, 8192)}MB",
            "wal_compression": "pglz",
            "random_page_cost": "1.1",
            **({"effective_io_concurrency": "64"} if hasattr(os, "posix_fadvise") else {}),
            "jit": "off",
            "max_parallel_workers_per_gather": "1",
            "password_encryption": "'scram-sha-256'",
            "timezone": "'UTC'",
            "log_timezone": "'UTC'",
            "logging_collector": "on",
            "log_directory": "'log'",
            "log_filename": "'postgresql-%a.log'",
            "log_rotation_age": "1d",
            "log_truncate_on_rotation": "on",
            "log_file_mode": "0600",
            # Statements and details of errors hold what people have typed: the log names the error alone.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        }


def _alive(process: psutil.Process) -> bool:
    """Not merely a number that nobody has collected yet."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _between(lowest: int, value: int, highest: int) -> int:
    return max(lowest, min(value, highest))


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "error:" in line]
    return (telling or lines or ["no reason was given."])[-1]


@contextmanager
def running(data_dir: Path) -> Iterator[Cluster]:
    """The cluster of `data_dir`, up for the length of the body; the last of several users stops it."""
    decision, users = FileLock(data_dir / "postgres.lock"), FileLock(data_dir / "postgres.users")
    with decision:
        cluster = Cluster(open_home(data_dir))
        users.acquire(shared=True)
        try:
            cluster.ensure()
        except BaseException:
            _leave(cluster, users)
            raise
    try:
        yield cluster
    finally:
        with decision:
            _leave(cluster, users)


def _leave(cluster: Cluster, users: FileLock) -> None:
    """Stop the server unless another process still uses it; called with the decision lock held."""
    try:
        if users.acquire(wait=False):
            cluster.stop()
    finally:
        users.release()
