"""`manage.py import_orders`: takes over a file of orders, order lines or customers while one watches."""

import sys
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from crm import work
from crm.actor import Actor
from crm.errors import DomainError
from crm.models import Business, Job, JobState
from crm.scope import scope
from customers import services
from customers.choices import ImportState
from customers.models import ImportJob
from customers.registry import import_resources

_SHOWN = 50
"""Faulty rows that are printed; the page of the import shows more."""


class Command(BaseCommand):
    help = (
        "Import a CSV file of orders, order lines or customers into a business; all of it or, with any fault, nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--business", required=True, metavar="SHORT-NAME")
        parser.add_argument(
            "--resource",
            default="",
            choices=["", *sorted(r.key for r in import_resources)],
            help="recognized by the header when left out",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        actor = Actor.system("Command line", kind="import", door="command")
        business = self._business(options["business"])
        with scope(business):
            try:
                with path.open("rb") as file:
                    record = services.start_import(
                        actor=actor, business=business, file=File(file, name=path.name), resource=options["resource"]
                    )
            except DomainError as refusal:
                raise CommandError(str(refusal.message)) from refusal
            self._run(record)
            record = ImportJob.objects.select_related("job").get(pk=record.pk)
            self._show(record)

    def _business(self, slug: str) -> Business:
        business = Business.objects.filter(slug=slug, is_active=True).first()
        if business is not None:
            return business
        known = ", ".join(Business.objects.filter(is_active=True).values_list("slug", flat=True)) or "none"
        raise CommandError(f"There is no business {slug}. There are: {known}.")

    def _run(self, record: ImportJob) -> None:
        """Do the job here; when a worker was quicker, wait for it."""
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(str(record.job_id), over), daemon=True)
        watcher.start()
        try:
            work.run(str(record.job_id))
            while Job.objects.filter(pk=record.job_id, state__in=[JobState.QUEUED, JobState.RUNNING]).exists():
                over.wait(0.5)
        finally:
            over.set()
            watcher.join(5)

    def _watch(self, job_id: str, over: threading.Event) -> None:
        """Print how far the job is, on a connection of its own."""
        shown = ""
        try:
            while not over.wait(0.5):
                found = Job.unscoped.filter(pk=job_id).values_list("step", "processed", "total").first()
                if found is None:
                    continue  # not stored yet
                step, processed, total = found
                text = f"{step}: {processed:,} of {total:,}" if total else step
                if text and text != shown:
                    shown = text
                    self.stdout.write(text)
        finally:
            connection.close()

    def _show(self, record: ImportJob) -> None:
        if record.state == ImportState.DONE:
            self.stdout.write(
                f"{record.file_name}: {record.row_count:,} rows of {record.resource.replace('_', ' ')} imported."
            )
            for name, count in record.counts.items():
                self.stdout.write(f"  {name.replace('_', ' '):<24}{count:>12,}")
            return
        faults = list(record.faults.all()[:_SHOWN])
        for fault in faults:
            self.stderr.write(
                f"row {fault.line}, {fault.column}: {fault.reason}" + (f" (“{fault.value}”)" if fault.value else "")
            )
        if record.fault_count > len(faults):
            self.stderr.write(f"… and {record.fault_count - len(faults):,} more.")
        error = record.error or (record.job.error if record.job else "")
        self.stderr.write(error or "The import did not finish.")
        sys.exit(1)
