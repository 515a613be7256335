"""Predicted value on the profile."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from commerce.queries.values import estimate_of, method_words
from crm import formats
from crm.actor import Actor
from crm.templatetags import ui
from customers.models import Customer

Panel = tuple[str, dict[str, Any]]


def value_panel(actor: Actor, customer: Customer, at: datetime) -> Panel | None:
    """What the customer is expected to bring, between which bounds, and how that was reckoned; nothing without an estimate."""
    estimate = estimate_of(customer)
    if estimate is None:
        return None
    model, currency = estimate.model, customer.business.currency
    pairs: list[tuple[str, Any]] = [
        (_("Expected"), ui.money(estimate.predicted, currency)),
        (
            _("Between"),
            _("%(low)s and %(high)s")
            % {"low": formats.money(estimate.low, currency), "high": formats.money(estimate.high, currency)},
        ),
        (_("Expected orders"), formats.number(round(estimate.orders, 1))),
    ]
    if estimate.alive is not None:
        pairs.append((_("Still buys, by the model"), formats.percent(100 * estimate.alive)))
    return "commerce/value_panel.html", {
        "customer": customer, "pairs": pairs, "model": model, "method": method_words(model), "estimate": estimate,
        "level": formats.percent(100 * model.fit.get("level", 0.9)), "report_href": reverse("commerce:value_report"),
    }  # fmt: skip
