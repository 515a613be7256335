"""Changes of many customers at once: the run, and one line per customer by which it can be taken back."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.models import BusinessModel, LedgerModel, User
from crm.scope import ScopedManager, UnscopedManager
from customers.choices import BulkResult, BulkState
from customers.models.customer import Customer
from customers.querysets import AskedForQuerySet


class BulkRun(BusinessModel):
    """One deed on many customers: which deed with which values, on whom (a query of the list or chosen ids), and how far it is."""

    action = models.CharField(_("deed"), max_length=40)
    values = models.JSONField(_("values"), default=dict, blank=True)
    query = models.CharField(_("all that match"), max_length=4000, blank=True, default="", db_default="")
    customer_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    state = models.CharField(_("state"), max_length=7, choices=BulkState, default=BulkState.WAITING)
    job = models.ForeignKey(
        "crm.Job", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_constraint=False
    )
    requested_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("asked for by")
    )
    undoes = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="undone_by", db_constraint=False,
        verbose_name=_("takes back"),
    )  # fmt: skip
    total = models.PositiveIntegerField(_("customers"), default=0)
    counts = models.JSONField(default=dict, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects: ClassVar[Any] = ScopedManager.from_queryset(AskedForQuerySet)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(AskedForQuerySet)()

    class Meta(BusinessModel.Meta):
        ordering = ["-created_at"]
        verbose_name = _("bulk change")
        verbose_name_plural = _("bulk changes")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("job"),
            SameBusiness("undoes"),
            models.CheckConstraint(condition=Q(state__in=BulkState.values), name="customers_bulkrun_state_known"),
        ]
        indexes = [models.Index(fields=["business", "created_at", "id"], name="customers_bulkrun_recent")]

    def __str__(self) -> str:
        return self.action


class BulkChange(LedgerModel):
    """What a bulk change did to one customer: values before and after, or why it was left alone."""

    run = models.ForeignKey(
        BulkRun, on_delete=models.CASCADE, related_name="lines", db_constraint=False, db_index=False
    )
    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("customer"),
    )
    result = models.CharField(_("result"), max_length=8, choices=BulkResult)
    before = models.JSONField(_("before"), default=dict, blank=True)
    after = models.JSONField(_("after"), default=dict, blank=True)
    reason = models.CharField(_("why not"), max_length=200, blank=True, default="", db_default="")
    at = models.DateTimeField(_("when"), db_default=Now())

    class Meta(LedgerModel.Meta):
        ordering = ["id"]
        verbose_name = _("changed customer")
        verbose_name_plural = _("changed customers")
        constraints = [
            SameBusiness("run"),
            SameBusiness("customer"),
            models.UniqueConstraint(fields=["run", "customer"], name="customers_bulkchange_once"),
        ]
        indexes = [models.Index(fields=["customer", "-id"], name="customers_bulkchange_of")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.result}"
