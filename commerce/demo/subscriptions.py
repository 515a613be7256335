"""Subscriptions of the demo businesses with their ledger, the invoices that they led to, and what was paid for them."""

from typing import Any

from django.db import connection

from commerce import services
from commerce.demo.words import SUBSCRIPTION_PLANS
from crm.demo.bulk import count_anew
from crm.demo.plan import DemoPlan

# Which customers have a subscription, how it grew or shrank on the way, and when it ended: of those who left, a month after the last order.
_SUBSCRIPTIONS = """
create temporary table demo_subscriptions on commit drop as
with drawn as (
    select d.n, d.id as customer, d.first_on as started_on, case when d.last_on < %(today)s::date - 75 then d.last_on + 30 end as ended_on,
           case when d.course = 'annual' or {yearly} < 0.12 then 'year' else 'month' end as interval,
           1 + floor(power({plan}, 1.5) * %(plans)s)::integer as plan, 1 + floor(power({seats}, 3) * 60)::integer as seats,
           {way} as way, {at} as at, {trial} < 0.5 and d.first_on > %(today)s::date - 20 as is_trial, {late} as late
    from pg_temp.demo_customers d where d.first_on is not null and d.first_on < %(today)s::date and {has} < %(share)s
), moved as (
    select *, case when interval = 'year' then 12 else 1 end as months,
           started_on + 20 + floor(at * (coalesce(ended_on, %(today)s::date) - started_on - 25))::integer as moved_on,
           case when way < 0.4 then seats + 1 + seats / 2 when way < 0.52 and seats > 2 then seats / 2 end as seats_after
    from drawn
), placed as (
    select *, case when not is_trial and moved_on > started_on + 10 and moved_on < coalesce(ended_on, %(today)s::date) - 3
                   then seats_after end as seats_then
    from moved
)
select n, customer, started_on, ended_on, interval, months, plan, seats, moved_on, seats_then, is_trial, late,
       coalesce(seats_then, seats) as seats_now, (%(prices)s::numeric[])[plan] as price,
       case when ended_on is not null then 'ended' when is_trial then 'trial' else 'active' end as status
from placed
"""
_WRITE = """
insert into commerce_subscription (id, created_at, updated_at, business_id, customer_id, plan, status, amount, currency, interval, seats, mrr,
    started_on, renews_on, cancelled_on, ended_on, cancel_reason, source, external_id)
select {id}, {at}, {at}, %(business)s, o.customer, (%(names)s::text[])[o.plan], o.status, o.seats_now * o.price * o.months, %(currency)s,
       o.interval, o.seats_now, o.seats_now * o.price, o.started_on,
       case when o.ended_on is null then (o.started_on + make_interval(months => o.months * (1 + (
           extract(year from age(%(today)s::date, o.started_on)) * 12 + extract(month from age(%(today)s::date, o.started_on)))::integer / o.months
       )))::date end,
       o.ended_on, o.ended_on, case when o.ended_on is not null then 'No longer needed' else '' end, 'billing', %(prefix)s || '-S' || o.n
from pg_temp.demo_subscriptions o order by o.n
"""
_NOTE = """
insert into commerce_subscriptionchange (business_id, subscription_id, event, "on", mrr_before, mrr_after, seats_before, seats_after,
    actor_label, reason)
select %(business)s, {id}, l.event, l.day, l.before * o.price, l.after * o.price, l.seats_before, l.seats_after, 'Billing', ''
from pg_temp.demo_subscriptions o cross join lateral (
    values ('started', o.started_on, 0, case when o.is_trial and o.ended_on is null then 0 else o.seats end, null, o.seats),
           ('changed', case when o.seats_then is not null then o.moved_on end, o.seats, o.seats_then, o.seats, o.seats_then),
           ('ended', o.ended_on, o.seats_now, 0, o.seats_now, o.seats_now)
) l(event, day, before, after, seats_before, seats_after)
where l.day is not null order by l.day, o.n
"""
# The latest invoices of each subscription; most are paid in two weeks, some in part, a few not at all.
_INVOICES = """
create temporary table demo_invoices on commit drop as
select row_number() over (order by day, n) as i, n, customer, day, day + 30 as due_on, interval,
       (case when seats_then is not null and day < moved_on then seats else seats_now end) * price * months as amount,
       case when day > %(today)s::date - 12 then 0 when chance < 0.9 then 1 when chance < 0.94 then 0.5 else 0 end as share,
       least(%(today)s::date - 1, day + 2 + floor(late * 25)::integer) as paid_on
from (
    select o.*, (o.started_on + make_interval(months => o.months * k))::date as day, {paid} as chance
    from pg_temp.demo_subscriptions o cross join lateral (
        select greatest(0, (extract(year from age(coalesce(o.ended_on, %(today)s::date) - 1, o.started_on)) * 12
               + extract(month from age(coalesce(o.ended_on, %(today)s::date) - 1, o.started_on)))::integer / o.months) as last
    ) l cross join generate_series(greatest(0, l.last - 2), l.last) k
    where o.status <> 'trial'
) d where day < %(today)s::date
"""
_WRITE_INVOICES = """
insert into commerce_invoice (id, created_at, updated_at, business_id, customer_id, number, status, issued_on, due_on, paid_on, amount, currency,
    amount_base, paid, paid_base, recurs, subscription_id)
select {id}, {at}, {at}, %(business)s, o.customer, %(prefix)s || '-I' || lpad(o.i::text, greatest(6, length(o.i::text)), '0'),
       case when o.share = 1 then 'paid' when o.share > 0 then 'partial' else 'open' end, o.day, o.due_on,
       case when o.share = 1 then o.paid_on end, o.amount, %(currency)s, o.amount, round(o.amount * o.share, 2), round(o.amount * o.share, 2),
       o.interval, {subscription}
from pg_temp.demo_invoices o join pg_temp.demo_subscriptions s using (n) order by o.i;
insert into commerce_payment (id, created_at, updated_at, business_id, invoice_id, paid_on, amount, method, reference)
select {payment}, {at}, {at}, %(business)s, {id}, o.paid_on, round(o.amount * o.share, 2),
       case mod(o.n, 4) when 0 then 'card' when 1 then 'direct_debit' else 'transfer' end, ''
from pg_temp.demo_invoices o where o.share > 0 and round(o.amount * o.share, 2) > 0 order by o.i
"""


