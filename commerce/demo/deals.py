"""Demo deals: the one by which a company became a customer, later ones that were won, lost or are still open, and their steps."""

from datetime import timedelta
from typing import Any

from django.db import connection

from commerce import services
from commerce.choices import OPEN_STAGES, PROBABILITIES, DealStage
from commerce.models import Product
from crm.demo.bulk import count_anew
from crm.demo.plan import DemoPlan

_LOST = (
    "Too expensive.",
    "Went to a competitor.",
    "The project was put off.",
    "No answer any more.",
    "A feature was missing.",
)
_RIVALS = ("Initrode", "Globex", "Umbra Systems", "Vandelay Goods")
_STEPS = (
    "Send the offer",
    "Call about the contract",
    "Show the product to the team",
    "Meet the managing director",
    "Answer the security questions",
)
_NAMES = {
    "new": ("First order", "Start", "Pilot"),
    "expansion": ("Second site", "More of it", "Larger plan"),
    "renewal": ("Renewal", "Next year", "Prolonged"),
}

# `row` numbers a deal: the company's number times eight and its place among the company's deals. `passed` open stages were entered.
_DEALS = """
create temporary table demo_deals on commit drop as
with drawn as (
    select d.n * 8 + k as row, d.n, d.id as company, k, d.course, d.first_on, d.acquired_on,
           25 + {length} as length,
           case when k = 1 then 'new' when {kind} < 0.6 then 'expansion' else 'renewal' end as kind,
           case when k = 1 and d.first_on is not null then d.first_on - 10 - {length}
                else coalesce(d.first_on, d.acquired_on) + floor((%(horizon)s::date - coalesce(d.first_on, d.acquired_on)) * power({opened}, 0.6))::integer
           end as wanted_on
    from demo_customers d cross join lateral generate_series(1, case when d.first_on is null then {few} else 1 + {many} end) k
    where d.kind = 'company'
), ended as (
    select *, greatest(least(wanted_on, %(horizon)s::date), least(acquired_on, %(horizon)s::date)) as opened_on,
           case when k = 1 and first_on is not null then first_on else wanted_on + length end as wanted_close
    from drawn
), told as (
    select *, greatest(wanted_close, opened_on) as close_on,
           case when k = 1 and first_on is not null then 'won'
                when wanted_close > %(horizon)s or {stuck} < 0.05 then 'open'
                when {won} < 0.62 and first_on is not null then 'won' else 'lost' end as outcome
    from ended
)
select t.*, case outcome when 'won' then 5
            when 'lost' then 1 + {given_up}
            else least(5, 1 + floor(5.0 * (%(horizon)s::date - opened_on) / greatest(length, 1))::integer) end as passed,
       opened_on + time '09:00' + {minute} * interval '1 minute' as opened_at,
       round((400 + 30000 * power({size}, 3)) * case when course = 'big_spender' then 4 else 1 end / 50) * 50 as amount, {id} as id
from told t
"""
# Where the steps of a deal lie between its opening and its end, or today while it is open.
_WAY = """
create temporary table demo_deal_steps on commit drop as
select d.row, d.id, s.place, s.stage, d.opened_at + (s.share * extract(epoch from d.ends_at - d.opened_at)) * interval '1 second' as at,
       lag(s.stage) over way as before
from (
    select *, case when outcome = 'open' then greatest(opened_at, least(opened_at + length * interval '1 day', %(horizon)s::date + time '18:00'))
                   else greatest(opened_at, close_on + time '16:00') end as ends_at
    from demo_deals
) d cross join lateral (
    select j as place, (%(stages)s::text[])[j] as stage, (j - 1)::numeric / (d.passed + case when d.outcome = 'open' then 0.5 else 0 end) as share
    from generate_series(1, d.passed) j
    union all
    select 9, d.outcome, 1 where d.outcome <> 'open'
) s
window way as (partition by d.row order by s.place)
"""
_WRITE = """
insert into commerce_opportunity
    (id, created_at, updated_at, business_id, customer_id, name, kind, stage, stage_since, amount, currency, amount_base, probability, opened_on,
     expected_close_on, closed_at, lost_reason, owner_id, contact_id, product_id, competitor, next_step, next_step_on, push_count)
select d.id, d.opened_at at time zone %(zone)s, l.at at time zone %(zone)s, %(business)s, d.company,
       case d.kind when 'new' then (%(names_new)s::text[])[1 + {name}] when 'expansion' then (%(names_expansion)s::text[])[1 + {name}]
            else (%(names_renewal)s::text[])[1 + {name}] end || ', ' || c.display_name,
       d.kind, l.stage, l.at at time zone %(zone)s, a.amount, %(currency)s, a.amount, (%(probabilities)s::jsonb ->> l.stage)::integer, d.opened_on,
       case when d.outcome = 'open' then d.opened_on + floor(d.length * (0.7 + 0.6 * {slack}))::integer else d.close_on end,
       case when d.outcome <> 'open' then l.at at time zone %(zone)s end,
       case when d.outcome = 'lost' then (%(lost)s::text[])[1 + {reason}] else '' end,
       c.owner_id, t.id, (%(products)s::uuid[])[1 + {product}],
       case when {rivaled} < 0.2 then (%(rivals)s::text[])[1 + {rival}] else '' end,
       case when d.outcome = 'open' and {stepped} < 0.7 then (%(steps)s::text[])[1 + {step}] else '' end,
       case when d.outcome = 'open' and {stepped} < 0.7 then %(today)s::date + {soon} - 3 end,
       case when {pushed} < 0.25 then 1 + {pushes} else 0 end
from demo_deals d
join customers_customer c on c.id = d.company
join lateral (select stage, at from demo_deal_steps s where s.row = d.row order by place desc limit 1) l on true
cross join lateral (select case when d.outcome = 'open' and d.passed = 1 and {unknown} < 0.2 then null else d.amount end as amount) a
left join lateral (select id from customers_contact t where t.customer_id = d.company and t.is_primary limit 1) t on true
order by d.opened_at, d.row
"""
_WRITE_STEPS = """
insert into commerce_opportunitystagechange
    (business_id, opportunity_id, before, after, at, days, amount_base, actor_kind, actor_id, actor_label, reason)
select %(business)s, s.id, coalesce(s.before, ''), s.stage, s.at at time zone %(zone)s,
       case when s.before is not null then round((extract(epoch from s.at - lag(s.at) over way) / 86400)::numeric, 2) end,
       o.amount_base, case when u.id is null then 'system' else 'user' end, coalesce(u.id::text, ''), coalesce(u.name, 'Demo data'),
       case when s.stage = 'lost' then o.lost_reason else '' end
from demo_deal_steps s join commerce_opportunity o on o.id = s.id left join crm_user u on u.id = o.owner_id
window way as (partition by s.row order by s.place)
order by s.row, s.place
"""


