"""Boxes and figures about customers on the home dashboard, and customers in the search palette."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import charts
from crm.access import record_access
from crm.actor import Actor
from crm.models import Business
from crm.templatetags import ui
from customers.choices import Kind, LifecycleStage
from customers.models import Contact, Customer
from customers.queries import customers_by_stage, fitting, hits, opened_last
from customers.queries.contacts import fitting_contacts, workplaces_of
from customers.queries.lifecycle import place_label, time_in_stage, way_of
from customers.queries.people import elsewhere


def customer_figures(actor: Actor, business: Business, at: datetime) -> list[dict[str, Any]]:
    """Live customers, and those at risk of leaving."""
    counts = {stage: count for stage, _label, count in customers_by_stage(actor, business)}
    total, gone, at_risk = sum(counts.values()), counts[LifecycleStage.CHURNED], counts[LifecycleStage.CHURN_RISK]
    href = reverse("customers:customer_list")
    return [
        {
            "label": _("Customers"), "value": ui.number(total), "href": href, "trend": None, "trend_good": True,
            "hint": _("%(count)s of them churned") % {"count": ui.number(gone)},
            "how": _("Customers that are not archived and that you may see."),
        },
        {
            "label": _("At risk"), "value": ui.number(at_risk), "href": f"{href}?lifecycle_stage={LifecycleStage.CHURN_RISK}",
            "trend": None, "trend_good": False, "hint": _("in stage Churn risk"),
            "how": _("Customers whose lifecycle stage is Churn risk."),
        },
    ]  # fmt: skip


def stage_panel(actor: Actor, business: Business, at: datetime) -> tuple[str, dict[str, Any]] | None:
    """Live customers by lifecycle stage; nothing while there are none."""
    href = reverse("customers:customer_list")
    stages = customers_by_stage(actor, business)
    if not any(count for _stage, _label, count in stages):
        return None
    items = [charts.Bar(str(label), count, f"{href}?lifecycle_stage={stage}") for stage, label, count in stages]
    return "customers/stage_panel.html", {"chart": charts.bars(_("Customers by stage"), items)}


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
    return [_contact_entry(contact) for contact in fitting_contacts(actor, words, limit)] if words else []


def _contact_entry(contact: Contact) -> dict[str, Any]:
    return {
        "label": contact.display_name,
        "hint": _("%(title)s at %(company)s") % {"title": contact.title or _("Contact"), "company": contact.customer},
        "icon": "contact-round",
        "href": reverse("customers:contact_detail", args=[contact.pk]),
        "shows": contact.customer_id,
        "record": ("contact", contact.pk),
        "matched": "display_name",
    }


def workplace_panel(actor: Actor, customer: Customer, at: datetime) -> tuple[str, dict[str, Any]] | None:
    """The companies at which a person works."""
    contacts = workplaces_of(actor, customer) if customer.kind == Kind.PERSON else []
    return ("customers/workplace_panel.html", {"contacts": contacts}) if contacts else None


def elsewhere_panel(actor: Actor, customer: Customer, at: datetime) -> tuple[str, dict[str, Any]] | None:
    """In which other businesses of the actor the person is a customer too, or may be; each of them records the look."""
    found = elsewhere(actor, customer)
    for other in (*found.joined, *found.alike):
        record_access(actor=actor, business=other.business, what="customers:customer_detail", customer_ids=[other.pk])
    may = actor.may("customers.change", customer.business)
    return (
        (
            "customers/elsewhere_panel.html",
            {"customer": customer, "joined": found.joined, "alike": found.alike, "may": may},
        )
        if found
        else None
    )


def lifecycle_panel(actor: Actor, customer: Customer, at: datetime) -> tuple[str, dict[str, Any]] | None:
    """The customer's way through the stages, the present one first, with what it took in each."""
    way = way_of(customer, at)
    may_change = actor.may("customers.change", customer.business) and not customer.is_archived
    spent = time_in_stage(way)
    return "customers/lifecycle_panel.html", {
        "stays": [
            {
                "place": place_label(stay.change.stage, stay.change.substep),
                "before": place_label(stay.before.stage, stay.before.substep) if stay.before else "",
                "change": stay.change,
                "by": stay.change.actor_label,
                "is_now": stay.until is None,
                "lasted": _days(stay.days),
                "href": reverse("customers:stage_change_update", args=[customer.pk, stay.change.pk])
                if may_change
                else "",
            }
            for stay in reversed(way)
        ],
        "spent": [(LifecycleStage(stage).label, _days(lasted.days)) for stage, lasted in spent.items()],
        "href": reverse("customers:stage_change", args=[customer.pk]) if may_change else "",
    }


def _days(number: int) -> str:
    return ngettext("%(days)s day", "%(days)s days", number) % {"days": ui.number(number)}
