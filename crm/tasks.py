"""What the queue calls by itself."""

import os
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db.models import Q
from django.utils.translation import gettext as _

from crm import account_mail, checkpoints, clock, integrity, jobs, limits, seals
from crm.api import idempotency
from crm.backups import keep
from crm.models import Business, Job, JobState, User
from crm.registry import task_kinds
from crm.services import forget_read_notifications, tell_operators
from crm.work import JobRun

KEPT_DAYS = 90
BACKUP_SECONDS = 3500
"""A little less than its kind of task may take."""
KEPT_UPKEEP = timedelta(days=1)


def seal_trails(work: JobRun) -> dict[str, Any]:
    """Seal the activity of every business up to now; says how many rows were sealed."""
    return {"sealed": sum(seals.seal(business) for business in Business.objects.order_by("slug"))}


def write_checkpoints(work: JobRun) -> dict[str, Any]:
    """Note the latest seal of every business in a file outside the database."""
    return {"written": checkpoints.write(clock.now())}


def make_backup(work: JobRun) -> dict[str, Any]:
    """Run `manage.py backup`: a process of its own, as the role that owns the tables. It tells the operators why it failed."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "backup"]
    variables = {**os.environ, "CRM_DB_ROLE": "owner", "CRM_PROCESS": "command"}
    subprocess.run(command, env=variables, stdin=subprocess.DEVNULL, check=True, timeout=BACKUP_SECONDS)
    return {"size": keep.newest_good(settings.BACKUP_DIR).manifest["size"]}


def check_integrity(work: JobRun) -> dict[str, Any]:
    """Examine the rules about stored rows, and tell the operators of what is broken."""
    found = list(integrity.examine())
    broken = [each for each in found if each.broken]
    if broken:
        tell_operators(
            actor=work.actor, kind="crm.integrity_broken", title=_("Stored rows break rules"), tone="bad",
            text="; ".join(f"{each.check.label}: {each.broken}" for each in broken), dedupe_key="crm.integrity_broken",
        )  # fmt: skip
    return {"rows": sum(each.rows for each in found), "broken": sum(each.broken for each in broken)}


def prove_slow_lane(work: JobRun) -> None:
    """Nothing: that it is done shows that the lane of long work takes work."""


def send_reset_link(work: JobRun, user_id: str) -> None:
    """Send the link to a new password; for an address that nobody has there is nothing to do."""
    user = User.objects.filter(pk=user_id, is_active=True).first() if user_id else None
    if user is not None:
        account_mail.send_reset_link(user)


def clean_up(work: JobRun) -> dict[str, Any]:
    """Remove what has served its time; says how many rows of each kind."""
    at = clock.now()
    with work.atomic():
        removed = {
            "jobs": remove_old_jobs(at),
            "notifications": forget_read_notifications(actor=work.actor, at=at),
            "answers": idempotency.purge(at),
            "limits": limits.purge(),
            "sessions": forget_old_sessions(at),
        }
    call_command("clearsessions")
    return removed


def forget_old_sessions(at: datetime) -> int:
    """Forget where people were signed in, long after that has ended; returns how many were forgotten."""
    ended = UserSession.objects.exclude(session_key__in=Session.objects.values("session_key"))
    return int(ended.filter(last_seen_at__lt=at - timedelta(days=KEPT_DAYS)).delete()[0])


def remove_old_jobs(at: datetime) -> int:
    """Delete jobs that nobody looks at any more: the product's own after a day, others after ninety; given-up ones stay."""
    upkeep = Q(task__in=[kind.task for kind in task_kinds if kind.hidden], finished_at__lt=at - KEPT_UPKEEP)
    old = Q(finished_at__lt=at - timedelta(days=KEPT_DAYS))
    ended = Job.unscoped.filter(state__in=set(jobs.OVER) - {JobState.DEAD})
    return int(ended.filter(upkeep | old).delete()[0])
