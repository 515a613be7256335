"""What is computed of orders: revenue by day, and what customers are expected to bring."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.models import BusinessModel
from crm.scope import ScopedManager, UnscopedManager
from customers.models import Customer


class RevenueDay(models.Model):
    """What a business took on a day of its time zone: completed orders less refunds, and how much of that was refunded, in the
    reporting currency. Computed from the orders."""

    id = models.BigAutoField(primary_key=True)
    business = models.ForeignKey("crm.Business", on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField(_("day"))
    revenue = models.DecimalField(_("revenue"), max_digits=20, decimal_places=4)
    order_count = models.PositiveIntegerField(_("orders"))
    refunded = models.DecimalField(_("refunded"), max_digits=20, decimal_places=4, default=0, db_default=0)

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta:
        base_manager_name = "unscoped"
        ordering = ["day"]
        verbose_name = _("revenue of a day")
        verbose_name_plural = _("revenue by day")
        constraints = [models.UniqueConstraint(fields=["business", "day"], name="commerce_revenueday_once")]

    def __str__(self) -> str:
        return str(self.day)


class RollingDay(models.Model):
    """The day, in the business's time zone, up to which its rolling figures stand."""

    business = models.OneToOneField("crm.Business", on_delete=models.CASCADE, primary_key=True, related_name="+")
    day = models.DateField(_("day"))

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("day of rolling figures")
        verbose_name_plural = _("days of rolling figures")

    def __str__(self) -> str:
        return str(self.day)


class ValueModel(BusinessModel):
    """A fit of the model of predicted value to a business's orders, by which its estimates were made.

    `parameters`, `fit` (likelihood, rows, why it is degenerate) and `backtest` are what `commerce.clv` gives, as JSON.
    """

    version = models.PositiveIntegerField(_("version"))
    method = models.CharField(_("method"), max_length=20)
    trained_from = models.DateField(_("orders from"))
    trained_to = models.DateField(_("orders up to"))
    horizon_months = models.PositiveSmallIntegerField(_("months ahead"))
    discount_rate = models.DecimalField(_("discount rate per year"), max_digits=6, decimal_places=4)
    customer_count = models.PositiveIntegerField(_("customers"))
    parameters = models.JSONField(default=dict)
    fit = models.JSONField(default=dict)
    backtest = models.JSONField(default=dict)

    class Meta(BusinessModel.Meta):
        ordering = ["-version"]
        verbose_name = _("model of predicted value")
        verbose_name_plural = _("models of predicted value")
        constraints = [
            *BusinessModel.Meta.constraints,
            models.UniqueConstraint(fields=["business", "version"], name="commerce_valuemodel_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.version}"


class LifetimeValueEstimate(models.Model):
    """What a customer is expected to bring over the horizon of the model, in the reporting currency, discounted.

    `low` and `high` bound it with the probability that the model names; `orders` is how many are expected, `alive` the probability
    from 0 to 1 that the customer still buys, empty where the simpler estimate stands in for the model.
    """

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, primary_key=True, related_name="value_estimate", db_constraint=False
    )
    business = models.ForeignKey(
        "crm.Business", on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    model = models.ForeignKey(
        ValueModel, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    predicted = models.DecimalField(_("predicted value"), max_digits=16, decimal_places=4)
    low = models.DecimalField(_("at least"), max_digits=16, decimal_places=4)
    high = models.DecimalField(_("at most"), max_digits=16, decimal_places=4)
    orders = models.FloatField(_("expected orders"))
    alive = models.FloatField(_("still buys"), null=True)
    calculated_at = models.DateTimeField(_("calculated"))

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("predicted value")
        verbose_name_plural = _("predicted values")
        # The business is that of the customer, which the database proves already.
        constraints = [SameBusiness("customer"), SameBusiness("model")]
        indexes = [models.Index(fields=["business", "-predicted", "customer"], name="commerce_estimate_by_value")]

    def __str__(self) -> str:
        return str(self.customer_id)
