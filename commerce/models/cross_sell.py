"""What was bought together in the last year, and how products have sold: rollups that a job computes from the orders."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from commerce.models.products import Product, ProductCategory
from crm.constraints import SameBusiness
from crm.models import BusinessModel, LedgerModel
from crm.scope import ScopedManager, UnscopedManager


class CrossSellRun(BusinessModel):
    """The reckoning by which a business's pairs and sales stand: when, over which days, of how many customers.

    `customer_count` is how many live customers bought a product in these days, `capped_count` of how many of them only the products
    bought last count, `floor` how many customers a pair must have.
    """

    calculated_at = models.DateTimeField(_("calculated"))
    day_from = models.DateField(_("first day"))
    day_to = models.DateField(_("last day"))
    customer_count = models.PositiveIntegerField(_("customers"))
    capped_count = models.PositiveIntegerField(_("customers of very many products"))
    floor = models.PositiveIntegerField(_("least customers of a pair"))
    product_pairs = models.PositiveIntegerField(_("pairs of products"))
    category_pairs = models.PositiveIntegerField(_("pairs of categories"))

    class Meta(BusinessModel.Meta):
        verbose_name = _("reckoning of what is bought together")
        verbose_name_plural = _("reckonings of what is bought together")
        constraints = [
            *BusinessModel.Meta.constraints,
            models.UniqueConstraint(fields=["business"], name="commerce_crosssellrun_once"),
        ]

    def __str__(self) -> str:
        return str(self.day_to)


class ProductSales(models.Model):
    """What a product has sold in the days of the reckoning.

    `order_count` counts completed orders that were not wholly refunded, `buyer_count` their customers; `quantity` and `revenue` (in the
    reporting currency) are less what was refunded; `average_price` is what a piece of them cost, empty where none was bought.
    """

    product = models.OneToOneField(
        Product, on_delete=models.CASCADE, primary_key=True, related_name="sales", db_constraint=False
    )
    business = models.ForeignKey("crm.Business", on_delete=models.CASCADE, related_name="+", db_index=False)
    order_count = models.PositiveIntegerField(_("orders"))
    buyer_count = models.PositiveIntegerField(_("buyers"))
    quantity = models.DecimalField(_("quantity"), max_digits=20, decimal_places=3)
    revenue = models.DecimalField(_("revenue"), max_digits=20, decimal_places=4)
    average_price = models.DecimalField(_("average price"), max_digits=16, decimal_places=4, null=True)

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("sales of a product")
        verbose_name_plural = _("sales of products")
        constraints = [SameBusiness("product")]

    def __str__(self) -> str:
        return str(self.product_id)


class Pair(LedgerModel):
    """Two things that the same customers bought, seen from the first.

    `both` customers bought both, `followed` of them the second on a later day than the first; `buyers` bought the first,
    `partner_buyers` the second. support = both ÷ customers who bought anything, confidence = both ÷ buyers, lift = confidence ÷
    (partner_buyers ÷ customers who bought anything), score = lift × confidence.
    """

    both = models.PositiveIntegerField(_("customers of both"))
    followed = models.PositiveIntegerField(_("customers who bought the second later"))
    buyers = models.PositiveIntegerField(_("customers of the first"))
    partner_buyers = models.PositiveIntegerField(_("customers of the second"))
    support = models.FloatField(_("support"))
    confidence = models.FloatField(_("confidence"))
    lift = models.FloatField(_("lift"))
    score = models.FloatField(_("lift times confidence"))

    class Meta(LedgerModel.Meta):
        abstract = True
        indexes = [
            models.Index(fields=["business", name, "id"], name=f"commerce_%(class)s_{name[:6]}")
            for name in ("score", "lift", "confidence", "both")
        ]

    @property
    def percent(self) -> float:
        """The confidence in hundredths."""
        return 100 * self.confidence


class ProductPair(Pair):
    """Two products that the same customers bought."""

    product = models.ForeignKey(
        Product, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+", db_constraint=False)

    class Meta(Pair.Meta):
        verbose_name = _("pair of products")
        verbose_name_plural = _("pairs of products")
        constraints = [
            SameBusiness("product"),
            SameBusiness("partner"),
            models.UniqueConstraint(fields=["product", "partner"], name="commerce_productpair_once"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} + {self.partner_id}"


class CategoryPair(Pair):
    """Two categories that the same customers bought of."""

    category = models.ForeignKey(
        ProductCategory, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(ProductCategory, on_delete=models.CASCADE, related_name="+", db_constraint=False)

    class Meta(Pair.Meta):
        verbose_name = _("pair of categories")
        verbose_name_plural = _("pairs of categories")
        constraints = [
            SameBusiness("category"),
            SameBusiness("partner"),
            models.UniqueConstraint(fields=["category", "partner"], name="commerce_categorypair_once"),
        ]

    def __str__(self) -> str:
        return f"{self.category_id} + {self.partner_id}"
