"""Taking the contacts of a staged file over, set by set."""

from django.db import connection
from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.models import Business
from customers.models import ImportJob
from customers.services.files import UnreadableFile
from customers.services.import_changes import hold_staged_contacts, note_contacts

# The staged rows with their company and, where it is known by address or name, their contact; the rest works on this table alone.
_DUE = """
drop table if exists pg_temp.import_contacts;
create temporary table import_contacts on commit drop as
with named as (
    select s.*, coalesce(by_id.id, by_name.id) as company_id,
           left(coalesce(nullif(s.display_name, ''), nullif(trim(s.first_name || ' ' || s.last_name), ''), s.email), 200) as name
    from pg_temp.import_stage s
    left join customers_customer by_id on by_id.business_id = %(business)s and by_id.external_id = s.company and by_id.kind = 'company'
    left join customers_customer by_name on by_id.id is null and by_name.business_id = %(business)s and by_name.is_live
         and by_name.sort_name = left(crm_fold(s.company), 400) and by_name.kind = 'company'
)
select n.*, coalesce(of_address.id, of_name.id) as id
from named n
left join customers_contact of_address on n.email <> '' and of_address.customer_id = n.company_id and of_address.archived_at is null
     and of_address.email_key = left(crm_fold(n.email), 400)
left join lateral (
    select c.id from customers_contact c
    where n.email = '' and c.customer_id = n.company_id and c.archived_at is null and c.sort_name = left(crm_fold(n.name), 400)
    order by c.id limit 1
) of_name on true
"""
_LOCK = """
select id from customers_customer where id in (select company_id from pg_temp.import_contacts) order by id for no key update
"""
# The name of a known contact: what the file says; else it follows first and last name where it did, or where the address stood for it.
_NAME_NOW = "left(trim(coalesce(nullif(i.first_name, ''), c.first_name) || ' ' || coalesce(nullif(i.last_name, ''), c.last_name)), 200)"
_NAME = rf"""
case when i.display_name <> '' then left(i.display_name, 200)
     when {_NAME_NOW} <> '' and (c.display_name = left(trim(c.first_name || ' ' || c.last_name), 200)
          or c.first_name || c.last_name = '' and c.display_name ~ '^\S+@\S+$') then {_NAME_NOW}
     else c.display_name end
"""
_UPDATE = f"""
with changed as (
    update customers_contact c set
        display_name = {_NAME}, first_name = coalesce(nullif(i.first_name, ''), c.first_name),
        last_name = coalesce(nullif(i.last_name, ''), c.last_name), title = coalesce(nullif(i.title, ''), c.title),
        department = coalesce(nullif(i.department, ''), c.department), phone = coalesce(nullif(i.phone, ''), c.phone),
        role = coalesce(nullif(lower(i.role), ''), c.role), influence = coalesce(nullif(i.influence, '')::smallint, c.influence),
        sentiment = coalesce(nullif(i.sentiment, '')::smallint, c.sentiment), updated_at = now()
    from pg_temp.import_contacts i
    where c.id = i.id
      and (c.display_name, c.first_name, c.last_name, c.title, c.department, c.phone, c.role, c.influence, c.sentiment) is distinct from
        ({_NAME}, coalesce(nullif(i.first_name, ''), c.first_name), coalesce(nullif(i.last_name, ''), c.last_name),
         coalesce(nullif(i.title, ''), c.title), coalesce(nullif(i.department, ''), c.department), coalesce(nullif(i.phone, ''), c.phone),
         coalesce(nullif(lower(i.role), ''), c.role), coalesce(nullif(i.influence, '')::smallint, c.influence),
         coalesce(nullif(i.sentiment, '')::smallint, c.sentiment))
    returning c.id
)
select count(*) from changed
"""  # noqa: S608 - our own expression
_INSERT = """
insert into customers_contact
    (business_id, customer_id, display_name, first_name, last_name, title, department, email, phone, role, influence, sentiment)
select %(business)s, i.company_id, i.name, i.first_name, i.last_name, i.title, i.department, lower(i.email), i.phone, lower(i.role),
       nullif(i.influence, '')::smallint, nullif(i.sentiment, '')::smallint
from pg_temp.import_contacts i where i.id is null order by i.line returning id
"""
_LINES = """
update customers_contact c set reports_to_id = boss.id, updated_at = now()
from pg_temp.import_contacts i
join customers_contact boss on boss.customer_id = i.company_id and boss.archived_at is null
     and boss.email_key = left(crm_fold(i.reports_to), 400)
where i.reports_to <> '' and c.customer_id = i.company_id and c.archived_at is null
  and case when i.email <> '' then c.email_key = left(crm_fold(i.email), 400)
           else c.id = coalesce(i.id, (select max(n.id::text)::uuid from customers_contact n
                                       where n.customer_id = i.company_id and n.archived_at is null
                                         and n.email_key = ''
                                         and n.sort_name = left(crm_fold(i.name), 400))) end
  and c.id <> boss.id and c.reports_to_id is distinct from boss.id
"""
_CIRCLE = """
with recursive line (id, boss, depth) as (
    select c.id, c.reports_to_id, 1 from customers_contact c
    where c.reports_to_id is not null and c.customer_id in (select company_id from pg_temp.import_contacts where reports_to <> '')
    union all
    select l.id, b.reports_to_id, l.depth + 1 from line l join customers_contact b on b.id = l.boss
    where b.reports_to_id is not null and l.boss <> l.id and l.depth < 60
)
select c.display_name from line l join customers_contact c on c.id = l.id where l.boss = l.id or l.depth >= 60 order by c.sort_name limit 1
"""


def import_contacts(*, actor: Actor, business: Business, import_job: ImportJob) -> dict[str, int]:
    """Add or change the staged contacts of companies, known by their e-mail address, else by their name; empty values leave what is
    there. What differs afterwards is noted contact by contact. Runs inside the import's transaction.

    Raises UnreadableFile when lines of reporting would make a circle.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"business": business.pk})
        cursor.execute("analyze pg_temp.import_contacts")
        cursor.execute("select count(*) from pg_temp.import_contacts")
        total = cursor.fetchone()[0]
        cursor.execute(_LOCK)
        hold_staged_contacts()
        cursor.execute(_UPDATE)
        updated = cursor.fetchone()[0]
        cursor.execute(_INSERT, {"business": business.pk})
        created = [row[0] for row in cursor.fetchall()]
        cursor.execute(_LINES)
        cursor.execute(_CIRCLE)
        circle = cursor.fetchone()
        if circle:
            raise UnreadableFile(
                _("By this file, %(name)s would report to themselves over others.") % {"name": circle[0]}
            )
    note_contacts(import_job, created)
    return {
        "contacts_created": len(created),
        "contacts_updated": updated,
        "contacts_unchanged": total - len(created) - updated,
    }
