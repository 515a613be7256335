"""`manage.py bench`: measures what the apps have plugged in, on generated data in a database of its own."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from crm import bench, clock
from crm.demo import demo_businesses, make_demo
from crm.demo.bulk import tidy
from crm.garbage import keep_what_is_loaded
from crm.models import Business
from crm.registry import benchmarks
from crm.scope import scope


class Command(BaseCommand):
    help = "Measure lists, search, profiles and the dashboard at a million customers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--database", default="crm_bench", help="the bench's own database on the same server")
        parser.add_argument("--prepare", action="store_true", help="make the database and its data, once")
        parser.add_argument("--customers", type=int, default=1_000_000)
        parser.add_argument("--orders-per-customer", type=float, default=10)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--only", default="", help="benchmarks whose names begin so, separated by commas")
        parser.add_argument("--json", type=Path, help="write the figures into this file too")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["prepare"]:
            self._prepare(options)
        else:
            self._measure(options)

    def _prepare(self, options: dict[str, Any]) -> None:
        began = time.monotonic()
        name = options["database"]
        if bench.create_database(name):
            self.stdout.write(f"The database {name} was made.")
        bench.use_database(name)
        call_command("migrate", interactive=False, verbosity=0)
        if demo_businesses():
            self.stdout.write(f"{name} is filled already and is used as it is; drop the database to make it anew.")
            return
        make_demo(
            customers=options["customers"], orders_per_customer=options["orders_per_customer"], seed=options["seed"],
            today=clock.now().date(), say=self._say,
        )  # fmt: skip
        tidy()
        self.stdout.write(f"{name} is ready ({time.monotonic() - began:.0f} s).")

    def _measure(self, options: dict[str, Any]) -> None:
        call_command("collectstatic", interactive=False, verbosity=0)
        bench.use_database(options["database"])
        # Calls are counted as ever, but none is one too many.
        settings.API_LIMITS = dict.fromkeys(settings.API_LIMITS, 10**6)
        business = self._business(options["database"])
        prefixes = tuple(part.strip() for part in options["only"].split(",") if part.strip())
        chosen = [b for b in benchmarks if not prefixes or b.key.startswith(prefixes)]
        if not chosen:
            raise CommandError(f"There are: {', '.join(b.key for b in benchmarks)}.")
        on = bench.machine() | self._size(business)
        self.stdout.write(", ".join(f"{key.replace('_', ' ')} {value}" for key, value in on.items()))
        found: list[bench.Figure] = []
        for benchmark in chosen:
            self.stdout.write(f"\n{benchmark.label} (p95 within {benchmark.target_ms:g} ms)")
            keep_what_is_loaded()
            with scope(business):
                figures = bench.figures(benchmark.key, benchmark.run(business), benchmark.target_ms)
            for figure in figures:
                sign = " " if figure.reached else "!"
                self._say(
                    f"{sign} {figure.what:<44} p50 {figure.p50:8.1f}  p95 {figure.p95:8.1f}  max {figure.highest:8.1f}  n {figure.n}"
                )
            found += figures
        if options["json"]:
            options["json"].write_text(
                json.dumps({"machine": on, "figures": [bench.as_json(f) for f in found]}, indent=1, default=str)
            )

    def _business(self, database: str) -> Business:
        try:
            businesses = demo_businesses()
        except Exception as error:
            raise CommandError(
                f"{database} can't be read ({error}). Make it with: manage.py bench --prepare"
            ) from error
        shop = next((business for business in businesses if business.slug == "demo"), None)
        if shop is None:
            raise CommandError(f"{database} holds no bench data. Make it with: manage.py bench --prepare")
        return shop

    def _size(self, business: Business) -> dict[str, int]:
        """Rows that the benchmarks run on, from the planner's statistics."""
        from django.db import connection

        sizes = {}
        for table in ("customers_customer", "commerce_order", "commerce_orderline"):
            with connection.cursor() as cursor:
                cursor.execute("select reltuples::bigint from pg_class where oid = %s::regclass", [table])
                sizes[f"rows_of_{table.partition('_')[2]}"] = cursor.fetchone()[0]
        return sizes

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
