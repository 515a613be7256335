"""Advisory locks on files; the system lets go of them when a process dies, however it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from crm.setup.faults import SetupFault


class FileLock:
    """One lock file, held shared or exclusively; not inherited by programs that are started."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, *, shared: bool = False, wait: bool = True) -> bool:
        """True when the lock is held; false only without `wait`, when somebody else has it."""
        if self._descriptor is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError as error:
                raise read_only(self.path.parent, error) from None
        try:
            fcntl.flock(self._descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "FileLock":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


@contextmanager
def only_one(path: Path, refusal: str) -> Iterator[None]:
    """The body runs in at most one process at a time; a second one is refused with the sentence `refusal`."""
    lock = FileLock(path)
    if not lock.acquire(wait=False):
        lock.release()
        raise SetupFault(refusal)
    try:
        yield
    finally:
        lock.release()


def read_only(folder: Path, error: OSError) -> SetupFault:
    reason = error.strerror or str(error)
    return SetupFault(
        f"The folder {folder} can't be written ({reason}): make it writable, or set DATA_DIR to one that is."
    )
