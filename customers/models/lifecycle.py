"""The way of a customer through the lifecycle stages."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.models import LedgerModel
from crm.scope import ScopedManager, UnscopedManager
from customers.choices import LifecycleStage
from customers.models.customer import Customer
from customers.querysets import OfCustomerQuerySet


class LifecycleChange(LedgerModel):
    """A customer entered a stage or step: from when it holds, when and by whom it was entered, and why.

    Read in the order (effective_at, id) the rows are the customer's way; what it came from is the row before. The first row is where
    the customer began.
    """

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="stage_changes", db_constraint=False, db_index=False,
        verbose_name=_("customer"),
    )  # fmt: skip
    stage = models.CharField(_("stage"), max_length=11, choices=LifecycleStage)
    substep = models.CharField(_("step"), max_length=24, blank=True, default="", db_default="")
    effective_at = models.DateTimeField(_("effective from"))
    recorded_at = models.DateTimeField(_("entered"), db_default=Now())
    actor_kind = models.CharField(_("kind of actor"), max_length=10)
    actor_id = models.CharField(max_length=40, blank=True, default="", db_default="")
    actor_label = models.CharField(_("by"), max_length=120)
    trigger = models.CharField(
        _("trigger"),
        max_length=80,
        blank=True,
        default="",
        db_default="",
        help_text=_("What caused it, where no person did."),
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="", db_default="")

    objects: ClassVar[Any] = ScopedManager.from_queryset(OfCustomerQuerySet)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(OfCustomerQuerySet)()

    class Meta(LedgerModel.Meta):
        ordering = ["effective_at", "id"]
        verbose_name = _("stage change")
        verbose_name_plural = _("stage changes")
        constraints = [
            SameBusiness("customer"),
            models.CheckConstraint(condition=Q(stage__in=LifecycleStage.values), name="customers_stagechange_known"),
        ]
        indexes = [
            models.Index(fields=["customer", "effective_at", "id"], name="customers_stagechange_way"),
            models.Index(
                fields=["business", "customer", "-effective_at", "-id"],
                include=["stage"],
                name="customers_stagechange_as_of",
            ),
            models.Index(fields=["business", "effective_at", "id"], name="customers_stagechange_when"),
        ]

    def __str__(self) -> str:
        return f"{self.stage} from {self.effective_at:%Y-%m-%d}"
