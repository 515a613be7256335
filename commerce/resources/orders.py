"""Kinds of files of orders: one order a row, or one order line a row."""

import json
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from commerce import services
from commerce.choices import OrderStatus
from commerce.services import UNIDENTIFIED_PREFIX
from crm.actor import Actor
from crm.models import Business
from crm.money import EXPONENTS
from customers import services as customer_services
from customers.models import ImportJob
from customers.registry import ImportCheck, ImportColumn, ImportResource

# The first amount that no column holds, with room for rounding.
_TOO_MUCH = 10**12 - 1
# A moment as the file has it, in the business's zone unless it names its own offset.
_AT = """(case when s.ordered_at ~ '(Z|[+-][0-9]{2}:?[0-9]{2})$' and length(s.ordered_at) > 10
          then s.ordered_at::timestamptz else s.ordered_at::timestamp at time zone %(zone)s end)"""

# Orders to be, one row each, whatever the file's shape; the rest works on this table alone.
_ORDERS_FROM_ORDERS = f"""
drop table if exists pg_temp.import_orders;
create temporary table import_orders on commit drop as
select s.line, s.order_number as number, s.customer_external_id, s.country, {_AT} as ordered_at,
       coalesce(nullif(lower(s.status), ''), case when s.total::numeric < 0 then 'refund' else 'completed' end) as status,
       coalesce(nullif(upper(s.currency), ''), %(currency)s) as currency,
       round(s.total::numeric, (%(exponents)s::jsonb ->> coalesce(nullif(upper(s.currency), ''), %(currency)s))::integer) as total,
       s.channel, s.refund_of as refund_of_number
from pg_temp.import_stage s
"""
_ORDERS_FROM_LINES = f"""
drop table if exists pg_temp.import_orders, pg_temp.import_lines;
create temporary table import_lines on commit drop as
select s.line, s.order_number as number, row_number() over (partition by s.order_number order by s.line) as position,
       s.product_code, s.description, s.quantity::numeric as quantity, s.unit_price::numeric as unit_price,
       round(s.quantity::numeric * s.unit_price::numeric, %(exponent)s) as amount,
       s.customer_external_id, s.country, {_AT} as ordered_at
from pg_temp.import_stage s;
create temporary table import_orders on commit drop as
select l.line, l.number, l.customer_external_id, l.country, l.ordered_at,
       case when l.total < 0 or (l.total = 0 and l.most < 0) then 'refund'
            when x.status in ('pending', 'cancelled') then x.status else 'completed' end as status,
       %(currency)s as currency, l.total, '' as channel, coalesce(x.refund_of_number, '') as refund_of_number
from (
    select min(line) as line, number, max(customer_external_id) as customer_external_id,
           (array_agg(country order by line))[1] as country, min(ordered_at) as ordered_at,
           sum(amount) as total, max(quantity) as most
    from pg_temp.import_lines group by number
) l left join commerce_order x on x.business_id = %(business)s and x.number = l.number
"""

