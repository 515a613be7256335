"""Endpoints of how customers order: retention by cohorts, scores, seasons, and who is overdue."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from commerce.models import OrderPatterns
from commerce.queries.gaps import BY_EXPECTED, overdue
from commerce.queries.retention import COHORTS, MOST_COHORTS, Cohort, CohortCell, average_of, cohorts_of, moves_of
from commerce.queries.rfm import GROUPS, Quintiles, grid_of, group_of, latest_patterns, of_group
from commerce.queries.seasons import seasons_of
from crm import clock
from crm.access import saw
from crm.api.lists import ListEndpoint, envelope, envelope_sample, refuse_unclear, whole
from crm.api.patterns import AMOUNT, CURRENCY
from crm.api.representation import Representation, Shown, amount, plain_decimal
from crm.api.views import Doc, Endpoint
from crm.errors import NotFound
from customers.api.ground import ShowsCustomers
from customers.models import Customer

_MONTH = r"^[0-9]{4}-[0-9]{2}$"
_COMPUTED = _("404 before it was first computed, which happens every night and after a file of orders.")


def _patterns() -> OrderPatterns:
    """What was computed last. Raises NotFound."""
    found = latest_patterns()
    if found is None:
        raise NotFound
    return found


def _decimal(value: Any) -> str | None:
    return None if value is None else str(plain_decimal(round(value, 2)))


class CohortMonthAnswer(serializers.Serializer[Any]):
    """A cohort so many months after its first order."""

    months_after = serializers.IntegerField()
    month = serializers.RegexField(_MONTH)
    customers = serializers.IntegerField(help_text=_("With an order in the month"))
    retention = serializers.RegexField(AMOUNT, help_text=_("Percent of the cohort"))
    orders = serializers.IntegerField()
    revenue = serializers.RegexField(AMOUNT)
    revenue_per_customer = serializers.RegexField(AMOUNT, help_text=_("Up to and with the month, of the whole cohort"))
    is_over = serializers.BooleanField(help_text=_("Whether the month had ended when it was computed"))


class CohortAnswer(serializers.Serializer[Any]):
    """The customers whose first order was in the month."""

    month = serializers.RegexField(_MONTH)
    customers = serializers.IntegerField()
    months = CohortMonthAnswer(many=True)


class MovesAnswer(serializers.Serializer[Any]):
    """Customers of a month: with their first order, lost, of these not back yet, and back."""

    month = serializers.RegexField(_MONTH)
    new = serializers.IntegerField()
    lost = serializers.IntegerField()
    not_back = serializers.IntegerField()
    reactivated = serializers.IntegerField()


class RetentionAnswer(serializers.Serializer[Any]):
    """Cohorts, the oldest first, and what happened by month."""

    data = CohortAnswer(many=True)  # type: ignore[assignment]  # declared fields are no attributes
    average_retention = serializers.ListField(
        child=serializers.RegexField(AMOUNT, allow_null=True), help_text=_("By months after the first order, 0 to 24")
    )
    moves = MovesAnswer(many=True)
    currency = serializers.RegexField(CURRENCY)
    computed_at = serializers.DateTimeField()


_CELL = {
    "months_after": 1, "month": "2026-02", "customers": 12, "retention": "24", "orders": 15, "revenue": "960.00",
    "revenue_per_customer": "98.20", "is_over": True,
}  # fmt: skip
_RETENTION = {
    "data": [{"month": "2026-01", "customers": 50, "months": [_CELL]}], "average_retention": ["100", "24", None],
    "moves": [{"month": "2026-02", "new": 40, "lost": 7, "not_back": 6, "reactivated": 2}], "currency": "GBP",
    "computed_at": "2026-03-01T03:37:00Z",
}  # fmt: skip


class RetentionReport(Endpoint):
    """Retention by the month of the first order, and who was lost and came back."""

    tag = "Reports"
    permissions = {"GET": "commerce.view_patterns"}
    docs = {
        "GET": Doc(
            "get_retention_report",
            _("Retention by cohorts"),
            answer=RetentionAnswer,
            answer_example=_RETENTION,
            text=_COMPUTED,
            parameters={
                "cohorts": (_("The cohorts of how many months, the running one included; 25 when left out."),
                            {"type": "integer", "minimum": 1, "maximum": MOST_COHORTS}),
            },
        )
    }  # fmt: skip

    def get(self, request: Any) -> Response:
        self.refuse_parameters(frozenset({"cohorts"}))
        refuse_unclear(request.query_params)
        last = whole(request.query_params, "cohorts", COHORTS, MOST_COHORTS)
        patterns, currency = _patterns(), self.business.currency
        cohorts = cohorts_of(patterns, last)
        return Response(
            {
                "data": [
                    {
                        "month": f"{cohort.month:%Y-%m}", "customers": cohort.customers,
                        "months": [_cell(cohort, cell, currency) for cell in cohort.cells],
                    }
                    for cohort in cohorts
                ],
                "average_retention": [_decimal(value) for value in average_of(cohorts, lambda cell: 100 * cell.customers)],
                "moves": [
                    {
                        "month": f"{row.month:%Y-%m}", "new": row.new, "lost": row.lost, "not_back": row.away,
                        "reactivated": row.back,
                    }
                    for row in moves_of(patterns, last)
                ],
                "currency": currency, "computed_at": patterns.computed_at,
            }
        )  # fmt: skip


def _cell(cohort: Cohort, cell: CohortCell, currency: str) -> dict[str, Any]:
    return {
        "months_after": cell.months_after, "month": f"{cell.month:%Y-%m}", "customers": cell.customers,
        "retention": _decimal(cohort.retention(cell)), "orders": cell.orders, "revenue": amount(cell.revenue, currency),
        "revenue_per_customer": amount(cohort.per_customer(cell), currency), "is_over": cell.is_over,
    }  # fmt: skip


class BoundsAnswer(serializers.Serializer[Any]):
    """The highest values of the scores 1 to 4."""

    recency = serializers.ListField(child=serializers.DateField(), help_text=_("Days of the last order"))
    frequency = serializers.ListField(child=serializers.IntegerField(), help_text=_("Numbers of orders"))
    monetary = serializers.ListField(child=serializers.RegexField(AMOUNT), help_text=_("Money spent"))


class CellAnswer(serializers.Serializer[Any]):
    """Live customers of a score of recency and one of frequency."""

    recency = serializers.IntegerField()
    frequency = serializers.IntegerField()
    group = serializers.CharField()
    customers = serializers.IntegerField()
    average_spent = serializers.RegexField(AMOUNT, allow_null=True)


class GroupAnswer(serializers.Serializer[Any]):
    """A named group: the lowest and highest scores, and who has them."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # declared fields are no attributes
    recency = serializers.ListField(child=serializers.IntegerField())
    frequency = serializers.ListField(child=serializers.IntegerField())
    customers = serializers.IntegerField()
    average_spent = serializers.RegexField(AMOUNT, allow_null=True)


