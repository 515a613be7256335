"""What is bought together: products' sales, and the pairs of products and of categories that the same customers bought.

support = customers of both ÷ customers who bought anything; confidence = customers of both ÷ customers of the first; lift = confidence ÷
the share of all these customers who bought the second (Agrawal, Imielinski, Swami 1993; Brin and others 1997, where lift is “interest”).

Memory and time are bounded by three rules: of a customer only the `MOST_PRODUCTS` bought last count; what has fewer customers than a pair
must have is left out before pairs are made; pairs are counted in slices of about `SLICE` by the number of the first.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from commerce.models import CrossSellRun
from crm import activity, clock, jobs
from crm.actor import Actor
from crm.models import Business, Job

BLOCK = "cross_sell"
WINDOW_DAYS = 365
MOST_PRODUCTS = 100
"""Of a customer with more different products, only so many count: those that were bought last."""
MOST_PARTNERS = 50
"""How many partners of a product or a category are kept: those of the highest lift times confidence, above a lift of 1."""
LEAST, MOST_LEAST, LEAST_PART = 5, 20, 100
"""A pair needs a hundredth of the customers who bought anything, at least 5 and at most 20."""
SLICE = 3_000_000
"""Pairs of customers' products that are counted at a time: about what the memory below holds, beyond which counting slows down fivefold."""
_MEMORY = "set local work_mem = '128MB'"
# What customers bought: completed orders that were not wholly refunded, of live customers, in the days of the window in the business's
# zone; products are numbered, as numbers are short.
_STAGE = """
drop table if exists pg_temp.cross_products, pg_temp.cross_bought;
create temporary table cross_products on commit drop as
select id, category_id, row_number() over (order by id)::int as number from commerce_product where business_id = %(business)s;
analyze pg_temp.cross_products;
create temporary table cross_bought on commit drop as
with each as (
    select o.customer_id, p.number, min(o.ordered_at) as first, max(o.ordered_at) as last
    from commerce_order o
    join commerce_orderline l on l.order_id = o.id and l.business_id = o.business_id and l.quantity > 0
    join pg_temp.cross_products p on p.id = l.product_id
    where o.business_id = %(business)s and o.status = 'completed' and not o.is_refunded
      and o.ordered_at >= %(begin)s::date::timestamp at time zone %(zone)s
      and o.ordered_at < (%(end)s::date + 1)::timestamp at time zone %(zone)s
    group by 1, 2
)
select customer_id, number, (first at time zone %(zone)s)::date - %(begin)s::date as day,
       row_number() over (partition by customer_id order by last desc, number) as place
from each join customers_customer c on c.id = each.customer_id and c.business_id = %(business)s and c.is_live
"""
_COUNT = """
select count(distinct customer_id), count(distinct customer_id) filter (where place > %(most)s) from pg_temp.cross_bought
"""
# One row for each customer: the things that it bought and on which day first; only what enough customers bought.
_PRODUCT_ITEMS = "select customer_id, number, day from pg_temp.cross_bought where place <= %(most)s"
_CATEGORY_ITEMS = """
select b.customer_id, c.number, min(b.day) as day
from pg_temp.cross_bought b join pg_temp.cross_products p on p.number = b.number
join (select id, row_number() over (order by id)::int as number from commerce_productcategory where business_id = %(business)s) c
  on c.id = p.category_id
where b.place <= %(most)s group by 1, 2
"""
_BASKETS = """
drop table if exists pg_temp.cross_items, pg_temp.cross_buyers, pg_temp.cross_baskets, pg_temp.cross_pairs;
create temporary table cross_items on commit drop as {items};
create temporary table cross_buyers on commit drop as
select number, count(*)::int as buyers from pg_temp.cross_items group by 1 having count(*) >= %(floor)s;
create temporary table cross_baskets on commit drop as
select array_agg(i.number) as numbers, array_agg(i.day) as days, count(*) as size
from pg_temp.cross_items i join pg_temp.cross_buyers b on b.number = i.number group by i.customer_id having count(*) > 1;
drop table pg_temp.cross_items;
create temporary table cross_pairs (first int, second int, both_of int, later int, earlier int) on commit drop
"""
_SIZE = "select coalesce(sum(size * (size - 1) / 2), 0) from pg_temp.cross_baskets"
_PAIRS = """
insert into pg_temp.cross_pairs
select a.number, b.number, count(*), count(*) filter (where b.day > a.day), count(*) filter (where a.day > b.day)
from pg_temp.cross_baskets x
cross join lateral unnest(x.numbers, x.days) a(number, day)
cross join lateral unnest(x.numbers, x.days) b(number, day)
where mod(a.number, %(slices)s) = %(slice)s and b.number > a.number
group by 1, 2 having count(*) >= %(floor)s
"""
_KEEP = """
with things as (select id, row_number() over (order by id)::int as number from {things} where business_id = %(business)s),
directed as (
    select first, second, both_of, later from pg_temp.cross_pairs union all select second, first, both_of, earlier from pg_temp.cross_pairs
), measured as (
    select d.*, a.buyers, b.buyers as partner_buyers, d.both_of::float8 / %(customers)s as support,
           d.both_of::float8 / a.buyers as confidence, d.both_of::float8 * %(customers)s / a.buyers / b.buyers as lift
    from directed d join pg_temp.cross_buyers a on a.number = d.first join pg_temp.cross_buyers b on b.number = d.second
), ranked as (
    select *, lift * confidence as score,
           row_number() over (partition by first order by lift * confidence desc, both_of desc, second) as place
    from measured where lift > 1
)
insert into {table} (business_id, {column}_id, partner_id, "both", followed, buyers, partner_buyers, support, confidence, lift, score)
select %(business)s, a.id, b.id, r.both_of, r.later, r.buyers, r.partner_buyers, r.support, r.confidence, r.lift, r.score
from ranked r join things a on a.number = r.first join things b on b.number = r.second
where r.place <= %(partners)s order by a.id, r.place
"""
# An order's total in the reporting currency, divided by its total, is the rate at which its lines are converted.
_SALES = """
insert into commerce_productsales as s (product_id, business_id, order_count, buyer_count, quantity, revenue, average_price)
select l.product_id, %(business)s, count(distinct o.id) filter (where {counts}), count(distinct o.customer_id) filter (where {counts}),
       sum(l.quantity), sum(m.money), round(sum(m.money) filter (where {counts}) / nullif(sum(l.quantity) filter (where {counts}), 0), 4)
from commerce_order o
join commerce_orderline l on l.order_id = o.id and l.business_id = o.business_id and l.product_id is not null
cross join lateral (
    select case when o.currency = %(currency)s then l.amount else round(l.amount * o.total_base / nullif(o.total, 0), 4) end as money
) m
where o.business_id = %(business)s and o.status in ('completed', 'refund')
  and o.ordered_at >= %(begin)s::date::timestamp at time zone %(zone)s
  and o.ordered_at < (%(end)s::date + 1)::timestamp at time zone %(zone)s
group by l.product_id order by l.product_id
""".replace("{counts}", "o.status = 'completed' and not o.is_refunded and l.quantity > 0")
_KINDS = {
    "product": ("commerce_product", "commerce_productpair", _PRODUCT_ITEMS),
    "category": ("commerce_productcategory", "commerce_categorypair", _CATEGORY_ITEMS),
}


