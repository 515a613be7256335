"""Orders, their lines and the way of their status."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from commerce.choices import OrderFlag, OrderStatus
from commerce.models.deals import Opportunity
from commerce.models.products import Product
from commerce.querysets import OrderQuerySet
from crm.constraints import SameBusiness
from crm.errors import explain_constraint
from crm.models import BusinessModel, LedgerModel
from crm.scope import ScopedManager, UnscopedManager
from customers.models import Customer


class Order(BusinessModel):  # type: ignore[django-manager-missing]  # its managers come from a queryset
    """A purchase, or with status refund and a negative total the money given back. `total_base` is in the reporting currency.

    `refund_of_number` names the order that a refund is of, also while that order has not come in. An order whose linked refunds give
    all of its money back `is_refunded` and no visit. `flags` says what is odd about an order that was taken as it came (OrderFlag).
    """

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="orders",
        db_constraint=False,
        db_index=False,
        verbose_name=_("customer"),
    )
    number = models.CharField(_("number"), max_length=60)
    status = models.CharField(_("status"), max_length=9, choices=OrderStatus, default=OrderStatus.COMPLETED)
    ordered_at = models.DateTimeField(_("ordered"))
    currency = models.CharField(_("currency"), max_length=3)
    total = models.DecimalField(_("total"), max_digits=16, decimal_places=4)
    total_base = models.DecimalField(_("total in the reporting currency"), max_digits=16, decimal_places=4)
    refund_of = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="refunds",
        db_constraint=False,
        verbose_name=_("refund of"),
    )
    refund_of_number = models.CharField(
        _("number of the order that it is of"), max_length=60, blank=True, default="", db_default=""
    )
    is_refunded = models.BooleanField(_("wholly refunded"), default=False, db_default=False, editable=False)
    channel = models.CharField(_("channel"), max_length=40, blank=True, default="", db_default="")
    source = models.CharField(_("source"), max_length=40, blank=True, default="", db_default="")
    external_id = models.CharField(_("external id"), max_length=100, blank=True, default="", db_default="")
    opportunity = models.ForeignKey(
        Opportunity,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="orders",
        db_constraint=False,
        db_index=False,
        verbose_name=_("deal"),
    )
    flags = ArrayField(
        models.CharField(max_length=20, choices=OrderFlag),
        verbose_name=_("what is odd"),
        blank=True,
        default=list,
        db_default=[],
    )

    objects: ClassVar[Any] = ScopedManager.from_queryset(OrderQuerySet)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(OrderQuerySet)()

    class Meta(BusinessModel.Meta):
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("customer"),
            SameBusiness("refund_of"),
            SameBusiness("opportunity"),
            models.UniqueConstraint(
                fields=["business", "source", "external_id"],
                condition=~Q(external_id=""),
                name="commerce_order_external_unique",
            ),
            models.UniqueConstraint(fields=["business", "number"], name="commerce_order_number_unique"),
            models.CheckConstraint(condition=Q(status__in=OrderStatus.values), name="commerce_order_status_known"),
            models.CheckConstraint(
                condition=~Q(status=OrderStatus.REFUND) | Q(total__lte=0), name="commerce_refund_not_positive"
            ),
            models.CheckConstraint(
                condition=Q(status=OrderStatus.REFUND) | Q(total__gte=0), name="commerce_order_not_negative"
            ),
        ]
        indexes = [
            models.Index(
                F("customer"),
                F("ordered_at").desc(),
                F("id").desc(),
                name="commerce_order_figures",
                include=["business", "status", "is_refunded", "total_base"],
            ),
            models.Index(fields=["business", "ordered_at", "id"], name="commerce_order_recent"),
            models.Index(
                fields=["business", "status", "ordered_at", "id"],
                condition=~Q(status="completed"),
                name="commerce_order_unusual",
            ),
            models.Index(
                fields=["business", "refund_of_number"],
                condition=~Q(refund_of_number=""),
                name="commerce_order_refund_number",
            ),
            models.Index(fields=["opportunity"], condition=Q(opportunity__isnull=False), name="commerce_order_of_deal"),
            models.Index(
                fields=["business", "ordered_at", "id"], condition=~Q(flags=[]), name="commerce_order_flagged"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(LedgerModel):
    """A line of an order, known by its position. amount = quantity × unit price, rounded to the currency."""

    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, related_name="lines", db_constraint=False, db_index=False
    )
    position = models.PositiveIntegerField(_("position"))
    product = models.ForeignKey(
        Product,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        null=True,
        blank=True,
        verbose_name=_("product"),
    )
    description = models.CharField(_("description"), max_length=200, blank=True, default="", db_default="")
    quantity = models.DecimalField(_("quantity"), max_digits=14, decimal_places=3)
    unit_price = models.DecimalField(_("unit price"), max_digits=16, decimal_places=4)
    amount = models.DecimalField(_("amount"), max_digits=16, decimal_places=4)

    class Meta(LedgerModel.Meta):
        ordering = ["order", "position"]
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [
            SameBusiness("order"),
            SameBusiness("product"),
            models.UniqueConstraint(fields=["order", "position"], name="commerce_orderline_position_unique"),
        ]
        indexes = [
            models.Index(
                fields=["product", "order"],
                condition=Q(product__isnull=False, quantity__gt=0),
                name="commerce_orderline_bought",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} #{self.position}"


class OrderStatusChange(LedgerModel):
    """A step on the way of an order's status; the first has no status before."""

    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, related_name="status_changes", db_constraint=False, db_index=False
    )
    before = models.CharField(_("before"), max_length=9, choices=OrderStatus, blank=True, default="")
    after = models.CharField(_("after"), max_length=9, choices=OrderStatus)
    at = models.DateTimeField(_("when"))
    actor_kind = models.CharField(_("kind of actor"), max_length=10)
    actor_id = models.CharField(max_length=40, blank=True)
    actor_label = models.CharField(_("who"), max_length=120)

    class Meta(LedgerModel.Meta):
        ordering = ["order", "id"]
        verbose_name = _("change of an order's status")
        verbose_name_plural = _("changes of orders' status")
        constraints = [SameBusiness("order")]
        indexes = [models.Index(fields=["order", "id"], name="commerce_orderstatus_of_order")]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.after}"


explain_constraint(
    "commerce_order_number_unique",
    field="number",
    code="duplicate",
    message=_("There is an order with this number already."),
)
explain_constraint(
    "commerce_order_customer_same_business", field="customer", code="unknown", message=_("There is no such customer.")
)
explain_constraint(
    "commerce_order_external_unique",
    field="external_id",
    code="duplicate",
    message=_("There is an order with this id of this source already."),
)
explain_constraint(
    "commerce_order_opportunity_same_business",
    field="opportunity",
    code="unknown",
    message=_("There is no such deal."),
)
