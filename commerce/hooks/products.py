"""Products and their categories: rights, deeds, pages and files."""

from django.utils.translation import gettext_lazy as _

from commerce.resources import PRODUCTS
from crm.hooks import EVERYBODY
from crm.registry import (
    Emptied,
    Permission,
    QuickAction,
    RecordPage,
    SidebarItem,
    Verb,
    business_tables,
    permissions,
    quick_actions,
    record_pages,
    sidebar,
    verbs,
)
from customers.registry import import_resources

permissions.plug(
    Permission("commerce.view_products", _("See products"), EVERYBODY),
    Permission("commerce.manage_products", _("Add, change and archive products"), ("owner", "manager", "integration")),
)
verbs.plug(
    Verb("commerce.product.created", _("Product added")),
    Verb("commerce.product.updated", _("Product changed")),
    Verb("commerce.product.archived", _("Product archived")),
    Verb("commerce.product.restored", _("Product restored")),
    Verb("commerce.category.created", _("Product category added")),
    Verb("commerce.category.updated", _("Product category changed")),
    Verb("commerce.category.archived", _("Product category archived")),
    Verb("commerce.category.restored", _("Product category restored")),
)
sidebar.plug(
    SidebarItem(_("Commerce"), _("Products"), "package", "commerce:product_list", "commerce.view_products", order=330)
)
quick_actions.plug(
    QuickAction(_("Add product"), "package", "commerce:product_create", "commerce.manage_products", order=38)
)
record_pages.plug(
    RecordPage("commerce.product", "commerce:product_detail", "commerce.view_products"),
    RecordPage("commerce.productcategory", "commerce:category_update", "commerce.manage_products"),
)
business_tables.plug(
    Emptied(
        "commerce.cross_sell",
        ("commerce.ProductPair", "commerce.CategoryPair", "commerce.ProductSales", "commerce.CrossSellRun"),
        order=290,
    )
)
import_resources.plug(PRODUCTS)