def fill_deals(plan: DemoPlan) -> None:
    """One to five deals of each company, by which it became a customer and grew, with the steps that each has taken."""
    chance = plan.chance

    def unit(name: str, row: str = "row") -> str:
        return chance.unit(row, name)

    def below(name: str, bound: int, row: str = "row") -> str:
        return chance.number(row, name, bound)

    key = "d.n * 8 + k"
    products = [
        str(pk) for pk in Product.objects.filter(business=plan.business).order_by("code").values_list("pk", flat=True)
    ]
    deals = _DEALS.format(
        length=below("deal length", 90, key), kind=unit("deal kind", key), opened=unit("deal opened", key),
        few=below("prospect deals", 2, "d.n"), many=below("deals", 5, "d.n"), stuck=unit("deal stuck"), won=unit("deal won"),
        given_up=below("deal given up", 5), minute=below("deal minute", 420), size=unit("deal size"), id=chance.uuid("row", "deal", "opened_on::timestamp"),
    )  # fmt: skip
    write = _WRITE.format(
        name=below("deal name", 3, "d.row"), slack=unit("deal slack", "d.row"), reason=below("deal reason", len(_LOST), "d.row"),
        product=below("deal product", len(products), "d.row"), rivaled=unit("deal rivaled", "d.row"), rival=below("deal rival", len(_RIVALS), "d.row"),
        stepped=unit("deal stepped", "d.row"), step=below("deal step", len(_STEPS), "d.row"), soon=below("deal soon", 15, "d.row"),
        pushed=unit("deal pushed", "d.row"), pushes=below("deal pushes", 3, "d.row"), unknown=unit("deal unknown", "d.row"),
    )  # fmt: skip
    parameters: dict[str, Any] = {
        "business": plan.business.pk, "zone": plan.business.time_zone, "currency": plan.business.currency, "today": plan.today,
        "horizon": plan.today - timedelta(days=1), "stages": [stage.value for stage in OPEN_STAGES], "products": products,
        "probabilities": _probabilities(), "lost": list(_LOST), "rivals": list(_RIVALS), "steps": list(_STEPS),
        **{f"names_{kind}": list(names) for kind, names in _NAMES.items()},
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists pg_temp.demo_deals, pg_temp.demo_deal_steps")
        cursor.execute(deals, parameters)
        cursor.execute("analyze pg_temp.demo_deals")
        cursor.execute(_WAY, parameters)
        cursor.execute("analyze pg_temp.demo_deal_steps; create index on pg_temp.demo_deal_steps (row)")
        cursor.execute(write, parameters)
        cursor.execute(_WRITE_STEPS, parameters)
    count_anew("commerce.Opportunity", "commerce.OpportunityStageChange")
    services.refresh_deal_facts()


def _probabilities() -> str:
    return "{" + ", ".join(f'"{stage.value}": {PROBABILITIES[stage]}' for stage in DealStage) + "}"
