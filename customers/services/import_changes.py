"""What an import changes of each customer: kept before it writes, compared afterwards, and noted line by line, all set-wise."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import connection

from crm.models import Business
from customers.models import ImportJob

# Fields as the trail names them -> their columns. Money stands there as text, so that no digit is lost.
_TEXTS = (
    "kind", "display_name", "first_name", "last_name", "legal_name", "email", "phone", "street", "postal_code", "city", "region",
    "country", "preferred_language", "website", "domain", "linkedin_url", "facebook_url", "instagram_url", "industry", "size",
    "lifecycle_stage", "lifecycle_substep", "contract_terms", "acquisition_source", "acquisition_campaign", "external_id",
)  # fmt: skip
_AMOUNTS = ("annual_revenue", "arr_manual", "acquisition_cost")
_OTHERS = ("employee_count", "contract_start_on", "contract_end_on", "renewal_on", "acquired_on")
_REFERENCES = {name: f"{name}_id" for name in ("owner", "team", "parent", "referred_by")}
# Of private values only whether there is one, and whether it is another now.
_SEALED = {"date_of_birth": "birth_date_sealed", "telegram_id": "telegram_sealed"}
_KEPT = (*_TEXTS, *_AMOUNTS, *_OTHERS, *_REFERENCES.values(), *_SEALED.values(), "custom_values")


def _tags(row: str, only: str = "") -> str:
    """The names of the tags of a customer to whom the import has given some, in SQL."""
    return (
        f"case when {row}.id in (select customer_id from pg_temp.import_tagged) then (select jsonb_agg(t.name order by t.name) "  # noqa: S608
        f"from customers_customertag l join customers_tag t on t.id = l.tag_id where l.customer_id = {row}.id {only}) end"
    )


_NOT_ADDED = (
    "and not exists (select from pg_temp.import_tagged a where a.customer_id = l.customer_id and a.tag_id = l.tag_id)"
)


def _state(row: str, before: str = "", tags: str = "null") -> str:
    """What stands in the row, in SQL; empty values are left out. `before` is the row that it was, if it was one."""
    values = {name: f"nullif({row}.{name}, '')" for name in _TEXTS}
    values |= {name: f"{row}.{name}::text" for name in _AMOUNTS}
    values |= {name: f"{row}.{name}" for name in _OTHERS}
    values |= {name: f"{row}.{column}" for name, column in _REFERENCES.items()}
    for name, column in _SEALED.items():
        now = f"{row}.{column}"
        is_other = f"when {before}.{column} <> {now} then 'changed'" if before else ""
        values[name] = f"case when {now} is null then null {is_other} else 'set' end"
    values["tags"] = tags
    pairs = ", ".join(f"'{name}', {value}" for name, value in values.items())
    own = f"(select jsonb_object_agg('custom_values.' || v.key, v.value) from jsonb_each({row}.custom_values) v)"  # noqa: S608
    return f"jsonb_strip_nulls(jsonb_build_object({pairs}) || coalesce({own}, '{{}}'))"


_HOLD = f"""
drop table if exists pg_temp.import_before, pg_temp.import_tagged;
create temporary table import_tagged (customer_id uuid not null, tag_id uuid not null) on commit drop;
create temporary table import_before on commit drop as
select c.id, {", ".join(f"c.{name}" for name in _KEPT)}
from pg_temp.import_stage s join customers_customer c on c.business_id = %(business)s and c.external_id = s.external_id
order by c.id for no key update of c;
create unique index on pg_temp.import_before (id);
analyze pg_temp.import_before
"""  # noqa: S608 - names of our own columns
_NOTE = "insert into customers_importchange (business_id, import_job_id, customer_id, before, after, at)"
_CREATED = f"""
{_NOTE}
select c.business_id, %(job)s, c.id, '{{{{}}}}', {{state}}, statement_timestamp()
from customers_customer c where c.business_id = %(business)s and c.id = any(%(created)s) order by c.id
"""  # noqa: S608 - names of our own columns
_CHANGED = f"""
with differing as materialized (
    select c.business_id, c.id, {_state("b", tags=_tags("b", _NOT_ADDED))} as was, {_state("c", "b", _tags("c"))} as is_now
    from pg_temp.import_before b join customers_customer c on c.id = b.id
    where ({", ".join(f"b.{name}" for name in _KEPT)}) is distinct from ({", ".join(f"c.{name}" for name in _KEPT)})
       or c.id in (select customer_id from pg_temp.import_tagged)
)
{_NOTE}
select d.business_id, %(job)s, d.id, coalesce(p.was, '{{}}'), coalesce(p.is_now, '{{}}'), statement_timestamp()
from differing d cross join lateral (
    select jsonb_object_agg(k, d.was->k) filter (where d.was ? k) as was,
           jsonb_object_agg(k, d.is_now->k) filter (where d.is_now ? k) as is_now
    from jsonb_object_keys(d.was || d.is_now) k where d.was->k is distinct from d.is_now->k
) p
where p.was is not null or p.is_now is not null
order by d.id
"""  # noqa: S608 - names of our own columns


def hold_staged_customers(business: Business) -> None:
    """Lock the customers that the staged rows know by their external id, and keep what stands in them until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, {"business": business.pk})


def note_created_customers(import_job: ImportJob, customer_ids: Collection[UUID], *, with_tags: bool = False) -> None:
    """Write a line for each customer that the import has added: what stands in it. `with_tags`: it may have put tags on staged ones."""
    if customer_ids:
        with connection.cursor() as cursor:
            state = _state("c", tags=_tags("c") if with_tags else "null")
            cursor.execute(_CREATED.format(state=state), _parameters(import_job) | {"created": list(customer_ids)})


def note_changed_customers(import_job: ImportJob) -> None:
    """Write a line for each customer held before in which something is other now: the changed fields before and after."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, _parameters(import_job))


def _parameters(import_job: ImportJob) -> dict[str, Any]:
    return {"business": import_job.business_id, "job": import_job.pk}
