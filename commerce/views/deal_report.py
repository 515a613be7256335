"""The report of the pipeline: what is open by stage and by month, and how deals have ended."""

from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.urls import reverse
from django.utils import formats as dates
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from commerce.choices import DealStage
from commerce.forms import ReportForm
from commerce.models import Opportunity
from commerce.queries.deals import Pipeline, pipeline, slipping, stale, stale_after_days
from commerce.tables.deals import amount_of, customer_link, days_in_stage, deal_href, stage_badge
from crm import charts, clock, formats
from crm.access import saw
from crm.filters import bad_parameters
from crm.pages import Page
from crm.templatetags import ui

_DAYS = 365
_LISTED = 10


class PipelineReport(Page):
    """Weighted pipeline by stage and month, win rate, size and length of deals, and those that need a look."""

    permission = "commerce.view_deals"
    title = gettext_lazy("Pipeline")
    description = gettext_lazy("What is open, weighted by how likely it is, and how deals have ended.")
    template_name = "commerce/pipeline_report.html"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        at, business = clock.now(), self.business
        today = clock.today(business.time_zone, at)
        since = self.since(today)
        rows = Opportunity.objects.visible_to(self.actor)
        found = pipeline(rows, business, at, datetime.combine(since, time(), tzinfo=ZoneInfo(business.time_zone)))
        lists = [
            {
                "key": "slipping", "title": _("Slipping"), "hint": _("Open, and the expected close is over"), "total": found.slipping,
                "rows": self._listed(rows.filter(slipping(today)).order_by("expected_close_on", "pk"), at),
                "href": _list(slipping="true", sort="expected_close_on"),
            },
            {
                "key": "stale", "title": _("Stale"), "total": found.stale,
                "hint": _("Open, and for %(days)s days or more in one stage") % {"days": formats.number(stale_after_days(business))},
                "rows": self._listed(rows.filter(stale(business, at)).order_by("stage_since", "pk"), at), "href": _list(stale="true"),
            },
        ]  # fmt: skip
        return self.show(
            figures=self.figures(found, since), stages=self.stages(found), months=self.months(found), lists=lists,
            form=ReportForm(initial={"since": since}), since=since,
        )  # fmt: skip

    def since(self, today: date) -> date:
        """The first day from which closed deals count; a year ago when the address names none. Raises InvalidInput."""
        form = ReportForm(self.request.GET)
        unknown = [name for name in self.request.GET if name != "since"]
        faults = {name: [str(word) for word in words] for name, words in form.errors.items()}
        faults |= {name: [_("There is no such parameter.")] for name in unknown}
        day = form.cleaned_data.get("since") if not faults else None
        if day and not date(1900, 1, 1) <= day <= today:
            faults = {"since": [_("Give a day that is over, or today.")]}
        if faults:
            raise bad_parameters(faults)
        return day or today - timedelta(days=_DAYS)

    def figures(self, found: Pipeline, since: date) -> list[dict[str, Any]]:
        currency, opened = self.business.currency, found.open
        span = _("since %(day)s") % {"day": formats.day(since)}
        closed = {"closed_at__gte": f"{since:%Y-%m-%d}"}
        return [
            {
                "label": _("Weighted pipeline"), "value": ui.money(opened.weighted, currency), "href": _list(state="open"),
                "hint": _("of %(money)s") % {"money": ui.money(opened.amount, currency)},
                "how": _("The amounts of the open deals in the reporting currency, each times its probability."),
            },
            {
                "label": _("Open deals"), "value": ui.number(opened.count), "href": _list(state="open"), "hint": "",
                "how": _("Deals in one of the open stages."),
            },
            {
                "label": _("Win rate"), "value": formats.percent(found.win_rate), "href": _list(state="closed", **closed),
                "hint": _("%(won)s of %(all)s, %(span)s") % {
                    "won": formats.number(found.won.count), "all": formats.number(found.won.count + found.lost.count), "span": span,
                },
                "how": _("Deals won divided by the deals that were won or lost since that day, by number."),
            },
            {
                "label": _("Won"), "value": ui.money(found.won.amount, currency), "href": _list(stage="won", **closed), "hint": span,
                "how": _("Amounts of the deals that were won since that day, in the reporting currency."),
            },
            {
                "label": _("Average deal"), "value": ui.money(found.average_size, currency),
                "href": _list(stage="won", **closed), "hint": span,
                "how": _("What was won since that day divided by the number of deals won."),
            },
            {
                "label": _("Average days to close"), "value": formats.number(found.days_to_close), "href": _list(stage="won", **closed),
                "hint": span, "how": _("Calendar days from the day on which a deal was opened to the day on which it was won, on average."),
            },
        ]  # fmt: skip

    def stages(self, found: Pipeline) -> dict[str, Any]:
        currency = self.business.currency
        rows: list[dict[str, Any]] = [
            {"label": DealStage(stage).label, "href": _list(stage=stage), "sums": sums} for stage, sums in found.by_stage.items()
        ]  # fmt: skip
        bars = [charts.Bar(str(row["label"]), row["sums"].weighted, row["href"]) for row in rows]
        title = _("Weighted pipeline by stage (%(currency)s)") % {"currency": currency}
        return {"rows": rows, "total": found.open, "chart": charts.bars(title, bars)}

    def months(self, found: Pipeline) -> dict[str, Any]:
        rows: list[dict[str, Any]] = [
            {
                "label": dates.date_format(month, "M Y") if month else _("No day given"), "sums": sums,
                "href": _list(state="open", expected_close_on__month=f"{month:%Y-%m}") if month
                else _list(state="open", expected_close_on__isnull="true"),
            }
            for month, sums in found.by_month.items()
        ]  # fmt: skip
        bars = [charts.Bar(row["label"], row["sums"].weighted, row["href"]) for row in rows[:24]]
        title = _("Weighted pipeline by expected month (%(currency)s)") % {"currency": self.business.currency}
        return {"rows": rows, "chart": charts.bars(title, bars, horizontal=len(bars) > 12 or len(bars) < 3)}

    def _listed(self, rows: Any, at: datetime) -> list[dict[str, Any]]:
        deals = list(rows.select_related("customer", "owner")[:_LISTED])
        saw(self.request, [deal.customer_id for deal in deals if deal.customer_id])
        return [
            {
                "deal": deal, "href": deal_href(deal), "customer": customer_link(deal), "stage": stage_badge(deal),
                "amount": amount_of(deal), "age": days_in_stage(deal, at), "late": _late(deal, at),
            }
            for deal in deals
        ]  # fmt: skip


def _late(deal: Opportunity, at: datetime) -> str:
    if deal.expected_close_on is None or deal.expected_close_on >= at.date():
        return ""
    days = (at.date() - deal.expected_close_on).days
    return ngettext("%(days)s day late", "%(days)s days late", days) % {"days": formats.number(days)}


def _list(**narrowed: str) -> str:
    return f"{reverse('commerce:deal_list')}?{urlencode(narrowed)}"
