"""`manage.py seal_audit`: seals the activity that has settled."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from crm import seals
from crm.models import Business


class Command(BaseCommand):
    help = "Seal the rows of the activity trail that no running transaction can still add to."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--moved",
            action="store_true",
            help="begin anew after the database was moved into another PostgreSQL by other means than 'restore'; "
            "while nothing else runs",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for business in Business.objects.order_by("name"):
            if options["moved"]:
                seals.begin_epoch(business)
            self.stdout.write(f"{business.name}: {seals.seal(business):,} rows sealed")
