"""Taking over the customers of a file: set-based statements over the temporary table `import_stage`, inside the import's transaction."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.models import Business
from customers.models import Customer, ImportJob
from customers.services.custom_columns import take_custom_values
from customers.services.families import hold_families
from customers.services.files import UnreadableFile
from customers.services.icp import refresh_icp_scores
from customers.services.import_changes import hold_staged_customers, note_changed_customers, note_created_customers
from customers.services.lifecycle import begin_stages
from customers.services.phones import refresh_phones
from customers.services.search import refresh_search
from customers.services.tag_files import take_tags
from customers.services.unique_phones import keep_unique_phones_of

_CHUNK = 2_000
_SHOWN = 10
# Texts that stand in the file as they are stored; an empty one leaves what is there.
TEXTS = (
    "legal_name", "phone", "street", "postal_code", "city", "region", "country", "website", "linkedin_url", "facebook_url",
    "instagram_url", "industry", "contract_terms", "acquisition_source", "acquisition_campaign",
)  # fmt: skip
AMOUNTS = ("annual_revenue", "arr_manual", "acquisition_cost")
DAYS = ("contract_start_on", "contract_end_on", "renewal_on")
_HOST_OF_WEBSITE = r"substring(lower(s.website) from '^https?://(?:www[.])?([^/?#:@]+)')"

# Column of the customer -> what the row of the file says; "" or null when it says nothing.
_VALUES = {
    **{name: f"s.{name}" for name in TEXTS},
    "email": "lower(s.email)",
    "size": "lower(s.size)",
    "domain": (
        "coalesce(nullif(regexp_replace(lower(s.domain), '^www[.]', ''), ''), nullif(s.domain_before, ''), "
        f"case when s.kind_now = 'company' then {_HOST_OF_WEBSITE} end, '')"
    ),
    **{name: f"nullif(s.{name}, '')::numeric" for name in AMOUNTS},
    "employee_count": "nullif(s.employee_count, '')::integer",
    **{name: f"nullif(left(s.{name}, 10), '')::date" for name in DAYS},
    "acquired_on": "nullif(left(s.first_seen, 10), '')::date",
    "owner_id": "s.owner_now",
    "team_id": "s.team_now",
}
# A sealed value with the columns that follow from it.
_SEALED = (("birth_date_sealed", "birth_key", "birthday"), ("telegram_sealed", "telegram_key"))
_NAMES = ("display_name", "first_name", "last_name")
# What the names of a row come to: what the file says, else what is there. Who is new without any name is called by the address or id.
_FULL_NAME = "left(trim({first} || ' ' || {last}), 200)"
_FIRST_NOW, _LAST_NOW = (f"coalesce(nullif(s.{name}, ''), k.{name}, '')" for name in _NAMES[1:])
_NAME_NOW = _FULL_NAME.format(first=_FIRST_NOW, last=_LAST_NOW)
_NAME_BEFORE = _FULL_NAME.format(first="k.first_name", last="k.last_name")
# An address or id that stands where nobody has given a name yet.
_STAND_IN = r"""(k.first_name || k.last_name = '' and (k.display_name in (k.email, k.external_id) or k.display_name ~ '^\S+@\S+$'
             or right(k.display_name, length(k.external_id) + 1) = ' ' || k.external_id))"""
_IS_TEXT = {*TEXTS, "email", "size", "domain"}


def _kept(name: str) -> str:
    given = f"nullif(excluded.{name}, '')" if name in _IS_TEXT else f"excluded.{name}"
    return f"coalesce({given}, c.{name})"


_COLUMNS = (*_NAMES, "preferred_language", *_VALUES)
_AFTER = {name: f"excluded.{name}" for name in (*_NAMES, "preferred_language")} | {
    name: _kept(name) for name in _VALUES
}
_UPSERT = f"""
with due as (
    select s.*, {_FIRST_NOW} as first_now, {_LAST_NOW} as last_now,
           case when s.display_name <> '' then left(s.display_name, 200)
                when k.id is null then left(coalesce(nullif({_NAME_NOW}, ''), nullif(s.email, ''), s.external_id), 200)
                when k.kind = 'person' and {_NAME_NOW} <> '' and (k.display_name = {_NAME_BEFORE} or {_STAND_IN}) then {_NAME_NOW}
                else k.display_name end as name,
           coalesce(k.kind, nullif(lower(s.kind), ''), 'person') as kind_now, k.domain as domain_before,
           k.preferred_language as language_before, m.user_id as owner_now, t.id as team_now
    from pg_temp.import_stage s
    left join customers_customer k on k.business_id = %(business)s and k.external_id = s.external_id
    left join crm_user u on s.owner <> '' and u.email = lower(s.owner)
    left join crm_membership m on m.business_id = %(business)s and m.user_id = u.id
    left join crm_team t on s.team <> '' and t.business_id = %(business)s and lower(t.name) = lower(s.team)
), changed as (
    insert into customers_customer as c (business_id, external_id, kind, lifecycle_stage, lifecycle_substep, {", ".join(_COLUMNS)})
    select %(business)s, s.external_id, s.kind_now,
           coalesce(nullif(lower(s.lifecycle_stage), ''), 'active'), lower(s.lifecycle_substep), s.name, s.first_now, s.last_now,
           coalesce(nullif(upper(s.preferred_language), ''), s.language_before, 'EN'),
           {", ".join(_VALUES.values())}
    from due s
    on conflict (business_id, external_id) where external_id <> '' do update set
        {", ".join(f"{name} = {after}" for name, after in _AFTER.items())}, updated_at = now()
    where ({", ".join(f"c.{name}" for name in _AFTER)}) is distinct from ({", ".join(_AFTER.values())})
    returning c.id, c.xmax = 0 as created
)
select coalesce(array_agg(id), '{{}}'), coalesce(array_agg(id) filter (where created), '{{}}') from changed
"""  # noqa: S608 - names of our own columns
# Addresses that change hands within the file are given back first.
_RELEASE = """
update customers_customer c set email = '' from pg_temp.import_stage s
where c.business_id = %(business)s and c.external_id = s.external_id and c.email_key <> '' and s.email <> ''
  and c.email_key <> crm_fold(s.email)
