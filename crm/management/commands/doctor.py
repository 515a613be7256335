"""`manage.py doctor`, so that `help` lists it; the work is done in `crm.setup`."""

from django.core.management.base import BaseCommand

from crm.setup.entry import verbs


class Command(BaseCommand):
    help = "Examine every precondition and name the remedy."

    def run_from_argv(self, argv: list[str]) -> None:
        raise SystemExit(verbs()["doctor"](argv[2:]))
