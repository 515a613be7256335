"""The endpoint of recurring revenue by month."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from commerce.queries.recurring import MOST_MONTHS, bridge
from crm import clock
from crm.api.lists import refuse_unclear, whole
from crm.api.patterns import AMOUNT, CURRENCY
from crm.api.representation import amount, plain_decimal
from crm.api.views import Doc, Endpoint

_MONEY = ("opening", "new", "expansion", "contraction", "churn", "closing")


class RecurringMonth(serializers.Serializer[Any]):
    """How annual recurring revenue went in a month; retention in percent, null without opening revenue."""

    month = serializers.RegexField(r"^[0-9]{4}-[0-9]{2}$")
    opening = serializers.RegexField(AMOUNT)
    new = serializers.RegexField(AMOUNT)
    expansion = serializers.RegexField(AMOUNT)
    contraction = serializers.RegexField(AMOUNT, help_text=_("What was lost; not below 0"))
    churn = serializers.RegexField(AMOUNT, help_text=_("What was lost; not below 0"))
    closing = serializers.RegexField(AMOUNT)
    gross_retention = serializers.RegexField(AMOUNT, allow_null=True)
    net_retention = serializers.RegexField(AMOUNT, allow_null=True)


class RecurringAnswer(serializers.Serializer[Any]):
    """Months, the first one first, and the reporting currency."""

    data = RecurringMonth(many=True)  # type: ignore[assignment]  # declared fields are no attributes
    currency = serializers.RegexField(CURRENCY)


_SAMPLE = {
    "data": [
        {
            "month": "2026-01", "opening": "12000.00", "new": "1200.00", "expansion": "600.00", "contraction": "0.00", "churn": "600.00",
            "closing": "13200.00", "gross_retention": "95", "net_retention": "100",
        }
    ],
    "currency": "GBP",
}  # fmt: skip


class RecurringReport(Endpoint):
    """What came, grew, shrank and went in each month, of the customers that the caller sees."""

    tag = "Subscriptions"
    permissions = {"GET": "commerce.view_subscriptions"}
    docs = {
        "GET": Doc(
            "get_recurring_report",
            _("Annual recurring revenue by month"),
            answer=RecurringAnswer,
            answer_example=_SAMPLE,
            text=_("From the changes of subscriptions: opening + new + expansion - contraction - churn = closing."),
            parameters={
                "months": (_("How many months, the running one included; 12 when left out."),
                           {"type": "integer", "minimum": 1, "maximum": MOST_MONTHS}),
            },
        )
    }  # fmt: skip

    def get(self, request: Any) -> Response:
        self.refuse_parameters(frozenset({"months"}))
        refuse_unclear(request.query_params)
        months = whole(request.query_params, "months", 12, MOST_MONTHS)
        currency = self.business.currency
        found = bridge(self.actor, self.business, clock.today(self.business.time_zone, clock.now()), months)
        return Response(
            {
                "data": [
                    {
                        "month": f"{month.first_day:%Y-%m}", **{name: amount(getattr(month, name), currency) for name in _MONEY},
                        "gross_retention": _percent(month.gross_retention), "net_retention": _percent(month.net_retention),
                    }
                    for month in found
                ],
                "currency": currency,
            }
        )  # fmt: skip


def _percent(value: Any) -> str | None:
    return None if value is None else str(plain_decimal(round(value, 2)))
