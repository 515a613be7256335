"""What to suggest to a customer, on the profile."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from commerce.queries.cross_sell import UPSELL, Suggestion, suggestions_for
from commerce.tables.cross_sell import times
from crm import formats
from crm.actor import Actor
from customers.models import Customer

Panel = tuple[str, dict[str, Any]]


def suggestion_panel(actor: Actor, customer: Customer, at: datetime) -> Panel | None:
    """Products that the customer hasn't bought, each with the reason; nothing where nothing speaks for any."""
    found = suggestions_for(customer)
    if not found:
        return None
    may_open = actor.may("commerce.view_cross_sell", customer.business)
    return "commerce/suggestion_panel.html", {
        "customer": customer, "calculated_at": found[0].calculated_at,
        "suggestions": [{"suggestion": one, "reason": reason_of(one), "is_upsell": one.kind == UPSELL} for one in found],
        "report_href": reverse("commerce:cross_sell_report") if may_open else "", "report_link": _("All pairs") if may_open else "",
    }  # fmt: skip


def reason_of(suggestion: Suggestion) -> str:
    """Why it is suggested, in a sentence."""
    if suggestion.kind == UPSELL:
        return _("%(percent)s of those who bought “%(product)s” went on to it: the same category, at a higher price.") % {
            "percent": formats.percent(100 * suggestion.went_on), "product": suggestion.because,
        }  # fmt: skip
    return _("Bought by %(percent)s of those who bought “%(product)s”; %(times)s as often as by all customers.") % {
        "percent": formats.percent(100 * suggestion.confidence), "product": suggestion.because, "times": times(suggestion.lift),
    }  # fmt: skip