# Buyers that are named but not known become customers; buyers that are not named become unidentified ones, one per order.
_NEW_CUSTOMERS = """
insert into customers_customer (business_id, kind, display_name, external_id, country, acquired_on, lifecycle_stage)
select %(business)s, 'person', %(label)s || ' ' || o.customer_external_id, o.customer_external_id,
       (array_agg(o.country order by o.line))[1], min(o.ordered_at at time zone %(zone)s)::date, 'active'
from pg_temp.import_orders o
where o.customer_external_id <> ''
  and not exists (select from customers_customer c where c.business_id = %(business)s and c.external_id = o.customer_external_id)
group by o.customer_external_id
returning id
"""
_NEW_UNIDENTIFIED = """
insert into customers_customer (business_id, kind, display_name, external_id, country, is_unidentified, lifecycle_stage)
select %(business)s, 'person', %(label)s || ' ' || o.number, %(prefix)s || o.number, o.country, true, 'active'
from pg_temp.import_orders o
where o.customer_external_id = ''
  and not exists (select from commerce_order x where x.business_id = %(business)s and x.number = o.number)
returning id
"""
_UPSERT_ORDERS = """
with changed as (
    insert into commerce_order as o (business_id, customer_id, number, status, ordered_at, currency, total, total_base, channel,
        refund_of_number)
    select %(business)s, case when i.customer_external_id = '' then coalesce(x.customer_id, c.id) else c.id end,
           i.number, i.status, i.ordered_at, i.currency, i.total,
           round(i.total * case when i.currency = %(currency)s then 1 else r.rate end, %(exponent)s), i.channel,
           i.refund_of_number
    from pg_temp.import_orders i
    left join commerce_order x on x.business_id = %(business)s and x.number = i.number
    left join customers_customer c on c.business_id = %(business)s
         and c.external_id = coalesce(nullif(i.customer_external_id, ''), %(prefix)s || i.number)
    left join lateral (
        select rate from crm_exchangerate e
        where e.business_id = %(business)s and e.currency = i.currency and e.valid_on <= (i.ordered_at at time zone %(zone)s)::date
        order by e.valid_on desc limit 1
    ) r on i.currency <> %(currency)s
    on conflict (business_id, number) do update set
        customer_id = excluded.customer_id, status = excluded.status, ordered_at = excluded.ordered_at, currency = excluded.currency,
        total = excluded.total, total_base = excluded.total_base, channel = coalesce(nullif(excluded.channel, ''), o.channel),
        refund_of_number = coalesce(nullif(excluded.refund_of_number, ''), o.refund_of_number), updated_at = now()
    where (o.customer_id, o.status, o.ordered_at, o.currency, o.total, o.total_base, o.channel, o.refund_of_number) is distinct from
          (excluded.customer_id, excluded.status, excluded.ordered_at, excluded.currency, excluded.total, excluded.total_base,
           coalesce(nullif(excluded.channel, ''), o.channel), coalesce(nullif(excluded.refund_of_number, ''), o.refund_of_number))
    returning o.customer_id, o.xmax = 0 as created
)
select count(*) filter (where created), count(*) filter (where not created), array_agg(distinct customer_id) from changed
"""
# Refunds are linked to the order whose number they name, when either comes; those without such an order are flagged.
_LINK_REFUNDS = """
update commerce_order r set refund_of_id = o.id
from commerce_order o
where r.business_id = %(business)s and r.status = 'refund' and r.refund_of_number <> '' and r.refund_of_id is null
  and o.business_id = %(business)s and o.number = r.refund_of_number and o.status <> 'refund' and o.currency = r.currency
  and (exists (select from pg_temp.import_orders i where i.number = r.number)
       or exists (select from pg_temp.import_orders i where i.number = o.number))
  and o.total + (select sum(x.total) from commerce_order x where x.business_id = %(business)s and x.status = 'refund'
                 and x.refund_of_number = o.number) >= 0
"""
_FLAG_REFUNDS = """
update commerce_order r set flags = case when r.status = 'refund' and r.refund_of_id is null
    then array_append(r.flags, 'unlinked_refund') else array_remove(r.flags, 'unlinked_refund') end
from pg_temp.import_orders i
where r.business_id = %(business)s and (r.number = i.number or r.refund_of_number = i.number)
  and ('unlinked_refund' = any(r.flags)) is distinct from (r.status = 'refund' and r.refund_of_id is null)
"""
# Orders that the file has brought, and those that its refunds are of.
_MAYBE_REFUNDED = """
x.number in (select number from pg_temp.import_orders)
or x.id in (select r.refund_of_id from commerce_order r join pg_temp.import_orders i on i.number = r.number
            where r.business_id = %(business)s and r.refund_of_id is not null)
"""
_BUYERS_BEFORE = """
select array_agg(distinct o.customer_id) from commerce_order o
join pg_temp.import_orders i on i.number = o.number where o.business_id = %(business)s
"""
_DAYS = """
select distinct (at at time zone %(zone)s)::date from (
    select i.ordered_at from pg_temp.import_orders i
    union all
    select o.ordered_at from commerce_order o join pg_temp.import_orders i on i.number = o.number where o.business_id = %(business)s
) d(at)
"""
_PRODUCTS = """
insert into commerce_product as p (business_id, code, name)
select %(business)s, l.product_code, coalesce((array_agg(l.description order by l.line) filter (where l.description <> ''))[1], '')
from pg_temp.import_lines l where l.product_code <> '' group by l.product_code
on conflict (business_id, code) do update set name = excluded.name, updated_at = now()
where p.name = '' and excluded.name <> ''
"""
_UPSERT_LINES = """
insert into commerce_orderline as t (business_id, order_id, position, product_id, description, quantity, unit_price, amount)
select %(business)s, o.id, l.position, p.id, l.description, l.quantity, l.unit_price, l.amount
from pg_temp.import_lines l
join commerce_order o on o.business_id = %(business)s and o.number = l.number
left join commerce_product p on p.business_id = %(business)s and p.code = l.product_code
on conflict (order_id, position) do update set
    product_id = excluded.product_id, description = excluded.description, quantity = excluded.quantity,
    unit_price = excluded.unit_price, amount = excluded.amount
where (t.product_id, t.description, t.quantity, t.unit_price, t.amount) is distinct from
      (excluded.product_id, excluded.description, excluded.quantity, excluded.unit_price, excluded.amount)
"""
_DROP_LINES = """
delete from commerce_orderline t using commerce_order o, (select number, max(position) as last from pg_temp.import_lines group by number) l
where o.business_id = %(business)s and o.number = l.number and t.order_id = o.id and t.position > l.last
"""


