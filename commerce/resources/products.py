"""Files of products: one product a row, known by its code."""

from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from crm.actor import Actor
from crm.models import Business
from customers.models import ImportJob
from customers.registry import ImportCheck, ImportColumn, ImportResource

_NEW_CATEGORIES = """
insert into commerce_productcategory (business_id, name)
select distinct %(business)s::uuid, btrim(s.category) from pg_temp.import_stage s where btrim(s.category) <> ''
on conflict (business_id, name) do nothing
"""
# An empty cell leaves what is there.
_UPSERT = """
with rows as (
    select btrim(s.product_code) as code, btrim(s.product_name) as name, c.id as category_id, nullif(s.list_price, '')::numeric as price,
           case when s.active = '' then null else lower(s.active) in ('true', 'yes', '1') end as is_active
    from pg_temp.import_stage s
    left join commerce_productcategory c on c.business_id = %(business)s and c.name = btrim(s.category) and btrim(s.category) <> ''
), written as (
    insert into commerce_product as p (business_id, code, name, category_id, price, is_active)
    select %(business)s, code, name, category_id, price, coalesce(is_active, true) from rows order by code
    on conflict (business_id, code) do update set
        name = coalesce(nullif(excluded.name, ''), p.name), category_id = coalesce(excluded.category_id, p.category_id),
        price = coalesce(excluded.price, p.price), updated_at = now(),
        is_active = coalesce((select r.is_active from rows r where r.code = p.code), p.is_active)
    where (p.name, p.category_id, p.price, p.is_active) is distinct from (
        coalesce(nullif(excluded.name, ''), p.name), coalesce(excluded.category_id, p.category_id), coalesce(excluded.price, p.price),
        coalesce((select r.is_active from rows r where r.code = p.code), p.is_active))
    returning xmax = 0 as is_new
)
select count(*) filter (where is_new), count(*) filter (where not is_new) from written
"""


def take_products(*, business: Business, actor: Actor, import_job: ImportJob) -> dict[str, int]:
    """Add or change the staged products by their code, with the categories that they name and nobody knew."""
    parameters: dict[str, Any] = {"business": business.pk}
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_temp.import_stage")
        total = cursor.fetchone()[0]
        cursor.execute(_NEW_CATEGORIES, parameters)
        cursor.execute(_UPSERT, parameters)
        created, updated = cursor.fetchone()
    return {
        "products_created": created,
        "products_updated": updated,
        "products_unchanged": total - created - updated,
    }


PRODUCTS = ImportResource(
    key="products",
    label=_("Products"),
    text=_("One product a row, known by its code. Categories that nobody knows yet are added."),
    permission="commerce.import",
    order=115,
    columns=(
        ImportColumn("product_code", _("Product code"), required=True, aliases=("code", "sku"), max_length=60),
        ImportColumn("product_name", _("Name"), required=True, aliases=("name", "description")),
        ImportColumn("category", _("Category"), aliases=("product_category",), max_length=100),
        ImportColumn(
            "list_price",
            _("Price in the reporting currency"),
            "decimal",
            aliases=("price", "unit_price"),
            digits=(12, 4),
        ),
        ImportColumn(
            "active",
            _("Offered now"),
            "choice",
            aliases=("is_active",),
            choices=("true", "false", "yes", "no", "1", "0"),
        ),
    ),
    checks=(
        ImportCheck(
            "product_code",
            "select line, product_code as value from (select line, product_code, "
            "min(line) over (partition by btrim(product_code)) as first from pg_temp.import_stage) d where line > first",
            _("This code stands in an earlier row already."),
        ),
        ImportCheck(
            "list_price",
            "select line, list_price as value from pg_temp.import_stage where list_price ~ '^-' and list_price::numeric < 0",
            _("A price can't be negative."),
        ),
    ),
    apply=take_products,
)
