"""How a customer orders, on its profile."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from commerce.queries.gaps import cadence_words, gap_words, is_overdue
from commerce.queries.rfm import Quintiles, as_of, group_of, latest_patterns, score_words
from crm import formats
from crm.actor import Actor
from crm.templatetags import ui
from customers.models import Customer

Panel = tuple[str, dict[str, Any]]


def gap_risk(actor: Actor, customer: Customer, at: datetime) -> str:
    """The sign of risk that a missing order gives."""
    return gap_words(customer, at)


def pattern_panel(actor: Actor, customer: Customer, at: datetime) -> Panel | None:
    """Cadence, the next order and whether it is late; the scores for those who may compare all customers. Nothing without an order."""
    facts, business = customer.facts, customer.business
    if not facts.order_count:
        return None
    cadence = cadence_words(facts, business, at)
    pairs: list[tuple[str, Any]] = [
        (_("Cadence"), cadence or _("It follows from the second order on.")),
        (_("Usual order"), ui.money(facts.average_order_value, business.currency)),
    ]
    scores = _scores(actor, customer)
    return "commerce/pattern_panel.html", {
        "customer": customer, "pairs": pairs, **scores,
        "late": ui.badge(_("Overdue to order"), "warn") if is_overdue(facts, business, at) else "",
    }  # fmt: skip


def _scores(actor: Actor, customer: Customer) -> dict[str, Any]:
    """The group and the three scores in words, as of when; nothing for who may not see them or before they were computed."""
    patterns = latest_patterns() if actor.may("commerce.view_patterns", customer.business) else None
    quintiles = Quintiles.of(patterns) if patterns else None
    scores = quintiles.scores(customer.facts) if quintiles else None
    if patterns is None or quintiles is None or scores is None:
        return {"group": None}
    group = group_of(scores.recency, scores.frequency)
    link = format_html(
        '<a href="{}?rfm_group={}" title="{}">{}</a>', reverse("customers:customer_list"), group.key, group.text, group.label
    )  # fmt: skip
    meanings = [
        (
            _("%(measure)s %(score)s of 5") % {"measure": label, "score": formats.number(getattr(scores, measure))},
            score_words(measure, getattr(scores, measure), quintiles, customer.business.currency),
        )
        for measure, label in score_labels().items()
    ]
    return {
        "group": group, "report_href": reverse("commerce:retention_report"), "as_of": as_of(patterns),
        "scores": [(_("Group"), link), *meanings],
    }  # fmt: skip


def score_labels() -> dict[str, str]:
    return {"recency": _("Recency"), "frequency": _("Frequency"), "monetary": _("Money")}
