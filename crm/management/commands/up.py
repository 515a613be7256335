"""`manage.py up`, so that `help` lists it; the work is done in `crm.setup`."""

from django.core.management.base import BaseCommand

from crm.setup.entry import verbs


class Command(BaseCommand):
    help = "Set up what is missing and run Customer desk."

    def run_from_argv(self, argv: list[str]) -> None:
        raise SystemExit(verbs()["up"](argv[2:]))
