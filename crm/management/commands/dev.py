"""`manage.py dev`, so that `help` lists it; the work is done in `crm.setup`."""

from django.core.management.base import BaseCommand

from crm.setup.entry import verbs


class Command(BaseCommand):
    help = "Run Customer desk for work on its code, with reload."

    def run_from_argv(self, argv: list[str]) -> None:
        raise SystemExit(verbs()["dev"](argv[2:]))
