"""A background job: how far it is and how it ended."""

from typing import Any, cast

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from crm.models import Job, JobState
from crm.pages import Page
from crm.templatetags import ui


class JobDetail(Page):
    permission = "crm.view_jobs"
    template_name = "crm/job_detail.html"

    @cached_property
    def job(self) -> Job:
        return cast(Job, self.one(Job.objects.all()))

    def get_title(self) -> Any:
        return _("Job: %(task)s") % {"task": self.job.task.rsplit(".", 1)[-1].replace("_", " ")}

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(**self.state())

    def state(self) -> dict[str, Any]:
        """What the page shows of the job; `moving` while it isn't over."""
        job = self.job
        return {
            "job": job,
            "moving": job.state in (JobState.QUEUED, JobState.RUNNING),
            "progress_href": reverse("crm:job_progress", args=[job.pk]),
            "about": [
                (_("State"), job.get_state_display()), (_("Asked for by"), ui.user_text(job.actor_label)),
                (_("Asked for"), ui.when(job.created_at)),
                (_("Started"), ui.when(job.started_at)),
                (_("Ended"), ui.when(job.finished_at)),
                (_("Attempts"), f"{job.attempts} / {job.max_attempts}"),
            ],
        }  # fmt: skip


class JobProgress(JobDetail):
    """The moving part of the page, asked for again and again until the job is over."""

    fragment = True

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return render(request, "crm/_job.html", self.state())
