"""Making demo customers set-wise. Each takes a course, from which the stage that is seen follows: `demo_customers` tells it to the apps above."""

from itertools import accumulate
from typing import Any

from django.db import connection

from crm.demo.bulk import count_anew
from crm.demo.plan import DemoPlan
from crm.models import Membership
from customers import services
from customers.demo.words import COMPANY_HEADS, COMPANY_TAILS, LEGAL_FORMS, names, places
from customers.models import Customer

# course -> share of the customers, and how much those who take it buy compared with each other
SHOP_COURSES = {
    "prospect": (0.05, 0.0), "one_off": (0.20, 0.0), "lapsed": (0.17, 0.7), "seasonal": (0.11, 0.45), "occasional": (0.27, 0.7),
    "loyal": (0.15, 2.5), "big_spender": (0.05, 3.0),
}  # fmt: skip
SOFTWARE_COURSES = {
    "prospect": (0.10, 0.0), "one_off": (0.05, 0.0), "lapsed": (0.15, 1.0), "annual": (0.22, 1.0), "monthly": (0.40, 1.0), "big_spender": (0.08, 1.0),
}  # fmt: skip

_WORDS = """
create temporary table demo_places on commit drop as
select * from unnest(%(countries)s::text[], %(cities)s::text[], %(people)s::text[], %(prefixes)s::text[], %(digits)s::integer[], %(forms)s::text[])
    with ordinality as p(country, city, people, prefix, digits, form, place);
create temporary table demo_names on commit drop as
select people, part, array_agg(name order by place) as names, array_agg(latin order by place) as latin, count(*)::integer as count
from unnest(%(people_of)s::text[], %(part_of)s::text[], %(names)s::text[], %(latin)s::text[])
    with ordinality as n(people, part, name, latin, place)
group by people, part
"""

# first_on: the day of the first order, last_on: of the last; both null for those who have bought nothing.
_STREETS = {
    "english": (
        "Station Road",
        "High Street",
        "Church Lane",
        "Mill Road",
        "Victoria Street",
        "Park Avenue",
        "King Street",
        "Bridge Street",
    ),
    "german": (
        "Bahnhofstraße",
        "Hauptstraße",
        "Gartenweg",
        "Mühlenweg",
        "Lindenallee",
        "Schulstraße",
        "Ringstraße",
        "Marktplatz",
    ),
    "french": (
        "rue de la Gare",
        "rue Victor Hugo",
        "avenue du Parc",
        "rue du Moulin",
        "place du Marché",
        "rue des Écoles",
        "rue Pasteur",
        "quai du Port",
    ),
}
_SOURCES = {
    "shop": ("Search engine", "Social media", "Recommendation", "Newsletter", "Market place", "Walk-in"),
    "software": ("Website", "Referral", "Trade fair", "Partner", "Cold call", "Webinar"),
}
_CAMPAIGNS = {
    "shop": ("Spring sale", "Black Friday", "Back to school", "Gift guide"),
    "software": ("Spring webinar", "Partner week", "Free trial", "Year-end offer"),
}
# Some companies belong to larger ones of the same business, never to one that itself belongs to another: no circles.
_FAMILIES = """
with heads as (
    select n, id, row_number() over (order by n) as place from demo_customers where kind = 'company' and {is_child} >= 0.06 and {is_head} < 0.1
), counted as (select count(*) as heads from heads), children as (
    select n, id, 1 + {which} as place from demo_customers, counted where kind = 'company' and {is_child} < 0.06 and heads > 0
)
update customers_customer c set parent_id = h.id from children d join heads h using (place) where c.id = d.id
"""
_REFERRALS = """
update customers_customer c set referred_by_id = o.id, acquisition_source = %(source)s
from demo_customers d join demo_customers o on o.n = 1 + {which} and o.acquired_on < d.acquired_on
where c.id = d.id and {is_referred} < 0.03 and o.n <> d.n
"""
_BORN = """
select id, %(today)s::date - (18 * 366 + {days}) from demo_customers where kind = 'person' and {has_birthday} < 0.4 order by n limit %(most)s
"""
# Archiving somebody is the last that was done to them.
_ARCHIVED = """
update customers_customer set updated_at = archived_at where business_id = %(business)s and archived_at > updated_at
"""
BORN = 2_000
"""How many demo persons have a birth date: each is sealed by itself."""

