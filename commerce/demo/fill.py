"""Making demo orders set-wise from the courses that the customers take: regular, seasonal or lapsing, growing, with a peak before Christmas."""

from datetime import date
from decimal import Decimal
from math import sin
from typing import Any
from uuid import UUID

from django.db import connection

from commerce import services
from commerce.demo.words import EURO_COUNTRIES, EURO_WORTH, MONTHLY_PLANS, PLANS, YEARLY_PLANS, category_of, products
from commerce.models import Product, ProductCategory
from crm.demo.bulk import count_anew
from crm.demo.plan import DemoPlan
from crm.models import ExchangeRate

REFUNDED = 0.036

# How many orders each customer places. A shop's add up to what is asked for; a software company's follow from the months of the contract.
_SHOP_COUNTS = """
with buyers as (
    select n, weight, 1 + (last_on > first_on)::integer as least_orders from pg_temp.demo_customers where first_on is not null
), scale as (
    select greatest(0, %(orders)s - sum(least_orders)) / nullif(sum(weight), 0) as factor from buyers
)
select n, least_orders + case when least_orders > 1 then floor(weight * coalesce(factor, 0) + {rounding})::integer else 0 end as orders
from buyers, scale
"""
_SOFTWARE_COUNTS = """
select n, case course
    when 'one_off' then 1 when 'annual' then 1 + (last_on - first_on) / 365
    else 1 + (extract(year from age(last_on, first_on)) * 12 + extract(month from age(last_on, first_on)))::integer end as orders
from pg_temp.demo_customers where first_on is not null
"""
_SHOP_DAY = """
case when j = 1 then d.first_on when j = c.orders then d.last_on
     else d.first_on + round((d.last_on - d.first_on) * (j - 1 + 0.9 * ({jitter} - 0.5)) / (c.orders - 1))::integer end
"""
_SOFTWARE_DAY = """
case when d.course = 'annual' then d.last_on - 365 * (c.orders - j)
     else (d.last_on - make_interval(months => c.orders - j))::date end
"""
_ORDERS = """
create temporary table demo_orders on commit drop as
with counts as ({counts}), days as (
    select d.n as customer, j, c.orders, (d.n << 16) + j as row, d.course, d.first_on, d.last_on, {day} as day,
           case when d.country = any(%(euro_countries)s) then 'EUR' else %(currency)s end as currency
    from counts c join pg_temp.demo_customers d using (n), generate_series(1, c.orders) j
), seasons as (
    select *, case when j > 1 and j < orders and %(seasonal)s and (course = 'seasonal' or {pulled} < 0.13)
                   then make_date(extract(year from day)::integer, 11, 15) + {season} end as season_day
    from days
), placed as (
    select *, case when season_day between first_on and last_on then season_day
                   when season_day - 365 between first_on and last_on then season_day - 365
                   when course = 'seasonal' and season_day is not null then greatest(first_on, last_on - {near})
                   else day end as placed_on
    from seasons
)
select row_number() over (order by placed_on + {minute} * interval '1 minute', customer, j) as n, customer, row, course, currency,
       (placed_on + {minute} * interval '1 minute') at time zone %(zone)s as at, placed_on, ((placed_on - %(start)s::date) / 365) as year,
       case when j in (1, orders) then 'completed' when placed_on > %(today)s::date - 21 and {open} < 0.25 then 'pending'
            when {cancelled} < 0.012 then 'cancelled' else 'completed' end as status,
       case when {faithful} < 0.8 then {usual_channel} else {channel} end as channel,
       case when {lines} < 0.65 then 1 when {lines} < 0.89 then 2 when {lines} < 0.97 then 3 else 4 end as lines,
       {plan} as plan, {seats} as seats
from placed
"""
_LINES = """
create temporary table demo_lines on commit drop as
select n, position, product, quantity, price, round(quantity * price, 2) as amount
from (
    select o.n, position, t.product, l.quantity,
           round((%(prices)s::numeric[])[t.product] * (100 + 4 * o.year) / (case when o.currency = 'EUR' then %(euro)s else 100 end), 2) as price
    from pg_temp.demo_orders o, generate_series(1, o.lines) position, lateral (
        select case when position = 1 and o.plan is not null then o.plan
                    else 1 + mod(floor(power({product}, case when o.course = 'big_spender' then 0.7 else 1.4 end) * %(count)s)::integer
                                 + 7 * (position - 1), %(count)s) end as product,
               case when position = 1 and o.plan is not null then o.seats
                    when {quantity} < 0.70 then 1 when {quantity} < 0.90 then 2 else 3 + {more} end as quantity
    ) l, lateral (
        select case when %(seasonal)s and {taste} < 0.5 then l.product - mod(l.product - 1, 6) + mod(o.customer, 6) else l.product end
            as product
    ) t
) priced
"""
_REFUNDS = """
create temporary table demo_refunds on commit drop as
select o.n as refunded, row_number() over (order by o.n) as r, o.at + ({wait}) * interval '1 day' + interval '37 minutes' as at,
       {partly} < 0.3 and o.lines > 1 as partly
from pg_temp.demo_orders o
where o.status = 'completed' and {refunded} < %(refunded)s and o.placed_on + {wait} < %(today)s::date - 1
"""
_WRITE_ORDERS = """
insert into commerce_order (id, created_at, updated_at, business_id, customer_id, number, status, ordered_at, currency, total, total_base, channel)
select {id}, o.at, o.at, %(business)s, d.id, %(prefix)s || lpad(o.n::text, greatest(7, length(o.n::text)), '0'), o.status, o.at, o.currency, t.total,
       case when r.rate is null then t.total else round(t.total * r.rate, 2) end, o.channel
from pg_temp.demo_orders o
join pg_temp.demo_customers d on d.n = o.customer
join (select n, sum(amount) as total from pg_temp.demo_lines group by n) t on t.n = o.n
left join crm_exchangerate r on o.currency <> %(currency)s and r.business_id = %(business)s and r.currency = o.currency
     and r.valid_on = date_trunc('month', o.placed_on)::date
order by o.n
"""
_WRITE_LINES = """
insert into commerce_orderline (business_id, order_id, position, product_id, quantity, unit_price, amount)
select %(business)s, {id}, l.position, (%(products)s::uuid[])[l.product], l.quantity, l.price, l.amount
from pg_temp.demo_lines l join pg_temp.demo_orders o using (n) order by l.n, l.position
"""
_WRITE_REFUNDS = """
insert into commerce_order (id, created_at, updated_at, business_id, customer_id, number, status, ordered_at, currency, total, total_base, channel, refund_of_id)
select {refund_id}, f.at, f.at, %(business)s, d.id, %(prefix)s || 'R' || lpad(f.r::text, greatest(6, length(f.r::text)), '0'), 'refund', f.at, o.currency, -t.total,
       case when r.rate is null then -t.total else -round(t.total * r.rate, 2) end, o.channel, {id}
from pg_temp.demo_refunds f
join pg_temp.demo_orders o on o.n = f.refunded
join pg_temp.demo_customers d on d.n = o.customer
cross join lateral (select sum(amount) as total from pg_temp.demo_lines l where l.n = o.n and (l.position = 1 or not f.partly)) t
left join crm_exchangerate r on o.currency <> %(currency)s and r.business_id = %(business)s and r.currency = o.currency
     and r.valid_on = date_trunc('month', f.at at time zone %(zone)s)::date;
insert into commerce_orderline (business_id, order_id, position, product_id, quantity, unit_price, amount)
select %(business)s, {refund_id}, l.position, (%(products)s::uuid[])[l.product], -l.quantity, l.price, -l.amount
from pg_temp.demo_refunds f join pg_temp.demo_orders o on o.n = f.refunded join pg_temp.demo_lines l on l.n = o.n
where l.position = 1 or not f.partly
"""


