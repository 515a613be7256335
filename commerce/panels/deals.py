"""Deals on pages of others: the profile, the home dashboard."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commerce.choices import OPEN_STAGES
from commerce.models import Opportunity
from commerce.queries.deal_search import deals_by_name
from commerce.queries.deals import deals_of, sums_of
from commerce.tables.deals import amount_of, deal_href, signs, stage_badge
from crm import formats
from crm.actor import Actor
from crm.models import Business
from crm.registry import HomeVisit
from crm.templatetags import ui
from customers.models import Customer

Panel = tuple[str, dict[str, Any]]
_SHORTEST = 2


def deal_entries(actor: Actor, business: Business, words: str, limit: int) -> list[dict[str, Any]]:
    """The deals whose name the words fit; none without words, and none for a single letter, which begins too many."""
    if len(words.strip()) < _SHORTEST:
        return []
    return [
        {
            "label": deal.name, "hint": deal.customer.display_name if deal.customer else _("without a customer"), "icon": "handshake",
            "href": deal_href(deal), "shows": deal.customer_id, "record": ("deal", deal.pk), "matched": "name",
        }
        for deal in deals_by_name(actor, words, limit)
    ]  # fmt: skip


def deal_panel(actor: Actor, customer: Customer, at: datetime) -> Panel | None:
    """The customer's open and closed deals, the latest of each, and what they come to."""
    business = customer.business
    opened, closed = deals_of(actor, customer)
    list_href = f"{reverse('commerce:deal_list')}?customer={customer.pk}"
    facts = customer.facts
    may_add = actor.may("commerce.add_deals", business) and not customer.is_archived
    return "commerce/deal_panel.html", {
        "groups": [
            {
                "title": _("Open"), "deals": _rows(opened, business, at), "href": f"{list_href}&state=open",
                "total": formats.money(facts.open_deal_value, business.currency),
            },
            {
                "title": _("Closed"), "deals": _rows(closed, business, at), "href": f"{list_href}&state=closed",
                "total": _("%(money)s won") % {"money": formats.money(facts.ltv_deals, business.currency)},
            },
        ] if opened or closed else [],
        "customer": customer,
        "href": f"{reverse('commerce:deal_create')}?customer={customer.pk}" if may_add else list_href,
        "link": _("Add deal") if may_add else _("All deals"),
    }  # fmt: skip


def _rows(deals: list[Opportunity], business: Business, at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "deal": deal, "href": deal_href(deal), "stage": stage_badge(deal), "signs": signs(deal, business, at),
            "amount": amount_of(deal), "day": deal.closed_at or deal.expected_close_on,
        }
        for deal in deals
    ]  # fmt: skip


def pipeline_figures(visit: HomeVisit) -> list[dict[str, Any]]:
    """What the open deals are worth, weighted; nothing while there are none."""
    business = visit.business
    sums = sums_of(Opportunity.objects.visible_to(visit.actor).filter(stage__in=OPEN_STAGES))
    if not sums.count:
        return []
    hint = ngettext("%(count)s open deal", "%(count)s open deals", sums.count) % {"count": formats.number(sums.count)}
    return [
        {
            "label": _("Weighted pipeline"), "value": ui.money(sums.weighted, business.currency), "hint": hint,
            "href": f"{reverse('commerce:deal_list')}?state=open", "trend": None, "trend_good": True,
            "how": _("The amounts of the open deals, each times its probability, of the customers that you may see."),
        }
    ]  # fmt: skip
