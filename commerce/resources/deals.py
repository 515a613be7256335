"""Files of deals: one deal a row, known by its id in the system that it comes from."""

import json
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from commerce import services
from commerce.choices import OPEN_STAGES, DealKind, DealStage
from commerce.queries.deals import probability_of
from crm import clock
from crm.actor import Actor
from crm.models import Business
from crm.money import EXPONENTS
from customers import services as customer_services
from customers.models import ImportJob
from customers.registry import ImportCheck, ImportColumn, ImportResource

# What other systems call the stages.
STAGES = {
    **{stage.value: stage.value for stage in DealStage},
    "prospecting": "discovery", "qualification": "discovery", "engaging": "validation", "technical validation": "validation",
    "business case": "business_case", "proposal": "business_case", "closed won": "won", "closed lost": "lost",
}  # fmt: skip
_WORDS = "lower(btrim(s.stage))"
_CLOSED = "(%(stages)s::jsonb ->> lower(btrim(s.stage))) in ('won', 'lost')"


def _at(column: str) -> str:
    """A moment as the file has it, in the business's zone unless it names its own offset."""
    return (
        f"(case when s.{column} = '' then null when s.{column} ~ '(Z|[+-][0-9]{{2}}:?[0-9]{{2}})$' and length(s.{column}) > 10 "
        f"then s.{column}::timestamptz else s.{column}::timestamp at time zone %(zone)s end)"
    )


def _day(column: str) -> str:
    return f"({_at(column)} at time zone %(zone)s)::date"


