"""Background jobs: those that one has asked for, those of everybody, the given-up ones, and how far a single one is."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

import django_filters
from babel.dates import format_timedelta
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import clock, formats, services
from crm.filters import StrictFilterSet
from crm.jobs import OVER, kind_of
from crm.models import Job, JobState
from crm.pages import DeedPage, ListPage, Page
from crm.paging import Sort
from crm.registry import task_kinds
from crm.services.jobs import page_of
from crm.tables import Column
from crm.templatetags import ui

STATES = {
    JobState.QUEUED: "neutral", JobState.RUNNING: "accent", JobState.DONE: "good", JobState.FAILED: "warn",
    JobState.DEAD: "bad", JobState.CANCELLED: "neutral",
}  # fmt: skip
REASONS = {
    "time_limit": gettext_lazy("Took too long"),
    "worker_died": gettext_lazy("Its worker stopped"),
}
_RECENT = Sort("recent", "created_at", descending_first=True)


def state_badge(job: Job) -> Any:
    if job.state == JobState.RUNNING and job.cancel_asked_at:
        return ui.badge(_("Stopping"), "warn")
    return ui.badge(job.get_state_display(), STATES[JobState(job.state)])


def reason(job: Job) -> Any:
    """Why a job was given up, in words where there are some: else the name of what went wrong."""
    return REASONS.get(job.error_code, job.error_code)


class JobFilterSet(StrictFilterSet):
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"), choices=JobState.choices, empty_label=gettext_lazy("Any")
    )
    task = django_filters.ChoiceFilter(
        label=gettext_lazy("Kind"),
        choices=lambda: [(kind.task, kind.label) for kind in task_kinds if not kind.hidden],
        empty_label=gettext_lazy("Any"),
    )


class JobList(ListPage):
    """The jobs that the person has asked for, newest first; rows move while something runs."""

    permission = "crm.view_jobs"
    title = gettext_lazy("Background jobs")
    description = gettext_lazy("Work that goes on while you do something else. You are told when it is done.")
    template_name = "crm/jobs.html"
    default_sort = "-recent"
    filterset_class = JobFilterSet
    everybody = False
    empty = {
        "icon": "list-checks",
        "title": gettext_lazy("You have asked for no job yet"),
        "text": gettext_lazy("Imports and other long work stand here, with how far they are."),
    }

    def rows(self) -> QuerySet:
        return services.jobs_of(actor=self.actor, business=self.business, everybody=self.everybody)

    def sorts(self) -> dict[str, Sort]:
        return {_RECENT.key: _RECENT}

    def columns(self) -> Sequence[Column]:
        by = [Column("by", _("Asked for by"), lambda row: ui.user_text(row.actor_label))] if self.everybody else []
        return [
            Column("task", _("Job"), lambda row: kind_of(row.task).label),
            Column("state", _("State"), state_badge),
            Column("progress", _("Progress"), _progress),
            *by,
            Column("attempts", _("Attempts"), _attempts, align="end"),
            Column("created_at", _("Asked for"), lambda row: ui.when(row.created_at)),
            Column("finished_at", _("Ended"), lambda row: ui.when(row.finished_at)),
        ]

    def row_href(self, row: Any) -> str:
        return reverse("crm:job", args=[row.pk])

    def shown(self, rows: list[Any]) -> None:
        self.moving = any(row.state not in OVER for row in rows)

    def extra(self) -> dict[str, Any]:
        return {"moving": self.moving, "tabs": job_tabs(self)}


class AllJobs(JobList):
    """The jobs of the whole business."""

    permission = "crm.manage_jobs"
    everybody = True
    empty = {
        "icon": "list-checks",
        "title": gettext_lazy("Nobody has asked for a job yet"),
        "text": gettext_lazy("Imports and other long work stand here, with how far they are."),
    }


class GivenUpJobs(ListPage):
    """Jobs that broke, ran out of time or lost their worker as often as they may be tried."""

    permission = "crm.manage_jobs"
    title = gettext_lazy("Given-up jobs")
    description = gettext_lazy(
        "They failed every attempt. What they were asked for isn't done until somebody starts them again."
    )
    template_name = "crm/jobs.html"
    default_sort = "-recent"
    empty = {
        "icon": "circle-check",
        "title": gettext_lazy("No job was given up"),
        "text": gettext_lazy("A job that fails every attempt stands here, with the reason."),
    }

    def rows(self) -> QuerySet:
        return services.jobs_of(actor=self.actor, business=self.business, everybody=True).filter(state=JobState.DEAD)

    def sorts(self) -> dict[str, Sort]:
        return {_RECENT.key: _RECENT}

    def columns(self) -> Sequence[Column]:
        return [
            Column("task", _("Job"), lambda row: kind_of(row.task).label),
            Column("reason", _("Reason"), reason),
            Column("error", _("What happened"), lambda row: row.error),
            Column("attempts", _("Attempts"), _attempts, align="end"),
            Column("by", _("Asked for by"), lambda row: ui.user_text(row.actor_label)),
            Column("finished_at", _("Given up"), lambda row: ui.when(row.finished_at)),
        ]

    def row_href(self, row: Any) -> str:
        return reverse("crm:job", args=[row.pk])

    def shown(self, rows: list[Any]) -> None:
        self.has_rows = bool(rows)

    def extra(self) -> dict[str, Any]:
        return {"tabs": job_tabs(self)}

    def context(self, **extra: Any) -> dict[str, Any]:
        context = super().context(**extra)
        if self.has_rows:
            href = reverse("crm:jobs_retry")
            context["page"]["actions"] = [
                {"label": _("Start all again"), "href": href, "icon": "rotate-ccw", "kind": "primary"}
            ]
        return context


def job_tabs(page: Page) -> list[dict[str, Any]]:
    """Own, everybody's and given-up jobs, for those who may see the latter."""
    if not page.actor.may("crm.manage_jobs", page.business):
        return []
    places = [(_("Yours"), "crm:jobs"), (_("Everybody's"), "crm:all_jobs"), (_("Given up"), "crm:given_up_jobs")]
    return [
        {"label": label, "href": reverse(name), "current": page.request.path == reverse(name)} for label, name in places
    ]