def take_orders(*, business: Business, actor: Actor, import_job: ImportJob) -> dict[str, int]:
    """Add or change the staged orders by their number, and the customers that they name."""
    with connection.cursor() as cursor:
        cursor.execute(_ORDERS_FROM_ORDERS, _parameters(business))
    return _take(business, actor, import_job)


def take_order_lines(*, business: Business, actor: Actor, import_job: ImportJob) -> dict[str, int]:
    """Add or change the orders that the staged lines make up, their lines and products; an order's lines are replaced as a whole."""
    parameters = _parameters(business)
    with connection.cursor() as cursor:
        cursor.execute(_ORDERS_FROM_LINES, parameters)
        counts = _take(business, actor, import_job)
        cursor.execute(_PRODUCTS, parameters)
        counts["products_written"] = cursor.rowcount
        cursor.execute(_UPSERT_LINES, parameters)
        counts["lines_written"] = cursor.rowcount
        cursor.execute(_DROP_LINES, parameters)
        counts["lines_removed"] = cursor.rowcount
    return counts


def _take(business: Business, actor: Actor, import_job: ImportJob) -> dict[str, int]:
    parameters = _parameters(business)
    with connection.cursor() as cursor:
        cursor.execute("analyze pg_temp.import_orders")
        cursor.execute("select count(*) from pg_temp.import_orders")
        total = cursor.fetchone()[0]
        cursor.execute(_BUYERS_BEFORE, parameters)
        touched = set(cursor.fetchone()[0] or [])
        cursor.execute(_DAYS, parameters)
        days = [row[0] for row in cursor.fetchall()]
        cursor.execute(_NEW_CUSTOMERS, parameters | {"label": "Customer"})
        named = [row[0] for row in cursor.fetchall()]
        cursor.execute(_NEW_UNIDENTIFIED, parameters | {"label": "Buyer of order"})
        unnamed = [row[0] for row in cursor.fetchall()]
        cursor.execute(_UPSERT_ORDERS, parameters)
        created, updated, buyers = cursor.fetchone()
        cursor.execute(_LINK_REFUNDS, parameters)
        cursor.execute(_FLAG_REFUNDS, parameters)
    for buyer, day in services.mark_refunded(business, which=_MAYBE_REFUNDED):
        touched.add(buyer)
        days.append(day)
    customer_services.refresh_search(named + unnamed)
    customer_services.begin_stages(named, actor=actor)
    customer_services.note_created_customers(import_job, named)
    services.refresh_order_facts(list(touched | set(buyers or [])))
    services.refresh_revenue(days)
    return {
        "orders_created": created, "orders_updated": updated, "orders_unchanged": total - created - updated,
        "customers_created": len(named), "unidentified_created": len(unnamed),
    }  # fmt: skip


