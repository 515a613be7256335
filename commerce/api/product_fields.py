"""A product and a category in the API: how they are shown, and the bodies by which programs make and change them."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from commerce.api.subscription_fields import text_field
from commerce.models import ProductCategory
from crm.api.fields import Amount, Id, Input, Text
from crm.api.patterns import AMOUNT, CURRENCY
from crm.api.representation import Representation, Shown

PRODUCT = Representation(
    "Product",
    [
        Shown("id", "id", "id"),
        Shown("code", "code", "text", _("Code"), example="85123A"),
        Shown("name", "name", "text", _("Name"), example="White hanging heart"),
        Shown("category", "category", "id", _("Category"), nullable=True),
        Shown("price", "price", "decimal", _("Usual price in the reporting currency"), nullable=True, example="2.55"),
        Shown("base_currency", "", "currency", _("Reporting currency of the business")),
        Shown("is_active", "is_active", "boolean", _("Whether it is offered now")),
        Shown("orders", "orders", "number", _("Orders of the last reckoning; null for who sees not all customers"), nullable=True),
        Shown("buyers", "buyers", "number", _("Their customers"), nullable=True),
        Shown("revenue", "revenue", "money", _("What they brought, less refunds"), nullable=True),
        Shown("created_at", "created_at", "datetime", _("Added")),
        Shown("updated_at", "updated_at", "datetime", _("Changed")),
    ],
)  # fmt: skip
CATEGORY = Representation(
    "ProductCategory",
    [
        Shown("id", "id", "id"),
        Shown("name", "name", "text", _("Name"), example="Lights"),
        Shown("parent", "parent", "id", _("The wider category that it is part of"), nullable=True),
        Shown("is_active", "is_active", "boolean", _("Whether it is offered now")),
        Shown("created_at", "created_at", "datetime", _("Added")),
        Shown("updated_at", "updated_at", "datetime", _("Changed")),
    ],
)


class ProductTotals(serializers.Serializer):
    """What the products of a list have sold in the days of the last reckoning; null for who sees not all customers."""

    revenue = serializers.RegexField(AMOUNT, allow_null=True, help_text=_("Less refunds, in the reporting currency"))
    currency = serializers.RegexField(CURRENCY, help_text=_("Reporting currency of the business"))


TOTALS_SAMPLE = {"revenue": "1234.50", "currency": "GBP"}


class CategoryId(Id):
    """The id of a category of the business; becomes the category."""

    default_error_messages = {"unknown_id": _("There is no such category in this business.")}

    def to_internal_value(self, data: Any) -> Any:
        pk = super().to_internal_value(data)
        return ProductCategory.objects.filter(pk=pk).first() or self.fail("unknown_id")


class ProductInput(Input):
    """What may be entered of a product."""

    computed = frozenset(PRODUCT.shown) - {"code", "name", "category", "price"}

    code = Text(max_length=60, help_text=_("By which orders and files name it."))
    name = text_field(200)
    category = CategoryId(allow_null=True, required=False, help_text=_("Id of a category."))
    price = Amount(
        max_digits=16, decimal_places=4, min_value=0, allow_null=True, required=False,
        help_text=_("The usual one, in the reporting currency."),
    )  # fmt: skip


class CategoryInput(Input):
    """What may be entered of a category."""

    computed = frozenset(CATEGORY.shown) - {"name", "parent"}

    name = Text(max_length=100)
    parent = CategoryId(  # type: ignore[assignment]  # declared fields are no attributes
        allow_null=True, required=False, help_text=_("Id of the category that it is part of.")
    )