_CURRENCY = "coalesce(nullif(upper(s.currency), ''), %(currency)s)"
# The day whose rate converts the amount: that of the close, else that of the opening.
_RATE_DAY = f"coalesce(case when {_CLOSED} then {_day('close_date')} end, {_day('engage_date')}, %(today)s::date)"
_RATE = f"""
(select rate from crm_exchangerate e where e.business_id = %(business)s and e.currency = upper(s.currency)
 and e.valid_on <= {_RATE_DAY} order by e.valid_on desc limit 1)
"""
# Deals to be, one row each; customers, products and owners are found by what the row calls them.
_DEALS = f"""
drop table if exists pg_temp.import_deals;
create temporary table import_deals on commit drop as
select d.*, case when d.stage in ('won', 'lost') then coalesce(d.close_at, %(at)s) end as closed_at,
       case when d.stage in ('won', 'lost') then null else d.close_on end as expected_close_on,
       least(coalesce(d.opened_on, d.close_on, %(today)s::date), case when d.stage in ('won', 'lost') then d.close_on end) as began_on
from (
    select s.line, s.opportunity_id, btrim(s.account) as account, btrim(s.product) as product, btrim(s.sales_agent) as sales_agent,
           %(stages)s::jsonb ->> {_WORDS} as stage, {_CURRENCY} as currency, coalesce(nullif(lower(s.kind), ''), 'new') as kind,
           s.name, s.source, s.lost_reason, {_at("close_date")} as close_at, {_day("close_date")} as close_on,
           {_day("engage_date")} as opened_on,
           round(nullif(s.close_value, '')::numeric, (%(exponents)s::jsonb ->> {_CURRENCY})::integer) as amount,
           case when {_CURRENCY} = %(currency)s then 1 else {_RATE} end as rate
    from pg_temp.import_stage s
) d
"""
_NEW_CUSTOMERS = """
insert into customers_customer (business_id, kind, display_name, external_id, acquired_on, lifecycle_stage)
select %(business)s, 'company', d.account, left(d.account, 100),
       min((d.closed_at at time zone %(zone)s)::date) filter (where d.stage = 'won'),
       case when bool_or(d.stage = 'won') then 'active' when bool_or(d.stage <> 'lost') then 'opportunity' else 'prospect' end
from pg_temp.import_deals d
where d.account <> '' and not exists (select from pg_temp.import_accounts a where a.account = d.account)
group by d.account
returning id
"""
# By external id, else by name where just one customer has it.
_ACCOUNTS = """
drop table if exists pg_temp.import_accounts;
create temporary table import_accounts on commit drop as
select n.account, coalesce(
    (select c.id from customers_customer c where c.business_id = %(business)s and c.external_id = n.account and not c.is_unidentified),
    (select min(c.id::text)::uuid from customers_customer c
     where c.business_id = %(business)s and c.is_live and lower(c.display_name) = lower(n.account) having count(*) = 1)
) as id
from (select distinct account from pg_temp.import_deals where account <> '') n;
delete from pg_temp.import_accounts where id is null
"""
_PRODUCTS = """
insert into commerce_product (business_id, code, name)
select distinct on (lower(d.product)) %(business)s, left(d.product, 60), d.product from pg_temp.import_deals d
where d.product <> '' and not exists (
    select from commerce_product p where p.business_id = %(business)s and lower(d.product) in (lower(p.code), lower(p.name))
)
order by lower(d.product), d.line
on conflict (business_id, code) do nothing
"""
_BEFORE = """
select array_agg(distinct o.customer_id) filter (where o.customer_id is not null) from commerce_opportunity o
join pg_temp.import_deals d on d.source = o.source and d.opportunity_id = o.external_id where o.business_id = %(business)s
"""
_UPSERT = """
with rows as (
    select d.*, a.id as customer_id, p.id as product_id, m.user_id as owner_id, x.id as known, x.stage as stage_before,
           x.stage_since as since_before, (%(probabilities)s::jsonb ->> d.stage)::integer as probability,
           round(d.amount * d.rate, %(exponent)s) as amount_base,
           coalesce(nullif(d.name, ''), nullif(concat_ws(' – ', nullif(d.account, ''), nullif(d.product, '')), ''),
                    d.opportunity_id) as title
    from pg_temp.import_deals d
    left join pg_temp.import_accounts a on a.account = d.account
    left join commerce_opportunity x on x.business_id = %(business)s and x.source = d.source and x.external_id = d.opportunity_id
    left join lateral (
        select id from commerce_product p where p.business_id = %(business)s and lower(d.product) in (lower(p.code), lower(p.name))
        order by lower(p.code) = lower(d.product) desc, p.id limit 1
    ) p on d.product <> ''
    left join lateral (
        select m.user_id from crm_membership m join crm_user u on u.id = m.user_id
        where m.business_id = %(business)s and m.is_active and lower(d.sales_agent) in (lower(u.email), lower(u.name)) order by m.id limit 1
    ) m on d.sales_agent <> ''
), written as (
    insert into commerce_opportunity as o
        (business_id, customer_id, name, kind, stage, stage_since, amount, currency, amount_base, probability, opened_on, expected_close_on,
         closed_at, lost_reason, owner_id, product_id, source, external_id)
    select %(business)s, customer_id, left(title, 200), kind, stage, coalesce(closed_at, began_on::timestamp at time zone %(zone)s), amount,
           currency, amount_base, probability, began_on, expected_close_on, closed_at, lost_reason,
           owner_id, product_id, source, opportunity_id
    from rows
    on conflict (business_id, source, external_id) where external_id <> '' do update set
        customer_id = excluded.customer_id, kind = excluded.kind, stage = excluded.stage, amount = excluded.amount,
        stage_since = case when o.stage = excluded.stage then o.stage_since else coalesce(excluded.closed_at, %(at)s) end,
        probability = case when o.stage = excluded.stage then o.probability else excluded.probability end,
        currency = excluded.currency, amount_base = excluded.amount_base, opened_on = excluded.opened_on,
        expected_close_on = excluded.expected_close_on, closed_at = excluded.closed_at,
        lost_reason = case when excluded.stage = 'lost' then coalesce(nullif(excluded.lost_reason, ''), o.lost_reason) else '' end,
        owner_id = coalesce(excluded.owner_id, o.owner_id), product_id = excluded.product_id, updated_at = now(),
        push_count = o.push_count + coalesce(excluded.expected_close_on > o.expected_close_on and o.closed_at is null, false)::int
    where (o.customer_id, o.kind, o.stage, o.amount, o.currency, o.amount_base, o.expected_close_on, o.closed_at, o.product_id)
          is distinct from
          (excluded.customer_id, excluded.kind, excluded.stage, excluded.amount, excluded.currency, excluded.amount_base,
           excluded.expected_close_on, excluded.closed_at, excluded.product_id)
       or o.owner_id is distinct from coalesce(excluded.owner_id, o.owner_id)
       or excluded.lost_reason not in ('', o.lost_reason)
    returning o.id, o.customer_id, o.source, o.external_id, o.stage, o.stage_since, o.amount_base, o.lost_reason
), stepped as (
    insert into commerce_opportunitystagechange
        (business_id, opportunity_id, before, after, at, days, amount_base, actor_kind, actor_id, actor_label, reason)
    select %(business)s, w.id, coalesce(r.stage_before, ''), w.stage, w.stage_since,
           case when r.known is not null
                then greatest(0, round((extract(epoch from w.stage_since - r.since_before) / 86400)::numeric, 2)) end,
           w.amount_base, %(actor_kind)s, %(actor_id)s, %(actor_label)s, w.lost_reason
    from written w join rows r on r.source = w.source and r.opportunity_id = w.external_id
    where r.stage_before is distinct from w.stage
    order by w.stage_since, w.id
)
select count(*) filter (where r.known is null), count(*) filter (where r.known is not null),
       array_agg(distinct w.customer_id) filter (where w.customer_id is not null)
from written w join rows r on r.source = w.source and r.opportunity_id = w.external_id
"""


