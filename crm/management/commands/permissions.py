"""Write or check docs/permissions.csv, the role × operation table."""

import csv
import io
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.operations import table


class Command(BaseCommand):
    help = "Compare docs/permissions.csv with the permissions that the pages and endpoints name; --write brings it up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="write the table instead of comparing it")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "permissions.csv"
        text = as_csv()
        if options["write"]:
            path.write_text(text, encoding="utf-8")
            self.stdout.write(f"{path.name}: {text.count(chr(10)) - 1} operations")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            raise CommandError(
                "docs/permissions.csv differs from the code. Look at what changed, then run: python3 manage.py permissions --write"
            )


def as_csv() -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(table())
    return out.getvalue()
