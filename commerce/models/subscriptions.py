"""Subscriptions: what customers pay again and again."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from commerce.choices import Interval, SubscriptionEvent, SubscriptionStatus
from commerce.models.products import Product
from commerce.querysets import OfCustomer
from crm.constraints import SameBusiness
from crm.errors import explain_constraint
from crm.models import BusinessModel, LedgerModel
from crm.scope import ScopedManager, UnscopedManager
from customers.models import Customer


class Subscription(BusinessModel):  # type: ignore[django-manager-missing]  # its managers come from a queryset
    """A plan that a customer pays for at each interval. `mrr` is its amount per month in the reporting currency while it runs.

    `ended_on` is the first day without it; a cancellation that is known in advance has an `ended_on` to come and stays active
    until that day.
    """

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="subscriptions",
        db_constraint=False,
        db_index=False,
        verbose_name=_("customer"),
    )
    plan = models.CharField(_("plan"), max_length=120)
    product = models.ForeignKey(
        Product,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("product"),
    )
    status = models.CharField(_("status"), max_length=6, choices=SubscriptionStatus, default=SubscriptionStatus.ACTIVE)
    amount = models.DecimalField(_("amount"), max_digits=16, decimal_places=4)
    currency = models.CharField(_("currency"), max_length=3)
    interval = models.CharField(_("interval"), max_length=9, choices=Interval, default=Interval.MONTH)
    seats = models.PositiveIntegerField(_("seats"), null=True, blank=True)
    mrr = models.DecimalField(_("per month"), max_digits=16, decimal_places=4)
    started_on = models.DateField(_("started on"))
    renews_on = models.DateField(_("renews on"), null=True, blank=True)
    auto_renews = models.BooleanField(_("renews by itself"), default=True, db_default=True)
    cancelled_on = models.DateField(_("cancelled on"), null=True, blank=True)
    ended_on = models.DateField(_("ends on"), null=True, blank=True)
    cancel_reason = models.CharField(_("why it ends"), max_length=200, blank=True, default="", db_default="")
    source = models.CharField(_("source"), max_length=40, blank=True, default="", db_default="")
    external_id = models.CharField(_("external id"), max_length=100, blank=True, default="", db_default="")

    objects: ClassVar[Any] = ScopedManager.from_queryset(OfCustomer)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(OfCustomer)()

    class Meta(BusinessModel.Meta):
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("customer"),
            SameBusiness("product"),
            models.UniqueConstraint(
                fields=["business", "source", "external_id"],
                condition=~Q(external_id=""),
                name="commerce_subscription_external_unique",
            ),
            models.CheckConstraint(
                condition=Q(status__in=SubscriptionStatus.values), name="commerce_subscription_status_known"
            ),
            models.CheckConstraint(
                condition=Q(interval__in=Interval.values), name="commerce_subscription_interval_known"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="commerce_subscription_not_negative"),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("started_on")),
                name="commerce_subscription_ends_later",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "started_on"], name="commerce_sub_of_customer"),
            models.Index(fields=["business", "status", "-mrr", "id"], name="commerce_sub_by_status"),
            models.Index(fields=["business", "started_on", "id"], name="commerce_sub_recent"),
            models.Index(fields=["business", "mrr", "id"], name="commerce_sub_by_mrr"),
            models.Index(F("business"), F("renews_on").asc(nulls_first=True), F("id"), name="commerce_sub_by_renewal"),
            models.Index(
                fields=["business", "ended_on"], condition=Q(ended_on__isnull=False), name="commerce_sub_by_end"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.plan


class SubscriptionChange(LedgerModel):
    """What a subscription brought per month, and on how many seats, from a day on: the ledger that revenue by month is read from."""

    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="changes", db_constraint=False, db_index=False
    )
    event = models.CharField(_("event"), max_length=7, choices=SubscriptionEvent)
    on = models.DateField(_("from"))
    mrr_before = models.DecimalField(_("per month before"), max_digits=16, decimal_places=4)
    mrr_after = models.DecimalField(_("per month after"), max_digits=16, decimal_places=4)
    seats_before = models.PositiveIntegerField(_("seats before"), null=True)
    seats_after = models.PositiveIntegerField(_("seats after"), null=True)
    actor_label = models.CharField(_("who"), max_length=120)
    reason = models.CharField(_("reason"), max_length=200, blank=True, default="")

    class Meta(LedgerModel.Meta):
        ordering = ["subscription", "on", "id"]
        verbose_name = _("change of a subscription")
        verbose_name_plural = _("changes of subscriptions")
        constraints = [SameBusiness("subscription")]
        indexes = [
            models.Index(fields=["subscription", "on", "id"], name="commerce_subchange_of_sub"),
            models.Index(fields=["business", "on"], name="commerce_subchange_on"),
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id}: {self.event}"


explain_constraint(
    "commerce_subscription_external_unique",
    field="external_id",
    code="duplicate",
    message=_("There is a subscription with this id of this source already."),
)
explain_constraint(
    "commerce_subscription_ends_later",
    field="ended_on",
    code="before_start",
    message=_("It can't end before it has started."),
)
explain_constraint(
    "commerce_subscription_customer_same_business",
    field="customer",
    code="unknown",
    message=_("There is no such customer."),
)
