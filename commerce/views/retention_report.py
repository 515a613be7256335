"""The report of retention: scores and groups, cohorts, who was lost and came back, seasons; and asking for it to be computed."""

import math
from calendar import monthrange
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils import formats as dates
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce import services
from commerce.models import OrderPatterns
from commerce.queries.gaps import gaps
from commerce.queries.retention import Cohort, CohortCell, Moves, average_of, cohorts_of, moves_of
from commerce.queries.rfm import (
    GROUPS,
    SCORES,
    Cell,
    Grid,
    Group,
    Quintiles,
    as_of,
    grid_of,
    latest_patterns,
    of_group,
    score_words,
)
from commerce.queries.seasons import Part, Seasons, seasons_of
from crm import charts, clock, formats
from crm.pages import DeedPage, Page
from crm.templatetags import ui

_SHADES, _YEARS = 5, 4


class RetentionReport(Page):
    """How all customers of the business order and come back. People who see only some customers don't get it."""

    permission = "commerce.view_patterns"
    title = gettext_lazy("Retention")
    description = gettext_lazy("Who orders again, who stopped, and when most is bought.")
    template_name = "commerce/retention_report.html"

    def actions(self) -> list[dict[str, Any]]:
        return self.action(
            "commerce.compute_patterns", _("Compute now"), reverse("commerce:compute_patterns"), icon="refresh-cw"
        )

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        patterns, at = latest_patterns(), clock.now()
        quintiles = Quintiles.of(patterns) if patterns else None
        if patterns is None or quintiles is None:
            return self.show(computed_at=patterns.computed_at if patterns else None, figures=None)
        grid, cohorts, moves = grid_of(self.business, quintiles), cohorts_of(patterns), moves_of(patterns)
        return self.show(
            computed_at=patterns.computed_at, figures=self.figures(patterns, grid, moves, at), scores=self.scores(grid, quintiles),
            cohorts=self.cohorts(cohorts), moves=self.moves(moves),
            seasons=self.seasons(seasons_of(self.business, clock.today(self.business.time_zone, at))),
        )  # fmt: skip

    def figures(self, patterns: OrderPatterns, grid: Grid, moves: list[Moves], at: datetime) -> list[dict[str, Any]]:
        currency, everybody = self.business.currency, sum(grid.values(), Cell())
        overdue = gaps(self.business, at)
        over = [row for row in moves if row.month < as_of(patterns).replace(day=1)]
        rate = Decimal(100 * everybody.repeaters) / everybody.customers if everybody.customers else None
        found = [
            {
                "label": _("Customers with an order"), "value": ui.number(everybody.customers), "href": customers_href(order_count__gte=1),
                "hint": ui.money(everybody.average, currency) + " " + _("each"), "how": _("Live customers with a completed order that"
                " was not wholly refunded, and what they have spent on average."),
            },
            {
                "label": _("Repeat rate"), "value": formats.percent(rate), "href": customers_href(order_count__gte=2),
                "hint": _("%(count)s ordered again") % {"count": formats.number(everybody.repeaters)},
                "how": _("Customers with two orders or more, divided by customers with an order."),
            },
            {
                "label": _("Overdue to order"), "value": ui.number(overdue.customers), "href": reverse("commerce:order_gap_list"),
                "hint": _("%(money)s in usual orders") % {"money": formats.money(overdue.usual, currency)},
                "how": _("Customers with three orders or more whose last one lies further back than their days between orders times"
                         " the factor of the business's settings, but not more than 365 days; and their average orders, added up."),
            },
        ]  # fmt: skip
        if over:
            last = over[-1]
            found.append(
                {
                    "label": _("Lost"), "value": ui.number(last.lost), "href": f"{reverse('commerce:retention_report')}#moves",
                    "hint": dates.date_format(last.month, "F Y"), "how": lost_rule(),
                }
            )  # fmt: skip
        return found

    def scores(self, grid: Grid, quintiles: Quintiles) -> dict[str, Any]:
        currency = self.business.currency
        rows, columns = list(reversed(SCORES)), list(SCORES)
        labels = [_("Recency %(score)s") % {"score": score} for score in rows]
        heads = [_("Frequency %(score)s") % {"score": score} for score in columns]
        hrefs = [[customers_href(rfm_recency=r, rfm_frequency=f) for f in columns] for r in rows]
        counts = charts.heat_map(
            _("Customers"), labels, heads, [[grid[r, f].customers for f in columns] for r in rows], hrefs=hrefs
        )
        averages = [[_not_below_zero(grid[r, f].average) for f in columns] for r in rows]
        spent = charts.heat_map(
            _("Average spent (%(currency)s)") % {"currency": currency}, labels, heads, averages, hrefs=hrefs,
            format=lambda value: formats.number(None if value is None else round(value)),
        )  # fmt: skip
        everybody = sum(cell.customers for cell in grid.values())
        return {
            "charts": [counts, spent], "groups": [self._group(group, of_group(grid, group), everybody) for group in GROUPS],
            "meanings": [
                (score, *(score_words(measure, score, quintiles, currency) for measure in ("recency", "frequency", "monetary")))
                for score in rows
            ],
        }  # fmt: skip

    def _group(self, group: Group, cell: Cell, everybody: int) -> dict[str, Any]:
        rule = {"recency": _span(group.recency), "frequency": _span(group.frequency)}
        return {
            "group": group, "rule": _("recency %(recency)s, frequency %(frequency)s") % rule, "customers": cell.customers,
            "share": formats.percent(Decimal(100 * cell.customers) / everybody if everybody else None), "average": cell.average,
            "href": customers_href(rfm_group=group.key),
        }  # fmt: skip

    def cohorts(self, cohorts: list[Cohort]) -> dict[str, Any] | None:
        if not cohorts:
            return None
        months = range(max(len(cohort.cells) for cohort in cohorts))
        kept = average_of(cohorts, lambda cell: 100 * cell.customers)
        brought = average_of(cohorts, lambda cell: cell.revenue_to_date)
        most = max((cohort.retention(cell) for cohort in cohorts for cell in cohort.cells[1:]), default=Decimal(0))
        highest = max((cohort.per_customer(cell) for cohort in cohorts for cell in cohort.cells), default=Decimal(0))
        tables = [
            {
                "title": _("Customers who order again"), "hint": _("Percent of the cohort with an order so many months after the first"),
                "average": [formats.percent(value) for value in kept[: len(months)]],
                "rows": [
                    self._row(cohort, [(cell, formats.percent(cohort.retention(cell)),
                                        _shade(cohort.retention(cell), most) if cell.months_after else 0) for cell in cohort.cells])
                    for cohort in reversed(cohorts)
                ],
            },
            {
                "title": _("Revenue per customer (%(currency)s)") % {"currency": self.business.currency},
                "hint": _("What the cohort has brought up to that month, less refunds, divided by its customers"),
                "average": [formats.number(None if value is None else round(value)) for value in brought[: len(months)]],
                "rows": [
                    self._row(cohort, [(cell, formats.number(round(cohort.per_customer(cell))),
                                        _shade(cohort.per_customer(cell), highest)) for cell in cohort.cells])
                    for cohort in reversed(cohorts)
                ],
            },
        ]  # fmt: skip
        return {"months": months, "tables": tables, "chart": self.curves(cohorts)}

    def _row(self, cohort: Cohort, cells: list[tuple[CohortCell, str, int]]) -> dict[str, Any]:
        first = {"first_order_at__gte": cohort.month, "first_order_at__lte": _end_of(cohort.month)}
        return {
            "label": dates.date_format(cohort.month, "M Y"), "customers": cohort.customers, "href": customers_href(**first),
            "cells": [
                {
                    "text": text, "shade": shade, "is_over": cell.is_over,
                    "href": customers_href(**first, ordered_in=f"{cell.month:%Y-%m}") if cell.customers else "",
                }
                for cell, text, shade in cells
            ],
        }  # fmt: skip

    def curves(self, cohorts: list[Cohort]) -> charts.Chart | None:
        """The share that orders in the months after the first, of all cohorts together and of those of the last years."""
        years = sorted({cohort.month.year for cohort in cohorts})[-_YEARS:]
        parts = [(_("All"), cohorts)]
        if len(years) > 1:
            parts += [(str(year), [cohort for cohort in cohorts if cohort.month.year == year]) for year in years]
        lines = [(name, average_of(part, lambda cell: 100 * cell.customers)[1:]) for name, part in parts]
        longest = max((n for _name, line in lines for n, value in enumerate(line, 1) if value is not None), default=0)
        if not longest:
            return None
        return charts.line(
            _("Customers who order again, percent of the cohort"), [str(after) for after in range(1, longest + 1)],
            [charts.Series(name, line[:longest]) for name, line in lines], axis=_("Months after the first order"),
            format=formats.percent,
        )  # fmt: skip

    def moves(self, moves: list[Moves]) -> dict[str, Any] | None:
        if not moves:
            return None
        labels = [dates.date_format(row.month, "M Y") for row in moves]
        series = [
            charts.Series(_("New"), [row.new for row in moves], [_new_href(row.month) for row in moves]),
            charts.Series(_("Lost"), [row.lost for row in moves], tone="bad"),
            charts.Series(_("Came back"), [row.back for row in moves], tone="good"),
        ]
        rows = [
            {"label": label, "row": row, "new_href": _new_href(row.month) if row.new else ""}
            for label, row in zip(labels, moves, strict=True)
        ]  # fmt: skip
        return {
            "chart": charts.line(_("New, lost and reactivated customers"), labels, series), "rows": rows[::-1], "rule": lost_rule()
        }  # fmt: skip

    def seasons(self, seasons: Seasons | None) -> dict[str, Any] | None:
        if seasons is None:
            return None
        months = [date(2001, part.number, 1) for part in seasons.months]
        weekdays = [date(2001, 1, part.number) for part in seasons.weekdays]  # the year 2001 begins on a Monday
        return {
            "first": seasons.first, "last": seasons.last,
            "charts": [
                (_("By month of the year"), _season_bars(_("By month of the year, average = 100"), seasons.months,
                                                         [dates.date_format(day, "M") for day in months], _("Month"))),
                (_("By weekday"), _season_bars(_("By weekday, average = 100"), seasons.weekdays,
                                               [dates.date_format(day, "D") for day in weekdays], _("Weekday"))),
            ],
        }  # fmt: skip


