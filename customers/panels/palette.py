"""Customers and contacts in the search palette and where the trail is searched."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.models import Business
from customers.choices import Kind
from customers.models import Customer
from customers.queries import fitting, hits, opened_last
from customers.queries.palette import Hit, contact_hits


def customer_entries(actor: Actor, business: Business, words: str, limit: int) -> list[dict[str, Any]]:
    """The customers that the words fit and, where there are more, the way to all of them; none without words."""
    if not words:
        return []
    found = hits(actor, words, limit + 1)
    entries = [
        _entry(hit.customer) if hit.field == "display_name"
        else {**_entry(hit.customer), "hint": f"{hit.label}: {hit.value}" if hit.field != "close" else hit.label, "matched": hit.field}
        for hit in found[:limit]
    ]  # fmt: skip
    if len(found) > limit:
        href = f"{reverse('customers:customer_list')}?{urlencode({'view': 'none', 'search': words})}"
        entries.append({"label": _("All customers that fit"), "hint": "", "href": href, "icon": "search"})
    return entries


def recent_entries(actor: Actor, business: Business, words: str, limit: int) -> list[dict[str, Any]]:
    """Without words, the customers whose profiles the actor has opened last."""
    if words:
        return []
    return [_entry(customer) for customer in opened_last(actor, limit)]


def _entry(customer: Customer) -> dict[str, Any]:
    return {
        "label": customer.display_name,
        "hint": customer.email or customer.city,
        "icon": "building-2" if customer.kind == Kind.COMPANY else "user",
        "href": reverse("customers:customer_detail", args=[customer.pk]),
        "shows": customer.pk,
        "record": ("customer", customer.pk),
        "matched": "display_name",
    }


def subjects(actor: Actor, words: str, limit: int) -> list[tuple[UUID, str, str]]:
    """Id, name and e-mail address or city of the customers that the words fit, for pages of the trail."""
    return [(row.pk, row.display_name, row.email or row.city) for row in fitting(actor, words, limit)]


def contact_entries(actor: Actor, business: Business, words: str, limit: int) -> list[dict[str, Any]]:
    """The contacts that the words fit; none without words."""
    return [_contact_entry(hit) for hit in contact_hits(actor, words, limit)] if words else []


def _contact_entry(hit: Hit) -> dict[str, Any]:
    contact = hit.customer
    hint = _("%(title)s at %(company)s") % {"title": contact.title or _("Contact"), "company": contact.customer}
    if hit.field != "display_name":
        hint += " · " + (hit.label if hit.field == "close" else f"{hit.label}: {hit.value}")
    return {
        "label": contact.display_name,
        "hint": hint,
        "icon": "contact-round",
        "href": reverse("customers:contact_detail", args=[contact.pk]),
        "shows": contact.customer_id,
        "record": ("contact", contact.pk),
        "matched": hit.field,
    }
