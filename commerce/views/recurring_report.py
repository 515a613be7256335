"""The report of recurring revenue: what came, grew, shrank and went in each month, and who it was."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils import formats as dates
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.queries.recurring import MOVEMENTS, Bridge, bridge, movers
from crm import charts, clock, formats
from crm.access import saw
from crm.filters import bad_parameters
from crm.pages import Page
from crm.templatetags import ui

_MONTHS = 12
_LISTED = 200


def movement_labels() -> dict[str, str]:
    return {"new": _("New"), "expansion": _("Expansion"), "contraction": _("Contraction"), "churn": _("Churn")}


class RecurringReport(Page):
    """Annual recurring revenue by month, with gross and net retention; of a month and a movement, the customers behind it."""

    permission = "commerce.view_subscriptions"
    title = gettext_lazy("Recurring revenue")
    description = gettext_lazy("What came, grew, shrank and went in each month, from the changes of subscriptions.")
    template_name = "commerce/recurring_report.html"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        today = clock.today(self.business.time_zone, clock.now())
        chosen = self.chosen()
        months = bridge(self.actor, self.business, today, _MONTHS)
        rows: list[dict[str, Any]] = []
        if chosen:
            found = movers(self.actor, self.business, today, *chosen, limit=_LISTED)
            saw(request, [row.customer_id for row in found])
            rows = [
                {
                    "name": row.name, "href": f"{reverse('commerce:subscription_list')}?customer={row.customer_id}",
                    "opening": row.opening, "closing": row.closing, "moved": row.closing - row.opening,
                }
                for row in found
            ]  # fmt: skip
        return self.show(
            figures=self.figures(months), chart=self.chart(months), months=[self.row(month) for month in reversed(months)],
            listed=rows, heading=self.heading(*chosen) if chosen else "", labels=list(movement_labels().values()),
        )  # fmt: skip

    def chosen(self) -> tuple[date, str] | None:
        """The month and the movement that the address names, both or neither. Raises InvalidInput."""
        asked = self.request.GET
        faults = {name: [_("There is no such parameter.")] for name in asked if name not in ("month", "movement")}
        if "month" in asked or "movement" in asked:
            try:
                month = date.fromisoformat(f"{asked.get('month', '')}-01")
            except ValueError:
                faults["month"] = [_("Give the month as in 2026-01.")]
            if asked.get("movement") not in MOVEMENTS:
                faults["movement"] = [_("Give one of: %(names)s.") % {"names": ", ".join(MOVEMENTS)}]
        if faults:
            raise bad_parameters(faults)
        return (month, asked["movement"]) if "month" in asked else None

    def heading(self, month: date, movement: str) -> str:
        words = {"movement": movement_labels()[movement], "month": dates.date_format(month, "F Y")}
        return _("%(movement)s in %(month)s") % words

    def row(self, month: Bridge) -> dict[str, Any]:
        moves = [
            {
                "label": label, "amount": getattr(month, name) * (-1 if name in ("contraction", "churn") else 1),
                "href": _rows_of(month, name) if month.customers[name] else "",
            }
            for name, label in movement_labels().items()
        ]  # fmt: skip
        return {
            "label": dates.date_format(month.first_day, "M Y"), "opening": month.opening, "moves": moves, "closing": month.closing,
            "gross": formats.percent(month.gross_retention), "net": formats.percent(month.net_retention),
            "href": f"{reverse('commerce:subscription_list')}?changed__month={month.first_day:%Y-%m}",
        }  # fmt: skip

    def figures(self, months: list[Bridge]) -> list[dict[str, Any]]:
        running, currency = months[-1], self.business.currency
        month = dates.date_format(running.first_day, "F Y")
        return [
            {
                "label": _("ARR"), "value": ui.money(running.closing, currency), "hint": _("today"),
                "href": f"{reverse('commerce:subscription_list')}?counts=true",
                "how": _("Twelve times what the subscriptions that run bring per month, of the customers that you may see. Recurring"
                         " invoices and revenue that was entered by hand are not in this report."),
            },
            {
                "label": _("Came and grew"), "value": ui.money(running.new + running.expansion, currency), "hint": month,
                "href": _rows_of(running, "new" if running.customers["new"] else "expansion"),
                "how": _("New: customers that brought nothing at the start of the month, also those that came back. Expansion: what others"
                         " bring more than at its start."),
            },
            {
                "label": _("Shrank and went"), "value": ui.money(running.contraction + running.churn, currency), "hint": month,
                "href": _rows_of(running, "churn" if running.customers["churn"] else "contraction"),
                "how": _("Contraction: what customers bring less than at the start of the month. Churn: what those brought that bring"
                         " nothing any more."),
            },
            {
                "label": _("Net retention"), "value": formats.percent(running.net_retention), "hint": month,
                "href": f"{reverse('commerce:subscription_list')}?changed__month={running.first_day:%Y-%m}",
                "how": _("What the customers of the start of the month bring now, expansion included, divided by what they brought then."),
            },
            {
                "label": _("Gross retention"), "value": formats.percent(running.gross_retention), "hint": month,
                "href": f"{reverse('commerce:subscription_list')}?changed__month={running.first_day:%Y-%m}",
                "how": _("The same without expansion: what stayed of the revenue at the start of the month."),
            },
        ]  # fmt: skip

    def chart(self, months: list[Bridge]) -> charts.Chart:
        return charts.line(
            _("ARR at the end of the month (%(currency)s)") % {"currency": self.business.currency},
            [dates.date_format(month.first_day, "M Y") for month in months],
            [
                charts.Series(
                    _("ARR"), [month.closing for month in months],
                    [f"{reverse('commerce:subscription_list')}?changed__month={month.first_day:%Y-%m}" for month in months],
                )
            ],
            area=True,
        )  # fmt: skip


def _rows_of(month: Bridge, movement: str) -> str:
    narrowed = {"month": f"{month.first_day:%Y-%m}", "movement": movement}
    return f"{reverse('commerce:recurring_report')}?{urlencode(narrowed)}#rows"
