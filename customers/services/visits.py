"""Noting who looks at a customer's profile, so that it can say what has changed since."""

from datetime import datetime, timedelta

from django.db import connection

from crm.actor import Actor
from customers.models import Customer

SAME_VISIT = timedelta(minutes=30)


def note_visit(*, actor: Actor, customer: Customer, at: datetime) -> datetime | None:
    """Note that the person looks at the customer now; returns when they looked the time before, None the first time.

    Looking again within half an hour is the same visit. No deed, so without activity; nothing is noted for programs.
    """
    if actor.kind != "user":
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            """
            insert into customers_customervisit as v (business_id, customer_id, user_id, seen_at)
            values (%(business)s, %(customer)s, %(user)s, %(at)s)
            on conflict (customer_id, user_id) do update set
                before_at = case when excluded.seen_at - v.seen_at >= %(same)s::interval then v.seen_at else v.before_at end,
                seen_at = greatest(v.seen_at, excluded.seen_at)
            returning before_at
            """,
            {
                "business": customer.business_id, "customer": customer.pk, "user": actor.id, "at": at, "same": str(SAME_VISIT),
            },
        )  # fmt: skip
        found = cursor.fetchone()
    before: datetime | None = found[0] if found else None
    return before
