"""`manage.py restore`: brings a backup back, or rehearses it in a database that is dropped again."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection

from crm import clock
from crm.backups import keep
from crm.backups.faults import BackupFault
from crm.backups.restore import rehearse, restore
from crm.environment import environment_for
from crm.setup.database import grant_app
from crm.setup.locks import only_one


class Command(BaseCommand):
    help = "Restore a backup into this installation, which must be empty; or rehearse it with --drill."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="the backup; for a drill the newest by default")
        parser.add_argument(
            "--drill", action="store_true", help="restore into a scratch database, check, drop it, say how long it took"
        )
        parser.add_argument("--replace", action="store_true", help="put it in the place of the data that is there")
        parser.add_argument("--confirm", default="", metavar="NAME", help="the database's name, instead of typing it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["drill"]:
            self._drill(options["file"] or keep.newest_good(settings.BACKUP_DIR).path)
        elif options["file"] is None:
            raise BackupFault(f"Name the backup; the newest is {keep.newest_good(settings.BACKUP_DIR).path}.")
        else:
            self._restore(options)

    def _drill(self, archive: Path) -> None:
        seconds, findings = rehearse(archive, say=self.stdout.write)
        self._tell(findings)
        self.stdout.write(f"The drill took {seconds:.0f} s: so long would it take to serve again.")
        if findings:
            sys.exit(1)

    def _restore(self, options: dict[str, Any]) -> None:
        name = str(connection.settings_dict["NAME"])
        with only_one(settings.DATA_DIR / "up.lock", "Customer desk runs in this folder: stop it first."):
            if options["replace"]:
                self._confirm(name, options["confirm"])
            findings = restore(options["file"], at=clock.now(), replace=options["replace"], say=self.stdout.write)
            grant_app(environment_for())
        self._tell(findings)
        self.stdout.write(f"{options['file'].name} is restored: python3 manage.py up starts with it.")
        if findings:
            sys.exit(1)

    def _confirm(self, name: str, given: str) -> None:
        if not given:
            self.stdout.write(
                f"Everything in the database {name} and all files will be replaced. Type {name} to go on: ", ending=""
            )
            self.stdout.flush()
            given = sys.stdin.readline().strip()
        if given != name:
            raise BackupFault("Nothing was changed.")

    def _tell(self, findings: list[str]) -> None:
        for finding in findings:
            self.stderr.write(f"  {finding}")
