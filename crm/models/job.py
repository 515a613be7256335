"""The ledger of background work: each job is one row, written in the transaction that asks for it."""

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.models.base import Timestamped
from crm.scope import ScopedManager, UnscopedManager


class JobState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class Job(Timestamped):
    """A piece of background work, its progress and how it ended. `params` holds ids only, never personal data."""

    business = models.ForeignKey("crm.Business", on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    task = models.CharField(_("task"), max_length=120)
    params = models.JSONField(default=dict, blank=True)
    dedupe_key = models.CharField(max_length=120, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=JobState, default=JobState.QUEUED, db_default=JobState.QUEUED
    )
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3, db_default=3)
    run_after = models.DateTimeField(db_default=Now())
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    processed = models.BigIntegerField(default=0, db_default=0)
    total = models.BigIntegerField(default=0, db_default=0)
    step = models.CharField(max_length=120, blank=True, default="", db_default="")
    result = models.JSONField(default=dict, blank=True, db_default=models.Value({}, models.JSONField()))
    error = models.TextField(blank=True, default="", db_default="")
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=40, blank=True)
    actor_label = models.CharField(max_length=120)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta:
        base_manager_name = "unscoped"
        ordering = ["-created_at"]
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = [
            models.UniqueConstraint(fields=["business", "id"], name="crm_job_business_id_key"),
            models.UniqueConstraint(
                fields=["dedupe_key"],
                condition=models.Q(state="queued") & ~models.Q(dedupe_key=""),
                name="crm_job_dedupe",
            ),
            models.CheckConstraint(condition=models.Q(state__in=JobState.values), name="crm_job_state_known"),
        ]
        indexes = [
            models.Index(
                fields=["state", "run_after"], name="crm_job_due", condition=models.Q(state__in=["queued", "running"])
            ),
            models.Index(fields=["business", "-created_at"], name="crm_job_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.state}"
