"""Rules about stored rows of commerce that no constraint holds, proven every night."""

from crm.integrity import by_sql

ORDER_FACTS = by_sql(
    "customers_customerfacts",
    broken="""
    select 'The order facts of customer ' || f.customer_id || ' are not the sums of the orders.'
    from customers_customerfacts f left join (
        select customer_id,
               sum(case when status in ('completed', 'refund') then total_base end) as spent,
               sum((status = 'completed' and not is_refunded)::int) as orders,
               min(case when status = 'completed' and not is_refunded then ordered_at end) as first,
               max(case when status = 'completed' and not is_refunded then ordered_at end) as last
        from commerce_order group by customer_id
    ) o on o.customer_id = f.customer_id
    where (f.total_spent, f.order_count) <> (coalesce(o.spent, 0), coalesce(o.orders, 0))
       or f.average_order_value is distinct from (case when o.orders > 0 then round(o.spent / o.orders, 4) end)
       or f.first_order_at is distinct from o.first or f.last_order_at is distinct from o.last
    """,
)
"""That the order facts of every customer are what the orders say."""

REVENUE_DAYS = by_sql(
    "commerce_revenueday",
    broken="""
    select 'The revenue of ' || coalesce(r.day, o.day) || ' in business ' || coalesce(r.business_id, o.business_id)
           || ' is not the sum of its orders.'
    from commerce_revenueday r full join (
        select s.business_id, (s.ordered_at at time zone b.time_zone)::date as day, sum(s.total_base) as revenue,
               sum((s.status = 'completed' and not s.is_refunded)::int) as orders
        from commerce_order s join crm_business b on b.id = s.business_id where s.status in ('completed', 'refund') group by 1, 2
    ) o on o.business_id = r.business_id and o.day = r.day
    where (r.revenue, r.order_count) is distinct from (o.revenue, o.orders)
    """,
)
"""That the revenue of every day is the sum of its orders."""

DEAL_FACTS = by_sql(
    "customers_customerfacts",
    broken="""
    select 'The deal facts of customer ' || f.customer_id || ' are not the sums of the deals.'
    from customers_customerfacts f left join (
        select customer_id, sum((stage = 'won')::int) as won, sum(amount_base) filter (where stage = 'won') as value,
               sum(amount_base) filter (where stage not in ('won', 'lost')) as open
        from commerce_opportunity group by customer_id
    ) o on o.customer_id = f.customer_id
    where (f.deals_won, f.ltv_deals, f.open_deal_value) <> (coalesce(o.won, 0), coalesce(o.value, 0), coalesce(o.open, 0))
       or f.average_deal_size is distinct from (case when o.won > 0 then round(o.value / o.won, 4) end)
    """,
)
"""That the deal facts of every customer are what the deals say."""

DEAL_STEPS = by_sql(
    "commerce_opportunity",
    broken="""
    select 'Deal ' || d.id || ' does not stand where its last step led.'
    from commerce_opportunity d left join lateral (
        select after from commerce_opportunitystagechange s where s.opportunity_id = d.id order by s.id desc limit 1
    ) s on true
    where s.after is distinct from d.stage
    """,
)
"""That every deal stands in the stage of its last step."""
