"""`manage.py worker`: one node that does jobs. It runs a django-q2 cluster for each lane in a process group of its own, watches
that they really work, keeps the ledger right and asks for what is due. Several nodes may run, on one machine or many."""

import json
import logging
import os
import signal
import socket
import sys
import time
from pathlib import Path
from types import FrameType

import psutil
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from crm import alerts, queue, schedules
from crm.models import Lane, Worker
from crm.setup.processes import Child, end_group, members

log = logging.getLogger(__name__)
AWAY = (OperationalError, InterfaceError)
TEND_SECONDS = 1.0
SEEN_SECONDS = 5.0
START_SECONDS = 90.0
"""How long a cluster may take until its sentinel stands, on a machine that has much else to do, before it counts as dead."""
SETTLE_SECONDS = 12.0
"""How long after that its workers may take to begin what waits."""
GRACE_SECONDS = 10.0
"""How long running jobs may go on after a stop, before they are handed back."""


class LaneCluster:
    """The cluster of one lane: started again when it is dead or only looks alive."""

    def __init__(self, lane: str, node: str) -> None:
        self.lane, self.node = lane, node
        environment = {**os.environ, "Q_CLUSTER_NAME": lane, "CRM_NODE": node, "CRM_PROCESS": "worker"}
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"]
        self.child = Child(f"Lane {lane}", command, environment, pause=0.2)
        self.kills = 0
        self._stands_since = 0.0
        """When the sentinel of the latest start was first seen."""

    @property
    def restarts(self) -> int:
        return self.child.restarts + self.kills

    def watch(self) -> None:
        """Start it, start it again when its master is dead, restart it when its sentinel is or when it is stuck."""
        before = self.child.restarts
        self.child.tick()
        if self.child.restarts != before:
            queue.release(f"{self.node}/{self.lane}/")
        fault = self._fault()
        if fault:
            log.error("the %s lane is restarted: %s", self.lane, fault)
            self.restart()

    def _fault(self) -> str:
        if self.child.group is None:
            return ""
        now, started_at = time.monotonic(), self.child.started_at
        has_sentinel = self._has_sentinel()
        if self._stands_since < started_at:
            if has_sentinel:
                self._stands_since = now
            return "it does not begin" if not has_sentinel and now - started_at > START_SECONDS else ""
        if not has_sentinel:
            return "its sentinel is gone"
        return queue.is_stuck(self.lane, self.node) if now - self._stands_since > SETTLE_SECONDS else ""

    def _has_sentinel(self) -> bool:
        try:
            children = psutil.Process(self.child.group).children()
            return any(process.status() != psutil.STATUS_ZOMBIE for process in children)
        except psutil.Error:
            return False

    def restart(self) -> None:
        """Kill the whole group; what it was doing is queued again."""
        self.child.end_group(signal.SIGKILL)
        if self.child.process is not None:
            self.child.process.wait()
        queue.release(f"{self.node}/{self.lane}/")
        self.kills += 1
        self.child.start()


class Node:
    """Everything that one `manage.py worker` runs."""

    def __init__(self, lanes: list[str], folder: Path) -> None:
        self.name = f"{socket.gethostname()[:40]}:{os.getpid()}"
        self.clusters = [LaneCluster(lane, self.name) for lane in lanes]
        self.record = folder / f"{os.getpid()}.json"
        self.stopping = False
        self._seen_at = 0.0

    def stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def run(self) -> None:
        """Until a signal; the database may go away and come back meanwhile."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        end_orphans(self.record.parent)
        self._start()
        while not self.stopping:
            started = time.monotonic()
            self.turn()
            time.sleep(max(0.0, TEND_SECONDS - (time.monotonic() - started)))

    def _start(self) -> None:
        """The clusters need no database to start; what is due is taken over once there is one."""
        self.record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        while not self.stopping:
            try:
                schedules.take_over_regular_tasks()
                return
            except AWAY as error:
                log.warning("the database is away: %s", type(error).__name__)
                connection.close()
                time.sleep(TEND_SECONDS)

    def turn(self) -> None:
        """One round: processes, sign of life, ledger, schedules, alerts; what fails in one is no reason to leave out the others."""
        for step in (self._watch, self._say_alive, queue.tend, schedules.ask_for_due, alerts.tell_all):
            try:
                step()
            except AWAY as error:
                log.warning("the database is away: %s", type(error).__name__)
                connection.close()
            except Exception:
                log.exception("a node's round is not complete")
                connection.close()

    def _watch(self) -> None:
        groups = [cluster.child.group for cluster in self.clusters]
        try:
            for cluster in self.clusters:
                cluster.watch()
        finally:
            if groups != [cluster.child.group for cluster in self.clusters]:
                self._write_record()

    def _say_alive(self) -> None:
        if time.monotonic() - self._seen_at < SEEN_SECONDS:
            return
        capacity = {cluster.lane: settings.JOB_WORKERS[cluster.lane] for cluster in self.clusters}
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into crm_worker (name, capacity, started_at, seen_at, restarts) "
                "values (%s, %s, clock_timestamp(), clock_timestamp(), %s) "
                "on conflict (name) do update "
                "set capacity = excluded.capacity, seen_at = excluded.seen_at, restarts = excluded.restarts",
                [self.name, json.dumps(capacity), sum(cluster.restarts for cluster in self.clusters)],
            )
        self._seen_at = time.monotonic()

    def _write_record(self) -> None:
        partial = self.record.with_suffix(".partial")
        groups = [cluster.child.group for cluster in self.clusters if cluster.child.group]
        partial.write_text(json.dumps({"node": self.name, "groups": groups}))
        partial.replace(self.record)

    def end(self) -> None:
        """Let running jobs end for a while, then hand them back; no process is left."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        for cluster in self.clusters:
            if cluster.child.process is not None:
                cluster.child.process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline and any(
            cluster.child.process is not None and cluster.child.process.poll() is None for cluster in self.clusters
        ):
            time.sleep(0.1)
        for cluster in self.clusters:
            cluster.child.end_group(signal.SIGKILL)
            if cluster.child.process is not None:
                cluster.child.process.wait()
        self.record.unlink(missing_ok=True)
        try:
            queue.release(f"{self.name}/")
            Worker.objects.filter(pk=self.name).delete()
        except AWAY:
            log.warning("the database is away: jobs that were stopped are taken up after their lease")


def end_orphans(folder: Path) -> None:
    """Kill the clusters of nodes that were killed themselves."""
    for record in folder.glob("*.json"):
        try:
            known = json.loads(record.read_text())
            node, groups = str(known["node"]), [int(group) for group in known["groups"]]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        owner = int(record.stem) if record.stem.isdigit() else 0
        if psutil.pid_exists(owner) and owner != os.getpid() and _is_node(owner):
            continue
        for group in groups:
            if any("qcluster" in " ".join(_arguments(process)) for process in members(group)):
                end_group(group, signal.SIGKILL)
        record.unlink(missing_ok=True)
        queue.release(f"{node}/")


def _is_node(number: int) -> bool:
    try:
        return "worker" in psutil.Process(number).cmdline()
    except psutil.Error:
        return False


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def main(lanes: list[str] | None = None) -> None:
    node = Node(lanes or list(Lane.values), settings.DATA_DIR / "nodes")
    try:
        node.run()
    finally:
        node.end()
