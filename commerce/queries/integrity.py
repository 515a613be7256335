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

RECURRING_FACTS = by_sql(
    "customers_customerfacts",
    broken="""
    with days as (
        select b.id as business_id, coalesce(s.day, (now() at time zone b.time_zone)::date) as day
        from crm_business b left join commerce_rollingday s on s.business_id = b.id
    ), running as (
        select customer_id, sum(mrr) as mrr from commerce_subscription s join days using (business_id)
        where status = 'active' and started_on <= day and coalesce(ended_on > day, true) group by 1
    ), ranked as (
        select i.customer_id, i.amount_base, i.issued_on, i.recurs, d.day,
               row_number() over (partition by i.customer_id, i.recurs order by i.issued_on desc, i.id desc) as place
        from commerce_invoice i join days d using (business_id)
        where i.recurs <> '' and i.subscription_id is null and i.status not in ('draft', 'void') and i.issued_on <= d.day
    ), recurring as (
        select customer_id, sum(round(amount_base / months, 4)) as mrr
        from ranked cross join lateral (
            select case recurs when 'month' then 1 when 'quarter' then 3 when 'half_year' then 6 else 12 end as months
        ) m where place = 1 and issued_on + make_interval(months => months) > day group by 1
    ), invoices as (
        select customer_id, sum(case when status <> 'void' then paid_base else 0 end) as paid,
               sum(case when status in ('open', 'partial') then amount_base - paid_base else 0 end) as owed,
               max(case when status not in ('draft', 'void') then issued_on end) as last_on
        from commerce_invoice group by 1
    )
    select 'The recurring and invoice facts of customer ' || f.customer_id || ' are not what its rows say.'
    from customers_customerfacts f join customers_customer c on c.id = f.customer_id
    left join running r on r.customer_id = f.customer_id left join recurring e on e.customer_id = f.customer_id
    left join invoices i on i.customer_id = f.customer_id
    cross join lateral (
        select case when r.mrr is null and e.mrr is null then null else coalesce(r.mrr, 0) + coalesce(e.mrr, 0) end as counted
    ) v
    where (f.ltv_invoiced, f.invoices_owed) <> (coalesce(i.paid, 0), coalesce(i.owed, 0))
       or f.last_invoice_on is distinct from i.last_on
       or f.mrr is distinct from coalesce(v.counted, round(c.arr_manual / 12, 4))
       or f.arr is distinct from coalesce(12 * v.counted, c.arr_manual)
    """,
)
"""That recurring revenue and the figures of invoices of every customer are what subscriptions, invoices and payments say."""

SUBSCRIPTION_STEPS = by_sql(
    "commerce_subscription",
    broken="""
    select 'Subscription ' || s.id || ' does not bring what its ledger says.'
    from commerce_subscription s left join lateral (
        select mrr_after from commerce_subscriptionchange c where c.subscription_id = s.id order by c."on" desc, c.id desc limit 1
    ) l on true
    where l.mrr_after is distinct from case when s.status = 'active' then s.mrr else 0 end
    """,
)
"""That the last line of every subscription's ledger says what it brings per month as it stands."""

INVOICE_PAYMENTS = by_sql(
    "commerce_invoice",
    broken="""
    select 'What was paid for invoice ' || i.id || ' is not the sum of its payments, or its status does not follow them.'
    from commerce_invoice i left join (select invoice_id, sum(amount) as paid from commerce_payment group by 1) p on p.invoice_id = i.id
    where i.paid <> coalesce(p.paid, 0) or i.paid > i.amount
       or i.status not in ('draft', 'void') and i.status <>
          case when i.paid >= i.amount then 'paid' when i.paid > 0 then 'partial' else 'open' end
    """,
)
"""That every invoice says of itself what its payments say."""
