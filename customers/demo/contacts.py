"""The people at the demo companies: one to six each, with parts, feelings and lines of reporting."""

from django.db import connection

from crm.demo.bulk import count_anew
from crm.demo.plan import DemoPlan

# title, department, role, influence: the first two are every company's first two contacts
TITLES = (
    ("Managing director", "Management", "decision_maker", 5),
    ("Head of operations", "Operations", "champion", 4),
    ("Chief financial officer", "Finance", "executive_sponsor", 5),
    ("IT manager", "IT", "influencer", 3),
    ("Product manager", "Product", "user", 2),
    ("Procurement manager", "Procurement", "blocker", 3),
    ("Data analyst", "Operations", "user", 1),
    ("Marketing manager", "Marketing", "influencer", 3),
    ("Chief technology officer", "IT", "decision_maker", 5),
    ("Team lead", "Operations", "champion", 3),
    ("Support engineer", "IT", "user", 2),
)
# `row` numbers a contact: the company's number times eight and its place among the company's contacts.
_PEOPLE = """
create temporary table demo_contacts on commit drop as
with placed as (
    select d.n * 8 + k as row, d.n, d.id as company, k, d.acquired_on, d.acquired_at, p.people
    from demo_customers d
    join (select distinct on (country, city) country, city, people from demo_places order by country, city, place) p using (country, city)
    cross join lateral generate_series(1, 1 + {many}) k
    where d.kind = 'company'
)
select r.*, {id} as id, f.names[1 + floor(power({first}, 1.25) * f.count)::integer] as first_name,
       f.latin[1 + floor(power({first}, 1.25) * f.count)::integer] as first_latin,
       l.names[1 + floor(power({last}, 1.25) * l.count)::integer] as last_name,
       l.latin[1 + floor(power({last}, 1.25) * l.count)::integer] as last_latin,
       case when k = 1 then 1 when k = 2 then 2 else 3 + {part} end as part,
       case when k > 1 then case when k > 3 and {under} < 0.6 then 2 else 1 end end as boss
from placed r
join demo_names f on f.people = r.people and f.part = 'first'
join demo_names l on l.people = r.people and l.part = 'last'
"""
_CONTACTS = """
insert into customers_contact (id, created_at, updated_at, business_id, customer_id, display_name, first_name, last_name, title, department, email, phone,
                               role, influence, sentiment, reports_to_id, is_primary, last_touched_at)
select r.id, at, greatest(at, touched), %(business)s, r.company, r.first_name || ' ' || r.last_name, r.first_name, r.last_name,
       (%(titles)s::text[])[r.part], (%(departments)s::text[])[r.part],
       case when {has_email} < 0.9 then r.first_latin || '.' || r.last_latin || r.k || '@' || coalesce(nullif(split_part(c.email, '@', 2), ''), 'example.com') else '' end,
       case when {has_phone} < 0.5 and c.phone <> '' then c.phone || '-' || (10 + r.k) else '' end,
       case when {has_role} < 0.92 then (%(roles)s::text[])[r.part] else '' end,
       case when {known} < 0.94 then greatest(1, least(5, (%(influences)s::integer[])[r.part] + {drift} - 1)) end,
       case when {felt} < 0.9 then case when c.lifecycle_stage in ('churn_risk', 'churned') then -2 + {feeling_bad}
            else (array[-1, 0, 0, 1, 1, 1, 2, 2])[1 + {feeling}] end end,
       b.id, r.k = 1, touched
from demo_contacts r
join customers_customer c on c.id = r.company
left join demo_contacts b on b.n = r.n and b.k = r.boss
cross join lateral (
    select r.acquired_at at time zone %(zone)s as at,
           case when {touched} < 0.9 then greatest(r.acquired_at, %(today)s::timestamp - (1 + floor(140 * power({ago}, 2))) * interval '1 day' + time '10:30')
                at time zone %(zone)s end as touched
) t
order by r.acquired_at, r.row
"""


def fill_contacts(plan: DemoPlan) -> None:
    """One to six contacts of each company of `demo_customers`."""
    chance = plan.chance
    row = "r.row"
    people = _PEOPLE.format(
        many=chance.number("d.n", "contacts", 6), id=chance.uuid(row, "contact", "r.acquired_at"), part=chance.number(row, "part", len(TITLES) - 2),
        first=chance.unit(row, "contact first"), last=chance.unit(row, "contact last"), under=chance.unit(row, "contact under"),
    )  # fmt: skip
    contacts = _CONTACTS.format(
        has_email=chance.unit(row, "contact email"), has_phone=chance.unit(row, "contact phone"), has_role=chance.unit(row, "contact role"),
        known=chance.unit(row, "influence known"), drift=chance.number(row, "influence drift", 3), felt=chance.unit(row, "sentiment known"),
        feeling=chance.number(row, "sentiment", 8), feeling_bad=chance.number(row, "bad sentiment", 4), touched=chance.unit(row, "touched"),
        ago=chance.unit(row, "touched ago"),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists pg_temp.demo_contacts")
        cursor.execute(people)
        cursor.execute("analyze pg_temp.demo_contacts")
        cursor.execute(
            contacts,
            {
                "business": plan.business.pk, "zone": plan.business.time_zone, "today": plan.today,
                "titles": [title for title, *_rest in TITLES], "departments": [part for _title, part, *_rest in TITLES],
                "roles": [role for *_rest, role, _influence in TITLES], "influences": [influence for *_rest, influence in TITLES],
            },
        )  # fmt: skip
    count_anew("customers.Contact")
