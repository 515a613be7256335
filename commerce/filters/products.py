"""The filters of products and categories, shared by pages, the API and saved views."""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _

from commerce.models import Product, ProductCategory
from commerce.queries.products import category_choices, category_ids_below
from crm.filters import StrictFilterSet

_YES_NO = [("true", _("yes")), ("false", _("no"))]
_MOST = 10**12


class _ActiveFilterSet(StrictFilterSet):
    """Whether it is offered now."""

    is_active = django_filters.ChoiceFilter(
        label=_("Offered now"), choices=_YES_NO, empty_label=_("Any"), method="that_are_offered"
    )

    def that_are_offered(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.filter(is_active=value == "true")


class ProductFilterSet(_ActiveFilterSet):
    """The filters of products. A category stands for those that are part of it as well; prices are in the reporting currency."""

    category = django_filters.ChoiceFilter(
        label=_("Category"), choices=category_choices, empty_label=_("Any"), method="of_category"
    )
    code = django_filters.CharFilter(label=_("Code"), max_length=60)
    price__gte = django_filters.NumberFilter(
        label=_("Price from"), field_name="price", lookup_expr="gte", min_value=0, max_value=_MOST
    )
    price__lte = django_filters.NumberFilter(
        label=_("Price up to"), field_name="price", lookup_expr="lte", min_value=0, max_value=_MOST
    )

    class Meta:
        model = Product
        fields: list[str] = []

    def of_category(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.filter(category__in=category_ids_below(ProductCategory.objects.get(pk=value).pk))


class CategoryFilterSet(_ActiveFilterSet):
    """The filters of categories."""

    parent = django_filters.UUIDFilter(label=_("Part of"), field_name="parent_id")
    name = django_filters.CharFilter(label=_("Name"), max_length=100)

    class Meta:
        model = ProductCategory
        fields: list[str] = []
