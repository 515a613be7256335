"""Pages of product categories: the list and its forms."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce import services
from commerce.filters.products import CategoryFilterSet
from commerce.forms.products import CategoryForm
from commerce.models import ProductCategory
from commerce.queries.products import products_by_category
from commerce.tables.products import category_columns
from crm.forms import DeedForm, version_of
from crm.pages import DeedPage, FormPage, ListPage, Page
from crm.tables import Column


class CategoryPart(Page):
    """A page below the categories."""

    abstract = True
    permission = ""

    def breadcrumbs(self) -> list[dict[str, str]]:
        crumbs = [{"label": _("Products"), "href": reverse("commerce:product_list")}]
        if not isinstance(self, CategoryList):
            crumbs.append({"label": _("Categories"), "href": reverse("commerce:category_list")})
        return crumbs

    def cancel_href(self) -> str:
        return reverse("commerce:category_list")

    def success_url(self, result: Any) -> str:
        return reverse("commerce:category_list")


class CategoryList(CategoryPart, ListPage):
    permission = "commerce.view_products"
    title = gettext_lazy("Product categories")
    description = gettext_lazy("Kinds of products, each of which may be part of a wider one.")
    default_sort = "name"
    filterset_class = CategoryFilterSet
    empty = {
        "icon": "folder-tree", "title": gettext_lazy("No categories yet"),
        "text": gettext_lazy("Categories come with order lines and files of products, or are added here."),
    }  # fmt: skip

    def rows(self) -> QuerySet:
        return ProductCategory.objects.select_related("parent")

    def columns(self) -> Sequence[Column]:
        return category_columns(products_by_category())

    def row_href(self, row: Any) -> str:
        if self.actor.may("commerce.manage_products", self.business):
            return reverse("commerce:category_update", args=[row.pk])
        return f"{reverse('commerce:product_list')}?category={row.pk}"

    def actions(self) -> list[dict[str, Any]]:
        return self.action(
            "commerce.manage_products", _("Add category"), reverse("commerce:category_create"), icon="plus", kind="primary"
        )  # fmt: skip


class OneCategory(CategoryPart):
    """A page about one category; 404 for one of another business."""

    abstract = True
    permission = ""

    @cached_property
    def category(self) -> ProductCategory:
        found: ProductCategory = self.one(ProductCategory.objects.select_related("business", "parent"))
        return found


class CategoryCreate(CategoryPart, FormPage):
    permission = "commerce.manage_products"
    title = gettext_lazy("Add a category")
    submit_label = gettext_lazy("Add category")
    success_message = gettext_lazy("The category was added.")
    form_class = CategoryForm

    def perform(self, version: str = "", **data: Any) -> ProductCategory:
        return services.create_category(actor=self.actor, business=self.business, **data)


class CategoryUpdate(OneCategory, FormPage):
    permission = "commerce.manage_products"
    title = gettext_lazy("Edit a category")
    form_class = CategoryForm
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return _("Edit %(name)s") % {"name": self.category}

    def actions(self) -> list[dict[str, Any]]:
        name, label, icon = ("archive", _("Archive"), "archive")
        if not self.category.is_active:
            name, label, icon = ("restore", _("Restore"), "archive-restore")
        href = reverse(f"commerce:category_{name}", args=[self.category.pk])
        return self.action("commerce.manage_products", label, href, icon=icon)

    def initial(self) -> dict[str, Any]:
        category = self.category
        return {"name": category.name, "parent": category.parent_id, "version": version_of(category)}

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return CategoryForm(
            data, files, initial=self.initial(), actor=self.actor, business=self.business, category=self.category
        )

    def perform(self, **data: Any) -> ProductCategory:
        return services.update_category(actor=self.actor, category=self.category, **data)


class CategoryArchive(OneCategory, DeedPage):
    permission = "commerce.manage_products"
    title = gettext_lazy("Archive a category")
    submit_label = gettext_lazy("Archive")
    success_message = gettext_lazy("The category was archived.")

    def get_title(self) -> Any:
        return _("Archive %(name)s?") % {"name": self.category}

    def text(self) -> Any:
        return _("It is no longer offered for products. Those that are in it keep it, and it can be restored.")

    def perform(self) -> ProductCategory:
        return services.archive_category(actor=self.actor, category=self.category)


class CategoryRestore(OneCategory, DeedPage):
    permission = "commerce.manage_products"
    title = gettext_lazy("Restore a category")
    submit_label = gettext_lazy("Restore")
    success_message = gettext_lazy("The category is offered again.")

    def get_title(self) -> Any:
        return _("Restore %(name)s?") % {"name": self.category}

    def text(self) -> Any:
        return _("It is offered for products again.")

    def perform(self) -> ProductCategory:
        return services.restore_category(actor=self.actor, category=self.category)
