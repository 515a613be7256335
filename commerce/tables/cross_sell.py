"""How pairs of what is bought together are shown."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from commerce.models import CrossSellRun
from crm import formats
from crm.paging import Sort
from crm.tables import Column
from crm.templatetags import ui

BY_SCORE = Sort("score", "score", descending_first=True)
BY_LIFT = Sort("lift", "lift", descending_first=True)
BY_CONFIDENCE = Sort("confidence", "confidence", descending_first=True)
BY_BOTH = Sort("both", "both", descending_first=True)


def times(lift: float) -> str:
    """A lift as people read it."""
    return _("%(lift)s times") % {"lift": formats.number(lift, 1)}


def not_yet_href(pair: Any, kind: str, run: CrossSellRun | None) -> str:
    """The customers who bought the first and not the second in the days of the reckoning."""
    suffix = "_category" if kind == "category" else ""
    narrowed = {f"bought{suffix}": getattr(pair, f"{kind}_id"), f"not_bought{suffix}": pair.partner_id}
    if run is not None:
        narrowed["bought__gte"] = f"{run.day_from:%Y-%m-%d}"
    return f"{reverse('customers:customer_list')}?{urlencode(narrowed)}"


def pair_columns(kind: str) -> list[Column]:
    """The columns of lists of pairs, of products or of categories."""
    return [
        Column("first", _("Who bought"), lambda row: format_html("<bdi>{}</bdi>", getattr(row, kind))),
        Column("partner", _("also bought"), lambda row: format_html("<bdi>{}</bdi>", row.partner)),
        Column(
            "confidence", _("Confidence"), lambda row: formats.percent(100 * row.confidence), align="end", sort=BY_CONFIDENCE,
            hint=_("How many of those who bought the first also bought the second."),
        ),
        Column(
            "lift", _("Lift"), lambda row: times(row.lift), align="end", sort=BY_LIFT,
            hint=_("How much more often they bought the second than all customers."),
        ),
        Column(
            "support", _("Support"), lambda row: formats.percent(100 * row.support, 2), align="end",
            hint=_("How many of all customers bought both."),
        ),
        Column("both", _("Customers of both"), lambda row: ui.number(row.both), align="end", sort=BY_BOTH),
        Column(
            "not_yet", _("Not yet"), lambda row: ui.number(row.buyers - row.both), align="end",
            hint=_("Customers who bought the first and not the second: the row leads to them."),
        ),
    ]  # fmt: skip
