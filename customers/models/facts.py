"""What the system has computed of customers."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.scope import ScopedManager, UnscopedManager
from customers.choices import Kind, LifecycleStage
from customers.models.customer import Customer


def _money(label: Any, *, null: bool = False) -> models.DecimalField:
    """An amount in the reporting currency: 0, or where a figure may have no meaning, empty."""
    empty: dict[str, Any] = {"null": True, "blank": True} if null else {"default": 0, "db_default": 0}
    return models.DecimalField(label, max_digits=16, decimal_places=4, **empty)


class CustomerFacts(models.Model):
    """What the system has computed of a customer; each column is written by the app that owns it, never by a form.

    `is_live`, `kind` and `lifecycle_stage` are copies, kept by `services.refresh_search`, so that lists are narrowed and ordered by one
    index.
    """

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, primary_key=True, related_name="facts", db_constraint=False
    )
    business = models.ForeignKey("crm.Business", on_delete=models.CASCADE, related_name="+", db_index=False)
    is_live = models.BooleanField(default=True, db_default=True)
    kind = models.CharField(max_length=7, choices=Kind, default=Kind.PERSON, db_default=Kind.PERSON)
    lifecycle_stage = models.CharField(
        max_length=11, choices=LifecycleStage, default=LifecycleStage.ACTIVE, db_default=LifecycleStage.ACTIVE
    )
    total_spent = models.DecimalField(_("total spent"), max_digits=16, decimal_places=4, default=0, db_default=0)
    order_count = models.PositiveIntegerField(_("orders"), default=0, db_default=0)
    average_order_value = models.DecimalField(
        _("average order value"), max_digits=16, decimal_places=4, null=True, blank=True
    )
    first_order_at = models.DateTimeField(_("first order"), null=True, blank=True)
    last_order_at = models.DateTimeField(_("last order"), null=True, blank=True)
    spent_30_days = _money(_("spent in 30 days"))
    spent_90_days = _money(_("spent in 90 days"))
    spent_365_days = _money(_("spent in 365 days"))
    orders_30_days = models.PositiveIntegerField(_("orders in 30 days"), default=0, db_default=0)
    orders_90_days = models.PositiveIntegerField(_("orders in 90 days"), default=0, db_default=0)
    orders_365_days = models.PositiveIntegerField(_("orders in 365 days"), default=0, db_default=0)
    deals_won = models.PositiveIntegerField(_("deals won"), default=0, db_default=0)
    ltv_deals = _money(_("value of the deals won"))
    average_deal_size = _money(_("average deal size"), null=True)
    open_deal_value = _money(_("value of open deals"))
    ltv_invoiced = _money(_("paid by invoice"))
    invoices_owed = _money(_("owed"))
    last_invoice_amount = _money(_("last invoice"), null=True)
    last_invoice_on = models.DateField(_("last invoice issued"), null=True, blank=True)
    mrr = _money(_("monthly recurring revenue"), null=True)
    arr = _money(_("annual recurring revenue"), null=True)
    arr_source = models.CharField(_("source of the ARR"), max_length=13, blank=True, default="", db_default="")
    lifetime_value = _money(_("lifetime value"))
    days_between_orders = models.DecimalField(
        _("days between orders"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    next_order_on = models.DateField(_("next order expected"), null=True, blank=True)
    icp_score = models.PositiveSmallIntegerField(_("fit with the ideal customer"), null=True, blank=True)

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("customer facts")
        verbose_name_plural = _("customer facts")
        constraints = [SameBusiness("customer")]
        indexes = [
            models.Index(fields=["business", "total_spent", "customer"], condition=Q(is_live=True), name="facts_by_total_spent"),
            models.Index(
                F("business"), F("last_order_at").desc(nulls_last=True), F("customer").desc(),
                condition=Q(is_live=True), name="facts_by_last_order",
            ),
            models.Index(
                fields=["business", "lifecycle_stage", "total_spent", "customer"], condition=Q(is_live=True), name="facts_by_stage_spent"
            ),
            models.Index(
                F("business"), F("lifecycle_stage"), F("last_order_at").desc(nulls_last=True), F("customer").desc(),
                condition=Q(is_live=True), name="facts_by_stage_last_order",
            ),
            models.Index(
                fields=["business", "lifetime_value", "customer"], condition=Q(is_live=True), name="facts_by_lifetime_value"
            ),
            models.Index(
                fields=["business", "lifecycle_stage", "lifetime_value", "customer"],
                condition=Q(is_live=True), name="facts_by_stage_value",
            ),
            models.Index(
                F("business"), F("icp_score").desc(nulls_last=True), F("customer").desc(),
                condition=Q(is_live=True), name="facts_by_fit",
            ),
            models.Index(
                F("business"), F("lifecycle_stage"), F("icp_score").desc(nulls_last=True), F("customer").desc(),
                condition=Q(is_live=True), name="facts_by_stage_fit",
            ),
            models.Index(
                F("business"), F("kind"), F("icp_score").desc(nulls_last=True), F("customer").desc(),
                condition=Q(is_live=True), name="facts_by_kind_fit",
            ),
            models.Index(
                fields=["business", "next_order_on", "customer"],
                condition=Q(is_live=True, order_count__gte=3, days_between_orders__gte=1), name="facts_by_next_order",
                include=["last_order_at", "days_between_orders", "average_order_value"],
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.customer_id)
