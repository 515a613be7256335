"""What a customer wants to be sent, what it has consented to, and what was decided about each message."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.errors import explain_constraint
from crm.models import BusinessModel, LedgerModel, User
from crm.scope import ScopedManager, UnscopedManager
from customers.choices import (
    Channel,
    ConsentBasis,
    ConsentSource,
    ConsentState,
    Frequency,
    MessageCategory,
    PrivacyRequestKind,
    PrivacyRequestState,
    SendOutcome,
)
from customers.models.customer import Customer
from customers.querysets import OfCustomerQuerySet


class CommunicationPreference(BusinessModel):
    """What a customer wants to be sent, how and when. Without a row the defaults of the business's consent mode hold."""

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, related_name="preference", db_constraint=False, verbose_name=_("customer")
    )
    email_marketing = models.BooleanField(_("marketing by e-mail"), default=False)
    sms_marketing = models.BooleanField(_("marketing by SMS"), default=False)
    push_notifications = models.BooleanField(_("push notifications"), default=False)
    loyalty_updates = models.BooleanField(_("loyalty updates"), default=False)
    transaction_receipts = models.BooleanField(_("transaction receipts"), default=True)
    promotional_offers = models.BooleanField(_("promotional offers"), default=False)
    survey_invitations = models.BooleanField(_("survey invitations"), default=False)
    newsletter_subscription = models.BooleanField(_("newsletter"), default=False)
    frequency = models.CharField(_("how often"), max_length=13, choices=Frequency, default=Frequency.IMMEDIATE)
    preferred_channel = models.CharField(_("preferred channel"), max_length=8, choices=Channel, default=Channel.EMAIL)
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC")
    quiet_hours_start = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_hours_end = models.TimeField(_("quiet until"), null=True, blank=True)
    digest_at = models.TimeField(_("digest at"), default="09:00")
    digest_weekday = models.PositiveSmallIntegerField(
        _("weekly digest on"), default=1, help_text=_("1 Monday … 7 Sunday.")
    )
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    link_number = models.PositiveIntegerField(
        default=1,
        db_default=1,
        editable=False,
        help_text=_("Part of the signed link; a new number ends the links before."),
    )

    objects: ClassVar[Any] = ScopedManager.from_queryset(OfCustomerQuerySet)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(OfCustomerQuerySet)()

    class Meta(BusinessModel.Meta):
        verbose_name = _("communication preference")
        verbose_name_plural = _("communication preferences")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("customer"),
            models.CheckConstraint(
                condition=Q(frequency__in=Frequency.values), name="customers_preference_frequency_known"
            ),
            models.CheckConstraint(
                condition=Q(preferred_channel__in=Channel.values), name="customers_preference_channel_known"
            ),
            models.CheckConstraint(
                condition=Q(quiet_hours_start__isnull=True, quiet_hours_end__isnull=True)
                | Q(quiet_hours_start__isnull=False, quiet_hours_end__isnull=False)
                & ~Q(quiet_hours_start=F("quiet_hours_end")),
                name="customers_preference_quiet_hours",
            ),
            models.CheckConstraint(condition=Q(digest_weekday__range=(1, 7)), name="customers_preference_weekday"),
        ]

    def __str__(self) -> str:
        return str(self.customer_id)


