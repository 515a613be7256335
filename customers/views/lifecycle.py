"""Pages about stages: changing that of a customer, correcting the date of a change, and the report of all of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import charts, clock, formats
from crm.access import saw
from crm.errors import NotFound
from crm.filters import bad_parameters
from crm.forms import version_of
from crm.pages import FormPage, ListPage, Page
from crm.paging import Sort
from crm.tables import Column
from customers import services
from customers.choices import LifecycleStage
from customers.forms.lifecycle import ReportForm, StageDateForm, StageForm, StoodForm, faults_of
from customers.models import Customer, LifecycleChange
from customers.queries import lifecycle
from customers.queries.lifecycle import Days, place_label
from customers.tables import customer_columns
from customers.views.profile import OneCustomer


class StageChange(OneCustomer, FormPage):
    """Let the customer enter another stage or step, now or at an earlier date."""

    permission = "customers.change"
    title = gettext_lazy("Change the stage of a customer")
    form_class = StageForm
    submit_label = gettext_lazy("Change stage")
    success_message = gettext_lazy("The stage was changed.")

    def get_title(self) -> Any:
        return _("Change the stage of %(name)s") % {"name": self.customer}

    def initial(self) -> dict[str, Any]:
        customer = self.customer
        asked = self.request.GET.get("stage", "")
        stage = asked if asked in LifecycleStage.values else customer.lifecycle_stage
        substep = customer.lifecycle_substep if stage == customer.lifecycle_stage else ""
        return {"stage": stage, "substep": substep, "version": version_of(customer)}

    def perform(self, **data: Any) -> LifecycleChange:
        at = clock.now()
        effective_at = data.pop("effective_at")
        return services.change_stage(
            actor=self.actor, customer=self.customer, effective_at=effective_at or at, at=at, **data
        )


class StageChangeUpdate(OneCustomer, FormPage):
    """Another date for a stage change."""

    permission = "customers.change"
    title = gettext_lazy("Correct the date of a stage change")
    form_class = StageDateForm
    success_message = gettext_lazy("The date was corrected.")

    @cached_property
    def change(self) -> LifecycleChange:
        found: LifecycleChange | None = LifecycleChange.objects.filter(
            customer=self.customer, pk=self.kwargs["change"]
        ).first()
        if found is None:
            raise NotFound
        return found

    def get_title(self) -> Any:
        place = place_label(self.change.stage, self.change.substep)
        return _("When did %(name)s enter %(place)s?") % {"name": self.customer, "place": place}

    def initial(self) -> dict[str, Any]:
        local = self.change.effective_at.astimezone(ZoneInfo(self.business.time_zone))
        showing = "second" if local.fold else ""
        return {"day": local.date(), "time": local.time(), "showing": showing, "version": version_of(self.customer)}

    def perform(self, **data: Any) -> LifecycleChange:
        effective_at: datetime = data.pop("effective_at")
        if effective_at == self.change.effective_at.replace(microsecond=0):  # the form shows whole seconds
            effective_at = self.change.effective_at
        return services.correct_stage_change(
            actor=self.actor,
            customer=self.customer,
            change=self.change,
            effective_at=effective_at,
            at=clock.now(),
            **data,
        )


class StageReport(Page):
    """Customers by stage on two days: how many stood where, and from where to where they went in between."""

    permission = "customers.view"
    title = gettext_lazy("Stages")
    description = gettext_lazy("Where customers stood on a day, where they stand now, and how they got there.")
    template_name = "customers/stage_report.html"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        days = compared_days(self, ReportForm)
        flows = lifecycle.stage_flows(self.actor, self.business, days.began, days.ended)
        before, after = lifecycle.counts_then(flows), lifecycle.counts_after(flows)
        medians = {} if days.ended else lifecycle.median_days_in_stage(self.actor, self.business, days.at)
        stages: list[dict[str, Any]] = [
            {
                "label": stage.label, "before": before[stage], "after": after[stage], "change": after[stage] - before[stage],
                "before_href": _href(days, began=stage.value), "after_href": _href(days, ended=stage.value)
                if days.ended else f"{reverse('customers:customer_list')}?lifecycle_stage={stage.value}",
                "median": medians.get(stage.value),
            }
            for stage in LifecycleStage
        ]  # fmt: skip
        total = {"before": sum(before.values()), "after": sum(after.values())}
        bars = [charts.Bar(str(s["label"]), s["after"], s["after_href"]) for s in stages]
        form = ReportForm(initial={"as_of": days.first, "until": days.last}, today=days.last)
        return self.show(
            stages=stages, total=total, days=days, form=form, chart=charts.bars(_("Customers by stage"), bars),
            flows=_flow_chart(flows, days), has_medians=not days.ended,
            first_label=formats.day(days.first), last_label=formats.day(days.last),
        )  # fmt: skip


class StageReportList(ListPage):
    """The customers behind a figure of the stage report."""

    permission = "customers.view"
    title = gettext_lazy("Customers of the stage report")
    default_sort = "name"
    has_views = False

    @cached_property
    def days(self) -> Days:
        return compared_days(self, StoodForm)

    @cached_property
    def asked(self) -> dict[str, str]:
        """Where the customers stood on the two days, as the address says; checked with the days."""
        return {name: self.request.GET.get(name, "") for name in ("began", "ended")} if self.days else {}

    def get_title(self) -> Any:
        began, ended = (self.asked[name] for name in ("began", "ended"))
        places = [(began, self.days.first), (ended, self.days.last)]
        named = [_("%(place)s on %(day)s") % {"place": _place(p), "day": formats.day(day)} for p, day in places if p]
        return " → ".join(named) or _("Customers")

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Stages"), "href": f"{reverse('customers:stage_report')}?{self.days.query}"}]

    def rows(self) -> QuerySet:
        days, business = self.days, self.business
        rows = Customer.objects.visible_to(self.actor).filter(is_unidentified=False).with_facts()
        for name, at in (("began", days.began), ("ended", days.ended or days.at)):
            if self.asked[name]:
                rows = lifecycle.stood_in(rows, business, self.asked[name].replace("none", ""), at)
        return rows.select_related("owner", "team")

    def columns(self) -> Sequence[Column]:
        return customer_columns(self.business, ["display_name", "kind", "lifecycle_stage", "country", "owner"])

    def sorts(self) -> dict[str, Sort]:
        return {"name": Sort("name", "sort_name")}

    def shown(self, rows: list[Any]) -> None:
        saw(self.request, (row.pk for row in rows))

    def row_href(self, row: Any) -> str:
        return reverse("customers:customer_detail", args=[row.pk])

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        return {"icon": "users", "title": _("Nobody"), "text": _("No customer that you may see went this way.")}


def _href(days: Days, **places: str) -> str:
    """The customers who stood there; "none" for those who weren't there."""
    return f"{reverse('customers:stage_report_list')}?{days.query}&{urlencode(places)}"


