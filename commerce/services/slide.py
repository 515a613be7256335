"""The daily slide of rolling figures: only customers whose windows change with the day are computed anew."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from commerce.models import RollingDay
from commerce.services.facts import WINDOWS, refresh_order_facts, refresh_recurring_facts
from commerce.services.subscription_settling import settle_subscriptions
from crm.actor import Actor
from crm.models import Business

# Orders leave a window of n days when the day passes them by n, and come in when a day that was to come is reached.
_MOVED = """
select distinct o.customer_id from commerce_order o cross join unnest(%(gaps)s::int[]) g(days)
where o.business_id = %(business)s and o.status in ('completed', 'refund')
  and o.ordered_at >= (%(before)s::date + 1 - g.days)::timestamp at time zone %(zone)s
  and o.ordered_at < (%(day)s::date + 1 - g.days)::timestamp at time zone %(zone)s
"""
# Subscriptions begin and end, and recurring invoices grow too old, by the calendar alone.
_RECURRING = """
select distinct customer_id from commerce_subscription where business_id = %(business)s
  and (started_on > %(before)s and started_on <= %(day)s or ended_on > %(before)s and ended_on <= %(day)s)
union
select distinct customer_id from commerce_invoice where business_id = %(business)s and recurs <> '' and subscription_id is null
  and (issued_on > %(before)s and issued_on <= %(day)s
       or exists (select from unnest(array[1, 3, 6, 12]) m(months)
                  where issued_on + make_interval(months => m.months) > %(before)s
                    and issued_on + make_interval(months => m.months) <= %(day)s))
"""


@transaction.atomic
def slide_windows(*, actor: Actor, business: Business, day: date) -> dict[str, int]:
    """Let the rolling figures of the open business stand at `day`, today in its zone. Returns how many customers were
    looked at and how many differed. The first slide looks at everybody; a day that is over already does nothing."""
    state = RollingDay.objects.select_for_update().filter(business=business).first()
    if state is not None and state.day >= day:
        return {"customers": 0, "changed": 0}
    before = state.day if state else None
    RollingDay.objects.update_or_create(business=business, defaults={"day": day})
    settle_subscriptions(actor=actor, business=business, day=day)
    if before is None:
        changed = refresh_order_facts() + refresh_recurring_facts()
        return {"customers": changed, "changed": changed}
    moved = _moved(_MOVED, business, before, day, {"gaps": [0, *WINDOWS]})
    recurring = _moved(_RECURRING, business, before, day, {})
    changed = (refresh_order_facts(moved) if moved else 0) + (refresh_recurring_facts(recurring) if recurring else 0)
    return {"customers": len(moved) + len(recurring), "changed": changed}


def _moved(statement: str, business: Business, before: date, day: date, more: dict[str, Any]) -> list[UUID]:
    parameters: dict[str, Any] = {"business": business.pk, "zone": business.time_zone, "before": before, "day": day}
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters | more)
        return [row[0] for row in cursor.fetchall()]
