"""What holds between customers and the rows about them, where no constraint of the database says so."""

from crm.integrity import by_sql

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
    broken="""
    select 'Customer ' || c.id || ' is found by other words than those of the profile.'
    from customers_customer c join customers_customersearch s on s.customer_id = c.id
    where s.vector <> crm_search_vector(c.display_name, c.email, c.phone, c.external_id)
    """,
)

FACT_ROWS = by_sql(
    "customers_customer",
    broken="""
    select 'Customer ' || c.id || ' has no row of facts, or one that says something else.'
    from customers_customer c left join customers_customerfacts f on f.customer_id = c.id
    where f.customer_id is null or (f.business_id, f.is_live, f.lifecycle_stage) <> (c.business_id, c.is_live, c.lifecycle_stage)
    """,
)