def fill_orders(plan: DemoPlan) -> None:
    """Products, exchange rates, orders with lines and refunds, then the figures that the real services compute from them."""
    _rates(plan)
    goods = products(plan.profile)
    ids = _products(plan, goods)
    shop, chance = plan.profile == "shop", plan.chance

    def unit(name: str, row: str = "row") -> str:
        return chance.unit(row, name)

    def below(name: str, bound: int, row: str = "row") -> str:
        return chance.number(row, name, bound)

    channels = (
        "web web web store store marketplace phone"
        if shop
        else "sales sales self-service self-service self-service partner"
    )
    listed = "(array['" + "', '".join(channels.split()) + "'])"
    size = f"least({PLANS - 1}, floor(power({unit('plan', 'customer')}, 1.6) * {PLANS})::integer)"
    seats = f"(1 + floor(power({unit('seats', 'customer')}, 4) * 120 * case when course = 'big_spender' then 4 else 1 end)::integer)"
    orders = _ORDERS.format(
        counts=(_SHOP_COUNTS if shop else _SOFTWARE_COUNTS).format(rounding=unit("rounding", "n")),
        day=(_SHOP_DAY if shop else _SOFTWARE_DAY).format(jitter=unit("jitter", "(d.n << 16) + j")),
        pulled=unit("pulled"), season=below("season day", 38), near=below("near", 10), open=unit("open"), cancelled=unit("cancelled"),
        minute=f"(430 + floor(480 * ({unit('hour')} + {unit('hour too')}))::integer)",
        faithful=unit("faithful"), lines=unit("lines"),
        usual_channel=f"{listed}[1 + {below('usual channel', len(channels.split()), 'customer')}]",
        channel=f"{listed}[1 + {below('channel', len(channels.split()))}]",
        plan="null::integer" if shop else f"case when course = 'annual' then {YEARLY_PLANS} else {MONTHLY_PLANS} end + {size}",
        seats="1" if shop else f"{seats} + ((placed_on - first_on) * {unit('seats grow', 'customer')} / 90)::integer",
    )  # fmt: skip
    wait = f"2 + {below('wait', 18, 'o.row')}"
    order_id = chance.uuid("o.n", "order", "o.at")
    refund_id = chance.uuid("f.refunded", "refund", "f.at")
    parameters: dict[str, Any] = {
        "business": plan.business.pk, "zone": plan.business.time_zone, "currency": plan.business.currency, "prefix": f"{plan.prefix}-",
        "start": plan.start, "today": plan.today, "orders": round(plan.customers * plan.orders_per_customer / (1 + REFUNDED)),
        "euro_countries": list(EURO_COUNTRIES), "euro": EURO_WORTH[plan.business.currency] * 100, "seasonal": shop,
        "prices": [price for _code, _name, price in goods], "products": ids, "count": len(goods), "refunded": REFUNDED,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists pg_temp.demo_orders, pg_temp.demo_lines, pg_temp.demo_refunds")
        cursor.execute(orders, parameters)
        cursor.execute("analyze pg_temp.demo_orders")
        row = "(o.row << 3) + position"
        cursor.execute(
            _LINES.format(
                product=unit("product", row),
                quantity=unit("quantity", row),
                more=below("more", 3, row),
                taste=unit("taste", row),
            ),
            parameters,
        )
        cursor.execute("analyze pg_temp.demo_lines; create index on pg_temp.demo_lines (n)")
        cursor.execute(
            _REFUNDS.format(wait=wait, partly=unit("partly", "o.row"), refunded=unit("refunded", "o.row")), parameters
        )
        cursor.execute("analyze pg_temp.demo_refunds")
        cursor.execute(_WRITE_ORDERS.format(id=order_id), parameters)
        cursor.execute(_WRITE_LINES.format(id=order_id), parameters)
        cursor.execute(_WRITE_REFUNDS.format(id=order_id, refund_id=refund_id), parameters)
    count_anew("commerce.Order", "commerce.OrderLine")
    services.refresh_order_facts()
    services.refresh_revenue()


def _products(plan: DemoPlan, goods: list[tuple[str, str, Decimal]]) -> list[UUID]:
    names = {code: category_of(plan.profile, code) for code, _name, _price in goods}
    categories = {
        category.name: category
        for category in ProductCategory.objects.bulk_create(
            ProductCategory(business=plan.business, name=name) for name in sorted(set(names.values()))
        )
    }
    made = Product.objects.bulk_create(
        Product(business=plan.business, code=code, name=name, price=price, category=categories[names[code]])
        for code, name, price in goods
    )
    return [product.pk for product in made]


def _rates(plan: DemoPlan) -> None:
    """What a euro was worth from the first of each month on."""
    worth = EURO_WORTH[plan.business.currency]
    months = range((plan.start.year * 12 + plan.start.month - 1) - 1, plan.today.year * 12 + plan.today.month)
    ExchangeRate.objects.bulk_create(
        ExchangeRate(
            business=plan.business,
            currency="EUR",
            valid_on=date(month // 12, month % 12 + 1, 1),
            rate=round(worth * (1 + Decimal(repr(round(0.025 * sin(month / 3.0) + 0.01 * sin(month * 1.7), 6)))), 6),
        )
        for month in months
    )
