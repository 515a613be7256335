"""`manage.py verify_audit`: recomputes the seals over the activity trail."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm import checkpoints, seals
from crm.models import Business


class Command(BaseCommand):
    help = "Check that no sealed row of the activity trail was changed, removed or slipped in; exit code 1 with the faults."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--business", default="", metavar="SHORT-NAME", help="this one only")

    def handle(self, *args: Any, **options: Any) -> None:
        businesses = Business.objects.order_by("name")
        if options["business"]:
            businesses = businesses.filter(slug=options["business"])
            if not businesses:
                raise CommandError(f"There is no business {options['business']}.")
        faulty = False
        for business in businesses:
            verdict = seals.verify(business)
            sound = "no fault" if not verdict.faults else f"{len(verdict.faults)} faults"
            self.stdout.write(
                f"{business.name}: {verdict.sealed:,} rows under seals, {verdict.unsealed:,} not sealed yet, {sound}"
            )
            for fault in verdict.faults:
                self.stderr.write(f"  {fault}")
            faulty = faulty or bool(verdict.faults)
        if not options["business"]:
            for gone in checkpoints.missing_businesses():
                self.stderr.write(f"The business {gone} of the checkpoints is gone, with its whole trail")
                faulty = True
        if faulty:
            sys.exit(1)
