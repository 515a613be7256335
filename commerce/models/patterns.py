"""What is computed of how a business's customers order: quintiles, cohorts, and whose owners were told of a gap."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.scope import ScopedManager, UnscopedManager
from customers.models import Customer


class OrderPatterns(models.Model):
    """How the live customers of a business order, as of a moment. Computed from orders and facts, the last computation only.

    `recency` (days, ISO), `frequency` and `monetary` (decimals as text) hold the four upper bounds of the lowest quintiles;
    `months` holds for each month [month, customers lost, of these not back, reactivated], the month as in 2026-01.
    """

    business = models.OneToOneField("crm.Business", on_delete=models.CASCADE, primary_key=True, related_name="+")
    computed_at = models.DateTimeField(_("computed"))
    customer_count = models.PositiveIntegerField(_("customers with an order"))
    recency = models.JSONField(default=list)
    frequency = models.JSONField(default=list)
    monetary = models.JSONField(default=list)
    months = models.JSONField(default=list)

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("order patterns")
        verbose_name_plural = _("order patterns")

    def __str__(self) -> str:
        return str(self.business_id)


class CohortMonth(models.Model):
    """What the customers whose first order was in the month `cohort` did in `month`, both by their first day: how many of them ordered,
    how often, and what they brought less refunds, in the reporting currency."""

    id = models.BigAutoField(primary_key=True)
    business = models.ForeignKey("crm.Business", on_delete=models.CASCADE, related_name="+", db_index=False)
    cohort = models.DateField(_("month of the first order"))
    month = models.DateField(_("month"))
    customers = models.PositiveIntegerField(_("customers"))
    orders = models.PositiveIntegerField(_("orders"))
    revenue = models.DecimalField(_("revenue"), max_digits=20, decimal_places=4)

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta:
        base_manager_name = "unscoped"
        ordering = ["cohort", "month"]
        verbose_name = _("month of a cohort")
        verbose_name_plural = _("months of cohorts")
        constraints = [
            models.UniqueConstraint(fields=["business", "cohort", "month"], name="commerce_cohortmonth_once")
        ]

    def __str__(self) -> str:
        return f"{self.cohort:%Y-%m} {self.month:%Y-%m}"


class OrderGap(models.Model):
    """The latest gap of a customer that its owner was told of: it began with the order of `last_order_at`."""

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, primary_key=True, related_name="order_gap", db_constraint=False
    )
    business = models.ForeignKey("crm.Business", on_delete=models.CASCADE, related_name="+")
    last_order_at = models.DateTimeField(_("last order"))
    told_at = models.DateTimeField(_("told"))

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("order gap")
        verbose_name_plural = _("order gaps")
        constraints = [SameBusiness("customer")]

    def __str__(self) -> str:
        return str(self.customer_id)
