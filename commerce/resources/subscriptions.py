"""Files of subscriptions: one subscription a row, known by its id in the system that it comes from."""

import json
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from commerce import services
from commerce.choices import MONTHS
from crm import clock
from crm.actor import Actor
from crm.models import Business
from crm.money import EXPONENTS
from customers.models import ImportJob
from customers.registry import ImportCheck, ImportColumn, ImportResource

INTERVALS = {
    **{interval.value: interval.value for interval in MONTHS},
    "monthly": "month", "quarterly": "quarter", "half-yearly": "half_year", "annual": "year", "annually": "year", "yearly": "year",
}  # fmt: skip
"""What other systems call the intervals."""
_FLAGS = ("true", "false", "yes", "no", "1", "0")
_TOO_MUCH = 10**12 - 1
_CURRENCY = "coalesce(nullif(upper(s.currency), ''), %(currency)s)"
_INTERVAL = "coalesce(%(intervals)s::jsonb ->> lower(s.interval), 'month')"


def _day(column: str) -> str:
    return (
        f"(case when s.{column} = '' then null when s.{column} ~ '(Z|[+-][0-9]{{2}}:?[0-9]{{2}})$' and length(s.{column}) > 10 "
        f"then (s.{column}::timestamptz at time zone %(zone)s)::date else s.{column}::timestamp::date end)"
    )


# Subscriptions to be, one row each. What is paid at each interval is given, or follows from what is paid per month; what it brings per
# month is the amount at the rate of the first day, divided by the months of the interval.
_ROWS = f"""
drop table if exists pg_temp.import_subscriptions;
create temporary table import_subscriptions on commit drop as
select p.*, round(round(p.amount * p.rate, %(exponent)s) / p.months, 4) as mrr,
       case when p.ended_on <= %(today)s::date then 'ended' when p.is_trial then 'trial' else 'active' end as status
from (
    select d.*, c.id as customer_id, x.id as known, x.status as status_before, x.mrr as mrr_was, x.seats as seats_before,
           case when x.status = 'active' then x.mrr else 0 end as mrr_before,
           case when d.currency = %(currency)s then 1 else (
               select rate from crm_exchangerate e where e.business_id = %(business)s and e.currency = d.currency
               and e.valid_on <= d.started_on order by e.valid_on desc limit 1) end as rate
    from (
        select s.line, s.subscription_id as external_id, s.source, s.customer_external_id, coalesce(nullif(s.plan, ''), %(plan)s) as plan,
               {_CURRENCY} as currency, {_INTERVAL} as interval, (%(months)s::jsonb ->> {_INTERVAL})::integer as months,
               nullif(s.seats, '')::integer as seats, {_day("start_date")} as started_on, {_day("end_date")} as ended_on,
               {_day("renewal_date")} as renews_on, coalesce(lower(s.auto_renews), '') not in ('false', 'no', '0') as auto_renews,
               lower(s.is_trial) in ('true', 'yes', '1') as is_trial,
               round(coalesce(nullif(s.amount, '')::numeric, nullif(s.mrr, '')::numeric * (%(months)s::jsonb ->> {_INTERVAL})::integer, 0),
                     (%(exponents)s::jsonb ->> {_CURRENCY})::integer) as amount
        from pg_temp.import_stage s
    ) d
    join customers_customer c on c.business_id = %(business)s and c.external_id = d.customer_external_id
    left join commerce_subscription x on x.business_id = %(business)s and x.source = d.source and x.external_id = d.external_id
) p
"""
_WRITE = """
with written as (
    insert into commerce_subscription as o
        (business_id, customer_id, plan, status, amount, currency, interval, seats, mrr, started_on, renews_on, auto_renews, cancelled_on,
         ended_on, cancel_reason, source, external_id)
    select %(business)s, customer_id, plan, status, amount, currency, interval, seats, mrr, started_on, renews_on, auto_renews, ended_on,
           ended_on, '', source, external_id
    from pg_temp.import_subscriptions order by line
    on conflict (business_id, source, external_id) where external_id <> '' do update set
        plan = excluded.plan, status = case when o.status = 'paused' and excluded.status = 'active' then o.status else excluded.status end,
        amount = excluded.amount, currency = excluded.currency, interval = excluded.interval, seats = excluded.seats, mrr = excluded.mrr,
        renews_on = coalesce(excluded.renews_on, o.renews_on), auto_renews = excluded.auto_renews, ended_on = excluded.ended_on,
        cancelled_on = coalesce(o.cancelled_on, excluded.cancelled_on), updated_at = now()
    where (o.plan, o.status, o.amount, o.currency, o.interval, o.seats, o.mrr, o.auto_renews, o.ended_on) is distinct from
          (excluded.plan, case when o.status = 'paused' and excluded.status = 'active' then o.status else excluded.status end,
           excluded.amount, excluded.currency, excluded.interval, excluded.seats, excluded.mrr, excluded.auto_renews, excluded.ended_on)
       or o.renews_on is distinct from coalesce(excluded.renews_on, o.renews_on)
    returning o.id, o.customer_id, o.source, o.external_id, o.status, o.mrr, o.seats, o.started_on, o.ended_on
), rows as (
    select w.*, r.known, r.status_before, r.mrr_before, r.seats_before, case when w.status = 'active' then w.mrr else 0 end as mrr_after,
           (select max(c."on") from commerce_subscriptionchange c where c.subscription_id = r.known) as last_on
    from written w join pg_temp.import_subscriptions r on r.source = w.source and r.external_id = w.external_id
), begun as (
    select id, 'started' as event, started_on as day, 0::numeric as before, case when status = 'ended' then mrr else mrr_after end as after,
           null::integer as seats_before, seats, 1 as place
    from rows where known is null
), ended as (
    select id, 'ended', greatest(ended_on, last_on), case when known is null then mrr else mrr_before end, 0, coalesce(seats_before, seats),
           seats, 2
    from rows where status = 'ended' and status_before is distinct from 'ended'
), changed as (
    select id, case when status_before = 'ended' then 'resumed' else 'changed' end, greatest(%(today)s::date, last_on), mrr_before,
           mrr_after, seats_before, seats, 2
    from rows where known is not null and status <> 'ended'
      and (mrr_before <> mrr_after or seats_before is distinct from seats or status_before = 'ended')
), noted as (
    insert into commerce_subscriptionchange (business_id, subscription_id, event, "on", mrr_before, mrr_after, seats_before, seats_after,
        actor_label, reason)
    select %(business)s, id, event, day, before, after, seats_before, seats, %(who)s, ''
    from (select * from begun union all select * from ended union all select * from changed) l order by id, place
)
select count(*) filter (where known is null), count(*) filter (where known is not null), array_agg(distinct customer_id) from rows
"""


