"""How the installation as a whole does, for those who operate it: workers, lanes, schedules and given-up jobs."""

from dataclasses import replace
from typing import Any, cast

from django.db.models import Count, Min, Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock, services
from crm.jobs import kind_of
from crm.live import STILL_SECONDS
from crm.models import Job, JobState, Lane, Schedule, Worker
from crm.pages import SIGNED_IN, DeedPage, Page
from crm.second_factors import operator_lacks_factor
from crm.tables import Column, Table, build_table
from crm.templatetags import ui
from crm.views.jobs import reason

MOST_JOBS = 100


class OperatorPage(Page):
    """A page for operators alone: for everybody else it isn't there. Its actor may do everything, in every business."""

    abstract = True
    permission = ""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and not request.user.is_staff:
            raise Http404
        if request.user.is_authenticated and operator_lacks_factor(request.user):
            return HttpResponseRedirect(reverse("mfa_index"))
        return super().dispatch(request, *args, **kwargs)

    @property
    def actor(self) -> Any:
        actor = self.request.actor
        return replace(actor, everything=True) if actor else None


class Service(OperatorPage):
    """Workers, lanes, schedules and given-up jobs of all businesses."""

    permission = SIGNED_IN
    title = gettext_lazy("Service")
    description = gettext_lazy("How background work does on this installation, in all businesses.")
    template_name = "crm/service.html"

    def actions(self) -> list[dict[str, Any]]:
        return [{"label": _("Admin"), "href": reverse("admin:index"), "icon": "wrench", "kind": "secondary"}]

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        given_up = Job.unscoped.filter(state=JobState.DEAD)
        return self.show(
            workers=self._workers(),
            lanes=self._lanes(),
            schedules=self._schedules(),
            given_up=self._given_up(given_up),
            given_up_count=given_up.count(),
            shown=MOST_JOBS,
        )

    def _workers(self) -> Table:
        at = clock.now()

        def state(row: Worker) -> Any:
            is_alive = (at - row.seen_at).total_seconds() < STILL_SECONDS
            return ui.badge(_("Alive"), "good") if is_alive else ui.badge(_("Not seen"), "bad")

        columns = [
            Column("name", _("Node"), lambda row: row.name),
            Column("state", _("State"), state),
            Column("seen_at", _("Last seen"), lambda row: ui.when(row.seen_at)),
            Column("started_at", _("Started"), lambda row: ui.when(row.started_at)),
            Column("capacity", _("Jobs at once"), _capacity),
            Column("restarts", _("Restarts"), lambda row: ui.number(row.restarts), align="end"),
        ]
        return self._table(_("Workers"), columns, Worker.objects.all())

    def _lanes(self) -> Table:
        due = Q(state=JobState.QUEUED, run_after__lte=clock.now())
        found = {
            row.pop("lane"): row
            for row in Job.unscoped.filter(state__in=[JobState.QUEUED, JobState.RUNNING])
            .order_by()
            .values("lane")
            .annotate(
                waiting=Count("pk", filter=due),
                later=Count("pk", filter=Q(state=JobState.QUEUED) & ~due),
                running=Count("pk", filter=Q(state=JobState.RUNNING)),
                oldest=Min("run_after", filter=due),
            )
        }
        nothing = {"waiting": 0, "later": 0, "running": 0, "oldest": None}
        rows = [_Lane(lane, label, **{**nothing, **found.get(lane, {})}) for lane, label in Lane.choices]
        columns = [
            Column("lane", _("Lane"), lambda row: row.label),
            Column("waiting", _("Waiting"), lambda row: ui.number(row.waiting), align="end"),
            Column("running", _("Running"), lambda row: ui.number(row.running), align="end"),
            Column("later", _("To be tried later"), lambda row: ui.number(row.later), align="end"),
            Column("oldest", _("Longest wait since"), lambda row: ui.when(row.oldest)),
        ]
        return self._table(_("Lanes"), columns, rows)

    def _schedules(self) -> Table:
        columns = [
            Column("key", _("Schedule"), _schedule_name),
            Column("state", _("State"), _schedule_state),
            Column("cron", _("Due"), lambda row: f"{row.cron} ({row.time_zone})"),
            Column("next", _("Next"), lambda row: ui.when(row.next_due_at if row.is_active else None)),
            Column("last", _("Last"), lambda row: ui.when(row.last_due_at)),
            Column("deed", _("Action"), _schedule_deed),
        ]
        return self._table(_("Schedules"), columns, Schedule.unscoped.select_related("business").order_by("key", "pk"))

    def _given_up(self, rows: QuerySet) -> Table:
        columns = [
            Column("task", _("Job"), lambda row: kind_of(row.task).label),
            Column("business", _("Business"), lambda row: ui.user_text(row.business) if row.business else _("Service")),
            Column("reason", _("Reason"), reason),
            Column("attempts", _("Attempts"), lambda row: ui.number(row.attempts), align="end"),
            Column("finished_at", _("Given up"), lambda row: ui.when(row.finished_at)),
            Column("deed", _("Action"), _retry_link),
        ]
        return self._table(
            _("Given-up jobs"), columns, rows.select_related("business").order_by("-finished_at", "-pk")[:MOST_JOBS]
        )

    def _table(self, caption: Any, columns: list[Column], rows: Any) -> Table:
        return build_table(columns, rows, query=QueryDict(), sort="", caption=caption, href=lambda row: "")