def window_days(business: Business) -> int:
    """Of how many days the orders are looked at."""
    return int(business.settings.get(BLOCK, {}).get("window_days", WINDOW_DAYS))


def floor_of(customers: int) -> int:
    """How many customers must have bought both of a pair."""
    return max(LEAST, min(MOST_LEAST, -(-customers // LEAST_PART)))


def ask_for_cross_sell(*, actor: Actor, business: Business) -> Job | None:
    """Have what is bought together reckoned by a job; None when one waits already. Raises NotAllowed."""
    actor.require("commerce.compute_cross_sell", business)
    return jobs.enqueue(
        "commerce.tasks.compute_cross_sell", actor=actor, business=business, dedupe_key=f"cross_sell:{business.pk}"
    )


@transaction.atomic
def compute_cross_sell(
    *, actor: Actor, business: Business, at: datetime, report: Callable[[int, int, str], Any] | None = None
) -> CrossSellRun:
    """Reckon sales and pairs of the window that ends with the day before `at`, in the business's zone; those of before stand until all
    is written. `report(done, total, step)` is told how far it is."""
    tell = report or (lambda done, total, step: None)
    end = clock.today(business.time_zone, at) - timedelta(days=1)
    begin = end - timedelta(days=window_days(business) - 1)
    parameters: dict[str, Any] = {
        "business": business.pk, "zone": business.time_zone, "currency": business.currency, "begin": begin, "end": end,
        "most": MOST_PRODUCTS, "partners": MOST_PARTNERS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"cross_sell:{business.pk}"])
        cursor.execute(_MEMORY)
        tell(0, 4, _("Sales of products"))
        cursor.execute("delete from commerce_productsales where business_id = %(business)s", parameters)
        cursor.execute(_SALES, parameters)
        tell(1, 4, _("What customers bought"))
        _run(cursor, _STAGE, parameters)
        cursor.execute(_COUNT, parameters)
        customers, capped = cursor.fetchone()
        parameters |= {"customers": customers, "floor": floor_of(customers)}
        pairs = _pairs(cursor, "product", parameters, tell)
        categories = _pairs(cursor, "category", parameters, tell)
    run = _keep(business, at, begin, end, parameters, capped, pairs, categories)
    counts = {"customers": customers, "pairs": pairs, "categories": categories}
    activity.record("commerce.cross_sell.computed", actor=actor, business=business, subject=run, counts=counts)
    tell(4, 4, _("Done"))
    return run


def _run(cursor: Any, statements: str, parameters: dict[str, Any]) -> None:
    for statement in statements.split(";"):
        cursor.execute(statement, parameters)


def _pairs(cursor: Any, kind: str, parameters: dict[str, Any], tell: Callable[[int, int, str], Any]) -> int:
    """Count the pairs of a kind in slices, and write those that are kept; returns how many."""
    things, table, items = _KINDS[kind]
    _run(cursor, _BASKETS.format(items=items), parameters)
    cursor.execute(_SIZE)
    slices = int(cursor.fetchone()[0]) // SLICE + 1
    done, words = (2, _("Pairs of products")) if kind == "product" else (3, _("Pairs of categories"))
    for slice_ in range(slices):
        tell(done, 4, f"{words} {slice_ + 1}/{slices}")
        cursor.execute(_PAIRS, parameters | {"slices": slices, "slice": slice_})
    cursor.execute(f"delete from {table} where business_id = %(business)s", parameters)  # noqa: S608 - our own tables
    if not parameters["customers"]:
        return 0
    cursor.execute(_KEEP.format(things=things, table=table, column=kind), parameters)
    return int(cursor.rowcount)


def _keep(
    business: Business, at: datetime, begin: date, end: date, found: dict[str, Any], capped: int, pairs: int, categories: int
) -> CrossSellRun:  # fmt: skip
    run: CrossSellRun
    run, _created = CrossSellRun.objects.update_or_create(
        business=business,
        defaults={
            "calculated_at": at, "day_from": begin, "day_to": end, "customer_count": found["customers"], "capped_count": capped,
            "floor": found["floor"], "product_pairs": pairs, "category_pairs": categories,
        },
    )  # fmt: skip
    return run
