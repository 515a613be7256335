"""What people do with background jobs, and what they are told about them."""

from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from crm import activity, jobs
from crm.actor import Actor
from crm.errors import NotAllowed
from crm.models import Business, Job, JobState
from crm.registry import task_kinds
from crm.services.notifications import holders_of, notify, tell_operators

# Asked for the sidebar of every page.
_COUNT_GIVEN_UP = "select count(*) from crm_job where business_id = %s and state = %s and task != all(%s)"


def jobs_of(*, actor: Actor, business: Business, everybody: bool = False) -> QuerySet[Job]:
    """The jobs of the business that the actor has asked for, or those of everybody; without the product's own upkeep."""
    hidden = [kind.task for kind in task_kinds if kind.hidden]
    rows: QuerySet[Job] = Job.objects.filter(business=business).exclude(task__in=hidden)
    return rows if everybody else rows.filter(actor_kind=actor.kind, actor_id=actor.id)


def steerable_jobs(*, actor: Actor, business: Business) -> QuerySet[Job]:
    """The jobs that the actor may cancel and start again: the own ones, with `crm.manage_jobs` all of the business."""
    return jobs_of(actor=actor, business=business, everybody=actor.may("crm.manage_jobs", business))


def count_given_up(actor: Actor, business: Business) -> int:
    """How many given-up jobs wait for somebody; 0 for those who may not start them again."""
    if not actor.may("crm.manage_jobs", business):
        return 0
    hidden = [kind.task for kind in task_kinds if kind.hidden]
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_GIVEN_UP, [business.pk, JobState.DEAD, hidden])
        return int(cursor.fetchone()[0])


@transaction.atomic
def cancel_job(*, actor: Actor, job: Job) -> Job:
    """Stop a job: a waiting one at once, a running one at its next step. Raises NotAllowed, JobIsOver."""
    _require(actor, job)
    cancelled = jobs.cancel(actor=actor, job=job)
    _record("crm.job.cancelled", actor, cancelled)
    return cancelled


@transaction.atomic
def retry_job(*, actor: Actor, job: Job) -> Job:
    """Queue a refused or given-up job again, with all its attempts. Raises NotAllowed, NotGivenUp."""
    _require(actor, job)
    queued = jobs.retry(actor=actor, job=job)
    _record("crm.job.retried", actor, queued)
    return queued


@transaction.atomic
def retry_given_up(*, actor: Actor, business: Business) -> int:
    """Queue all given-up jobs of the business again; returns how many. Raises NotAllowed."""
    actor.require("crm.manage_jobs", business)
    given_up = jobs_of(actor=actor, business=business, everybody=True).filter(state=JobState.DEAD)
    locked = list(given_up.select_for_update(of=("self",)).order_by("pk"))
    for job in locked:
        _record("crm.job.retried", actor, jobs.retry(actor=actor, job=job))
    return len(locked)


def _require(actor: Actor, job: Job) -> None:
    """Raise NotAllowed unless it is the actor's own job, or the actor may steer those of others."""
    if (job.actor_kind, job.actor_id) == (actor.kind, actor.id) and actor.grant_in(job.business_id):
        return
    if job.business is None and not actor.everything:
        raise NotAllowed
    if job.business is not None:
        actor.require("crm.manage_jobs", job.business)


def _record(verb: str, actor: Actor, job: Job) -> None:
    """Work of the service itself belongs to no business: it has no trail but the log."""
    if job.business is not None:
        activity.record(verb, actor=actor, business=job.business, subject=job, payload={"task": job.task})


def tell_job_over(*, actor: Actor, job: Job) -> int:
    """Tell the person who asked for the job that it is done or was refused; of a given-up one also those who may start it
    again. What somebody has cancelled needs no telling, nor has the product's own upkeep an asker. Returns how many are told.
    """
    kind = jobs.kind_of(job.task)
    if job.state == JobState.DEAD:
        title = _("Given up: %(task)s") % {"task": kind.label}
        return _tell_keepers(actor, job, "crm.job_given_up", title, text=job.error, tone="bad")
    if kind.hidden or job.actor_kind != "user" or job.business is None:
        return 0
    if job.state == JobState.DONE:
        title, tone = _("Done: %(task)s") % {"task": kind.label}, "good"
    elif job.state == JobState.FAILED:
        title, tone = _("Refused: %(task)s") % {"task": kind.label}, "bad"
    else:
        return 0
    return notify(
        actor=actor, business=job.business, to=[UUID(job.actor_id)], kind="crm.job_done", title=title, text=job.error, tone=tone,
        href=page_of(job),
    )  # fmt: skip


def tell_job_slow(*, actor: Actor, job: Job) -> int:
    """Tell the asker of the job, and those who may cancel it, that it takes long; returns how many are told."""
    title = _("Takes long: %(task)s") % {"task": jobs.kind_of(job.task).label}
    return _tell_keepers(actor, job, "crm.job_slow", title, tone="warn")


def page_of(job: Job) -> str:
    """The address where people see what comes of the job: that of its kind, by default the job's own."""
    page = jobs.kind_of(job.task).page
    return page(job) if page else reverse("crm:job", args=[job.pk])


def _tell_keepers(actor: Actor, job: Job, kind: str, title: str, *, tone: str, text: str = "") -> int:
    key = f"{kind}:{job.task}"
    if job.business is None or jobs.kind_of(job.task).hidden:
        href = reverse("crm:service")
        return tell_operators(actor=actor, kind=kind, title=title, text=text, tone=tone, href=href, dedupe_key=key)
    to = set(holders_of(job.business, "crm.manage_jobs"))
    if job.actor_kind == "user":
        to.add(UUID(job.actor_id))
    return notify(
        actor=actor, business=job.business, to=to, kind=kind, title=title, text=text, tone=tone,
        href=reverse("crm:job", args=[job.pk]), dedupe_key=key,
    )  # fmt: skip
