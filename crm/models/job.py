"""The ledger of background work: jobs, the schedules that ask for them and the workers that do them."""

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
    FAILED = "failed", _("Refused")
    DEAD = "dead", _("Given up")
    CANCELLED = "cancelled", _("Cancelled")


class Lane(models.TextChoices):
    """Which workers take the job: short work never waits behind long work."""

    FAST = "fast", _("Fast")
    SLOW = "slow", _("Slow")


class Job(Timestamped):
    """A piece of background work, its progress and how it ended. `params` holds ids only, never personal data.

    FAILED: the task refused, for a reason that stands in `error`. DEAD: it broke, ran out of time or lost its worker, as
    often as it may be tried; `error_code` says which.
    """

    business = models.ForeignKey("crm.Business", on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    task = models.CharField(_("task"), max_length=120)
    params = models.JSONField(default=dict, blank=True)
    dedupe_key = models.CharField(max_length=120, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=JobState, default=JobState.QUEUED, db_default=JobState.QUEUED
    )
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3, db_default=3)
    lane = models.CharField(_("lane"), max_length=4, choices=Lane, default=Lane.FAST, db_default=Lane.FAST)
    run_after = models.DateTimeField(db_default=Now())
    limit_seconds = models.PositiveIntegerField(default=60, db_default=60)
    queue_row = models.BigIntegerField(null=True, blank=True, editable=False)
    worker = models.CharField(_("worker"), max_length=80, blank=True, default="", db_default="")
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    cancel_asked_at = models.DateTimeField(null=True, blank=True)
    alerted_at = models.DateTimeField(null=True, blank=True, editable=False)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    processed = models.BigIntegerField(default=0, db_default=0)
    total = models.BigIntegerField(default=0, db_default=0)
    step = models.CharField(max_length=120, blank=True, default="", db_default="")
    result = models.JSONField(default=dict, blank=True, db_default=models.Value({}, models.JSONField()))
    error = models.TextField(blank=True, default="", db_default="")
    error_code = models.CharField(max_length=40, blank=True, default="", db_default="")
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
            models.CheckConstraint(condition=models.Q(lane__in=Lane.values), name="crm_job_lane_known"),
        ]
        indexes = [
            models.Index(
                fields=["state", "run_after"], name="crm_job_due", condition=models.Q(state__in=["queued", "running"])
            ),
            models.Index(fields=["business", "-created_at"], name="crm_job_recent"),
            models.Index(fields=["actor_id", "-created_at"], name="crm_job_asked"),
            models.Index(fields=["queue_row"], name="crm_job_queue_row"),
            models.Index(fields=["-finished_at"], name="crm_job_dead", condition=models.Q(state="dead")),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.state}"


class Schedule(Timestamped):
    """When a task is due again and again: a cron expression in a time zone. Rows without a business are the product's own,
    kept in step with what apps plug into the socket `regular_tasks`."""

    business = models.ForeignKey("crm.Business", on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    key = models.CharField(_("name"), max_length=80)
    task = models.CharField(_("task"), max_length=120)
    params = models.JSONField(default=dict, blank=True)
    cron = models.CharField(_("cron expression"), max_length=80)
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC", db_default="UTC")
    is_active = models.BooleanField(_("active"), default=True, db_default=True)
    next_due_at = models.DateTimeField(_("next"), null=True, blank=True)
    last_due_at = models.DateTimeField(_("last"), null=True, blank=True)
    fault = models.CharField(_("fault"), max_length=200, blank=True, default="", db_default="")

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta:
        base_manager_name = "unscoped"
        ordering = ["key"]
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        constraints = [
            models.UniqueConstraint(fields=["business", "key"], name="crm_schedule_key", nulls_distinct=False),
        ]
        indexes = [models.Index(fields=["next_due_at"], name="crm_schedule_due", condition=models.Q(is_active=True))]

    def __str__(self) -> str:
        return self.key


class Worker(models.Model):
    """A node that does jobs (`manage.py worker`) and when it was last alive; the node itself keeps the row current."""

    name = models.CharField(_("node"), max_length=80, primary_key=True)
    capacity = models.JSONField(default=dict, help_text=_("How many jobs of each lane at once."))
    started_at = models.DateTimeField(_("started"), db_default=Now())
    seen_at = models.DateTimeField(_("last seen"), db_default=Now())
    restarts = models.PositiveIntegerField(_("restarts"), default=0, db_default=0)

    class Meta:
        ordering = ["name"]
        verbose_name = _("worker")
        verbose_name_plural = _("workers")

    def __str__(self) -> str:
        return self.name
