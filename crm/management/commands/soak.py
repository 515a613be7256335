"""`manage.py soak`, so that `help` lists it; the work is done in `crm.setup`."""

from django.core.management.base import BaseCommand

from crm.setup.entry import verbs


class Command(BaseCommand):
    help = "Break a throwaway installation at random and count what is lost."

    def run_from_argv(self, argv: list[str]) -> None:
        raise SystemExit(verbs()["soak"](argv[2:]))
