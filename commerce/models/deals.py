"""Deals: opportunities to sell, and the way that each goes through the stages."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from commerce.choices import OPEN_STAGES, DealKind, DealStage
from commerce.models.products import Product
from commerce.querysets import OfCustomerOrNobody
from crm.constraints import SameBusiness
from crm.errors import explain_constraint
from crm.models import BusinessModel, LedgerModel
from crm.scope import ScopedManager, UnscopedManager
from customers.models import Contact, Customer

_OPEN = Q(stage__in=OPEN_STAGES)
NAME_WORDS = Func(
    F("name"), template="crm_search_vector(%(expressions)s, '', '', '')", output_field=SearchVectorField()
)
"""The folded words of a deal's name, by which it is found."""


class Opportunity(BusinessModel):  # type: ignore[django-manager-missing]  # its managers come from a queryset
    """A chance to sell something. `amount` may be unknown while it is open; `amount_base` is in the reporting currency.

    `probability` is in percent. `push_count` counts how often the expected close was moved to a later day.
    """

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="opportunities",
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        verbose_name=_("customer"),
    )
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=9, choices=DealKind, default=DealKind.NEW)
    stage = models.CharField(_("stage"), max_length=13, choices=DealStage, default=DealStage.DISCOVERY)
    stage_since = models.DateTimeField(_("in the stage since"))
    amount = models.DecimalField(_("amount"), max_digits=16, decimal_places=4, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    amount_base = models.DecimalField(
        _("amount in the reporting currency"), max_digits=16, decimal_places=4, null=True, blank=True
    )
    probability = models.PositiveSmallIntegerField(_("probability"))
    opened_on = models.DateField(_("opened on"))
    expected_close_on = models.DateField(_("expected close"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    lost_reason = models.CharField(_("why it was lost"), max_length=200, blank=True, default="", db_default="")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("owner"),
    )
    contact = models.ForeignKey(
        Contact,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="opportunities",
        db_constraint=False,
        db_index=False,
        verbose_name=_("contact"),
    )
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
    competitor = models.CharField(_("competitor"), max_length=120, blank=True, default="", db_default="")
    next_step = models.CharField(_("next step"), max_length=200, blank=True, default="", db_default="")
    next_step_on = models.DateField(_("next step on"), null=True, blank=True)
    push_count = models.PositiveSmallIntegerField(_("times put off"), default=0, db_default=0)
    source = models.CharField(_("source"), max_length=40, blank=True, default="", db_default="")
    external_id = models.CharField(_("external id"), max_length=100, blank=True, default="", db_default="")

    objects: ClassVar[Any] = ScopedManager.from_queryset(OfCustomerOrNobody)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(OfCustomerOrNobody)()

    class Meta(BusinessModel.Meta):
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("customer"),
            SameBusiness("contact"),
            SameBusiness("product"),
            SameBusiness("owner", to="crm.Membership", to_columns=("business_id", "user_id")),
            models.UniqueConstraint(
                fields=["business", "source", "external_id"],
                condition=~Q(external_id=""),
                name="commerce_deal_external_unique",
            ),
            models.CheckConstraint(condition=Q(kind__in=DealKind.values), name="commerce_deal_kind_known"),
            models.CheckConstraint(condition=Q(stage__in=DealStage.values), name="commerce_deal_stage_known"),
            models.CheckConstraint(condition=Q(probability__lte=100), name="commerce_deal_probability"),
            models.CheckConstraint(
                condition=Q(amount__gte=0) | Q(amount__isnull=True), name="commerce_deal_not_negative"
            ),
            models.CheckConstraint(
                condition=(_OPEN & Q(closed_at__isnull=True)) | (~_OPEN & Q(closed_at__isnull=False)),
                name="commerce_deal_closed",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-stage_since", "-id"], name="commerce_deal_of_customer"),
            models.Index(fields=["business", "stage", "-stage_since", "id"], name="commerce_deal_by_stage"),
            models.Index(
                F("business"), F("expected_close_on").asc(nulls_first=True), F("id"), name="commerce_deal_by_close"
            ),
            models.Index(F("business"), F("amount_base").desc(nulls_last=True), F("id").desc(), name="commerce_deal_by_amount"),
            models.Index(fields=["business", "created_at", "id"], name="commerce_deal_recent"),
            models.Index(fields=["owner", "stage"], name="commerce_deal_of_owner"),
            models.Index(fields=["contact"], condition=Q(contact__isnull=False), name="commerce_deal_of_contact"),
            GinIndex(NAME_WORDS, name="commerce_deal_words", fastupdate=False),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name


class OpportunityStageChange(LedgerModel):
    """A step of a deal from stage to stage; the first has no stage before. `days` is how long it stood in the stage before."""

    opportunity = models.ForeignKey(
        Opportunity, on_delete=models.CASCADE, related_name="stage_changes", db_constraint=False, db_index=False
    )
    before = models.CharField(_("before"), max_length=13, choices=DealStage, blank=True, default="")
    after = models.CharField(_("after"), max_length=13, choices=DealStage)
    at = models.DateTimeField(_("when"))
    days = models.DecimalField(_("days in the stage before"), max_digits=9, decimal_places=2, null=True)
    amount_base = models.DecimalField(_("amount"), max_digits=16, decimal_places=4, null=True)
    actor_kind = models.CharField(_("kind of actor"), max_length=10)
    actor_id = models.CharField(max_length=40, blank=True)
    actor_label = models.CharField(_("who"), max_length=120)
    reason = models.CharField(_("reason"), max_length=200, blank=True, default="")

    class Meta(LedgerModel.Meta):
        ordering = ["opportunity", "id"]
        verbose_name = _("step of a deal")
        verbose_name_plural = _("steps of deals")
        constraints = [SameBusiness("opportunity")]
        indexes = [
            models.Index(fields=["opportunity", "id"], name="commerce_dealstep_of_deal"),
            models.Index(fields=["business", "at"], name="commerce_dealstep_at"),
        ]

    def __str__(self) -> str:
        return f"{self.opportunity_id}: {self.after}"


explain_constraint(
    "commerce_deal_external_unique",
    field="external_id",
    code="duplicate",
    message=_("There is a deal with this id of this source already."),
)
for _field, _message in (
    ("customer", _("There is no such customer.")), ("contact", _("There is no such contact.")),
    ("product", _("There is no such product.")), ("owner", _("This person doesn't work here.")),
):  # fmt: skip
    explain_constraint(f"commerce_opportunity_{_field}_same_business", field=_field, code="unknown", message=_message)
