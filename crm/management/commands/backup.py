"""`manage.py backup`: makes a backup, proves one, lists what there is."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from crm import clock
from crm.actor import Actor
from crm.backups import keep
from crm.backups.faults import BackupFault
from crm.backups.make import make
from crm.backups.verify import verify
from crm.services import tell_operators


class Command(BaseCommand):
    help = (
        "Write an encrypted backup of database and files, and prove it by reading it; or verify or list what there is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deed", nargs="?", choices=("make", "verify", "list"), default="make")
        parser.add_argument("file", nargs="?", type=Path, help="to verify; default: the newest")
        parser.add_argument("--all", action="store_true", help="verify every backup of the folder")

    def handle(self, *args: Any, **options: Any) -> None:
        {"make": self._make, "verify": self._verify, "list": self._list}[options["deed"]](options)

    def _make(self, options: dict[str, Any]) -> None:
        began = clock.now()
        try:
            backup = make(began)
        except BackupFault as fault:
            tell_operators(
                actor=Actor.system("Backup", door="command"), kind="crm.backup_failed", title=_("The backup failed"),
                text=str(fault), tone="bad", dedupe_key="crm.backup_failed",
            )  # fmt: skip
            raise
        seconds = (clock.now() - began).total_seconds()
        self.stdout.write(f"{backup.path} ({_megabytes(backup)}) was written and read in {seconds:.1f} s.")
        self.stdout.write(
            f"To use it you need {', '.join(backup.manifest['keys_needed'])} as they are now "
            f"(BACKUP_KEY {backup.manifest['key']}): keep a copy of .env where the backups are not."
        )

    def _verify(self, options: dict[str, Any]) -> None:
        found = keep.backups(settings.BACKUP_DIR) if options["all"] else []
        paths = [backup.path for backup in found] or [options["file"] or keep.newest_good(settings.BACKUP_DIR).path]
        faults = []
        for path in paths:
            try:
                contents = verify(path)
            except BackupFault as fault:
                faults.append(str(fault))
                self.stderr.write(str(fault))
            else:
                rows = sum(contents.manifest["rows"].values())
                self.stdout.write(f"{path.name}: whole, {rows:,} rows and {len(contents.files):,} files")
        if faults:
            raise BackupFault(f"{len(faults)} of {len(paths)} backups can't be used.")

    def _list(self, options: dict[str, Any]) -> None:
        for backup in keep.backups(settings.BACKUP_DIR):
            state = f"proven {backup.manifest['verified_at'][:16]}" if backup.is_good else "never proven"
            self.stdout.write(f"{backup.path.name}  {_megabytes(backup):>12}  {state}")


def _megabytes(backup: keep.Backup) -> str:
    return f"{backup.path.stat().st_size / 1_000_000:,.1f} MB"
