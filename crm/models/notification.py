"""What people are told inside the product, and what they want to be told."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.base import Timestamped
from crm.scope import ScopedManager, UnscopedManager


class Notification(Timestamped):
    """A message to one user, shown at the bell. Without a business it is about the service itself.

    `about` is the customer whose data the text names, so that erasure finds it. One `dedupe_key` counts up one unread row.
    """

    business = models.ForeignKey("crm.Business", on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    user = models.ForeignKey("crm.User", on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(_("kind"), max_length=60)
    tone = models.CharField(max_length=6, default="info", db_default="info")
    title = models.CharField(_("title"), max_length=200)
    text = models.CharField(_("text"), max_length=500, blank=True)
    href = models.CharField(max_length=300, blank=True)
    about = models.UUIDField(null=True, blank=True)
    dedupe_key = models.CharField(max_length=120, blank=True)
    count = models.PositiveIntegerField(default=1, db_default=1)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta:
        base_manager_name = "unscoped"
        ordering = ["-created_at"]
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints = [
            models.UniqueConstraint(fields=["business", "id"], name="crm_notification_business_id_key"),
            models.UniqueConstraint(
                fields=["user", "business", "dedupe_key"],
                condition=models.Q(read_at__isnull=True) & ~models.Q(dedupe_key=""),
                nulls_distinct=False,
                name="crm_notification_once",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="crm_notification_recent"),
            models.Index(fields=["user"], name="crm_notification_unread", condition=models.Q(read_at__isnull=True)),
            models.Index(fields=["about"], name="crm_notification_about", condition=models.Q(about__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title


class NotificationChoice(models.Model):
    """A kind of notification that a user has switched off or on; without a row, the kind's own default holds."""

    user = models.ForeignKey("crm.User", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=60)
    is_wanted = models.BooleanField()

    class Meta:
        verbose_name = _("notification choice")
        verbose_name_plural = _("notification choices")
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="crm_notificationchoice_once")]

    def __str__(self) -> str:
        return self.kind
