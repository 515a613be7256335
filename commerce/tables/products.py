"""How products and categories are shown: columns, badges, figures and details."""

from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from commerce.models import CrossSellRun, Product, ProductCategory, ProductSales
from crm import formats
from crm.models import Business
from crm.paging import Sort
from crm.tables import Column
from crm.templatetags import ui

BY_CODE = Sort("code", "code")
BY_NAME = Sort("name", "name")
BY_PRICE = Sort("price", "price", nullable=True, descending_first=True)
# its rows are read by their keys, as a product that was never sold has no sales
BY_REVENUE = Sort("revenue", "sales__revenue", nullable=True, descending_first=True, narrow=lambda rows: rows)


def product_href(product: Product) -> str:
    """The address of the product's page."""
    return reverse("commerce:product_detail", args=[product.pk])


def sales_of(product: Product) -> ProductSales | None:
    """What the product has sold, where it was reckoned."""
    return getattr(product, "sales", None)


def product_badge(product: Product | ProductCategory) -> SafeString:
    """That it is archived; nothing of what is offered."""
    return SafeString("") if product.is_active else ui.badge(_("Archived"), "neutral", "archive")


def category_link(category: ProductCategory | None) -> SafeString | str:
    """The products of the category."""
    if category is None:
        return ""
    return format_html(
        '<a href="{}?category={}"><bdi>{}</bdi></a>', reverse("commerce:product_list"), category.pk, category
    )


def product_columns(business: Business, *, with_sales: bool) -> list[Column]:
    """The columns of lists of products; what was sold is of all customers."""
    columns = [
        Column("code", _("Code"), lambda row: format_html("<bdi>{}</bdi>", row.code), sort=BY_CODE),
        Column("name", _("Name"), lambda row: format_html("<bdi>{}</bdi> {}", row.name, product_badge(row)), sort=BY_NAME),
        Column("category", _("Category"), lambda row: format_html("<bdi>{}</bdi>", row.category or "")),
        Column(
            "price", _("Price"), align="end", sort=BY_PRICE,
            cell=lambda row: ui.unit_price(row.price, business.currency) if row.price is not None else "",
        ),
    ]  # fmt: skip
    if not with_sales:
        return columns
    hint = _("In the days of the last reckoning, a year unless the business has set another time.")
    return [
        *columns,
        Column(
            "orders", _("Orders"), lambda row: formats.number(s.order_count) if (s := sales_of(row)) else "", align="end", hint=hint
        ),
        Column(
            "revenue", _("Revenue"), align="end", sort=BY_REVENUE, hint=hint,
            cell=lambda row: ui.money(s.revenue, business.currency) if (s := sales_of(row)) else "",
        ),
    ]  # fmt: skip


def product_figures(product: Product, business: Business, run: CrossSellRun | None) -> list[dict[str, Any]]:
    """The figures on top of a product's page, as the component takes them; what was sold only after a reckoning."""
    figures: list[dict[str, Any]] = [
        {
            "label": _("Price"), "hint": "", "how": _("The usual price, in the reporting currency."),
            "value": formats.NOTHING if product.price is None else ui.unit_price(product.price, business.currency),
        },
    ]  # fmt: skip
    if run is None:
        return figures
    sales = sales_of(product)
    span = _("%(first)s – %(last)s") % {"first": formats.day(run.day_from), "last": formats.day(run.day_to)}
    return [
        *figures,
        {
            "label": _("Revenue"), "value": ui.money(sales.revenue if sales else Decimal(0), business.currency), "hint": span,
            "how": _("Amounts of its lines in completed orders, less refunds that name it, in the reporting currency."),
        },
        {
            "label": _("Orders"), "value": ui.number(sales.order_count if sales else 0), "hint": span,
            "how": _("Completed orders with this product that were not wholly refunded."),
        },
        {
            "label": _("Buyers"), "value": ui.number(sales.buyer_count if sales else 0), "hint": span,
            "how": _("The customers of these orders."),
        },
    ]  # fmt: skip


def product_facts(product: Product, business: Business) -> list[tuple[str, Any]]:
    """What is known of the product, as (label, value)."""
    return [
        (_("Code"), ui.user_text(product.code)),
        (_("Name"), ui.user_text(product.name) if product.name else ""),
        (_("Category"), category_link(product.category)),
        (_("Price"), ui.unit_price(product.price, business.currency) if product.price is not None else ""),
        (_("Offered now"), _("Yes") if product.is_active else _("No")),
        (_("Added"), ui.when(product.created_at, "day")),
    ]


def category_columns(counts: dict[Any, int]) -> list[Column]:
    """The columns of the list of categories; `counts` has the products of each."""
    listed = reverse("commerce:product_list")
    return [
        Column("name", _("Name"), lambda row: format_html("<bdi>{}</bdi> {}", row.name, product_badge(row)), sort=BY_NAME),
        Column("parent", _("Part of"), lambda row: format_html("<bdi>{}</bdi>", row.parent or "")),
        Column(
            "products", _("Products"), align="end", hint=_("In the category itself, archived ones left out."),
            cell=lambda row: format_html(
                '<a href="{}?category={}&amp;is_active=true">{}</a>', listed, row.pk, ui.number(counts.get(row.pk, 0))
            ),
        ),
    ]  # fmt: skip