class RfmAnswer(serializers.Serializer[Any]):
    """The grid of scores: 25 cells, counted now by the bounds computed last."""

    bounds = BoundsAnswer()
    cells = CellAnswer(many=True)
    groups = GroupAnswer(many=True)
    currency = serializers.RegexField(CURRENCY)
    computed_at = serializers.DateTimeField()


_SPENT = {"customers": 120, "average_spent": "410.50"}
_RFM = {
    "bounds": {
        "recency": ["2025-11-02", "2026-01-05", "2026-02-01", "2026-02-20"], "frequency": [1, 1, 2, 4],
        "monetary": ["40.00", "85.00", "160.00", "390.00"],
    },
    "cells": [{"recency": 5, "frequency": 5, "group": "champions", **_SPENT}],
    "groups": [{"key": "champions", "label": "Champions", "recency": [5, 5], "frequency": [4, 5], **_SPENT}],
    "currency": "GBP", "computed_at": "2026-03-01T03:37:00Z",
}  # fmt: skip


class RfmReport(Endpoint):
    """Recency, frequency, monetary: bounds of the scores, customers by score, named groups."""

    tag = "Reports"
    permissions = {"GET": "commerce.view_patterns"}
    docs = {
        "GET": Doc(
            "get_rfm_report", _("Customers by scores of recency and frequency"), answer=RfmAnswer, answer_example=_RFM,
            text=_("404 before the scores were first computed, or when nobody had ordered then."),
        )
    }  # fmt: skip

    def get(self, request: Any) -> Response:
        self.refuse_parameters()
        patterns, currency = _patterns(), self.business.currency
        quintiles = Quintiles.of(patterns)
        if quintiles is None:
            raise NotFound
        grid = grid_of(self.business, quintiles)
        return Response(
            {
                "bounds": {
                    "recency": list(quintiles.recency), "frequency": list(quintiles.frequency),
                    "monetary": [amount(value, currency) for value in quintiles.monetary],
                },
                "cells": [
                    {
                        "recency": r, "frequency": f, "group": group_of(r, f).key, "customers": cell.customers,
                        "average_spent": _average(cell, currency),
                    }
                    for (r, f), cell in grid.items()
                ],
                "groups": [
                    {
                        "key": group.key, "label": str(group.label), "recency": list(group.recency), "frequency": list(group.frequency),
                        "customers": of_group(grid, group).customers, "average_spent": _average(of_group(grid, group), currency),
                    }
                    for group in GROUPS
                ],
                "currency": currency, "computed_at": patterns.computed_at,
            }
        )  # fmt: skip


