"""`manage.py quality`, so that `help` lists it; the work is done in `crm.setup`."""

from django.core.management.base import BaseCommand

from crm.setup.entry import verbs


class Command(BaseCommand):
    help = "Run every check and the tests without a browser."

    def run_from_argv(self, argv: list[str]) -> None:
        raise SystemExit(verbs()["quality"](argv[2:]))
