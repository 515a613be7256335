"""Tasks for the tests of the worker, called by real worker processes."""

import os
import time
from typing import Any

from django.db import connection

from crm.work import JobRun


def write(work: JobRun, *, number: int, seconds: float = 0.0) -> dict[str, Any]:
    """Take some time, then leave one row."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        work.report(0)
        time.sleep(0.05)
    with work.atomic(last=True), connection.cursor() as cursor:
        cursor.execute("insert into effects (number) values (%s)", [number])
    return {}


def die(work: JobRun) -> None:
    """What a process does that the system kills for its memory."""
    os._exit(137)
