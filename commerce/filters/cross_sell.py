"""The filters of pairs, and those of customers by what they have bought."""

from contextlib import suppress
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from commerce.models import CategoryPair, Product, ProductCategory, ProductPair
from commerce.queries.cross_sell import that_bought
from commerce.queries.products import category_choices, category_ids_below
from crm.filters import MomentFilter, StrictFilterSet

SINCE = "bought__gte"
_MOST = 10**9


class ThingField(forms.CharField):
    """A product by its id or code, or a category by its id or name; knows what it is called once it was read."""

    def __init__(self, *, model: Any, word: str, **kwargs: Any) -> None:
        self.model, self.word = model, word
        self.choices: list[tuple[str, str]] = []
        super().__init__(max_length=100, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        found = self.model.objects.filter(**{self.word: text}).first()
        with suppress(ValueError):
            found = found or self.model.objects.filter(pk=UUID(text)).first()
        if found is None:
            raise ValidationError(_t("There is no such product or category."))
        self.choices = [(text, str(found))]
        return found


class BoughtFilter(django_filters.Filter):
    """Customers who have bought a product or of a category, or who haven't; since the day of `bought__gte`, where that is given."""

    field_class = ThingField

    def __init__(self, *, path: str, model: Any, word: str, has: bool, **kwargs: Any) -> None:
        self.path, self.has = path, has
        super().__init__(model=model, word=word, **kwargs)

    def filter(self, qs: Any, value: Any) -> Any:
        if value is None:
            return qs
        since = self.parent.form.cleaned_data.get(SINCE)
        return that_bought(qs, since, has=self.has, **{self.path: value})


def product_filter(*, has: bool) -> django_filters.Filter:
    """By a product."""
    label = _("Bought") if has else _("Did not buy")
    return BoughtFilter(label=label, path="product", model=Product, word="code", has=has)


def category_filter(*, has: bool) -> django_filters.Filter:
    """By a category."""
    label = _("Bought of the category") if has else _("Did not buy of the category")
    return BoughtFilter(label=label, path="product__category", model=ProductCategory, word="name", has=has)


def since_filter() -> django_filters.Filter:
    """From when on a purchase counts for the filters by product and category."""
    return MomentFilter(label=_("Bought since"), lookup_expr="gte", method=_for_the_others)


def _for_the_others(rows: Any, name: str, value: Any) -> Any:
    return rows


class PairFilterSet(StrictFilterSet):
    """The filters of pairs."""

    lift__gte = django_filters.NumberFilter(
        label=_("Lift from"), field_name="lift", lookup_expr="gte", min_value=0, max_value=_MOST
    )
    confidence__gte = django_filters.NumberFilter(
        label=_("Confidence from, in percent"), method="as_often", min_value=0, max_value=100
    )
    both__gte = django_filters.NumberFilter(
        label=_("Customers of both from"), field_name="both", lookup_expr="gte", min_value=0, max_value=_MOST
    )

    def as_often(self, queryset: Any, name: str, value: Any) -> Any:
        return queryset.filter(confidence__gte=float(value) / 100)


class ProductPairFilterSet(PairFilterSet):
    """The filters of pairs of products; a category is that of the first, or one below it."""

    category = django_filters.ChoiceFilter(
        label=_("Category"), choices=category_choices, empty_label=_("Any"), method="of_category"
    )
    product = django_filters.UUIDFilter(label=_("Product"), field_name="product_id")
    partner = django_filters.UUIDFilter(label=_("Second product"), field_name="partner_id")

    page_fields = frozenset({"category", "lift__gte", "confidence__gte", "both__gte"})

    class Meta:
        model = ProductPair
        fields: list[str] = []

    def of_category(self, queryset: Any, name: str, value: str) -> Any:
        below = category_ids_below(ProductCategory.objects.get(pk=value).pk)
        return queryset.filter(product__in=Product.objects.filter(category__in=below))


class CategoryPairFilterSet(PairFilterSet):
    """The filters of pairs of categories."""

    category = django_filters.UUIDFilter(label=_("Category"), field_name="category_id")
    partner = django_filters.UUIDFilter(label=_("Second category"), field_name="partner_id")

    page_fields = frozenset({"lift__gte", "confidence__gte", "both__gte"})

    class Meta:
        model = CategoryPair
        fields: list[str] = []
