"""Boxes of a customer's profile."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import ngettext

from crm.access import record_access
from crm.actor import Actor
from crm.templatetags import ui
from customers.choices import Kind, LifecycleStage
from customers.models import Customer
from customers.queries import completeness_of
from customers.queries.contacts import workplaces_of
from customers.queries.groundwork import groundwork_of
from customers.queries.lifecycle import place_label, time_in_stage, way_of
from customers.queries.people import elsewhere


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


def groundwork_panel(actor: Actor, customer: Customer, at: datetime) -> tuple[str, dict[str, Any]] | None:
    """The six steps of the groundwork at a company; nothing once all are done."""
    if customer.kind != Kind.COMPANY or customer.is_archived:
        return None
    steps = groundwork_of(customer, completeness_of(customer, []).percent, at)
    done = sum(step.is_done for step in steps)
    if done == len(steps):
        return None
    shown = [
        {"label": s.label, "is_done": s.is_done, "words": s.words, "href": reverse(s.url_name, args=[customer.pk])}
        for s in steps
    ]
    return "customers/groundwork_panel.html", {"steps": shown, "done": done, "total": len(steps)}


def _days(number: int) -> str:
    return ngettext("%(days)s day", "%(days)s days", number) % {"days": ui.number(number)}
