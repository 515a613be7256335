"""Benchmarks of writing: an order by the API, many by a file, and the long work that keeps the figures of everybody.

All of it is undone afterwards; the last samples are of whole businesses and taken once.
"""

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import count

from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.urls import reverse

from commerce import services
from commerce.models import RollingDay
from crm import clock, work
from crm.actor import Actor
from crm.bench import WARM_UPS, Visitor, timed
from crm.models import Business
from customers.choices import ImportState
from customers.services import start_import

Samples = Iterator[tuple[str, float]]
SINGLES, BATCHES, IN_BATCH, IN_FILE = 200, 3, 1_000, 200_000
_SOME = """
select id, external_id from customers_customer tablesample system (30) repeatable (7)
where business_id = %s and is_live and external_id <> '' limit 300000
"""


def single_orders(business: Business) -> Samples:
    """Orders by the API, each with its lines, its customer's figures and its day's, activity and access record."""
    caller, orders = Visitor(business, api=True), _orders(business)
    with transaction.atomic():
        for n in range(SINGLES + WARM_UPS):
            seconds = timed(caller.send, reverse("api:order_list"), next(orders))
            if n >= WARM_UPS:
                yield "an order", seconds
        transaction.set_rollback(True)


def batches(business: Business) -> Samples:
    caller, orders = Visitor(business, api=True), _orders(business)
    with transaction.atomic():
        for _batch in range(BATCHES):
            body = {"orders": [next(orders) for _place in range(IN_BATCH)]}
            yield f"{IN_BATCH:,} orders", timed(caller.send, reverse("api:order_batch"), body)
        transaction.set_rollback(True)


def order_file(business: Business) -> Samples:
    """A file of orders of customers all over the business, read, checked and written with all that follows from them."""
    buyers, draw = _buyers(business), random.Random(2)  # noqa: S311  (no secret)
    today = clock.now()
    rows = ["order_number,customer_external_id,ordered_at,total"]
    for n in range(IN_FILE):
        at = today - timedelta(minutes=draw.randrange(500_000))
        rows.append(
            f"bench-{n},{draw.choice(buyers)[1]},{at:%Y-%m-%dT%H:%M:%SZ},{draw.randrange(500, 20_000) / 100:.2f}"
        )
    actor = Actor.system("Bench", kind="import", door="command")
    with transaction.atomic():
        file = ContentFile("\n".join(rows).encode(), name="orders.csv")
        record = start_import(actor=actor, business=business, file=file, resource="orders")
        stored = record.file.name
        seconds = timed(work.run, str(record.job_id))
        record.refresh_from_db()
        if record.state != ImportState.DONE:
            raise RuntimeError(f"The file was not taken: {record.error}")
        yield "50,000 orders of a file", seconds * 50_000 / IN_FILE
        transaction.set_rollback(True)
    record.file.storage.delete(str(stored))


def slide(business: Business) -> Samples:
    """The rolling figures of everybody, from yesterday to today."""
    today, actor = clock.today(business.time_zone, clock.now()), Actor.system("Bench")
    with transaction.atomic():
        RollingDay.objects.update_or_create(business=business, defaults={"day": today - timedelta(days=1)})
        services.refresh_order_facts()
        yield "a day", timed(lambda: services.slide_windows(actor=actor, business=business, day=today))
        transaction.set_rollback(True)


def rebuild(business: Business) -> Samples:
    """All figures of everybody anew, of which a hundredth is wrong; and proving that they are right."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "update customers_customerfacts set total_spent = total_spent + 1 "
                "where business_id = %s and mod(abs(hashtextextended(customer_id::text, 0)), 100) = 0",
                [business.pk],
            )
        yield "rebuild", timed(services.rebuild_facts)
        yield "verify", timed(lambda: services.rebuild_facts(verify=True))
        transaction.set_rollback(True)


def prediction(business: Business) -> Samples:
    """The model fitted, tested and written for everybody."""
    with transaction.atomic():
        at, actor = clock.now(), Actor.system("Bench")
        yield "predicted values", timed(lambda: services.predict_values(actor=actor, business=business, at=at))
        transaction.set_rollback(True)


def _orders(business: Business) -> Iterator[dict[str, object]]:
    """Bodies of orders of customers all over the business."""
    buyers, draw = _buyers(business), random.Random(1)  # noqa: S311  (no secret)
    lines = [{"description": f"Article {n}", "quantity": "1", "unit_price": "12.50"} for n in range(2)]
    for n in count():
        yield {
            "number": f"bench-{n}", "customer": str(draw.choice(buyers)[0]), "ordered_at": clock.now().isoformat(),
            "total": "25.00", "lines": lines,
        }  # fmt: skip


def _buyers(business: Business) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_SOME, [business.pk])
        return list(cursor.fetchall())
