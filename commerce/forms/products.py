"""Forms of products and categories."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commerce.forms.fields import amount_field
from commerce.models import Product, ProductCategory
from commerce.queries.products import category_ids_below
from crm.forms import VersionedForm


def _categories(label: Any, help_text: Any = "") -> Any:
    return forms.ModelChoiceField(
        label=label, queryset=ProductCategory.objects.none(), required=False, empty_label=_("None"), help_text=help_text
    )


class ProductForm(VersionedForm):
    """What may be entered of a product."""

    code = forms.CharField(label=_("Code"), max_length=60, help_text=_("By which orders and files name it."))
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    category = _categories(_("Category"))
    price = amount_field(_("Price"), _("The usual one, in the reporting currency."), required=False)

    def __init__(self, *args: Any, product: Product | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        chosen = Q(is_active=True) | Q(pk=product and product.category_id)
        fields["category"].queryset = ProductCategory.objects.filter(chosen).order_by("name")


class CategoryForm(VersionedForm):
    """What may be entered of a category."""

    name = forms.CharField(label=_("Name"), max_length=100)
    parent = _categories(_("Part of"), _("A wider category; empty for one that stands by itself."))

    def __init__(self, *args: Any, category: ProductCategory | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        rows = ProductCategory.objects.filter(Q(is_active=True) | Q(pk=category and category.parent_id))
        if category is not None:
            rows = rows.exclude(pk__in=category_ids_below(category.pk))
        fields["parent"].queryset = rows.order_by("name")
