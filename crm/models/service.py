"""The service as a whole: whether it takes changes, and the answers that programs may ask for again."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.models.base import LedgerModel


class ServiceMode(models.Model):
    """One row: while `is_read_only`, every change is answered 503 and jobs wait."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    is_read_only = models.BooleanField(_("read-only"), default=False, db_default=False)
    reason = models.CharField(_("reason"), max_length=200, blank=True, default="", db_default="")
    changed_at = models.DateTimeField(_("changed"), db_default=Now())
    changed_by = models.CharField(_("changed by"), max_length=120, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("service mode")
        verbose_name_plural = _("service mode")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="crm_servicemode_one_row")]

    def __str__(self) -> str:
        return str(_("read-only")) if self.is_read_only else str(_("open"))


class IdempotentRequest(LedgerModel):
    """The answer to a request that carried an `Idempotency-Key`, written in the transaction of its effect, kept for a day or two.

    `fingerprint` is SHA-256 of method, path and body; `principal` is kind:id of the caller.
    """

    principal = models.CharField(max_length=60)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta(LedgerModel.Meta):
        verbose_name = _("idempotent request")
        verbose_name_plural = _("idempotent requests")
        constraints = [
            models.UniqueConstraint(fields=["business", "principal", "key"], name="crm_idempotentrequest_once")
        ]
        indexes = [models.Index(fields=["at"], name="crm_idempotentrequest_at")]

    def __str__(self) -> str:
        return self.key
