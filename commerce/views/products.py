"""Pages of products: the list, one product with who buys it, and its forms."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce import services
from commerce.filters.products import ProductFilterSet
from commerce.forms.products import ProductForm
from commerce.models import Product
from commerce.queries.cross_sell import partners_of
from commerce.queries.products import latest_orders, latest_run, products_matching, top_buyers
from commerce.tables.orders import order_badge
from commerce.tables.products import product_badge, product_columns, product_facts, product_figures, product_href
from crm import paging
from crm.access import saw
from crm.forms import DeedForm, version_of
from crm.pages import DeedPage, FormPage, ListPage, Page
from crm.tables import Column
from customers.views.imports import import_link


class ProductList(ListPage):
    permission = "commerce.view_products"
    title = gettext_lazy("Products")
    description = gettext_lazy("What is sold, by its code.")
    default_sort = "code"
    filterset_class = ProductFilterSet
    searchable = True

    def rows(self) -> QuerySet:
        rows = Product.objects.select_related("category")
        return rows.select_related("category", "sales") if self.actor.sees_all(self.business) else rows

    def search(self, rows: QuerySet, words: str) -> QuerySet:
        return products_matching(rows, words)

    def rows_by_keys(self) -> paging.Reader | None:
        return lambda keys: self.rows().filter(pk__in=keys)

    def columns(self) -> Sequence[Column]:
        return product_columns(self.business, with_sales=self.actor.sees_all(self.business))

    def row_href(self, row: Any) -> str:
        return product_href(row)

    def actions(self) -> list[dict[str, Any]]:
        return [
            {"label": _("Categories"), "href": reverse("commerce:category_list"), "icon": "folder-tree", "kind": "secondary"},
            *self.action(
                "commerce.manage_products", _("Add product"), reverse("commerce:product_create"), icon="plus", kind="primary"
            ),
        ]  # fmt: skip

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        if narrowed:
            return super().empty_state(narrowed)
        return {
            "icon": "package",
            "title": _("No products yet"),
            "text": _("Products come with the lines of orders, from a file, or are added here."),
            "action": import_link(self),
        }


class OneProduct(Page):
    """A page about one product; 404 for one of another business."""

    abstract = True
    permission = ""

    @cached_property
    def product(self) -> Product:
        found: Product = self.one(Product.objects.select_related("business", "category", "sales"))
        return found

    def breadcrumbs(self) -> list[dict[str, str]]:
        crumbs = [{"label": _("Products"), "href": reverse("commerce:product_list")}]
        if not isinstance(self, ProductDetail):
            crumbs.append({"label": str(self.product), "href": product_href(self.product)})
        return crumbs

    def initial(self) -> dict[str, Any]:
        return {"version": version_of(self.product)}

    def cancel_href(self) -> str:
        return product_href(self.product)

    def success_url(self, result: Any) -> str:
        return product_href(self.product)


class ProductDetail(OneProduct):
    """One product: what it costs and brings, its latest orders and who buys most of it."""

    permission = "commerce.view_products"
    title = gettext_lazy("A product")
    template_name = "commerce/product_detail.html"

    def get_title(self) -> Any:
        return str(self.product)

    def actions(self) -> list[dict[str, Any]]:
        def deed(name: str, label: str, icon: str, kind: str = "secondary") -> list[dict[str, Any]]:
            href = reverse(f"commerce:product_{name}", args=[self.product.pk])
            return self.action("commerce.manage_products", label, href, icon=icon, kind=kind)

        if not self.product.is_active:
            return deed("restore", _("Restore"), "archive-restore", "primary")
        return [*deed("archive", _("Archive"), "archive", "ghost"), *deed("update", _("Edit"), "pencil", "primary")]

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        product, sees_all = self.product, self.actor.sees_all(self.business)
        orders, buyers = [], []
        if self.actor.may("commerce.view_orders", self.business):
            orders = [(order, order_badge(order)) for order in latest_orders(self.actor, product)]
            buyers = top_buyers(self.actor, product)
            saw(request, [order.customer_id for order, _badge in orders] + [buyer.customer.pk for buyer in buyers])
        may_see_pairs = self.actor.may("commerce.view_cross_sell", self.business)
        return self.show(
            partners=partners_of(product) if may_see_pairs else [],
            pairs_href=f"{reverse('commerce:cross_sell_report')}?product={product.pk}",
            product=product, orders=orders, buyers=buyers, facts=product_facts(product, self.business),
            figures=product_figures(product, self.business, latest_run() if sees_all else None), badges=product_badge(product),
            orders_href=f"{reverse('commerce:order_list')}?product={product.pk}",
        )  # fmt: skip


class ProductCreate(FormPage):
    permission = "commerce.manage_products"
    title = gettext_lazy("Add a product")
    submit_label = gettext_lazy("Add product")
    success_message = gettext_lazy("The product was added.")
    form_class = ProductForm

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Products"), "href": reverse("commerce:product_list")}]

    def perform(self, version: str = "", **data: Any) -> Product:
        return services.create_product(actor=self.actor, business=self.business, **data)

    def success_url(self, result: Any) -> str:
        return product_href(result)

    def cancel_href(self) -> str:
        return reverse("commerce:product_list")


class ProductUpdate(OneProduct, FormPage):
    permission = "commerce.manage_products"
    title = gettext_lazy("Edit a product")
    form_class = ProductForm
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return _("Edit %(name)s") % {"name": self.product}

    def initial(self) -> dict[str, Any]:
        product = self.product
        return {
            "code": product.code, "name": product.name, "category": product.category_id, "price": product.price, **super().initial(),
        }  # fmt: skip

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return ProductForm(
            data, files, initial=self.initial(), actor=self.actor, business=self.business, product=self.product
        )

    def perform(self, **data: Any) -> Product:
        return services.update_product(actor=self.actor, product=self.product, **data)


class ProductArchive(OneProduct, DeedPage):
    permission = "commerce.manage_products"
    title = gettext_lazy("Archive a product")
    submit_label = gettext_lazy("Archive")
    success_message = gettext_lazy("The product was archived.")

    def get_title(self) -> Any:
        return _("Archive %(name)s?") % {"name": self.product}

    def text(self) -> Any:
        return _("It is no longer offered or suggested. Its orders and figures stay, and it can be restored.")

    def perform(self) -> Product:
        return services.archive_product(actor=self.actor, product=self.product)


class ProductRestore(OneProduct, DeedPage):
    permission = "commerce.manage_products"
    title = gettext_lazy("Restore a product")
    submit_label = gettext_lazy("Restore")
    success_message = gettext_lazy("The product is offered again.")

    def get_title(self) -> Any:
        return _("Restore %(name)s?") % {"name": self.product}

    def text(self) -> Any:
        return _("It is offered and suggested again.")

    def perform(self) -> Product:
        return services.restore_product(actor=self.actor, product=self.product)