def lost_rule() -> str:
    return _(
        "A customer is lost on the ninetieth day after an order when no other has come by then, and comes back with the next order."
    )


def customers_href(**narrowed: Any) -> str:
    return f"{reverse('customers:customer_list')}?{urlencode(narrowed)}"


def _new_href(month: date) -> str:
    return customers_href(first_order_at__gte=month, first_order_at__lte=_end_of(month))


def _end_of(month: date) -> date:
    return month.replace(day=monthrange(month.year, month.month)[1])


def _span(scores: tuple[int, int]) -> str:
    first, last = scores
    return str(first) if first == last else f"{first}–{last}"


def _shade(value: Decimal, highest: Decimal) -> int:
    """From 1 to 5, relative to the highest value; 0 for nothing."""
    return max(0, math.ceil(_SHADES * value / highest)) if highest > 0 else 0


def _not_below_zero(value: Decimal | None) -> Decimal | None:
    """Heat begins at nothing: refunds without their orders may lead below it."""
    return None if value is None else max(value, Decimal(0))


def _season_bars(title: str, parts: Any, labels: list[str], axis: str) -> charts.Chart:
    bars = [charts.Bar(label, _rounded(part)) for label, part in zip(labels, parts, strict=True)]
    return charts.bars(title, bars, horizontal=False, axis=(axis, _("Index")))


def _rounded(part: Part) -> int | None:
    return None if part.index is None else round(part.index)


class ComputePatterns(DeedPage):
    """Asks for the patterns to be computed, which a job does."""

    permission = "commerce.compute_patterns"
    title = gettext_lazy("Compute order patterns now?")
    submit_label = gettext_lazy("Compute now")
    success_message = gettext_lazy("The computation waits for its turn in the queue.")

    def text(self) -> Any:
        return _(
            "Scores, cohorts and who was lost are computed from all orders. Until it is done, they stay as they are."
        )

    def perform(self) -> Any:
        return services.ask_for_patterns(actor=self.actor, business=self.business)

    def success_url(self, result: Any) -> str:
        return reverse("crm:job", args=[result.pk]) if result else reverse("commerce:retention_report")

    def cancel_href(self) -> str:
        return reverse("commerce:retention_report")
