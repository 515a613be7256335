"""`manage.py rebuild_facts`: computes the facts of customers anew from orders, deals, subscriptions and invoices."""

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from commerce import services
from crm.models import Business
from crm.scope import scope


class Command(BaseCommand):
    help = "Compute facts anew from the rows; with --verify only count what differs, exit code 1 when anything does."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--business", default="", help="short name of one business (default: all)")
        parser.add_argument("--verify", action="store_true", help="write nothing, only count what differs")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Business.objects.order_by("slug")
        businesses = list(rows.filter(slug=options["business"]) if options["business"] else rows)
        if not businesses:
            raise CommandError("There is no such business.")
        differing = 0
        for business in businesses:
            began = time.monotonic()
            with scope(business):
                counts = services.rebuild_facts(verify=options["verify"])
            differing += sum(counts.values())
            told = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items())
            self.stdout.write(f"{business.slug}: {told} differed ({time.monotonic() - began:.1f} s)")
        if options["verify"] and differing:
            sys.exit(1)
