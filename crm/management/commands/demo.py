"""`manage.py demo`: two demo businesses with three years of history."""

import time
from argparse import ArgumentParser
from contextlib import suppress
from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm import clock
from crm.actor import Actor
from crm.demo import DemoExists, make_demo
from crm.demo.bulk import tidy
from crm.demo.businesses import keep_sign_ins
from crm.services.demo import NoDemoData, remove_demo_data


class Command(BaseCommand):
    help = "Make the demo businesses: a shop with people and a software company with accounts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--customers",
            type=int,
            default=5000,
            help="customers of the shop; the software company gets 8 %% as many accounts",
        )
        parser.add_argument("--orders-per-customer", type=float, default=8, help="on average, in the shop")
        parser.add_argument("--seed", type=int, default=1, help="the same seed and day give the same data")
        parser.add_argument(
            "--today", type=date.fromisoformat, default=None, help="the day on which the history ends, as in 2026-01-31"
        )
        parser.add_argument("--replace", action="store_true", help="remove the demo businesses that are there")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["customers"] <= 5_000_000:
            raise CommandError("--customers must be from 1 to 5,000,000.")
        if not 1 <= options["orders_per_customer"] <= 100:
            raise CommandError("--orders-per-customer must be from 1 to 100.")
        began = time.monotonic()
        if options["replace"]:
            with suppress(NoDemoData):
                removed = remove_demo_data(actor=Actor.system("Demo data", door="command"))
                self.stdout.write(f"Removed {len(removed.businesses)} demo businesses.")
        try:
            sign_ins = make_demo(
                customers=options["customers"],
                seed=options["seed"],
                today=options["today"] or clock.now().date(),
                orders_per_customer=options["orders_per_customer"],
                say=self.stdout.write,
            )
        except DemoExists as refusal:
            self.stdout.write(str(refusal.message))
            return
        path = keep_sign_ins(settings.DATA_DIR, sign_ins)
        tidy()
        self.stdout.write(f"Demo data is ready ({time.monotonic() - began:.0f} s). Sign in with:")
        for entry in sign_ins:
            self.stdout.write(f"  {entry['role']:<12}{entry['email']:<32}{entry['password']}")
        self.stdout.write(f"The sign-ins are kept in {path.name} in the data folder.")