def take_deals(*, business: Business, actor: Actor, import_job: ImportJob) -> dict[str, int]:
    """Add or change the staged deals by source and id, with the companies and products that they name and nobody knew.

    Winning by a file moves no customer to another stage: files tell what was, often long ago.
    """
    parameters = _parameters(business) | {
        "actor_kind": actor.kind, "actor_id": actor.id, "actor_label": actor.label[:120],
        "probabilities": json.dumps({stage.value: probability_of(business, stage) for stage in DealStage}),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_DEALS, parameters)
        cursor.execute("analyze pg_temp.import_deals")
        cursor.execute("select count(*) from pg_temp.import_deals")
        total = cursor.fetchone()[0]
        cursor.execute(_BEFORE, parameters)
        touched = set(cursor.fetchone()[0] or [])
        cursor.execute(_ACCOUNTS, parameters)
        cursor.execute(_NEW_CUSTOMERS, parameters)
        named = [row[0] for row in cursor.fetchall()]
        if named:
            cursor.execute(_ACCOUNTS, parameters)
        cursor.execute(_PRODUCTS, parameters)
        cursor.execute(_UPSERT, parameters)
        created, updated, customers = cursor.fetchone()
    customer_services.refresh_search(named)
    customer_services.begin_stages(named, actor=actor)
    customer_services.note_created_customers(import_job, named)
    services.refresh_deal_facts(sorted(touched | set(customers or [])))
    return {
        "deals_created": created, "deals_updated": updated, "deals_unchanged": total - created - updated, "customers_created": len(named),
    }  # fmt: skip


def _parameters(business: Business) -> dict[str, Any]:
    at = clock.now()
    return {
        "business": business.pk, "zone": business.time_zone, "currency": business.currency, "stages": json.dumps(STAGES), "at": at,
        "exponent": services.exponent_of(business.currency), "exponents": json.dumps(EXPONENTS),
        "today": clock.today(business.time_zone, at),
    }  # fmt: skip


# What every check may name; the import gives business, zone, currency and currencies.
_STAGE_LIST = ", ".join(f"'{word}'" for word in STAGES)
_CLOSED_LIST = ", ".join(f"'{word}'" for word, stage in STAGES.items() if stage not in OPEN_STAGES)
_WON_LIST = ", ".join(f"'{word}'" for word, stage in STAGES.items() if stage == DealStage.WON)
_IS_CLOSED = f"lower(btrim(s.stage)) in ({_CLOSED_LIST})"
_CHECK_DAY = f"coalesce(case when {_IS_CLOSED} then {_day('close_date')} end, {_day('engage_date')}, (now() at time zone %(zone)s)::date)"