_COURSES = """
create temporary table demo_customers on commit drop as
with drawn as (
    select n, {kind} as kind,
           (%(courses)s::text[])[1 + width_bucket({course}, %(course_bounds)s::float8[])] as course,
           1 + width_bucket({place}, %(place_bounds)s::float8[]) as place,
           %(start)s::date + floor(power({acquired}, 0.7) * (%(today)s::date - %(start)s::date - 1))::integer as joined_on,
           -ln(1 - {amount}) as amount
    from generate_series(1, %(customers)s) n
), moved as (
    select d.*, %(today)s::date - 1 as horizon,
           case when course = 'seasonal'
                then make_date(extract(year from joined_on)::integer, 11, 15) + {season} else joined_on end as wanted_on
    from drawn d
), settled as (
    select n, kind, place, amount, horizon,
           case when wanted_on between %(start)s::date and horizon then wanted_on else joined_on end as acquired_on,
           case when course = 'seasonal' and wanted_on not between %(start)s::date and horizon then 'occasional'
                when course = 'lapsed' and joined_on > horizon - 420 then 'one_off' else course end as course
    from moved
), begun as (
    select s.*, case when course <> 'prospect' then least(horizon, acquired_on + case when course = 'seasonal' then 0 else {lag} end) end as first_on
    from settled s
), ended as (
    select b.*, case course
        when 'one_off' then first_on
        when 'lapsed' then first_on + floor((horizon - 200 - first_on) * (0.15 + 0.85 * {end_at}))::integer
        when 'seasonal' then greatest(first_on, (
            select max(day) from (values (0), (1), (2), (3)) y(years),
            lateral (select make_date(extract(year from first_on)::integer + years, 11, 15) + {last_season} as day) d where day <= horizon))
        when 'occasional' then greatest(first_on, horizon - floor(150 * power({end_at}, 1.5))::integer)
        when 'annual' then first_on + 365 * ((horizon - first_on) / 365)
        when 'monthly' then greatest(first_on, horizon - {month_day})
        when 'loyal' then greatest(first_on, horizon - floor(45 * power({end_at}, 1.5))::integer)
        when 'big_spender' then greatest(first_on, horizon - floor(60 * power({end_at}, 1.5))::integer) end as last_on
    from begun b
)
select e.n::bigint as n, {id} as id, e.kind, e.course, e.acquired_on, e.first_on, e.last_on, p.country,
       e.amount * coalesce((%(amounts)s::float8[])[array_position(%(courses)s::text[], e.course)], 1)
           * greatest(e.last_on - e.first_on, 0) / 365.0 as weight,
       case when course = 'prospect' then case when {undecided} < 0.3 then 'opportunity' else 'prospect' end
            when horizon - last_on > 365 + {patience} then 'churned'
            when horizon - last_on > 150 + {patience} then 'churn_risk'
            when horizon - acquired_on < 45 then 'onboarding'
            when course in ('loyal', 'big_spender') and {growing} < 0.3 then 'expansion'
            else 'active' end as stage,
       p.city, p.form, case when {has_phone} < 0.86 and p.prefix <> '' then p.prefix || lpad({phone}::text, p.digits, '0') else '' end as phone,
       f.names[1 + floor(power({first}, 1.25) * f.count)::integer] as first_name,
       f.latin[1 + floor(power({first}, 1.25) * f.count)::integer] as first_latin,
       l.names[1 + floor(power({last}, 1.25) * l.count)::integer]
           || case when {double} < 0.07 then '-' || l.names[1 + floor({second} * l.count)::integer] else '' end as last_name,
       l.latin[1 + floor(power({last}, 1.25) * l.count)::integer] as last_latin,
       e.acquired_on + time '08:00' + {minute} * interval '1 minute' as acquired_at
from ended e
join demo_places p using (place)
join demo_names f on f.people = p.people and f.part = 'first'
join demo_names l on l.people = p.people and l.part = 'last'
"""