class _Lane:
    """A row of the table of lanes."""

    def __init__(self, lane: str, label: Any, *, waiting: int, later: int, running: int, oldest: Any) -> None:
        self.pk, self.label = lane, label
        self.waiting, self.later, self.running, self.oldest = waiting, later, running, oldest


def _capacity(row: Worker) -> str:
    labels = dict(Lane.choices)
    return ", ".join(f"{labels.get(lane, lane)}: {ui.number(count)}" for lane, count in sorted(row.capacity.items()))


def _schedule_name(row: Schedule) -> Any:
    label = kind_of(row.task).label
    if row.business is None:
        return label
    return format_html('{} <span class="hint"><bdi>{}</bdi></span>', label, row.business)


def _schedule_state(row: Schedule) -> Any:
    if row.fault:
        return format_html('{} <span class="hint">{}</span>', ui.badge(_("Faulty"), "bad"), row.fault)
    return ui.badge(_("Active"), "good") if row.is_active else ui.badge(_("Paused"), "warn")


def _schedule_deed(row: Schedule) -> Any:
    name, label = ("schedule_pause", _("Pause")) if row.is_active else ("schedule_resume", _("Resume"))
    return _link(reverse(f"crm:{name}", args=[row.pk]), label, kind_of(row.task).label)


def _retry_link(row: Job) -> Any:
    return _link(reverse("crm:service_job_retry", args=[row.pk]), _("Start again"), kind_of(row.task).label)


def _link(href: str, label: Any, what: Any) -> Any:
    return format_html('<a href="{}">{}<span class="unseen">: {}</span></a>', href, label, what)


class _OperatorDeed(OperatorPage, DeedPage):
    """A deed of operators; it leads back to the service's page."""

    abstract = True
    permission = ""

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Service"), "href": reverse("crm:service")}]

    def success_url(self, result: Any) -> str:
        return reverse("crm:service")

    def cancel_href(self) -> str:
        return reverse("crm:service")


class SchedulePause(_OperatorDeed):
    permission = SIGNED_IN
    title = gettext_lazy("Pause the schedule")
    submit_label = gettext_lazy("Pause")
    success_message = gettext_lazy("The schedule is paused.")
    danger = True

    @cached_property
    def schedule(self) -> Schedule:
        return cast(Schedule, self.one(Schedule.unscoped.all()))

    def text(self) -> Any:
        return kind_of(self.schedule.task).label

    def consequences(self) -> list[Any]:
        return [_("It isn't done any more until you resume it.")]

    def perform(self) -> Schedule:
        return services.pause_schedule(actor=self.actor, schedule=self.schedule)


class ScheduleResume(SchedulePause):
    title = gettext_lazy("Resume the schedule")
    submit_label = gettext_lazy("Resume")
    success_message = gettext_lazy("The schedule is active again.")
    danger = False

    def consequences(self) -> list[Any]:
        return [_("What was due meanwhile is left out; it is done again when it is due next.")]

    def perform(self) -> Schedule:
        return services.resume_schedule(actor=self.actor, schedule=self.schedule, at=clock.now())


class ServiceJobRetry(_OperatorDeed):
    """Start a given-up job of any business, or of the service, again."""

    permission = SIGNED_IN
    title = gettext_lazy("Start the job again")
    submit_label = gettext_lazy("Start again")
    success_message = gettext_lazy("The job waits for a worker.")

    @cached_property
    def job(self) -> Job:
        return cast(Job, self.one(Job.unscoped.select_related("business")))

    def text(self) -> Any:
        return kind_of(self.job.task).label

    def consequences(self) -> list[Any]:
        return [_("It does what it was asked for, as things stand now.")]

    def perform(self) -> Job:
        return services.retry_job(actor=self.actor, job=self.job)