def _parameters(business: Business) -> dict[str, Any]:
    return {
        "business": business.pk, "zone": business.time_zone, "currency": business.currency,
        "exponent": services.exponent_of(business.currency), "exponents": json.dumps(EXPONENTS), "prefix": UNIDENTIFIED_PREFIX,
    }  # fmt: skip


_ONE_BUYER = ImportCheck(
    "customer_external_id",
    "select line, customer_external_id as value from (select line, customer_external_id, "
    "first_value(customer_external_id) over (partition by order_number order by line) as first from pg_temp.import_stage) d "
    "where customer_external_id <> first",
    _("The order's first line names another customer."),
)
_BUYER_NAMED = ImportCheck(
    "customer_external_id",
    "select s.line, s.customer_external_id as value from pg_temp.import_stage s join customers_customer c "
    "on c.business_id = %(business)s and c.external_id = s.customer_external_id and c.is_unidentified",
    _("This id stands for the unknown buyer of an order."),
)
_BUYER_FREE = ImportCheck(
    "order_number",
    "select min(s.line) as line, s.order_number as value from pg_temp.import_stage s join customers_customer c "
    f"on c.business_id = %(business)s and c.external_id = '{UNIDENTIFIED_PREFIX}' || s.order_number and not c.is_unidentified "
    "where s.customer_external_id = '' and not exists (select from commerce_order o "
    "where o.business_id = %(business)s and o.number = s.order_number) group by s.order_number",
    _("The row names no customer, and a customer has the id that its unknown buyer would get."),
)
_CURRENCY_KNOWN = ImportCheck(
    "currency",
    "select line, currency as value from pg_temp.import_stage where currency <> '' and upper(currency) <> all (%(currencies)s)",
    _("Not a currency code such as EUR."),
)
_RATE_KNOWN = ImportCheck(
    "currency",
    "select s.line, s.currency as value from pg_temp.import_stage s where s.currency <> '' and upper(s.currency) <> %(currency)s "
    "and not exists (select from crm_exchangerate e where e.business_id = %(business)s and e.currency = upper(s.currency) "
    f"and e.valid_on <= ({_AT} at time zone %(zone)s)::date)",
    _("There is no exchange rate for this currency on that day. Add one under Settings, Exchange rates."),
)
_TOTAL_FITS = ImportCheck(
    "total",
    "select s.line, s.total as value from pg_temp.import_stage s left join lateral (select rate from crm_exchangerate e "
    "where e.business_id = %(business)s and e.currency = upper(s.currency) "
    f"and e.valid_on <= ({_AT} at time zone %(zone)s)::date order by e.valid_on desc limit 1) r "
    "on upper(s.currency) not in ('', %(currency)s) "
    f"where abs(s.total::numeric) * greatest(coalesce(r.rate, 1), 1) >= {_TOO_MUCH}",
    _("More than can be stored."),
)
_AMOUNT_FITS = ImportCheck(
    "unit_price",
    "select line, unit_price as value from pg_temp.import_stage "
    f"where abs(quantity::numeric * unit_price::numeric) >= {_TOO_MUCH}",
    _("Quantity times unit price is more than can be stored."),
)
_SUM_FITS = ImportCheck(
    "order_number",
    "select min(line) as line, order_number as value from pg_temp.import_stage group by order_number "
    f"having abs(sum(quantity::numeric * unit_price::numeric)) >= {_TOO_MUCH} "
    f"and max(abs(quantity::numeric * unit_price::numeric)) < {_TOO_MUCH}",
    _("The lines of this order sum to more than can be stored."),
)
_IN_BASE_CURRENCY = ImportCheck(
    "order_number",
    "select min(s.line) as line, s.order_number as value from pg_temp.import_stage s join commerce_order o "
    "on o.business_id = %(business)s and o.number = s.order_number and o.currency <> %(currency)s group by s.order_number",
    _("This order is in another currency; lines are taken in the reporting currency."),
)