def take_subscriptions(*, business: Business, actor: Actor, import_job: ImportJob) -> dict[str, int]:
    """Add or change the staged subscriptions by their id, with their ledger; the day on which a known one began stays."""
    parameters: dict[str, Any] = {
        "business": business.pk, "zone": business.time_zone, "currency": business.currency, "today": clock.today(business.time_zone),
        "exponent": services.exponent_of(business.currency), "exponents": json.dumps(EXPONENTS), "intervals": json.dumps(INTERVALS),
        "months": json.dumps({interval.value: months for interval, months in MONTHS.items()}), "who": actor.label[:120], "plan": "Standard",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, parameters)
        cursor.execute("select count(*) from pg_temp.import_subscriptions")
        total = cursor.fetchone()[0]
        cursor.execute("analyze pg_temp.import_subscriptions")
        cursor.execute(_WRITE, parameters)
        created, updated, customers = cursor.fetchone()
    if customers:
        services.refresh_recurring_facts(sorted(customers))
    return {
        "subscriptions_created": created, "subscriptions_updated": updated, "subscriptions_unchanged": total - created - updated,
    }  # fmt: skip


def _check(column: str, condition: str, reason: Any) -> ImportCheck:
    return ImportCheck(
        column, f"select s.line, s.{column} as value from pg_temp.import_stage s where {condition}", reason
    )


_MONTHS_OF = (
    "(case when lower(s.interval) in ('annual', 'annually', 'yearly', 'year') then 12 "
    "when lower(s.interval) in ('half-yearly', 'half_year') then 6 when lower(s.interval) in ('quarterly', 'quarter') then 3 else 1 end)"
)
_RATE = (
    "(select rate from crm_exchangerate e where e.business_id = %(business)s and e.currency = upper(s.currency) "
    f"and e.valid_on <= {_day('start_date')} order by e.valid_on desc limit 1)"
)
_FOREIGN = "s.currency <> '' and upper(s.currency) <> %(currency)s"

