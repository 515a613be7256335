"""Making the demo businesses."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import date

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from crm import activity
from crm.actor import Actor
from crm.demo.bulk import indexes_afterwards, owns_tables
from crm.demo.businesses import BUSINESSES, give_passwords, make_business, make_people
from crm.demo.plan import DemoPlan
from crm.errors import DomainError
from crm.models import Business, User
from crm.registry import demo_parts
from crm.scope import scope

BULK_FROM = 100_000
"""From this many customers on, indexes are built after the rows are in, which keeps others out of the tables meanwhile."""

ACCOUNTS_SHARE, FEWEST_ACCOUNTS = 0.08, 40


class DemoExists(DomainError):
    """The demo businesses are there; making them again replaces nothing."""

    code = "demo_exists"
    message = _("The demo businesses are there already. With --replace they are removed and made anew.")


def demo_businesses() -> list[Business]:
    return list(Business.objects.filter(is_demo=True))


@transaction.atomic
def make_demo(
    *,
    customers: int,
    seed: int,
    today: date,
    orders_per_customer: float = 8,
    say: Callable[[str], None] = lambda text: None,
) -> list[dict[str, str]]:
    """Make both businesses with `customers` people in the shop and 8 % as many accounts in the software company; returns the sign-ins.

    The same numbers and the same day give the same data, ids included; only the passwords differ. Raises DemoExists.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('demo', 0))")
    if demo_businesses() or Business.objects.filter(slug__in=[plan.slug for plan in BUSINESSES]).exists():
        raise DemoExists
    actor = Actor.system("Demo data", door="command")
    users: dict[str, User] = {}
    plans = []
    for sketch in BUSINESSES:
        count = customers if sketch.profile == "shop" else max(FEWEST_ACCOUNTS, round(customers * ACCOUNTS_SHARE))
        plan = DemoPlan(
            Business(slug=sketch.slug), sketch.profile, sketch.prefix, seed, count, orders_per_customer, today
        )
        business = make_business(sketch, since=plan.start)
        make_people(business, sketch, users)
        plans.append(DemoPlan(business, sketch.profile, sketch.prefix, seed, count, orders_per_customer, today))
    sign_ins = give_passwords(users)
    with indexes_afterwards() if customers >= BULK_FROM and owns_tables() else nullcontext():
        for plan in plans:
            with scope(plan.business):
                for part in demo_parts:
                    say(f"{plan.business.name}: {part.key} ...")
                    part.fill(plan)
        if customers >= BULK_FROM:
            say("Building the indexes ...")
    for plan in plans:
        activity.record(
            "crm.business.created",
            actor=actor,
            business=plan.business,
            subject=plan.business,
            counts={"customers": plan.customers},
        )
    return sign_ins