ORDERS = ImportResource(
    key="orders",
    label=_("Orders"),
    text=_("One order a row, known by its number, with the external id of its customer. A negative total is a refund."),
    permission="commerce.import",
    order=110,
    columns=(
        ImportColumn("order_number", _("Order number"), required=True, aliases=("number", "order_id"), max_length=60),
        ImportColumn(
            "customer_external_id", _("Customer's external id"), aliases=("customer_id", "customer"), max_length=100
        ),
        ImportColumn("ordered_at", _("Ordered at"), "datetime", required=True, aliases=("order_date", "date")),
        ImportColumn("total", _("Total"), "decimal", required=True, aliases=("amount",)),
        ImportColumn("status", _("Status"), "choice", choices=tuple(OrderStatus.values)),
        ImportColumn("currency", _("Currency"), max_length=3),
        ImportColumn("channel", _("Channel"), max_length=40),
        ImportColumn("country", _("Country"), max_length=80),
        ImportColumn("refund_of", _("Number of the order that a refund is of"), max_length=60),
    ),
    checks=(
        ImportCheck(
            "order_number",
            "select line, order_number as value from (select line, order_number, min(line) over (partition by order_number) as first "
            "from pg_temp.import_stage) d where line > first",
            _("This order number stands in an earlier row already."),
        ),
        ImportCheck(
            "total",
            "select line, total as value from pg_temp.import_stage where total::numeric > 0 and lower(status) = 'refund'",
            _("A refund's total must be negative."),
        ),
        ImportCheck(
            "total",
            "select line, total as value from pg_temp.import_stage where total::numeric < 0 and lower(status) not in ('', 'refund')",
            _("Only a refund's total may be negative."),
        ),
        _BUYER_NAMED,
        _BUYER_FREE,
        _CURRENCY_KNOWN,
        _RATE_KNOWN,
        _TOTAL_FITS,
    ),
    apply=take_orders,
)

ORDER_LINES = ImportResource(
    key="order_lines",
    label=_("Order lines"),
    text=_("One line of an order a row; lines of one number make up the order, in the reporting currency."),
    permission="commerce.import",
    order=120,
    columns=(
        ImportColumn("order_number", _("Order number"), required=True, aliases=("InvoiceNo", "number"), max_length=60),
        ImportColumn("product_code", _("Product code"), required=True, aliases=("StockCode", "sku"), max_length=60),
        ImportColumn("quantity", _("Quantity"), "decimal", required=True, digits=(11, 3)),
        ImportColumn("unit_price", _("Unit price"), "decimal", required=True, aliases=("price",), digits=(12, 4)),
        ImportColumn("ordered_at", _("Ordered at"), "datetime", required=True, aliases=("InvoiceDate", "order_date")),
        ImportColumn("description", _("Description"), aliases=("product", "product_name")),
        ImportColumn(
            "customer_external_id", _("Customer's external id"), aliases=("CustomerID", "customer"), max_length=100
        ),
        ImportColumn("country", _("Country"), max_length=80),
    ),
    checks=(_ONE_BUYER, _BUYER_NAMED, _BUYER_FREE, _AMOUNT_FITS, _SUM_FITS, _IN_BASE_CURRENCY),
    apply=take_order_lines,
)
