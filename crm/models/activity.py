"""The trail: what was done (Activity), its redactable details, the seals over it, and who was shown whose data (AccessRecord)."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.models.base import LedgerModel
from crm.scope import ScopedManager, UnscopedManager


class CurrentTransaction(models.Func):
    """The number of the running transaction, which never wraps around."""

    function = "pg_current_xact_id"
    arity = 0


class TransactionField(models.BigIntegerField):
    """`xid8`: the transaction that wrote the row; readers below the xid horizon miss no late commit."""

    def db_type(self, connection: Any) -> str:
        return "xid8"

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else str(value)

    def from_db_value(self, value: Any, *args: Any) -> int | None:
        return None if value is None else int(value)


class Activity(LedgerModel):
    """One deed: audit entry, domain event and history line at once. Insert-only; a set-based deed writes one row with counts."""

    verb = models.CharField(_("deed"), max_length=80)
    at = models.DateTimeField(_("when"), db_default=Now())
    actor_kind = models.CharField(_("kind of actor"), max_length=10)
    actor_id = models.CharField(max_length=40, blank=True)
    actor_label = models.CharField(_("actor"), max_length=120)
    door = models.CharField(_("through"), max_length=8)
    subject_type = models.CharField(_("record type"), max_length=60)
    subject_id = models.CharField(_("record"), max_length=40, blank=True)
    about = models.UUIDField(_("customer"), null=True, blank=True)
    batch = models.UUIDField(null=True, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    request_id = models.CharField(max_length=36, blank=True)
    digest = models.BinaryField(max_length=32)
    xid = TransactionField(db_default=CurrentTransaction(), editable=False)

    class Meta(LedgerModel.Meta):
        ordering = ["-id"]
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        indexes = [
            models.Index(fields=["business", "-id"], name="crm_activity_recent"),
            models.Index(fields=["about", "-id"], name="crm_activity_about", condition=models.Q(about__isnull=False)),
            models.Index(fields=["business", "subject_type", "subject_id", "-id"], name="crm_activity_subject"),
            models.Index(fields=["business", "xid", "id"], name="crm_activity_seal"),
            models.Index(fields=["business", "verb", "-id"], name="crm_activity_verb"),
            models.Index(fields=["business", "actor_id", "-id"], name="crm_activity_actor"),
            models.Index(fields=["request_id"], name="crm_activity_request", condition=~models.Q(request_id="")),
            BrinIndex(fields=["at"], name="crm_activity_at"),
        ]

    def __str__(self) -> str:
        return self.verb


class ActivityDetail(models.Model):
    """What changed in a deed, before and after; kept apart so that erasure may delete it while the trail still verifies."""

    activity = models.OneToOneField(Activity, on_delete=models.CASCADE, primary_key=True, related_name="detail")
    business = models.ForeignKey("crm.Business", on_delete=models.CASCADE, related_name="+", db_index=False)
    salt = models.BinaryField(max_length=16)
    changes = models.JSONField(default=dict, blank=True)
    payload = models.JSONField(default=dict, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("activity detail")
        verbose_name_plural = _("activity details")

    def __str__(self) -> str:
        return f"detail of {self.activity_id}"


class ActivitySeal(LedgerModel):
    """Seals the activity of a business up to a transaction: the hash of its rows, chained to the seal before."""

    last_xid = TransactionField()
    last_id = models.BigIntegerField()
    count = models.PositiveIntegerField()
    root_hash = models.BinaryField(max_length=32)
    previous_hash = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField(db_default=Now())

    class Meta(LedgerModel.Meta):
        ordering = ["id"]
        verbose_name = _("activity seal")
        verbose_name_plural = _("activity seals")
        indexes = [
            models.Index(fields=["business", "-id"], name="crm_seal_latest"),
            models.Index(fields=["business", "-id"], name="crm_seal_epoch", condition=models.Q(count=0)),
        ]

    def __str__(self) -> str:
        return f"seal {self.pk}"


class AccessRecord(LedgerModel):
    """Who was shown whose personal data: one row per response, with the customers that it showed."""

    at = models.DateTimeField(_("when"), db_default=Now())
    actor_kind = models.CharField(_("kind of actor"), max_length=10)
    actor_id = models.CharField(max_length=40, blank=True)
    actor_label = models.CharField(_("actor"), max_length=120)
    door = models.CharField(_("through"), max_length=8)
    what = models.CharField(_("page or endpoint"), max_length=120)
    purpose = models.CharField(_("purpose"), max_length=200, blank=True)
    customer_ids = ArrayField(models.UUIDField())
    request_id = models.CharField(max_length=36, blank=True)

    class Meta(LedgerModel.Meta):
        ordering = ["-id"]
        verbose_name = _("access record")
        verbose_name_plural = _("access records")
        indexes = [
            BrinIndex(fields=["at"], name="crm_access_at"),
            models.Index(fields=["business", "-id"], name="crm_access_recent"),
            GinIndex(fields=["customer_ids"], name="crm_access_customers"),
            models.Index(fields=["business", "actor_id", "-id"], name="crm_access_actor"),
            models.Index(fields=["request_id"], name="crm_access_request", condition=~models.Q(request_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label}: {self.what}"
