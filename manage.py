#!/usr/bin/env python3
"""The one door: makes the virtual environment when it is missing or old, then carries on inside it.

Only the standard library, and a grammar that old Pythons can read, so that they get a sentence and not a traceback.
"""

import os
import subprocess
import sys

LOWEST = (3, 11)


def main(arguments):
    if os.name != "posix":
        return refuse("Customer desk runs on Linux and macOS; on Windows, run it in WSL.")
    root = os.path.dirname(os.path.abspath(__file__))
    python = os.path.join(root, ".venv", "bin", "python")
    inside = os.path.realpath(sys.prefix) == os.path.realpath(os.path.join(root, ".venv"))
    if sys.version_info < LOWEST:
        newer = newer_python()
        if newer is None:
            found = "%d.%d" % sys.version_info[:2]
            return refuse(
                "Customer desk needs Python 3.11 or newer, this is %s: install it and run python3.11 manage.py." % found
            )
        os.execv(newer, [newer, os.path.join(root, "manage.py")] + arguments)
    sys.path.insert(0, root)
    from crm.setup.bootstrap import Bootstrap, BootstrapFault

    try:
        changed = Bootstrap(root).ensure()
    except BootstrapFault as fault:
        return refuse(str(fault))
    except KeyboardInterrupt:
        return 130
    if not inside or changed:
        os.execv(python, [python, os.path.join(root, "manage.py")] + arguments)
    from crm.setup.entry import run

    return run(arguments)


def newer_python():
    """The newest fitting Python on the search path, or None."""
    for minor in (14, 13, 12, 11):
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            candidate = os.path.join(folder, "python3.%d" % minor)
            if os.access(candidate, os.X_OK) and runs(candidate):
                return candidate
    return None


def runs(python):
    """False for a shim that stands for no installed Python."""
    try:
        return subprocess.call([python, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def refuse(sentence):
    sys.stderr.write(sentence + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
