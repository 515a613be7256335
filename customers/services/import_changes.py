"""What an import changes of each customer and contact: kept before it writes, compared afterwards, and noted line by line, all
set-wise."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from crm.models import Business
from customers.models import ImportJob


@dataclass(frozen=True)
class _Kept:
    """What is kept of a kind of record: its fields as the trail names them, and where they stand."""

    table: str
    before: str
    """The temporary table of the records as they were."""
    customer: str
    """The column that names the customer of a record."""
    contact: str
    """The contact that a line is about, in SQL."""
    texts: tuple[str, ...]
    amounts: tuple[str, ...] = ()
    """Money stands there as text, so that no digit is lost."""
    others: tuple[str, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    sealed: Mapping[str, str] = field(default_factory=dict)
    """Of private values only whether there is one, and whether it is another now."""
    own_fields: str = ""
    """The column with values of the business's own fields."""

    def columns(self) -> tuple[str, ...]:
        own = (self.own_fields,) if self.own_fields else ()
        return (*self.texts, *self.amounts, *self.others, *self.references.values(), *self.sealed.values(), *own)


_CUSTOMERS = _Kept(
    table="customers_customer",
    before="pg_temp.import_before",
    customer="id",
    contact="null::uuid",
    texts=(
        "kind", "display_name", "first_name", "last_name", "legal_name", "email", "phone", "street", "postal_code", "city", "region",
        "country", "preferred_language", "website", "domain", "linkedin_url", "facebook_url", "instagram_url", "industry", "size",
        "lifecycle_stage", "lifecycle_substep", "contract_terms", "acquisition_source", "acquisition_campaign", "external_id",
    ),
    amounts=("annual_revenue", "arr_manual", "acquisition_cost"),
    others=("employee_count", "contract_start_on", "contract_end_on", "renewal_on", "acquired_on"),
    references={name: f"{name}_id" for name in ("owner", "team", "parent", "referred_by")},
    sealed={"date_of_birth": "birth_date_sealed", "telegram_id": "telegram_sealed"},
    own_fields="custom_values",
)  # fmt: skip
_CONTACTS = _Kept(
    table="customers_contact",
    before="pg_temp.import_contacts_before",
    customer="customer_id",
    contact="c.id",
    texts=("display_name", "first_name", "last_name", "title", "department", "email", "phone", "role"),
    others=("influence", "sentiment"),
    references={"reports_to": "reports_to_id"},
)


def _tags(row: str, only: str = "") -> str:
    """The names of the tags of a customer to whom the import has given some, in SQL."""
    return (
        f"case when {row}.id in (select customer_id from pg_temp.import_tagged) then (select jsonb_agg(t.name order by t.name) "  # noqa: S608
        f"from customers_customertag l join customers_tag t on t.id = l.tag_id where l.customer_id = {row}.id {only}) end"
    )


_NOT_ADDED = (
    "and not exists (select from pg_temp.import_tagged a where a.customer_id = l.customer_id and a.tag_id = l.tag_id)"
)


def _state(kept: _Kept, row: str, before: str = "", tags: str = "null") -> str:
    """What stands in the row, in SQL; empty values are left out. `before` is the row that it was, if it was one."""
    values = {name: f"nullif({row}.{name}, '')" for name in kept.texts}
    values |= {name: f"{row}.{name}::text" for name in kept.amounts}
    values |= {name: f"{row}.{name}" for name in kept.others}
    values |= {name: f"{row}.{column}" for name, column in kept.references.items()}
    for name, column in kept.sealed.items():
        now = f"{row}.{column}"
        is_other = f"when {before}.{column} <> {now} then 'changed'" if before else ""
        values[name] = f"case when {now} is null then null {is_other} else 'set' end"
    values["tags"] = tags
    pairs = ", ".join(f"'{name}', {value}" for name, value in values.items())
    if not kept.own_fields:
        return f"jsonb_strip_nulls(jsonb_build_object({pairs}))"
    own = f"(select jsonb_object_agg('custom_values.' || v.key, v.value) from jsonb_each({row}.{kept.own_fields}) v)"  # noqa: S608
    return f"jsonb_strip_nulls(jsonb_build_object({pairs}) || coalesce({own}, '{{}}'))"


