"""What holds between customers and the rows about them, where no constraint of the database says so."""

from crm.integrity import EXAMPLES, by_sql
from crm.registry import Examined
from customers.models import Attachment
from customers.models.search import SEARCH_VECTOR
from customers.queries.custom_fields import UNIQUE_KEY

_NOT_THERE = "not exists (select from customers_customer c where c.id = {id} and c.business_id = r.business_id)"

ABOUT = by_sql(
    "crm_activity", "crm_accessrecord", "crm_notification",
    broken=f"""
    select 'Activity ' || r.id || ' is about customer ' || r.about || ', who is not there.'
    from crm_activity r where r.about is not null and {_NOT_THERE.format(id="r.about")}
    union all
    select 'Access record ' || r.id || ' names customer ' || s.id || ', who is not there.'
    from crm_accessrecord r cross join unnest(r.customer_ids) s(id) where {_NOT_THERE.format(id="s.id")}
    union all
    select 'Notification ' || r.id || ' is about customer ' || r.about || ', who is not there.'
    from crm_notification r where r.about is not null and {_NOT_THERE.format(id="r.about")}
    """,
)  # fmt: skip

SEARCH_ROWS = by_sql(
    "customers_customer",
    broken="""
    select 'Customer ' || c.id || ' has no search row, or one that says something else.'
    from customers_customer c left join customers_customersearch s on s.customer_id = c.id
    where s.customer_id is null
       or (s.business_id, s.is_live, s.sort_name, s.email_key) <> (c.business_id, c.is_live, c.sort_name, c.email_key)
    """,
)

SEARCH_WORDS = by_sql(
    "customers_customersearch",
    broken=f"""
    select 'Customer ' || c.id || ' is found by other words than those of the profile.'
    from customers_customer c join customers_customersearch s on s.customer_id = c.id
    where s.vector <> {SEARCH_VECTOR}
    """,
)

FACT_ROWS = by_sql(
    "customers_customer",
    broken="""
    select 'Customer ' || c.id || ' has no row of facts, or one that says something else.'
    from customers_customer c left join customers_customerfacts f on f.customer_id = c.id
    where f.customer_id is null
       or (f.business_id, f.is_live, f.kind, f.lifecycle_stage) <> (c.business_id, c.is_live, c.kind, c.lifecycle_stage)
    """,
)

FAMILIES = by_sql(
    "customers_customer",
    broken="""
    with recursive above (id, ancestor) as (
        select id, parent_id from customers_customer where parent_id is not null
        union
        select a.id, c.parent_id from above a join customers_customer c on c.id = a.ancestor
        where a.ancestor <> a.id and c.parent_id is not null
    )
    select 'Customer ' || id || ' is its own parent, directly or through others.' from above where id = ancestor order by id
    """,
)

WAYS = by_sql(
    "customers_customer",
    broken="""
    select 'Customer ' || c.id || ' stands elsewhere than its way through the stages ends, or since another day.'
    from customers_customer c cross join lateral (
        select l.stage, l.substep, (
            select min(r.effective_at) from customers_lifecyclechange r where r.customer_id = c.id and r.stage = l.stage and not exists (
                select from customers_lifecyclechange o
                where o.customer_id = c.id and o.stage <> l.stage and (o.effective_at, o.id) > (r.effective_at, r.id)
            )
        ) as since
        from customers_lifecyclechange l where l.customer_id = c.id order by l.effective_at desc, l.id desc limit 1
    ) l
    where (l.stage, l.substep) is distinct from (c.lifecycle_stage, c.lifecycle_substep)
       or l.since <> c.stage_since  -- unknown where the way was written when ways began to be kept
    union all
    select 'Customer ' || c.id || ' has no way through the stages.'
    from customers_customer c
    where c.is_live and not exists (select from customers_lifecyclechange l where l.customer_id = c.id)
    """,
)

_COMPARED = UNIQUE_KEY.format(text="(c.custom_values->>f.key)")
UNIQUE_VALUES = by_sql(
    "customers_uniquecustomvalue", "customers_customer",
    broken=f"""
    select 'Customer ' || u.customer_id || ' holds a unique value of field ' || u.field_id || ' that is not its own.'
    from customers_uniquecustomvalue u
    left join customers_customer c on c.id = u.customer_id and c.business_id = u.business_id
    left join customers_customfield f on f.id = u.field_id and f.business_id = u.business_id
    where c.id is null or f.id is null or not f.is_unique or f.archived_at is not null or u.value_key is distinct from {_COMPARED}
    union all
    select 'Customer ' || c.id || ' has a value of the unique field ' || f.id || ' that is not noted.'
    from customers_customfield f join customers_customer c on c.business_id = f.business_id and c.custom_values ? f.key
    where f.is_unique and f.archived_at is null
      and not exists (select from customers_uniquecustomvalue u where u.field_id = f.id and u.customer_id = c.id)
    """,
)  # fmt: skip

UNIQUE_PHONES = by_sql(
    "customers_uniquephone", "customers_customer",
    broken="""
    select 'Customer ' || u.customer_id || ' holds a unique phone number that is not its own.'
    from customers_uniquephone u
    join crm_business b on b.id = u.business_id
    left join customers_customer c on c.id = u.customer_id and c.business_id = u.business_id and c.is_live
    where c.phone_e164 is distinct from u.number or (b.settings #>> '{customers,unique_phones}') is distinct from 'true'
    union all
    select 'Customer ' || c.id || ' has a phone number that is not noted as unique.'
    from crm_business b join customers_customer c on c.business_id = b.id and c.is_live and c.phone_e164 <> ''
    where b.settings #>> '{customers,unique_phones}' = 'true'
      and not exists (select from customers_uniquephone u where u.customer_id = c.id)
    """,
)  # fmt: skip


def examine_sizes() -> Examined:
    """Every file kept with a customer has the size that it had; files that are lost are found by the check of all files."""
    rows, words = 0, []
    for attachment in Attachment._base_manager.only("file", "size", "file_name").iterator(chunk_size=1_000):
        rows += 1
        try:
            size = attachment.file.size
        except FileNotFoundError:
            continue
        if size != attachment.size:
            words.append(f"The file {attachment.file.name} has {size} bytes instead of {attachment.size}.")
    return Examined(rows, len(words), tuple(words[:EXAMPLES]))
