"""Boxes of “My day”: what awaits the person at their own customers."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from crm import formats
from crm.actor import Actor
from crm.models import Business
from customers.choices import LifecycleStage
from customers.models import Customer
from customers.queries import reasons_at_risk
from customers.queries.contacts import untouched_after_days
from customers.queries.day import (
    CHANGED_DAYS,
    RENEWAL_DAYS,
    own_at_risk,
    own_changed,
    own_opportunities,
    own_renewals,
    own_untouched_contacts,
)


def risks_panel(actor: Actor, business: Business, at: datetime) -> tuple[str, dict[str, Any]] | None:
    """Own customers at risk, with the reasons."""
    found = own_at_risk(actor)
    rows = [_customer_row(row, " ".join(reasons_at_risk(actor, row, at))) for row in found]
    href = f"{_own_href(actor)}&lifecycle_stage={LifecycleStage.CHURN_RISK}"
    return _panel(_("At risk"), "triangle-alert", rows, _ids(found), href=href, link=_("All in Churn risk"))


def renewals_panel(actor: Actor, business: Business, at: datetime) -> tuple[str, dict[str, Any]] | None:
    """Own customers whose contract is renewed or ends soon."""
    found = own_renewals(actor, business, at)
    rows = [_customer_row(row, _due(row)) for row in found]
    hint = _("In the next %(days)d days") % {"days": RENEWAL_DAYS}
    return _panel(_("Renewals"), "calendar-clock", rows, _ids(found), hint=hint)


def _due(customer: Any) -> str:
    day = formats.day(customer.due_on)
    return (_("Renewal on %(day)s") if customer.renewal_on else _("The contract ends on %(day)s")) % {"day": day}


def opportunities_panel(actor: Actor, business: Business, at: datetime) -> tuple[str, dict[str, Any]] | None:
    """Open signals of buying and of more business at own customers."""
    found = own_opportunities(actor)
    rows = [
        {
            "label": signal.customer, "words": f"{signal.get_kind_display()}: {signal.text}", "at": signal.seen_on,
            "href": reverse("customers:customer_qualification", args=[signal.customer_id]),
        }
        for signal in found
    ]  # fmt: skip
    return _panel(
        _("Opportunities"), "sparkles", rows, {s.customer_id for s in found}, hint=_("Open signals, strongest first")
    )


def untouched_panel(actor: Actor, business: Business, at: datetime) -> tuple[str, dict[str, Any]] | None:
    """Contacts of own companies to whom nobody has spoken for long."""
    found = own_untouched_contacts(actor, business, at)
    rows = [
        {
            "label": _("%(contact)s at %(company)s") % {"contact": contact, "company": contact.customer},
            "words": contact.title if contact.last_touched_at else _("Nobody has spoken to them yet."), "at": contact.last_touched_at,
            "href": reverse("customers:contact_detail", args=[contact.pk]),
        }
        for contact in found
    ]  # fmt: skip
    days = {"days": untouched_after_days(business)}
    return _panel(
        _("Speak to"),
        "phone",
        rows,
        {c.customer_id for c in found},
        hint=_("Not spoken to for %(days)d days or more") % days,
    )


def changed_panel(actor: Actor, business: Business, at: datetime) -> tuple[str, dict[str, Any]] | None:
    """Own customers whose profiles were changed lately."""
    found = own_changed(actor, at)
    rows = [
        {
            "label": row, "words": row.get_lifecycle_stage_display(), "at": row.updated_at,
            "href": reverse("customers:customer_history", args=[row.pk]),
        }
        for row in found
    ]  # fmt: skip
    hint = _("In the last %(days)d days") % {"days": CHANGED_DAYS}
    return _panel(_("Changed"), "history", rows, _ids(found), hint=hint)


def _panel(
    title: str,
    icon: str,
    rows: list[dict[str, Any]],
    shows: Iterable[UUID],
    *,
    hint: str = "",
    href: str = "",
    link: str = "",
) -> tuple[str, dict[str, Any]] | None:
    shown = {"title": title, "icon": icon, "rows": rows, "shows": shows, "hint": hint, "href": href, "link": link}
    return ("customers/day_panel.html", shown) if rows else None


def _customer_row(customer: Customer, words: str) -> dict[str, Any]:
    return {
        "label": customer,
        "words": words,
        "at": None,
        "href": reverse("customers:customer_detail", args=[customer.pk]),
    }


def _ids(customers: Iterable[Customer]) -> list[UUID]:
    return [customer.pk for customer in customers]


def _own_href(actor: Actor) -> str:
    return f"{reverse('customers:customer_list')}?owner={actor.eyes}"