def _hold(kept: _Kept, staged: str) -> str:
    """Lock the records of the `staged` rows, and keep what stands in them."""
    name = kept.before.removeprefix("pg_temp.")
    return f"""
    drop table if exists {kept.before};
    create temporary table {name} on commit drop as
    select c.id, {", ".join(f"c.{column}" for column in kept.columns())}
    from {staged}
    order by c.id for no key update of c;
    create unique index on {kept.before} (id);
    analyze {kept.before}
    """  # noqa: S608 - names of our own columns


_HOLD_CUSTOMERS = f"""
drop table if exists pg_temp.import_tagged;
create temporary table import_tagged (customer_id uuid not null, tag_id uuid not null) on commit drop;
{
    _hold(
        _CUSTOMERS,
        "pg_temp.import_stage s join customers_customer c on c.business_id = %(business)s and c.external_id = s.external_id",
    )
}
"""
_HOLD_CONTACTS = _hold(
    _CONTACTS,
    "(select distinct id from pg_temp.import_contacts where id is not null) s join customers_contact c using (id)",
)
_NOTE = "insert into customers_importchange (business_id, import_job_id, customer_id, contact_id, before, after, at)"


def _created(kept: _Kept, tags: str = "null") -> str:
    return f"""
    {_NOTE}
    select c.business_id, %(job)s, c.{kept.customer}, {kept.contact}, '{{}}', {_state(kept, "c", tags=tags)}, statement_timestamp()
    from {kept.table} c where c.business_id = %(business)s and c.id = any(%(created)s) order by c.id
    """  # noqa: S608 - names of our own columns


def _changed(kept: _Kept, tags_before: str = "null", tags_now: str = "null", or_else: str = "") -> str:
    columns = kept.columns()
    return f"""
    with differing as materialized (
        select c.business_id, c.id, c.{kept.customer} as customer_id, {kept.contact} as contact_id,
               {_state(kept, "b", tags=tags_before)} as was, {_state(kept, "c", "b", tags_now)} as is_now
        from {kept.before} b join {kept.table} c on c.id = b.id
        where ({", ".join(f"b.{name}" for name in columns)}) is distinct from ({", ".join(f"c.{name}" for name in columns)})
           {or_else}
    )
    {_NOTE}
    select d.business_id, %(job)s, d.customer_id, d.contact_id, coalesce(p.was, '{{}}'), coalesce(p.is_now, '{{}}'), statement_timestamp()
    from differing d cross join lateral (
        select jsonb_object_agg(k, d.was->k) filter (where d.was ? k) as was,
               jsonb_object_agg(k, d.is_now->k) filter (where d.is_now ? k) as is_now
        from jsonb_object_keys(d.was || d.is_now) k where d.was->k is distinct from d.is_now->k
    ) p
    where p.was is not null or p.is_now is not null
    order by d.id
    """  # noqa: S608 - names of our own columns


_CHANGED_CUSTOMERS = _changed(
    _CUSTOMERS, _tags("b", _NOT_ADDED), _tags("c"), "or c.id in (select customer_id from pg_temp.import_tagged)"
)
_CHANGED_CONTACTS = _changed(_CONTACTS)


def hold_staged_customers(business: Business) -> None:
    """Lock the customers that the staged rows know by their external id, and keep what stands in them until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD_CUSTOMERS, {"business": business.pk})


def note_created_customers(import_job: ImportJob, customer_ids: Collection[UUID], *, with_tags: bool = False) -> None:
    """Write a line for each customer that the import has added: what stands in it. `with_tags`: it may have put tags on staged ones."""
    _note(import_job, _created(_CUSTOMERS, _tags("c") if with_tags else "null"), customer_ids)


def note_changed_customers(import_job: ImportJob) -> None:
    """Write a line for each customer held before in which something is other now: the changed fields before and after."""
    _note(import_job, _CHANGED_CUSTOMERS)


def hold_staged_contacts() -> None:
    """Lock the contacts that the rows of `import_contacts` know, and keep what stands in them until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD_CONTACTS)


def note_contacts(import_job: ImportJob, created: Collection[UUID]) -> None:
    """Write a line, at its company, for each contact that the import has added, and for each held before that is other now."""
    _note(import_job, _created(_CONTACTS), created)
    _note(import_job, _CHANGED_CONTACTS)


def _note(import_job: ImportJob, statement: str, created: Collection[UUID] | None = None) -> None:
    if created is None or created:
        with connection.cursor() as cursor:
            parameters = {"business": import_job.business_id, "job": import_job.pk}
            cursor.execute(statement, parameters | ({} if created is None else {"created": list(created)}))
