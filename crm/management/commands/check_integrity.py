"""`manage.py check_integrity`: examines the rules about stored rows that no constraint of the database holds."""

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand

from crm import integrity


class Command(BaseCommand):
    help = "Look for orphaned rows, files without rows and figures that are not the sums of their rows; exit code 1 with what is found."

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        rows = broken = 0
        for found in integrity.examine():
            rows, broken = rows + found.rows, broken + found.broken
            self.stdout.write(f"{found.check.label!s:<48} {found.rows:>12,} rows  {found.broken:>8,} broken")
            for example in found.examples:
                self.stderr.write(f"  {example}")
            if found.broken > len(found.examples):
                self.stderr.write(f"  and {found.broken - len(found.examples):,} more")
        sound = 100 * (1 - broken / rows) if rows else 100
        self.stdout.write(f"{sound:.4f} % of {rows:,} rows looked at are sound ({time.monotonic() - began:.1f} s).")
        if broken:
            sys.exit(1)