# `amount` and place of a name are drawn once per customer, so that the same row always gives the same person.
_CUSTOMERS = """
create temporary table demo_cards on commit drop as
select d.n, d.kind,
       case when d.kind = 'person' then d.first_name || ' ' || d.last_name
            when {named_after} < 0.25 then d.last_name || ' & ' || (case when {partners} = 0 then 'Sons' when {partners} = 1 then 'Partners' else 'Co' end)
                 || ' ' || d.form
            else (%(heads)s::text[])[1 + {head}] || ' ' || (%(tails)s::text[])[1 + {tail}] || ' ' || d.form end as display_name,
       case when d.kind = 'person' then d.first_latin || '.' || d.last_latin
            else 'hello@' || case when {named_after} < 0.25 then d.last_latin
                 else lower((%(heads)s::text[])[1 + {head}] || replace((%(tails)s::text[])[1 + {tail}], ' ', '')) end end as local,
       case when d.kind = 'company' and {named_after} >= 0.25 then (%(industries)s::text[])[1 + {tail}]
            when d.kind = 'company' then 'Professional services' else '' end as industry,
       case when d.kind = 'company' then (array['startup', 'startup', 'small', 'small', 'small', 'medium', 'medium', 'large', 'large', 'enterprise'])[1 + {size}]
            else '' end as size
from demo_customers d;
insert into customers_customer (id, created_at, updated_at, business_id, kind, display_name, first_name, last_name, email, phone, country, city, website,
                                industry, size, lifecycle_stage, owner_id, team_id, acquired_on, external_id, archived_at, phone_e164, legal_name,
                                street, postal_code, preferred_language, domain, employee_count, annual_revenue, arr_manual, contract_start_on,
                                contract_end_on, renewal_on, contract_terms, acquisition_source, acquisition_campaign, acquisition_cost)
select d.id, acquired_at at time zone %(zone)s,
       (acquired_at + case when {edited} < 0.7 then {edited_at} * (%(today)s::timestamp - acquired_at) else interval '0' end) at time zone %(zone)s,
       %(business)s, d.kind, c.display_name, case when d.kind = 'person' then d.first_name else '' end,
       case when d.kind = 'person' then d.last_name else '' end,
       case when {has_email} < 0.93 then case when d.kind = 'person'
            then c.local || c.nth || '@' || (array['example.com', 'example.com', 'example.org', 'example.net'])[1 + {domain}]
            else split_part(c.local, '@', 1) || '@' || split_part(c.local, '@', 2) || c.nth || '.example.com' end else '' end,
       d.phone, d.country, d.city,
       case when d.kind = 'company' then 'https://www.' || split_part(c.local, '@', 2) || c.nth || '.example.com' else '' end,
       c.industry, c.size, d.stage, o.owner, o.team, d.acquired_on, %(prefix)s || '-' || lpad(d.n::text, greatest(6, length(d.n::text)), '0'),
       case when d.stage in ('churned', 'prospect') and d.acquired_on < %(today)s::date - 200 and {archived} < 0.05
            then (%(today)s::date - 1 - {archived_ago} + time '10:00') at time zone %(zone)s end,
       case when d.phone <> '' then '+' || regexp_replace(d.phone, '[^0-9]', '', 'g') else '' end,
       case when d.kind = 'company' and {has_legal} < 0.7 then c.display_name else '' end,
       case when {has_street} < 0.8 then
           case when d.country in ('Germany', 'Austria', 'Switzerland') then (%(german)s::text[])[1 + {road}] || ' ' || (1 + {house})
                when d.country in ('France', 'Belgium') then (1 + {house}) || ' ' || (%(french)s::text[])[1 + {road}]
                else (1 + {house}) || ' ' || (%(english)s::text[])[1 + {road}] end else '' end,
       case when {has_street} < 0.8 then
           case when d.country = 'United Kingdom' then upper(left(d.city, 2)) || (1 + {zip} %% 20) || ' ' || ({zip} %% 9 + 1) || chr(65 + {house} %% 26) || chr(65 + {zip} %% 26)
                else lpad((1000 + {zip})::text, 5, '0') end else '' end,
       case d.country when 'Germany' then 'DE' when 'Austria' then 'DE' when 'Switzerland' then 'DE' when 'France' then 'FR' when 'Spain' then 'ES'
            when 'Italy' then 'IT' when 'Netherlands' then 'NL' when 'Belgium' then 'NL' when 'Portugal' then 'PT' when 'Poland' then 'PL'
            when 'Sweden' then 'SV' when 'Denmark' then 'DA' when 'Norway' then 'NO' when 'Finland' then 'FI' when 'Japan' then 'JA' else 'EN' end,
       case when d.kind = 'company' then split_part(c.local, '@', 2) || c.nth || '.example.com' else '' end,
       w.people, w.people * (70 + {per_head}) * 1000,
       case when k.starts_on is not null and {has_arr} < 0.85 then greatest(1200, round(power(w.people, 0.8)::numeric * (60 + {per_seat}), -2)) end,
       k.starts_on, k.ends_on, case when d.stage <> 'churned' then k.ends_on end,
       case when k.starts_on is not null and {has_terms} < 0.4 then (array['Net 30', 'Net 14, paid yearly in advance', 'Net 30, price fixed for two years',
            'Paid monthly; ends with three months of notice'])[1 + {terms}] else '' end,
       case when {has_source} < 0.85 then (%(sources)s::text[])[1 + {source}] else '' end,
       case when {has_source} < 0.3 then (%(campaigns)s::text[])[1 + {campaign}] else '' end,
       case when {has_source} < 0.5 then round((%(cost)s * (0.3 + {cost}))::numeric, 2) end
from demo_customers d
join (select *, case when row_number() over w > 1 then (row_number() over w)::text else '' end as nth
      from demo_cards window w as (partition by local order by n)) c using (n)
left join lateral (
    select (%(owners)s::uuid[])[k] as owner, (%(teams)s::uuid[])[k] as team from (select 1 + {owner}) s(k) where {has_owner} < {owned}
) o on true
cross join lateral (select case c.size when 'startup' then 2 + {staff} %% 9 when 'small' then 11 + {staff} %% 40 when 'medium' then 51 + {staff} %% 200
                                       when 'large' then 251 + {staff} %% 750 when 'enterprise' then 1001 + {staff} end as people) w
left join lateral (
    select s.starts_on, case when d.stage = 'churned' then s.starts_on + 365 * greatest(1, (d.last_on - s.starts_on) / 365)
                             else s.starts_on + 365 * (1 + (%(today)s::date - s.starts_on) / 365) end as ends_on
    from (select d.first_on as starts_on) s
    where %(has_contracts)s and d.kind = 'company' and d.first_on is not null
) k on true
order by acquired_at, d.n
"""


