"""What came of bulk changes: all of them, one with its progress, its lines, and taking it back."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.access import saw
from crm.errors import InvalidInput
from crm.models import JobState
from crm.pages import DeedPage, ListPage, Page
from crm.paging import Sort
from crm.tables import Column
from crm.templatetags import ui
from customers import services
from customers.choices import BulkResult, BulkState
from customers.models import BulkChange, BulkRun, Customer
from customers.registry import bulk_actions
from customers.services.bulk import GONE, UNCHANGED

_STATES = {BulkState.WAITING: "neutral", BulkState.RUNNING: "accent", BulkState.DONE: "good", BulkState.STOPPED: "warn"}
_RESULTS = {
    BulkResult.CHANGED: "good",
    BulkResult.UNDONE: "good",
    BulkResult.BLOCKED: "warn",
    BulkResult.CONFLICT: "bad",
}


class OneRun(Page):
    """A page about one bulk change that the person may see; 404 for any other."""

    abstract = True
    permission = ""

    @cached_property
    def run(self) -> BulkRun:
        rows = BulkRun.objects.visible_to(self.actor).select_related("requested_by", "job", "business", "undoes")
        found: BulkRun = self.one(rows.defer("customer_ids"))
        return found

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [
            {"label": _("Customers"), "href": reverse("customers:customer_list")},
            {"label": _("Bulk changes"), "href": reverse("customers:bulk_list")},
        ]

    def href(self) -> str:
        return reverse("customers:bulk_detail", args=[self.kwargs["pk"]])


def title_of(run: BulkRun) -> str:
    """What a run does, in words."""
    known = bulk_actions.get(run.action)
    label = str(known.label) if known else run.action
    return _("Take back: %(what)s") % {"what": label} if run.undoes_id else label


def counts_of(run: BulkRun) -> list[tuple[Any, Any, str]]:
    """The counts of a run in words, each with the address of its lines."""
    lines = reverse("customers:bulk_lines", args=[run.pk])
    shown: list[tuple[Any, Any, str]] = [(_("Customers"), ui.number(run.total), "")]
    for result in BulkResult:
        if number := run.counts.get(result.value):
            shown.append((result.label, ui.number(number), f"{lines}?result={result.value}"))
    if number := run.counts.get(UNCHANGED):
        shown.append((_("Stood there already"), ui.number(number), ""))
    if number := run.counts.get(GONE):
        shown.append((_("Out of sight by then"), ui.number(number), ""))
    return shown


class BulkDetail(OneRun):
    """How far a bulk change is, or what came of it."""

    permission = "customers.change_many"
    title = gettext_lazy("Bulk change")
    template_name = "customers/bulk_detail.html"

    def get_title(self) -> Any:
        return title_of(self.run)

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        run, action = self.run, bulk_actions.get(self.run.action)
        stuck = run.job is not None and run.job.state in (JobState.FAILED, JobState.DEAD, JobState.CANCELLED)
        undone = BulkRun.objects.filter(undoes=run).only("pk").first()
        is_over = run.state in (BulkState.DONE, BulkState.STOPPED)
        may_undo = action is not None and self.actor.may(action.permission, self.business)
        about = [
            (_("What"), action.deed.summary(self.business, run.values) if action else ""),
            (_("On"), _on(run)),
            (_("Asked for by"), run.requested_by or (run.job.actor_label if run.job else "")),
            (_("Asked for"), ui.when(run.created_at)),
            (_("Finished"), ui.when(run.finished_at) if run.finished_at else ""),
        ]
        return self.show(
            run=run, job=run.job, moving=not is_over and not stuck, stuck=stuck and not is_over, about=about,
            state=ui.badge(run.get_state_display(), _STATES[BulkState(run.state)]),
            counts=counts_of(run), reasons=_reasons(run), lines_href=reverse("customers:bulk_lines", args=[run.pk]),
            progress_href=reverse("customers:bulk_progress", args=[run.pk]), undone=undone,
            undo_href=reverse("customers:bulk_undo", args=[run.pk])
            if is_over and may_undo and undone is None and run.undoes_id is None and run.counts.get("changed") else "",
        )  # fmt: skip


def _on(run: BulkRun) -> str:
    if run.undoes_id is not None:
        return _("the customers that the change was about")
    if not run.query and run.state == BulkState.WAITING and run.total:
        return _("picked customers")
    return _("all that matched: %(query)s") % {"query": run.query} if run.query else _("picked or all customers")


def _reasons(run: BulkRun) -> list[tuple[str, str]]:
    """Why customers were left alone, the most frequent reasons first."""
    rows = BulkChange.objects.filter(run=run, result=BulkResult.BLOCKED).values_list("reason")
    return [(reason, ui.number(number)) for reason, number in rows.annotate(n=Count("id")).order_by("-n")[:10]]


class BulkProgress(BulkDetail):
    """The part of the page that is fetched again while the work goes on."""

    permission = "customers.change_many"
    template_name = "customers/_bulk_progress.html"
    fragment = True
    is_background = True


class BulkUndo(OneRun, DeedPage):
    permission = "customers.change_many"
    title = gettext_lazy("Take a bulk change back")
    submit_label = gettext_lazy("Take it back")

    def get_title(self) -> Any:
        return _("Take back “%(what)s”?") % {"what": title_of(self.run)}

    def text(self) -> Any:
        return _("Customers return to where they stood before.")

    def consequences(self) -> list[Any]:
        number = self.run.counts.get("changed", 0)
        words = ngettext("%(count)s customer was changed.", "%(count)s customers were changed.", number)
        return [
            words % {"count": ui.number(number)},
            _("Who was changed again since stays as it is now, and is named as a conflict."),
        ]

    def perform(self) -> BulkRun:
        return services.undo_bulk_run(actor=self.actor, run=self.run, requested_by=self.request.user)

    def success_url(self, result: BulkRun) -> str:
        return reverse("customers:bulk_detail", args=[result.pk])

    def cancel_href(self) -> str:
        return self.href()


class BulkList(ListPage):
    """Bulk changes, the latest first."""

    permission = "customers.change_many"
    title = gettext_lazy("Bulk changes")
    description = gettext_lazy("What was done to many customers at once, and what can be taken back.")
    default_sort = "-created_at"

    def rows(self) -> QuerySet:
        return BulkRun.objects.visible_to(self.actor).select_related("requested_by").defer("customer_ids")

    def columns(self) -> Sequence[Column]:
        return [
            Column("what", _("What"), title_of),
            Column("state", _("State"), lambda row: ui.badge(row.get_state_display(), _STATES[BulkState(row.state)])),
            Column("total", _("Customers"), lambda row: ui.number(row.total), align="end"),
            Column("changed", _("Changed"), lambda row: ui.number(_changed(row)), align="end"),
            Column("by", _("By"), lambda row: row.requested_by or ""),
            Column("created_at", _("Asked for"), lambda row: ui.when(row.created_at), sort=_BY_DATE),
        ]

    def row_href(self, row: Any) -> str:
        return reverse("customers:bulk_detail", args=[row.pk])

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Customers"), "href": reverse("customers:customer_list")}]

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        return {
            "icon": "list-checks", "title": _("Nothing was changed in bulk yet"),
            "text": _("Pick customers in the list, or all that match, and give them a tag, an owner or a stage at once."),
            "action": {"label": _("See the customers"), "href": reverse("customers:customer_list")},
        }  # fmt: skip


_BY_DATE = Sort("created_at", "created_at", descending_first=True)


def _changed(run: BulkRun) -> int:
    return int(run.counts.get("changed", 0)) + int(run.counts.get("undone", 0))


class BulkLines(OneRun, ListPage):
    """The customers of one bulk change: before, after, or why not. `?result=` narrows to one result."""

    permission = "customers.change_many"
    title = gettext_lazy("Changed customers")
    default_sort = "line"
    page_size = 50
    empty = {
        "icon": "list-checks",
        "title": gettext_lazy("No customers to show"),
        "text": gettext_lazy("The change has not reached any yet, or none that you may see has this result."),
    }

    def get_title(self) -> Any:
        return title_of(self.run)

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [*super().breadcrumbs(), {"label": title_of(self.run), "href": self.href()}]

    def rows(self) -> QuerySet:
        lines = BulkChange.objects.filter(run=self.run, customer__in=Customer.objects.visible_to(self.actor))
        result = self.request.GET.get("result", "")
        if result and result not in BulkResult.values:
            raise InvalidInput({"result": [_("There is no such result.")]})
        return (lines.filter(result=result) if result else lines).select_related("customer")

    def sorts(self) -> dict[str, Sort]:
        return {"line": Sort("line", "id")}

    def columns(self) -> Sequence[Column]:
        return [
            Column("name", _("Customer"), lambda row: row.customer.display_name),
            Column(
                "result", _("Result"), lambda row: ui.badge(row.get_result_display(), _RESULTS[BulkResult(row.result)])
            ),
            Column("before", _("Before"), lambda row: row.before_words),
            Column("after", _("After"), lambda row: row.after_words),
            Column("reason", _("Why not"), lambda row: row.reason),
        ]

    def shown(self, rows: list[Any]) -> None:
        saw(self.request, (row.customer_id for row in rows))
        deed = bulk_actions[self.run.action].deed
        filled = [row for row in rows if row.after]
        for row in rows:
            row.before_words = row.after_words = ""
        for row, words in zip(rows, deed.words(self.business, [row.before or row.after for row in rows]), strict=True):
            row.before_words = words
        for row, words in zip(filled, deed.words(self.business, [row.after for row in filled]), strict=True):
            row.after_words = words

    def row_href(self, row: Any) -> str:
        return reverse("customers:customer_detail", args=[row.customer_id])
