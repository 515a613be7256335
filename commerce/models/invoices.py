"""Invoices and what was paid for them."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from commerce.choices import Interval, InvoiceStatus, PaymentMethod
from commerce.models.deals import Opportunity
from commerce.models.orders import Order
from commerce.models.subscriptions import Subscription
from commerce.querysets import OfCustomer
from crm.constraints import SameBusiness
from crm.errors import explain_constraint
from crm.models import BusinessModel
from crm.scope import ScopedManager, UnscopedManager
from customers.models import Customer


class Invoice(BusinessModel):
    """What a customer was asked to pay. `paid` is the sum of its payments in its own currency; `amount_base` and `paid_base` are
    in the reporting currency, at the rate of the day of issue.

    `recurs` says at which interval the like of it comes again; one that belongs to a subscription counts there and not here.
    """

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="invoices",
        db_constraint=False,
        db_index=False,
        verbose_name=_("customer"),
    )
    number = models.CharField(_("number"), max_length=60)
    status = models.CharField(_("status"), max_length=7, choices=InvoiceStatus, default=InvoiceStatus.OPEN)
    issued_on = models.DateField(_("issued on"))
    due_on = models.DateField(_("due on"), null=True, blank=True)
    paid_on = models.DateField(_("paid on"), null=True, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=16, decimal_places=4)
    currency = models.CharField(_("currency"), max_length=3)
    amount_base = models.DecimalField(_("amount in the reporting currency"), max_digits=16, decimal_places=4)
    paid = models.DecimalField(_("paid"), max_digits=16, decimal_places=4, default=0, db_default=0)
    paid_base = models.DecimalField(
        _("paid in the reporting currency"), max_digits=16, decimal_places=4, default=0, db_default=0
    )
    recurs = models.CharField(_("comes again"), max_length=9, choices=Interval, blank=True, default="", db_default="")
    subscription = models.ForeignKey(
        Subscription,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="invoices",
        db_constraint=False,
        db_index=False,
        verbose_name=_("subscription"),
    )
    order = models.ForeignKey(
        Order,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="invoices",
        db_constraint=False,
        db_index=False,
        verbose_name=_("order"),
    )
    opportunity = models.ForeignKey(
        Opportunity,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="invoices",
        db_constraint=False,
        db_index=False,
        verbose_name=_("deal"),
    )
    note = models.CharField(_("note"), max_length=500, blank=True, default="", db_default="")

    objects: ClassVar[Any] = ScopedManager.from_queryset(OfCustomer)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(OfCustomer)()

    class Meta(BusinessModel.Meta):
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("customer"),
            SameBusiness("subscription"),
            SameBusiness("order"),
            SameBusiness("opportunity"),
            models.UniqueConstraint(fields=["business", "number"], name="commerce_invoice_number_unique"),
            models.CheckConstraint(condition=Q(status__in=InvoiceStatus.values), name="commerce_invoice_status_known"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="commerce_invoice_not_negative"),
            models.CheckConstraint(condition=Q(paid__gte=0), name="commerce_invoice_paid_not_negative"),
            models.CheckConstraint(
                condition=Q(due_on__isnull=True) | Q(due_on__gte=F("issued_on")), name="commerce_invoice_due_later"
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-issued_on", "-id"], name="commerce_invoice_of_customer"),
            models.Index(fields=["business", "-issued_on", "-id"], name="commerce_invoice_recent"),
            models.Index(
                fields=["business", "due_on", "id"], condition=Q(status="open") | Q(status="partial"), name="commerce_invoice_owed"
            ),
            models.Index(F("business"), F("due_on").asc(nulls_first=True), F("id"), name="commerce_invoice_by_due"),
            models.Index(
                fields=["customer", "-issued_on"], condition=~Q(recurs=""), name="commerce_invoice_recurring"
            ),
            models.Index(
                fields=["subscription"], condition=Q(subscription__isnull=False), name="commerce_invoice_of_sub"
            ),
            models.Index(fields=["order"], condition=Q(order__isnull=False), name="commerce_invoice_of_order"),
            models.Index(
                fields=["opportunity"], condition=Q(opportunity__isnull=False), name="commerce_invoice_of_deal"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number


class Payment(BusinessModel):
    """Money that came in for an invoice, in the invoice's currency."""

    invoice = models.ForeignKey(
        Invoice,
        on_delete=models.CASCADE,
        related_name="payments",
        db_constraint=False,
        db_index=False,
        verbose_name=_("invoice"),
    )
    paid_on = models.DateField(_("paid on"))
    amount = models.DecimalField(_("amount"), max_digits=16, decimal_places=4)
    method = models.CharField(
        _("method"),
        max_length=12,
        choices=PaymentMethod,
        default=PaymentMethod.TRANSFER,
        db_default=PaymentMethod.TRANSFER,
    )
    reference = models.CharField(_("reference"), max_length=100, blank=True, default="", db_default="")

    class Meta(BusinessModel.Meta):
        ordering = ["-paid_on", "-id"]
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("invoice"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="commerce_payment_positive"),
        ]
        indexes = [
            models.Index(fields=["invoice", "paid_on"], name="commerce_payment_of_invoice"),
            models.Index(fields=["business", "-paid_on", "-id"], name="commerce_payment_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} ({self.paid_on})"


explain_constraint(
    "commerce_invoice_number_unique",
    field="number",
    code="duplicate",
    message=_("There is an invoice with this number already."),
)
explain_constraint(
    "commerce_invoice_due_later",
    field="due_on",
    code="before_issue",
    message=_("It can't be due before it was issued."),
)
for _field, _message in (
    ("customer", _("There is no such customer.")), ("subscription", _("There is no such subscription.")),
    ("order", _("There is no such order.")), ("opportunity", _("There is no such deal.")),
):  # fmt: skip
    explain_constraint(f"commerce_invoice_{_field}_same_business", field=_field, code="unknown", message=_message)