def fill_customers(plan: DemoPlan) -> None:
    """The customers with their search rows; leaves `demo_customers` (n, id, course, first_on, last_on, weight …) for the rest of the transaction."""
    chance = plan.chance

    def unit(name: str, row: str = "n") -> str:
        return chance.unit(row, name)

    def below(name: str, bound: int | str, row: str = "n") -> str:
        return chance.number(row, name, bound)

    companies = 0.03 if plan.profile == "shop" else 0.95
    courses = _COURSES.format(
        kind=f"case when {unit('kind')} < {companies} then 'company' else 'person' end",
        course=unit("course"), place=unit("place"), acquired=unit("acquired"), amount=unit("amount"), season=below("season", 38),
        lag=f"floor(20 * power({unit('lag')}, 2))::integer", end_at=unit("end"), last_season=below("last season", 38), month_day=below("month day", 28),
        undecided=unit("undecided"), patience="(case when course = 'annual' then 230 else 0 end)", growing=unit("growing"), has_phone=unit("has phone"),
        phone=below("phone", "power(10, p.digits)"), first=unit("first"), last=unit("last"), double=unit("double"), second=unit("second"),
        minute=below("minute", 720), id=chance.uuid("n", "customer", "(e.acquired_on + time '12:00')"),
    )  # fmt: skip
    people = [m for m in Membership.objects.order_by("user__email") if m.role in ("manager", "agent")]
    cards = _CUSTOMERS.format(
        named_after=unit("named after", "d.n"), partners=below("partners", 3, "d.n"), head=below("head", len(COMPANY_HEADS), "d.n"),
        tail=below("tail", len(COMPANY_TAILS), "d.n"), size=below("size", 10, "d.n"), has_email=unit("has email", "d.n"), domain=below("domain", 4, "d.n"),
        archived=unit("archived", "d.n"), archived_ago=below("archived ago", 180, "d.n"), owner=below("owner", len(people), "d.n"), has_owner=unit("has owner", "d.n"),
        owned="(case when d.kind = 'company' then 0.95 else 0.35 end)",
        has_legal=unit("has legal", "d.n"), has_street=unit("has street", "d.n"), road=below("road", 8, "d.n"), house=below("house", 180, "d.n"),
        zip=below("zip", 89_000, "d.n"), per_head=below("per head", 110, "d.n"), has_arr=unit("has arr", "d.n"), per_seat=below("per seat", 240, "d.n"),
        has_terms=unit("has terms", "d.n"), terms=below("terms", 4, "d.n"), has_source=unit("has source", "d.n"), source=below("source", 6, "d.n"),
        campaign=below("campaign", 4, "d.n"), cost=unit("cost", "d.n"), staff=below("staff", 4000, "d.n"), edited=unit("edited", "d.n"),
        edited_at=unit("edited at", "d.n"),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "drop table if exists pg_temp.demo_places, pg_temp.demo_names, pg_temp.demo_customers, pg_temp.demo_cards"
        )
        cursor.execute(_WORDS, _word_parameters(plan.profile))
        cursor.execute("analyze pg_temp.demo_places; analyze pg_temp.demo_names")
        cursor.execute(courses, _course_parameters(plan))
        cursor.execute("analyze pg_temp.demo_customers")
        cursor.execute(
            cards,
            {
                "business": plan.business.pk,
                "zone": plan.business.time_zone,
                "prefix": plan.prefix,
                "today": plan.today,
                "heads": list(COMPANY_HEADS),
                "tails": [tail for tail, _industry in COMPANY_TAILS],
                "industries": [industry for _tail, industry in COMPANY_TAILS],
                "owners": [m.user_id for m in people],
                "teams": [m.team_id for m in people],
                **{words: list(streets) for words, streets in _STREETS.items()},
                "sources": list(_SOURCES[plan.profile]),
                "campaigns": list(_CAMPAIGNS[plan.profile]),
                "cost": 40 if plan.profile == "shop" else 900,
                "has_contracts": plan.profile == "software",
            },
        )
        _relate(plan, cursor)
    services.refresh_search()
    services.learn_words()
    count_anew("customers.Customer", "customers.CustomerFacts")


