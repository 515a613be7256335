"""`manage.py fuzz`: thousands of requests, hostile and well-formed, to a throwaway installation; each answer is held against the schema."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.fuzz import installation, runs


class Command(BaseCommand):
    help = "Fuzz the API against its own schema, in a database that is dropped afterwards."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cases", type=int, default=300, help="examples of each operation and phase")
        parser.add_argument("--seeds", default="1,2,3", help="one run for each, separated by commas")
        parser.add_argument("--phases", default=",".join(runs.PHASES), help="separated by commas")
        parser.add_argument(
            "--workers", type=int, default=1, help="more of them trip over Python 3.11's parser now and then"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            seeds = [int(seed) for seed in options["seeds"].split(",")]
        except ValueError:
            raise CommandError("Give the seeds as whole numbers, as in --seeds 1,2,3") from None
        phases = options["phases"].split(",")
        if not set(phases) <= set(runs.PHASES):
            raise CommandError(f"There are the phases {', '.join(runs.PHASES)}.")
        found = []
        with installation.throwaway() as on:
            for seed in seeds:
                result = runs.run(on, seed=seed, cases=options["cases"], phases=phases, workers=options["workers"])
                found.append(result)
                if result.failures:
                    self.stdout.write(result.output)
                self._say(f"seed {seed}", result.cases, result.seconds, result.failures)
        failures = sum((result.failures for result in found), Counter())
        self._say("in all", sum(r.cases for r in found), sum(r.seconds for r in found), failures)
        if failures:
            raise CommandError("The API broke its contract.")

    def _say(self, what: str, cases: int, seconds: float, failures: Counter[str]) -> None:
        words = ", ".join(f"{name} {count}" for name, count in failures.items()) or "no failures"
        self.stdout.write(f"{what}: {cases:,} requests in {seconds:.0f} s, {words}")
        self.stdout.flush()
