"""How well a customer fits, how ready it is, and what is known of its technology, its signals and our competitors there."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.errors import explain_constraint
from crm.models import BusinessModel, User
from crm.scope import ScopedManager, UnscopedManager
from customers.choices import CompetitorStanding, CriterionOperator, SignalKind
from customers.models.customer import Customer
from customers.querysets import OfCustomerQuerySet

LEVELS = [(0, _("0, nothing known")), (1, _("1, first hints")), (2, _("2, stated")), (3, _("3, proven"))]
"""How sure a part of BANT is."""


class IcpCriterion(BusinessModel):
    """A trait of the ideal customer: a fact, what it should be, and how much it counts."""

    name = models.CharField(_("name"), max_length=80)
    field = models.CharField(
        _("fact"), max_length=60, help_text=_("Key of a field of customers, custom_… or technology.")
    )
    operator = models.CharField(_("should"), max_length=8, choices=CriterionOperator)
    value = models.JSONField(_("value"), default=list, blank=True)
    weight = models.PositiveSmallIntegerField(_("weight"), default=10)
    order = models.PositiveSmallIntegerField(_("order"), default=100)

    class Meta(BusinessModel.Meta):
        ordering = ["order", "name"]
        verbose_name = _("trait of the ideal customer")
        verbose_name_plural = _("traits of the ideal customer")
        constraints = [
            *BusinessModel.Meta.constraints,
            models.CheckConstraint(condition=Q(weight__range=(1, 100)), name="customers_icpcriterion_weight"),
            models.CheckConstraint(
                condition=Q(operator__in=CriterionOperator.values), name="customers_icpcriterion_operator_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OfCustomer(BusinessModel):
    """What hangs on one customer and is seen by those who see the customer."""

    objects: ClassVar[Any] = ScopedManager.from_queryset(OfCustomerQuerySet)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(OfCustomerQuerySet)()

    class Meta(BusinessModel.Meta):
        abstract = True


class Qualification(OfCustomer):
    """BANT of a customer: budget, authority, need and timeline, each from 0 to 3 with its evidence."""

    customer = models.OneToOneField(
        Customer,
        on_delete=models.CASCADE,
        related_name="qualification",
        db_constraint=False,
        verbose_name=_("customer"),
    )
    budget = models.PositiveSmallIntegerField(_("budget"), choices=LEVELS, default=0)
    budget_evidence = models.CharField(
        _("evidence of the budget"), max_length=500, blank=True, default="", db_default=""
    )
    authority = models.PositiveSmallIntegerField(_("authority"), choices=LEVELS, default=0)
    authority_evidence = models.CharField(
        _("evidence of authority"), max_length=500, blank=True, default="", db_default=""
    )
    need = models.PositiveSmallIntegerField(_("need"), choices=LEVELS, default=0)
    need_evidence = models.CharField(_("evidence of the need"), max_length=500, blank=True, default="", db_default="")
    timeline = models.PositiveSmallIntegerField(_("timeline"), choices=LEVELS, default=0)
    timeline_evidence = models.CharField(
        _("evidence of the timeline"), max_length=500, blank=True, default="", db_default=""
    )
    assessed_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name=_("assessed by"),
    )
    assessed_at = models.DateTimeField(_("assessed"), null=True, blank=True, editable=False)

    class Meta(OfCustomer.Meta):
        verbose_name = _("qualification")
        verbose_name_plural = _("qualifications")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("customer"),
            models.CheckConstraint(
                condition=Q(budget__lte=3, authority__lte=3, need__lte=3, timeline__lte=3),
                name="customers_qualification_levels",
            ),
        ]

    def __str__(self) -> str:
        return str(self.customer_id)

    @property
    def bant_score(self) -> int:
        """0–12: the sum of the four parts."""
        return self.budget + self.authority + self.need + self.timeline


class Technology(OfCustomer):
    """Something that a customer works with."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="technologies", db_constraint=False, verbose_name=_("customer")
    )
    name = models.CharField(_("name"), max_length=80)
    category = models.CharField(_("category"), max_length=80, blank=True, default="", db_default="")
    source = models.CharField(_("source"), max_length=120)
    first_seen_on = models.DateField(_("first seen"))
    last_seen_on = models.DateField(_("last seen"))

    class Meta(OfCustomer.Meta):
        ordering = ["category", "name"]
        verbose_name = _("technology")
        verbose_name_plural = _("technologies")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("customer"),
            models.UniqueConstraint(
                models.F("customer"), models.functions.Lower("name"), name="customers_technology_once"
            ),
            models.CheckConstraint(
                condition=Q(last_seen_on__gte=models.F("first_seen_on")), name="customers_technology_order"
            ),
        ]
        indexes = [
            models.Index("business", models.functions.Lower("name"), "customer", name="customers_technology_name"),
            models.Index(fields=["business", "last_seen_on", "id"], name="customers_technology_seen"),
        ]

    def __str__(self) -> str:
        return self.name


class Signal(OfCustomer):
    """Something noticed at a customer that speaks for buying, a competitor, a risk or more business; with where it was seen and when."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="signals", db_constraint=False, verbose_name=_("customer")
    )
    kind = models.CharField(_("kind"), max_length=11, choices=SignalKind)
    strength = models.PositiveSmallIntegerField(_("strength"), default=3, help_text=_("1 weak … 5 strong."))
    text = models.CharField(_("what was noticed"), max_length=300)
    source = models.CharField(_("source"), max_length=120)
    seen_on = models.DateField(_("seen"))
    closed_on = models.DateField(_("no longer true since"), null=True, blank=True)

    class Meta(OfCustomer.Meta):
        ordering = ["-seen_on", "-id"]
        verbose_name = _("signal")
        verbose_name_plural = _("signals")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("customer"),
            models.CheckConstraint(condition=Q(kind__in=SignalKind.values), name="customers_signal_kind_known"),
            models.CheckConstraint(condition=Q(strength__range=(1, 5)), name="customers_signal_strength"),
        ]
        indexes = [
            models.Index(
                fields=["business", "kind", "customer"],
                condition=Q(closed_on__isnull=True),
                name="customers_signal_open",
            ),
            models.Index(fields=["business", "seen_on", "id"], name="customers_signal_seen"),
        ]

    def __str__(self) -> str:
        return self.text


class CompetitorMention(OfCustomer):
    """A competitor's name at a customer: in what standing, and how that is known."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="competitors", db_constraint=False, verbose_name=_("customer")
    )
    name = models.CharField(_("competitor"), max_length=120)
    standing = models.CharField(
        _("standing"), max_length=9, choices=CompetitorStanding, default=CompetitorStanding.MENTIONED
    )
    note = models.CharField(_("note"), max_length=300, blank=True, default="", db_default="")
    source = models.CharField(_("source"), max_length=120)
    seen_on = models.DateField(_("seen"))

    class Meta(OfCustomer.Meta):
        ordering = ["-seen_on", "-id"]
        verbose_name = _("competitor")
        verbose_name_plural = _("competitors")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("customer"),
            models.CheckConstraint(
                condition=Q(standing__in=CompetitorStanding.values), name="customers_competitor_standing_known"
            ),
        ]
        indexes = [
            models.Index("business", models.functions.Lower("name"), "customer", name="customers_competitor_name"),
            models.Index(fields=["business", "seen_on", "id"], name="customers_competitor_seen"),
        ]

    def __str__(self) -> str:
        return self.name


explain_constraint(
    "customers_technology_once", field="name", code="duplicate", message=_("This technology is noted here already.")
)