def _relate(plan: DemoPlan, cursor: Any) -> None:
    """Parents of some companies, referrers of some customers, birth dates of some persons."""
    chance = plan.chance
    cursor.execute(
        _FAMILIES.format(
            is_child=chance.unit("n", "is child"),
            is_head=chance.unit("n", "is head"),
            which=chance.number("n", "head of", "heads"),
        )
    )
    cursor.execute(
        _REFERRALS.format(
            which=chance.number("d.n", "referrer", plan.customers), is_referred=chance.unit("d.n", "is referred")
        ),
        {"source": "Recommendation" if plan.profile == "shop" else "Referral"},
    )
    cursor.execute(
        _BORN.format(days=chance.number("n", "born", 20_000), has_birthday=chance.unit("n", "has birthday")),
        {"today": plan.today, "most": BORN},
    )
    people = []
    for pk, day in cursor.fetchall():
        person = Customer(pk=pk, business=plan.business)
        person.date_of_birth = day
        people.append(person)
    services.write_seals(people, is_edit=False)
    cursor.execute(_ARCHIVED, {"business": plan.business.pk})


def _word_parameters(profile: str) -> dict[str, Any]:
    towns = places(profile)
    words = [
        (code, part, name, latin)
        for code, parts in names().items()
        for part, pairs in parts.items()
        for name, latin in pairs
    ]
    return {
        "countries": [p.country for p in towns], "cities": [p.city for p in towns], "people": [p.people for p in towns],
        "prefixes": [p.phone[0] for p in towns], "digits": [p.phone[1] for p in towns], "forms": [LEGAL_FORMS[p.country] for p in towns],
        "people_of": [w[0] for w in words], "part_of": [w[1] for w in words], "names": [w[2] for w in words], "latin": [w[3] for w in words],
    }  # fmt: skip


def _course_parameters(plan: DemoPlan) -> dict[str, Any]:
    courses = SHOP_COURSES if plan.profile == "shop" else SOFTWARE_COURSES
    return {
        "courses": list(courses), "course_bounds": list(accumulate(share for share, _amount in courses.values()))[:-1],
        "amounts": [amount for _share, amount in courses.values()],
        "place_bounds": list(accumulate(p.share for p in places(plan.profile)))[:-1],
        "customers": plan.customers, "start": plan.start, "today": plan.today,
    }  # fmt: skip
