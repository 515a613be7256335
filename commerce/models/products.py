"""What is sold."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.errors import explain_constraint
from crm.models import BusinessModel


class ProductCategory(BusinessModel):
    """A kind of products, known by its name; one may stand below another."""

    name = models.CharField(_("name"), max_length=100)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", db_constraint=False,
        verbose_name=_("part of"),
    )  # fmt: skip
    is_active = models.BooleanField(_("used now"), default=True, db_default=True)

    class Meta(BusinessModel.Meta):
        ordering = ["name"]
        verbose_name = _("product category")
        verbose_name_plural = _("product categories")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("parent"),
            models.UniqueConstraint(fields=["business", "name"], name="commerce_category_name_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class Product(BusinessModel):
    """Something that is sold, known by its code. `price` is the usual one, in the reporting currency."""

    code = models.CharField(_("code"), max_length=60)
    name = models.CharField(_("name"), max_length=200, blank=True, default="", db_default="")
    category = models.ForeignKey(
        ProductCategory, on_delete=models.PROTECT, null=True, blank=True, related_name="products", db_constraint=False,
        verbose_name=_("category"),
    )  # fmt: skip
    price = models.DecimalField(_("price"), max_digits=16, decimal_places=4, null=True, blank=True)
    is_active = models.BooleanField(_("sold now"), default=True, db_default=True)

    class Meta(BusinessModel.Meta):
        ordering = ["code"]
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("category"),
            models.UniqueConstraint(fields=["business", "code"], name="commerce_product_code_unique"),
        ]
        indexes = [
            models.Index(fields=["business", "name", "id"], name="commerce_product_by_name"),
            models.Index(fields=["business", "price", "id"], name="commerce_product_by_price"),
        ]

    def __str__(self) -> str:
        return self.name or self.code


explain_constraint(
    "commerce_category_name_unique",
    field="name",
    code="duplicate",
    message=_("There is a category of this name already."),
)
explain_constraint(
    "commerce_product_code_unique",
    field="code",
    code="duplicate",
    message=_("There is a product with this code already."),
)
