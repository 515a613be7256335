"""What `manage.py` does inside the virtual environment: the verbs, and Django's commands with a database under them."""

import os
import sys
from collections.abc import Callable, Sequence

from crm.environment import EnvironmentFault, environment_for, explain
from crm.setup.faults import SetupFault

WITHOUT_DATABASE = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "spectacular",
    "startapp",
    "version",
}
AS_OWNER = {
    "backup",
    "bench",
    "createcachetable",
    "demo",
    "flush",
    "fuzz",
    "makemigrations",
    "migrate",
    "optimizemigration",
    "restore",
    "showmigrations",
    "sqlmigrate",
    "squashmigrations",
}
PROCESS_OF = {"qcluster": "worker", "worker": "worker", "runserver": "web"}


def run(arguments: Sequence[str]) -> int:
    """The exit code of one `manage.py` call: 1 for a fault of the set-up, 2 for a wrong value in the environment."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
    try:
        return _dispatch(arguments)
    except EnvironmentFault as fault:
        print(explain(fault), file=sys.stderr)
        return 2
    except SetupFault as fault:
        print(fault, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _dispatch(arguments: Sequence[str]) -> int:
    from crm.setup.env_file import ensure_env_file

    ensure_env_file()
    name = arguments[0] if arguments else "help"
    verb = verbs().get(name)
    if verb is not None:
        return verb(list(arguments[1:]))
    return _django(name, arguments)


def verbs() -> dict[str, Callable[[list[str]], int]]:
    """The commands that are ours from the first word on; they work while the code under them is broken."""
    from crm.setup import checks, doctor, soak, supervisor

    return {
        "up": supervisor.up,
        "dev": supervisor.dev,
        "test": checks.test,
        "quality": checks.quality,
        "pytest": checks.only_pytest,
        "doctor": doctor.main,
        "soak": soak.main,
    }


def _django(name: str, arguments: Sequence[str]) -> int:
    from django.core.management import execute_from_command_line

    os.environ.setdefault("CRM_DB_ROLE", "owner" if name in AS_OWNER else "app")
    os.environ.setdefault("CRM_PROCESS", PROCESS_OF.get(name, "command"))
    argv = ["manage.py", *arguments]
    if name in WITHOUT_DATABASE or name.startswith("-") or {"--help", "-h"} & set(arguments):
        environment_for()
        execute_from_command_line(argv)
        return 0
    from crm.setup.database import available, grant_app

    with available(environment_for()):
        execute_from_command_line(argv)
        if name == "migrate":
            grant_app(environment_for())
    return 0