def fill_subscriptions(plan: DemoPlan) -> None:
    """Subscriptions with their ledger, invoices and payments, then the figures that the real services compute from them."""
    chance = plan.chance
    plans = SUBSCRIPTION_PLANS[plan.profile]

    def unit(name: str, row: str = "d.n") -> str:
        return chance.unit(row, name)

    begun = "(o.started_on::timestamp at time zone %(zone)s)"
    issued = "(o.day::timestamp at time zone %(zone)s)"
    subscription = chance.uuid("o.n", "subscription", begun)
    of_invoice = chance.uuid("s.n", "subscription", "(s.started_on::timestamp at time zone %(zone)s)")
    parameters: dict[str, Any] = {
        "business": plan.business.pk, "zone": plan.business.time_zone, "currency": plan.business.currency, "prefix": plan.prefix,
        "today": plan.today, "share": 0.7 if plan.profile == "software" else 0.03, "plans": len(plans),
        "names": [name for name, _price in plans], "prices": [price for _name, price in plans],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists pg_temp.demo_subscriptions, pg_temp.demo_invoices")
        cursor.execute(
            _SUBSCRIPTIONS.format(
                yearly=unit("paid yearly"), plan=unit("subscribed plan"), seats=unit("subscribed seats"), way=unit("subscription way"),
                at=unit("subscription moves"), trial=unit("trial"), late=unit("pays late"), has=unit("subscribes"),
            ),
            parameters,
        )  # fmt: skip
        cursor.execute("analyze pg_temp.demo_subscriptions")
        cursor.execute(_WRITE.format(id=subscription, at=begun), parameters)
        cursor.execute(_NOTE.format(id=subscription), parameters)
        cursor.execute(_INVOICES.format(paid=chance.unit("(o.n << 8) + k", "pays")), parameters)
        cursor.execute("analyze pg_temp.demo_invoices")
        cursor.execute(
            _WRITE_INVOICES.format(
                id=chance.uuid("o.i", "invoice", issued), at=issued, subscription=of_invoice,
                payment=chance.uuid("o.i", "payment", "(o.paid_on::timestamp at time zone %(zone)s)"),
            ),
            parameters,
        )  # fmt: skip
    count_anew(
        "commerce.Subscription", "commerce.SubscriptionChange", "commerce.Invoice", "commerce.Payment",
    )  # fmt: skip
    services.refresh_recurring_facts()
