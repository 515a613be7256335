"""What the queue calls by itself."""

from datetime import datetime, timedelta
from typing import Any

from django.core.management import call_command
from django.db.models import Q

from crm import clock, jobs, seals
from crm.jobs import JobRun
from crm.models import Business, Job, JobState
from crm.registry import task_kinds

KEPT_DAYS = 90
KEPT_UPKEEP = timedelta(days=1)


def seal_trails(work: JobRun) -> dict[str, Any]:
    """Seal the activity of every business up to now; says how many rows were sealed."""
    return {"sealed": sum(seals.seal(business) for business in Business.objects.order_by("slug"))}


def prove_slow_lane(work: JobRun) -> None:
    """Nothing: that it is done shows that the lane of long work takes work."""


def clean_up(work: JobRun) -> dict[str, Any]:
    """Remove what has served its time: jobs that are long over, ended sessions."""
    with work.atomic():
        removed = remove_old_jobs(clock.now())
    call_command("clearsessions")
    return {"jobs": removed}


def remove_old_jobs(at: datetime) -> int:
    """Delete jobs that nobody looks at any more: the product's own after a day, others after ninety; given-up ones stay."""
    upkeep = Q(task__in=[kind.task for kind in task_kinds if kind.hidden], finished_at__lt=at - KEPT_UPKEEP)
    old = Q(finished_at__lt=at - timedelta(days=KEPT_DAYS))
    ended = Job.unscoped.filter(state__in=set(jobs.OVER) - {JobState.DEAD})
    return int(ended.filter(upkeep | old).delete()[0])
