"""`manage.py worker`: does jobs until it is stopped."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm import startup
from crm.models import Lane
from crm.setup import node


class Command(BaseCommand):
    help = "Do background jobs until stopped. Any number of these may run, on one machine or several."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--lane", choices=Lane.values, action="append", help="only this lane (default: all)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            startup.begin()
        except startup.Unfit as fault:
            raise CommandError(str(fault)) from None
        node.main(options["lane"])