"""
_REFERENCES = """
update customers_customer c set {column}_id = o.id, updated_at = now()
from pg_temp.import_stage s join customers_customer o on o.business_id = %(business)s and o.external_id = s.{column}
where c.business_id = %(business)s and c.external_id = s.external_id and s.{column} <> '' and c.{column}_id is distinct from o.id
returning c.id
"""
_CIRCLES = """
with recursive above (start, id) as (
    select id, parent_id from customers_customer where business_id = %(business)s and id = any(%(moved)s)
    union
    select a.start, c.parent_id from above a join customers_customer c on c.id = a.id where c.parent_id is not null
)
select c.display_name from above a join customers_customer c on c.id = a.start where a.id = a.start limit 1
"""
_PRIVATE = """
select c.id, c.birth_date_sealed, c.telegram_sealed, left(s.date_of_birth, 10), s.telegram_id
from pg_temp.import_stage s join customers_customer c on c.business_id = %(business)s and c.external_id = s.external_id
where s.date_of_birth <> '' or s.telegram_id <> ''
order by c.id
"""


def import_customers(*, actor: Actor, business: Business, import_job: ImportJob) -> dict[str, int]:
    """Add or change the staged customers by their external id; empty values leave what is there. What differs
    afterwards is noted customer by customer. Returns counts.

    Raises UnreadableFile when companies of the file would stand above themselves, or numbers that are unique at two customers.
    """
    parameters = {"business": business.pk}
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_temp.import_stage")
        total = cursor.fetchone()[0]
        hold_staged_customers(business)
        cursor.execute(_RELEASE, parameters)
        cursor.execute(_UPSERT, parameters)
        changed, created = (set(ids) for ids in cursor.fetchone())
    touched = changed | _refer(business) | _seal(actor, business)
    valued = take_custom_values(business)
    tagged, tags = take_tags(actor, business)
    touched |= {*(valued or ()), *tagged}
    ids = sorted(touched)
    refresh_phones(business, ids)
    _keep_unique_phones(business, ids)
    begin_stages(sorted(created), actor=actor)
    refresh_search(ids)
    refresh_icp_scores(ids)
    note_created_customers(import_job, created, with_tags=True)
    note_changed_customers(import_job)
    counts = {
        "customers_created": len(created),
        "customers_updated": len(touched - created),
        "customers_unchanged": total - len(touched | created),
    }
    return counts | tags | ({} if valued is None else {"custom_values_written": len(valued)})


def _keep_unique_phones(business: Business, ids: list[UUID]) -> None:
    taken = keep_unique_phones_of(business, ids)
    if taken:
        words = _("Phone numbers are unique among customers here. At two customers would stand: %(numbers)s.")
        shown = ", ".join(taken[:_SHOWN]) + (" …" if len(taken) > _SHOWN else "")
        raise UnreadableFile(words % {"numbers": shown})


def _refer(business: Business) -> set[UUID]:
    """Let the customers refer to their parents and referrers, which may stand further down in the file."""
    parameters: dict[str, Any] = {"business": business.pk}
    with connection.cursor() as cursor:
        cursor.execute("select bool_or(parent <> ''), bool_or(referred_by <> '') from pg_temp.import_stage")
        has_parents, has_referrers = cursor.fetchone()
        moved: set[UUID] = set()
        referred: set[UUID] = set()
        if has_referrers:
            cursor.execute(_REFERENCES.format(column="referred_by"), parameters)
            referred = {pk for (pk,) in cursor.fetchall()}
        if has_parents:
            hold_families(business)
            cursor.execute(_REFERENCES.format(column="parent"), parameters)
            moved = {pk for (pk,) in cursor.fetchall()}
            cursor.execute(_CIRCLES, {**parameters, "moved": list(moved)})
            if circle := cursor.fetchone():
                raise UnreadableFile(
                    _("In the column parent, %(name)s would stand above itself.") % {"name": circle[0]}
                )
    return moved | referred


def _seal(actor: Actor, business: Business) -> set[UUID]:
    """Seal the birth dates and Telegram ids of the file; returns whose have changed."""
    with connection.cursor() as cursor:
        cursor.execute(_PRIVATE, {"business": business.pk})
        rows = cursor.fetchall()
    if rows:
        actor.require("customers.view_private", business)
    due = []
    for pk, born_sealed, telegram_sealed, born, telegram in rows:
        customer = Customer(pk=pk, business=business, birth_date_sealed=born_sealed, telegram_sealed=telegram_sealed)
        if born:
            customer.date_of_birth = date.fromisoformat(born)
        if telegram:
            customer.telegram_id = telegram
        if customer.birth_date_sealed is not born_sealed or customer.telegram_sealed is not telegram_sealed:
            due.append(customer)
    write_seals(due)
    return {customer.pk for customer in due}


def write_seals(customers: list[Customer], *, is_edit: bool = True) -> None:
    """Write what was sealed of the customers since these objects were made; their other columns need not have been read. With
    `is_edit`, that is a change of theirs, made now."""
    now = ", updated_at = now()" if is_edit else ""
    with connection.cursor() as cursor:
        for start in range(0, len(customers), _CHUNK):
            chunk = customers[start : start + _CHUNK]
            for columns in _SEALED:
                rows = [c for c in chunk if getattr(c, columns[1]) is not None]
                if rows:
                    kinds = ["text[]" if name == "birthday" else "bytea[]" for name in columns]
                    cursor.execute(
                        f"update customers_customer c set {', '.join(f'{name} = d.{name}' for name in columns)}{now} "  # noqa: S608
                        f"from unnest(%s::uuid[], {', '.join(f'%s::{kind}' for kind in kinds)}) d(id, {', '.join(columns)}) "
                        "where c.id = d.id",
                        [[c.pk for c in rows], *([getattr(c, name) for c in rows] for name in columns)],
                    )