def compared_days(page: Any, form_class: type[ReportForm]) -> Days:
    """The days that the address names. Raises InvalidInput."""
    at = clock.now()
    form = form_class(page.request.GET, today=clock.today(page.business.time_zone, at))
    known = {"sort", "cursor"} if form_class is StoodForm else set()
    faults = {name: words for name, words in faults_of(form).items() if name not in known}
    if faults:
        raise bad_parameters(faults)
    return Days.of(form.cleaned_data, page.business.time_zone, at)


def _place(name: str) -> Any:
    return _("not there") if name == "none" else LifecycleStage(name).label


def _flow_chart(flows: dict[tuple[str, str], int], days: Days) -> charts.Chart:
    """From where to where customers went, the diagonal being those who stayed."""
    began = [s for s in (*LifecycleStage.values, "") if any(pair[0] == s for pair in flows)]
    ended = [s for s in (*LifecycleStage.values, "") if any(pair[1] == s for pair in flows)]
    return charts.heat_map(
        _("From where to where"),
        [str(LifecycleStage(stage).label) if stage else _("New") for stage in began],
        [str(LifecycleStage(stage).label) if stage else _("Archived") for stage in ended],
        [[flows.get((a, b), 0) for b in ended] for a in began],
        hrefs=[[_href(days, began=a or "none", ended=b or "none") for b in ended] for a in began],
        corner=_("From, to"),
    )
