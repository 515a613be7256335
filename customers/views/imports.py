"""Bringing files in: upload, progress and what came of it."""

from collections.abc import Sequence
from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import JobState
from crm.pages import FormPage, ListPage, Page
from crm.paging import Sort
from crm.tables import Column
from crm.templatetags import ui
from customers import services
from customers.choices import ImportState
from customers.forms import ImportForm
from customers.models import ImportJob
from customers.registry import import_resources

_KINDS = {
    ImportState.DONE: "good",
    ImportState.FAILED: "bad",
    ImportState.RUNNING: "accent",
    ImportState.UPLOADED: "neutral",
}


_BY_DATE = Sort("created_at", "created_at", descending_first=True)


def import_link(page: Page) -> dict[str, Any] | None:
    """The action of an empty list that an import would fill, for those who may."""
    if page.actor.may("customers.import", page.business):
        return {"label": _("Import a file"), "href": reverse("customers:import_create")}
    return None


def resource_label(key: str) -> str:
    resource = import_resources.get(key)
    return str(resource.label) if resource else key


class ImportList(ListPage):
    permission = "customers.view_imports"
    title = gettext_lazy("Imports")
    description = gettext_lazy("Files that were brought in, and what came of them.")
    default_sort = "-created_at"

    def rows(self) -> QuerySet:
        return ImportJob.objects.visible_to(self.actor).select_related("requested_by")

    def columns(self) -> Sequence[Column]:
        return [
            Column("file", _("File"), lambda row: row.file_name),
            Column("resource", _("Holds"), lambda row: resource_label(row.resource)),
            Column("state", _("State"), lambda row: ui.badge(row.get_state_display(), _KINDS[ImportState(row.state)])),
            Column("rows", _("Rows"), lambda row: ui.number(row.row_count), align="end"),
            Column("by", _("By"), lambda row: row.requested_by or ""),
            Column("created_at", _("Started"), lambda row: ui.when(row.created_at), sort=_BY_DATE),
        ]  # fmt: skip

    def row_href(self, row: Any) -> str:
        return reverse("customers:import_detail", args=[row.pk])

    def actions(self) -> list[dict[str, Any]]:
        return self.action(
            "customers.import", _("Import a file"), reverse("customers:import_create"), icon="upload", kind="primary"
        )

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        return {
            "icon": "upload",
            "title": _("Nothing was imported yet"),
            "text": _("Bring your customers and their orders in from a CSV file; faulty rows are named and nothing is half done."),
            "action": import_link(self),
        }  # fmt: skip


class ImportCreate(FormPage):
    permission = "customers.import"
    title = gettext_lazy("Import a file")
    description = gettext_lazy(
        "Customers, orders or order lines. Rows that are known already are brought up to date, so a file can be imported again."
    )
    form_class = ImportForm
    template_name = "customers/import_create.html"
    submit_label = gettext_lazy("Start import")

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Imports"), "href": reverse("customers:import_list")}]

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(resources=list(import_resources), **extra)

    def perform(self, **data: Any) -> ImportJob:
        return services.start_import(actor=self.actor, business=self.business, requested_by=self.request.user, **data)

    def success_url(self, result: ImportJob) -> str:
        return reverse("customers:import_detail", args=[result.pk])

    def cancel_href(self) -> str:
        return reverse("customers:import_list")


class ImportDetail(Page):
    """One import: its progress while it runs, then its counts or its faulty rows."""

    permission = "customers.view_imports"
    template_name = "customers/import_detail.html"

    @cached_property
    def record(self) -> ImportJob:
        return cast(ImportJob, self.one(ImportJob.objects.visible_to(self.actor).select_related("job", "requested_by")))

    def get_title(self) -> Any:
        return self.record.file_name

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Imports"), "href": reverse("customers:import_list")}]

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(**self.state())

    def state(self) -> dict[str, Any]:
        """What the page shows of the import; `moving` while it isn't over."""
        record, job = self.record, self.record.job
        moving = record.state == ImportState.UPLOADED and (
            job is None or job.state in (JobState.QUEUED, JobState.RUNNING)
        )
        stopped = record.state == ImportState.UPLOADED and not moving
        counts = [(name.replace("_", " ").capitalize(), ui.number(count)) for name, count in record.counts.items()]
        return {
            "record": record, "job": job, "moving": moving, "stopped": stopped, "counts": counts,
            "about": self.about(record), "faults": list(record.faults.all()[:200]),
            "progress_href": reverse("customers:import_progress", args=[record.pk]),
        }  # fmt: skip

    def about(self, record: ImportJob) -> list[tuple[str, Any]]:
        return [
            (_("File"), record.file_name),
            (_("Holds"), resource_label(record.resource)),
            (_("Rows"), ui.number(record.row_count) if record.row_count else ""),
            (_("By"), record.requested_by or ""),
            (_("Started"), ui.when(record.created_at, "full")),
            (_("Finished"), ui.when(record.finished_at, "full") if record.finished_at else ""),
            ("SHA-256", record.sha256),
        ]


class ImportProgress(ImportDetail):
    """The moving part of the page, fetched again while the import runs."""

    template_name = "customers/_import_progress.html"
    fragment = True
    is_background = True
