"""`manage.py read_only`: stops all changes while the installation is worked on, and allows them again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm import clock, services
from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import ServiceMode


class Command(BaseCommand):
    help = (
        "Switch read-only mode on or off, or say which it is: every change is answered 503 meanwhile, reading goes on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("state", choices=["on", "off", "status"])
        parser.add_argument("--reason", default="", help="what people are told, at most 200 characters")

    def handle(self, *args: Any, **options: Any) -> None:
        state = options["state"]
        if state != "status":
            actor = Actor.system("manage.py read_only", door="command")
            try:
                services.set_service_mode(
                    actor=actor, is_read_only=state == "on", reason=options["reason"], at=clock.now()
                )
            except InvalidInput as refusal:
                raise CommandError(
                    "; ".join(f"{name}: {' '.join(map(str, words))}" for name, words in refusal.errors.items())
                ) from None
        found = ServiceMode.objects.filter(pk=1).first()
        if found is None or not found.is_read_only:
            self.stdout.write("Changes are allowed.")
            return
        reason = f": {found.reason}" if found.reason else ""
        self.stdout.write(f"Read-only since {found.changed_at:%Y-%m-%d %H:%M} UTC, by {found.changed_by}{reason}")