class ConsentRecord(LedgerModel):
    """That a customer gave or withdrew consent: to what, on which channel, shown which words, and how it is known. Never changed."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="consents", db_constraint=False, db_index=False,
        verbose_name=_("customer"),
    )  # fmt: skip
    purpose = models.CharField(_("purpose"), max_length=10, choices=MessageCategory)
    channel = models.CharField(
        _("channel"),
        max_length=8,
        choices=Channel,
        blank=True,
        default="",
        db_default="",
        help_text=_("Empty: all channels."),
    )
    state = models.CharField(_("state"), max_length=9, choices=ConsentState)
    basis = models.CharField(_("legal basis"), max_length=20, choices=ConsentBasis, default=ConsentBasis.CONSENT)
    text_version = models.CharField(_("words shown"), max_length=80, blank=True, default="", db_default="")
    evidence = models.CharField(_("evidence"), max_length=500, blank=True, default="", db_default="")
    source = models.CharField(_("source"), max_length=6, choices=ConsentSource)
    given_at = models.DateTimeField(_("when"))
    recorded_at = models.DateTimeField(_("entered"), db_default=Now())
    actor_label = models.CharField(_("by"), max_length=120)

    objects: ClassVar[Any] = ScopedManager.from_queryset(OfCustomerQuerySet)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(OfCustomerQuerySet)()

    class Meta(LedgerModel.Meta):
        ordering = ["-given_at", "-id"]
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            SameBusiness("customer"),
            models.CheckConstraint(
                condition=Q(purpose__in=MessageCategory.values), name="customers_consent_purpose_known"
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["", *Channel.values]), name="customers_consent_channel_known"
            ),
            models.CheckConstraint(condition=Q(state__in=ConsentState.values), name="customers_consent_state_known"),
        ]
        indexes = [
            models.Index(
                fields=["customer", "purpose", "channel", "-given_at", "-id"], name="customers_consent_latest"
            ),
            models.Index(fields=["business", "-id"], name="customers_consent_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.state}"


class SendDecision(LedgerModel):
    """What the gate decided about one message before it could be sent, and why."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="send_decisions", db_constraint=False, db_index=False,
        verbose_name=_("customer"),
    )  # fmt: skip
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    category = models.CharField(_("category"), max_length=10, choices=MessageCategory)
    asked_at = models.DateTimeField(_("asked"))
    outcome = models.CharField(_("decision"), max_length=8, choices=SendOutcome)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=40)
    actor_label = models.CharField(_("asked by"), max_length=120)

    objects: ClassVar[Any] = ScopedManager.from_queryset(OfCustomerQuerySet)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(OfCustomerQuerySet)()

    class Meta(LedgerModel.Meta):
        ordering = ["-id"]
        verbose_name = _("send decision")
        verbose_name_plural = _("send decisions")
        constraints = [
            SameBusiness("customer"),
            models.CheckConstraint(condition=Q(outcome__in=SendOutcome.values), name="customers_senddecision_known"),
        ]
        indexes = [models.Index(fields=["customer", "-id"], name="customers_senddecision_latest")]

    def __str__(self) -> str:
        return f"{self.category} by {self.channel}: {self.outcome}"


class PrivacyRequest(BusinessModel):
    """A customer's request about its own data; until it is decided the customer is hidden."""

    customer = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        related_name="privacy_requests",
        db_constraint=False,
        verbose_name=_("customer"),
    )
    kind = models.CharField(_("kind"), max_length=11, choices=PrivacyRequestKind)
    state = models.CharField(
        _("state"), max_length=9, choices=PrivacyRequestState, default=PrivacyRequestState.RECEIVED
    )
    received_at = models.DateTimeField(_("received"))
    due_on = models.DateField(_("due"))
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="", db_default="")
    requested_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("entered by")
    )
    was_archived = models.BooleanField(default=False, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    objects: ClassVar[Any] = ScopedManager.from_queryset(OfCustomerQuerySet)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(OfCustomerQuerySet)()

    class Meta(BusinessModel.Meta):
        verbose_name = _("privacy request")
        verbose_name_plural = _("privacy requests")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("customer"),
            models.CheckConstraint(
                condition=Q(state__in=PrivacyRequestState.values), name="customers_privacy_state_known"
            ),
            models.UniqueConstraint(
                fields=["customer", "kind"], condition=Q(state="received"), name="customers_privacy_open_once"
            ),
        ]
        indexes = [models.Index(fields=["business", "received_at", "id"], name="customers_privacy_recent")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.customer_id}"


explain_constraint(
    "customers_preference_quiet_hours",
    field="quiet_hours_end",
    code="quiet_hours",
    message=_("Quiet hours need a beginning and another end; they may cross midnight."),
)
explain_constraint(
    "customers_privacy_open_once",
    field="customer",
    code="duplicate",
    message=_("Such a request of this customer is open already."),
)