SUBSCRIPTIONS = ImportResource(
    key="subscriptions",
    label=_("Subscriptions"),
    text=_("One subscription a row, known by its id, with the external id of its customer, who must be there already."),
    permission="commerce.import",
    order=130,
    known_by="customer_external_id",
    columns=(
        ImportColumn("subscription_id", _("Subscription id"), required=True, max_length=100),
        ImportColumn(
            "customer_external_id", _("Customer's external id"), required=True, aliases=("account_id", "customer_id", "customer"),
            max_length=100,
        ),
        ImportColumn("start_date", _("Starts on"), "datetime", required=True, aliases=("started_on", "start")),
        ImportColumn("end_date", _("First day without it"), "datetime", aliases=("ended_on", "end")),
        ImportColumn("renewal_date", _("Renews on"), "datetime", aliases=("renews_on",)),
        ImportColumn("plan", _("Plan"), aliases=("plan_tier", "plan_name"), max_length=120),
        ImportColumn("seats", _("Seats"), "integer"),
        ImportColumn("amount", _("Paid at each interval"), "decimal", aliases=("price",), digits=(12, 4)),
        ImportColumn("mrr", _("Paid per month"), "decimal", aliases=("mrr_amount",), digits=(12, 4)),
        ImportColumn("currency", _("Currency"), max_length=3),
        ImportColumn(
            "interval", _("Interval"), "choice", aliases=("billing_frequency", "billing_interval"), choices=tuple(INTERVALS)
        ),
        ImportColumn("auto_renews", _("Renews by itself"), "choice", aliases=("auto_renew_flag", "auto_renew"), choices=_FLAGS),
        ImportColumn("is_trial", _("Trial"), "choice", aliases=("trial",), choices=_FLAGS),
        ImportColumn("source", _("Source"), max_length=40),
    ),
    checks=(
        ImportCheck(
            "subscription_id",
            "select line, subscription_id as value from (select line, subscription_id, "
            "min(line) over (partition by source, subscription_id) as first from pg_temp.import_stage) d where line > first",
            _("This id stands in an earlier row already."),
        ),
        _check(
            "customer_external_id",
            "not exists (select from customers_customer c where c.business_id = %(business)s and c.external_id = s.customer_external_id)",
            _("There is no customer with this external id. Import the customers first."),
        ),
        _check(
            "customer_external_id",
            "exists (select from commerce_subscription x join customers_customer c on c.id = x.customer_id "
            "where x.business_id = %(business)s and x.source = s.source and x.external_id = s.subscription_id "
            "and c.external_id <> s.customer_external_id)",
            _("This subscription belongs to another customer."),
        ),
        _check("end_date", f"{_day('end_date')} < {_day('start_date')}", _("It can't end before it has started.")),
        _check("renewal_date", f"{_day('renewal_date')} < {_day('start_date')}", _("It can't renew before it has started.")),
        _check("seats", "s.seats like '-%%' and s.seats::integer < 0", _("Not a number of seats.")),
        _check("amount", "s.amount <> '' and s.amount::numeric < 0", _("An amount can't be negative.")),
        _check("mrr", "s.mrr <> '' and s.mrr::numeric < 0", _("An amount can't be negative.")),
        _check("amount", "s.amount = '' and s.mrr = ''", _("Give what is paid at each interval, or per month.")),
        _check(
            "currency", "s.currency <> '' and upper(s.currency) <> all (%(currencies)s)", _("Not a currency code such as EUR.")
        ),
        _check(
            "currency", f"{_FOREIGN} and {_RATE} is null",
            _("There is no exchange rate for this currency on that day. Add one under Settings, Exchange rates."),
        ),
        _check(
            "amount",
            f"coalesce(nullif(s.amount, '')::numeric, nullif(s.mrr, '')::numeric * {_MONTHS_OF}) "
            f"* greatest(coalesce(case when {_FOREIGN} then {_RATE} end, 1), 1) >= {_TOO_MUCH}",
            _("More than can be stored."),
        ),
    ),
    apply=take_subscriptions,
)  # fmt: skip
