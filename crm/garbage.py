"""Python's garbage collector, kept away from what stays for the life of a process."""

import gc


def keep_what_is_loaded() -> None:
    """Take what is loaded by now out of the collector's rounds: looking through modules and URLs holds a request up for 100 ms."""
    gc.collect()
    gc.freeze()
