"""Clusters for the tests of the set-up: real ones, in short folders of their own."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's system user can enter (pytest's own are closed); removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="crm-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        yield folder / "var"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
