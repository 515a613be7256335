"""How long work takes, judged so that a machine which is busy with other things does not matter."""

import gc
import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")
ATTEMPTS = 5


def swiftly(work: Callable[[], Answer], seconds: float, clock: Callable[[], float] = time.thread_time) -> Answer:
    """What `work` returns; one attempt of five must end within `seconds` of this thread's own work.

    A busy machine disturbs some attempts; what grows with the square of its input, or waits, is too slow in all of them.
    Work that is done elsewhere, as by the database, is measured with `time.perf_counter`.
    """
    spent: list[float] = []
    collects = gc.isenabled()
    gc.disable()
    try:
        for _ in range(ATTEMPTS):
            began = clock()
            answer = work()
            spent.append(clock() - began)
            if spent[-1] < seconds:
                return answer
    finally:
        if collects:
            gc.enable()
    raise AssertionError(f"{min(spent):.3f} s in the best of {ATTEMPTS} attempts, {seconds} s at most")