def _average(cell: Any, currency: str) -> str | None:
    return None if cell.average is None else amount(cell.average, currency)


class PartAnswer(serializers.Serializer[Any]):
    """A month of the year (1 to 12) or a weekday (1 Monday to 7 Sunday)."""

    number = serializers.IntegerField()
    mean = serializers.RegexField(AMOUNT, help_text=_("Mean revenue of such a month or day"))
    index = serializers.RegexField(AMOUNT, allow_null=True, help_text=_("100 is the average of all months or days"))


class SeasonAnswer(serializers.Serializer[Any]):
    """Revenue of whole years by month of the year and by weekday; without twelve full months the days are null, the parts empty."""

    first = serializers.DateField(allow_null=True)
    last = serializers.DateField(allow_null=True)
    months = PartAnswer(many=True)
    weekdays = PartAnswer(many=True)
    currency = serializers.RegexField(CURRENCY)


_PART = {"number": 1, "mean": "1200.00", "index": "92.5"}
_SEASONS = {"first": "2025-03-01", "last": "2026-02-28", "months": [_PART], "weekdays": [_PART], "currency": "GBP"}


class SeasonReport(Endpoint):
    """How revenue differs by month of the year and by weekday."""

    tag = "Reports"
    permissions = {"GET": "commerce.view_patterns"}
    docs = {
        "GET": Doc("get_seasonality_report", _("Seasonality of revenue"), answer=SeasonAnswer, answer_example=_SEASONS)
    }

    def get(self, request: Any) -> Response:
        self.refuse_parameters()
        found = seasons_of(self.business, clock.today(self.business.time_zone, clock.now()))
        return Response(
            {
                "first": found.first if found else None, "last": found.last if found else None,
                "months": self._parts(found.months if found else ()), "weekdays": self._parts(found.weekdays if found else ()),
                "currency": self.business.currency,
            }
        )  # fmt: skip

    def _parts(self, parts: Sequence[Any]) -> list[dict[str, Any]]:
        currency = self.business.currency
        return [{"number": p.number, "mean": amount(p.mean, currency), "index": _decimal(p.index)} for p in parts]


GAP = Representation(
    "OrderGap",
    [
        Shown("customer", "id", "id", _("Customer")),
        Shown("name", "display_name", "text", _("Name"), example="Jordan Smith"),
        Shown("owner", "owner", "user", _("Owner"), nullable=True),
        Shown("last_order_at", "facts__last_order_at", "datetime", _("Last completed order")),
        Shown("days_between_orders", "facts__days_between_orders", "decimal", _("Days between orders"), example="31.5"),
        Shown("next_order_on", "facts__next_order_on", "date", _("When the next order was expected")),
        Shown("usual_order", "facts__average_order_value", "money", _("Average order")),
        Shown("currency", "", "currency", _("Reporting currency of the business")),
    ],
)


class OrderGapList(ShowsCustomers, ListEndpoint):
    """Customers that the caller sees who are overdue to order, the latest to become so first."""

    tag = "Reports"
    representation = GAP
    sorts = {"next_order_on": BY_EXPECTED}
    default_sort = "-next_order_on"
    permissions = {"GET": "commerce.view_orders"}
    docs = {
        "GET": Doc(
            "list_order_gaps",
            _("Customers who are overdue to order"),
            answer=envelope(GAP),
            answer_example=envelope_sample(GAP),
            text=_("Three orders or more, and since the last one more than the factor of the business's settings times the days"
                   " between orders, but not more than 365."),
        )
    }  # fmt: skip

    def rows(self) -> QuerySet:
        return overdue(Customer.objects.live().visible_to(self.actor), self.business, clock.now())

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["pk"] for row in rows])
