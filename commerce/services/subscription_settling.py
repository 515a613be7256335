"""What the calendar does with subscriptions: they end on the day for which they were cancelled, and renew."""

from datetime import date
from typing import Any

from django.db import connection, transaction

from commerce.choices import MONTHS
from crm.actor import Actor
from crm.models import Business

# Those that were cancelled for a day that has come end on it, with their line in the ledger; those that renew by themselves renew on
# a later day.
_END = """
with due as (
    select id, case when status = 'active' then mrr else 0 end as mrr from commerce_subscription
    where business_id = %(business)s and status <> 'ended' and ended_on <= %(day)s order by id for no key update
), ended as (
    update commerce_subscription s set status = 'ended' from due where s.id = due.id
    returning s.id, s.business_id, s.ended_on, due.mrr, s.seats, s.cancel_reason
)
insert into commerce_subscriptionchange (business_id, subscription_id, event, "on", mrr_before, mrr_after, seats_before, seats_after,
    actor_label, reason)
select business_id, id, 'ended', ended_on, mrr, 0, seats, seats, %(who)s, cancel_reason from ended order by id
"""
_RENEW = """
update commerce_subscription s set renews_on = (
    select (s.renews_on + make_interval(months => m.months * n))::date
    from jsonb_each_text(%(months)s::jsonb) i cross join lateral (select i.value::int as months) m
    cross join generate_series(1, 1 + (%(day)s::date - s.renews_on) / 28) n
    where i.key = s.interval and (s.renews_on + make_interval(months => m.months * n))::date > %(day)s
    order by n limit 1)
where s.business_id = %(business)s and s.status <> 'ended' and s.auto_renews and s.ended_on is null and s.renews_on <= %(day)s
"""


@transaction.atomic
def settle_subscriptions(*, actor: Actor, business: Business, day: date) -> int:
    """Let those end that were cancelled for `day` or before, and those renew that do so by themselves; returns how many.

    Called by the daily slide, which brings the figures of their customers up to date.
    """
    months = "{" + ", ".join(f'"{interval.value}": {number}' for interval, number in MONTHS.items()) + "}"
    parameters: dict[str, Any] = {"business": business.pk, "day": day, "months": months, "who": actor.label[:120]}
    with connection.cursor() as cursor:
        cursor.execute(_END, parameters)
        count = int(cursor.rowcount)
        cursor.execute(_RENEW, parameters)
        return count + int(cursor.rowcount)