def _check(column: str, condition: str, reason: Any) -> ImportCheck:
    return ImportCheck(
        column, f"select s.line, s.{column} as value from pg_temp.import_stage s where {condition}", reason
    )


DEALS = ImportResource(
    key="deals",
    label=_("Deals"),
    text=_("One deal a row, known by its id. Companies and products that nobody knows yet are added."),
    permission="commerce.import",
    order=130,
    columns=(
        ImportColumn(
            "opportunity_id", _("Id of the deal"), required=True, aliases=("deal_id", "opportunity"), max_length=100
        ),
        ImportColumn("stage", _("Stage"), required=True, aliases=("deal_stage", "status"), max_length=60),
        ImportColumn(
            "account",
            _("Customer, by external id or name"),
            aliases=("customer_external_id", "customer_id", "customer", "company"),
        ),
        ImportColumn("name", _("Name"), aliases=("deal_name", "title")),
        ImportColumn("kind", _("Kind"), "choice", aliases=("type",), choices=tuple(DealKind.values)),
        ImportColumn("close_value", _("Amount"), "decimal", aliases=("amount", "value"), digits=(12, 4)),
        ImportColumn("currency", _("Currency"), max_length=3),
        ImportColumn("engage_date", _("Opened on"), "datetime", aliases=("opened_on", "created_date")),
        ImportColumn(
            "close_date",
            _("Closed, or expected to be"),
            "datetime",
            aliases=("closed_at", "expected_close_on", "expected_close"),
        ),
        ImportColumn("product", _("Product, by code or name"), aliases=("product_code",), max_length=60),
        ImportColumn(
            "sales_agent", _("Owner, by e-mail address or name"), aliases=("owner", "owner_email"), max_length=254
        ),
        ImportColumn("lost_reason", _("Why it was lost"), aliases=("loss_reason",)),
        ImportColumn("source", _("System that it comes from"), max_length=40),
    ),
    checks=(
        ImportCheck(
            "opportunity_id",
            "select line, opportunity_id as value from (select line, opportunity_id, min(line) over (partition by source, opportunity_id) "
            "as first from pg_temp.import_stage) d where line > first",
            _("This deal stands in an earlier row already."),
        ),
        _check(
            "stage", f"s.stage <> '' and lower(btrim(s.stage)) not in ({_STAGE_LIST})", _("There is no such stage.")
        ),
        _check("close_value", "s.close_value <> '' and s.close_value::numeric < 0", _("An amount can't be negative.")),
        _check(
            "close_value",
            f"s.close_value = '' and lower(btrim(s.stage)) in ({_WON_LIST})",
            _("A deal that was won needs its amount."),
        ),
        _check(
            "close_date",
            f"s.close_date = '' and {_IS_CLOSED}",
            _("A deal that is over needs the day on which it was closed."),
        ),
        _check(
            "close_date",
            f"{_IS_CLOSED} and s.close_date <> '' and {_at('close_date')} > now()",
            _("A deal that is over was not closed in the future."),
        ),
        _check(
            "engage_date",
            f"s.engage_date <> '' and {_at('engage_date')} > now()",
            _("A deal can't be opened in the future."),
        ),
        _check(
            "close_date",
            f"{_IS_CLOSED} and s.close_date <> '' and s.engage_date <> '' and {_day('close_date')} < {_day('engage_date')}",
            _("The deal was closed before it was opened."),
        ),
        _check(
            "currency",
            "s.currency <> '' and upper(s.currency) <> all (%(currencies)s)",
            _("Not a currency code such as EUR."),
        ),
        _check(
            "currency",
            "s.currency <> '' and upper(s.currency) <> %(currency)s and s.close_value <> '' and not exists (select from crm_exchangerate e "
            f"where e.business_id = %(business)s and e.currency = upper(s.currency) and e.valid_on <= {_CHECK_DAY})",
            _("There is no exchange rate for this currency on that day. Add one under Settings, Exchange rates."),
        ),
    ),
    apply=take_deals,
)
