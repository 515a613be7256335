"""Child processes of the supervisor: each in a group of its own, started again when it dies, ended as a group."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psutil

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
GOOD_RUN = 60.0
GRACE = 15.0
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """Linux: the child gets TERM when the supervisor dies in whatever way."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


_libc = ctypes.CDLL(None)
_tie = _die_with_parent if sys.platform == "linux" else None


@dataclass
class Child:
    """One process that has to run; `tick()` keeps it so."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    descriptors: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    pause: float = FIRST_PAUSE
    started_at: float = 0.0
    start_after: float = field(default=0.0)

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            env=dict(self.environment),
            pass_fds=tuple(self.descriptors),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_tie,
        )
        self.started_at = time.monotonic()

    def tick(self) -> None:
        """Start it again once it is dead and its pause is over; the pause doubles while it keeps failing young, not when
        somebody kills it."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            code = self.process.returncode
            self.end_group(signal.SIGKILL)
            self.process = None
            if now - self.started_at > GOOD_RUN:
                self.pause = FIRST_PAUSE
            self.start_after = now + self.pause
            print(
                f"{self.name} ended with code {code}; it is started again in {self.pause:g} s.",
                file=sys.stderr,
                flush=True,
            )
            if code >= 0:
                self.pause = min(self.pause * 2, LONGEST_PAUSE)
            self.restarts += 1
        if self.process is None and now >= self.start_after:
            self.start()

    @property
    def group(self) -> int | None:
        return self.process.pid if self.process else None

    def end_group(self, sent: signal.Signals) -> None:
        if self.group is not None:
            end_group(self.group, sent)


def end_group(group: int, sent: signal.Signals) -> None:
    try:
        os.killpg(group, sent)
    except (ProcessLookupError, PermissionError):
        pass


def members(group: int) -> list[psutil.Process]:
    """The living processes of a group."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (OSError, psutil.Error):
            continue
    return found


def command_line(process: psutil.Process) -> str:
    """Empty when it has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def end_all(children: Sequence[Child], grace: float = GRACE) -> None:
    """TERM to the leaders, time to finish, then KILL to whatever is left of their groups."""
    for child in children:
        if child.process is not None and child.process.poll() is None:
            child.process.terminate()
    deadline = time.monotonic() + grace
    for child in children:
        if child.process is not None:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                continue
    for child in children:
        child.end_group(signal.SIGKILL)
    for child in children:
        if child.process is not None:
            child.process.wait()