def _attempts(job: Job) -> str:
    return f"{ui.number(job.attempts)} / {ui.number(job.max_attempts)}"


def _progress(job: Job) -> Any:
    if job.state == JobState.RUNNING and job.total:
        share = min(100, 100 * job.processed // job.total)
        return ui.meter(share, 100, _("Percent done"), text=formats.percent(share, 0))
    return job.step if job.state == JobState.RUNNING else ""


class JobDetail(Page):
    permission = "crm.view_jobs"
    template_name = "crm/job_detail.html"

    @cached_property
    def job(self) -> Job:
        return cast(Job, self.one(Job.objects.all()))

    def get_title(self) -> Any:
        return kind_of(self.job.task).label

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Background jobs"), "href": reverse("crm:jobs")}]

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(**self.state())

    def actions(self) -> list[dict[str, Any]]:
        job = self.job
        actions = []
        own = reverse("crm:job", args=[job.pk])
        if job.state == JobState.DONE and page_of(job) != own:
            actions.append({"label": _("See what came of it"), "href": page_of(job), "icon": "arrow-right"})
        steers = services.steerable_jobs(actor=self.actor, business=self.business).filter(pk=job.pk).exists()
        if steers and job.state not in OVER and not job.cancel_asked_at:
            actions.append({"label": _("Stop"), "href": reverse("crm:job_cancel", args=[job.pk]), "icon": "square"})
        if steers and job.state in (JobState.FAILED, JobState.DEAD):
            actions.append(
                {"label": _("Start again"), "href": reverse("crm:job_retry", args=[job.pk]), "icon": "rotate-ccw"}
            )
        return [{"kind": "secondary", **action} for action in actions]

    def state(self) -> dict[str, Any]:
        """What the page shows of the job; `moving` while it isn't over."""
        job = self.job
        about = [
            (_("State"), state_badge(job)),
            (_("Asked for by"), ui.user_text(job.actor_label)),
            (_("Asked for"), ui.when(job.created_at)),
            (_("Started"), ui.when(job.started_at)),
            (_("Ended"), ui.when(job.finished_at)),
            (_("Attempts"), _attempts(job)),
        ]
        if job.error_code and job.state == JobState.DEAD:
            about.append((_("Reason"), reason(job)))
        return {
            "job": job,
            "moving": job.state not in OVER,
            "outcome": _outcome(job),
            "left": _time_left(job),
            "progress_href": reverse("crm:job_progress", args=[job.pk]),
            "about": about,
        }


def _outcome(job: Job) -> Any:
    """What came of a job that is done, in the words of its kind."""
    tell = kind_of(job.task).outcome
    return tell(job) if tell and job.state == JobState.DONE else _("The job is done.")


def _time_left(job: Job) -> str:
    """How long a running job may still take, by how fast it was so far; "" while that can't be said."""
    if job.state != JobState.RUNNING or not (job.started_at and 0 < job.processed < job.total):
        return ""
    passed = (clock.now() - job.started_at).total_seconds()
    left = timedelta(seconds=max(1.0, passed * (job.total - job.processed) / job.processed))
    return _("About %(time)s left") % {"time": format_timedelta(left, locale=formats.locale())}


class JobProgress(JobDetail):
    """The moving part of the page, asked for again and again until the job is over."""

    fragment = True
    is_background = True

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return render(request, "crm/_job.html", {**self.state(), "actions": self.actions()})


class _JobDeed(DeedPage):
    """A deed on one job that the person has asked for, or, with `crm.manage_jobs`, on any of the business."""

    abstract = True
    permission = ""

    @cached_property
    def job(self) -> Job:
        return cast(Job, self.one(services.steerable_jobs(actor=self.actor, business=self.business)))

    def text(self) -> Any:
        return kind_of(self.job.task).label

    def success_url(self, result: Job) -> str:
        return reverse("crm:job", args=[result.pk])

    def cancel_href(self) -> str:
        return reverse("crm:job", args=[self.job.pk])


class JobCancel(_JobDeed):
    permission = "crm.view_jobs"
    title = gettext_lazy("Stop the job")
    submit_label = gettext_lazy("Stop")
    success_message = gettext_lazy("The job is stopped at its next step.")
    danger = True

    def consequences(self) -> list[Any]:
        return [
            _("A waiting job is not begun; a running one stops at its next step."),
            _("What it has not stored yet is not stored."),
        ]

    def perform(self) -> Job:
        return services.cancel_job(actor=self.actor, job=self.job)


class JobRetry(_JobDeed):
    permission = "crm.view_jobs"
    title = gettext_lazy("Start the job again")
    submit_label = gettext_lazy("Start again")
    success_message = gettext_lazy("The job waits for a worker.")

    def consequences(self) -> list[Any]:
        often = ngettext("It is tried once.", "It is tried up to %(count)s times.", self.job.max_attempts)
        return [often % {"count": self.job.max_attempts}, _("It does what it was asked for, as things stand now.")]

    def perform(self) -> Job:
        return services.retry_job(actor=self.actor, job=self.job)


class JobsRetry(DeedPage):
    """Start all given-up jobs of the business again."""

    permission = "crm.manage_jobs"
    title = gettext_lazy("Start all given-up jobs again")
    submit_label = gettext_lazy("Start all again")

    def consequences(self) -> list[Any]:
        given_up = services.jobs_of(actor=self.actor, business=self.business, everybody=True).filter(
            state=JobState.DEAD
        )
        counts: dict[str, int] = {}
        for task in given_up.values_list("task", flat=True):
            counts[task] = counts.get(task, 0) + 1
        if not counts:
            return [_("No job was given up: nothing is started.")]
        return [f"{kind_of(task).label}: {ui.number(count)}" for task, count in sorted(counts.items())]

    def perform(self) -> int:
        count = services.retry_given_up(actor=self.actor, business=self.business)
        self.success_message = ngettext(
            "%(count)s job waits for a worker.", "%(count)s jobs wait for a worker.", count
        ) % {"count": ui.number(count)}
        return count

    def success_url(self, result: int) -> str:
        return reverse("crm:all_jobs")

    def cancel_href(self) -> str:
        return reverse("crm:given_up_jobs")
