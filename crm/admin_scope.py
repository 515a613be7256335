"""The operators' admin opens the scope of the businesses that its chooser names, and records whose data it shows."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpResponse

from crm.access import record_access
from crm.actor import Actor
from crm.models import Business
from crm.scope import scope

CHOSEN_KEY = "admin_businesses"


def opened_businesses(request: Any) -> list[Business]:
    """The businesses that this operator has open: those chosen in the session, by default all active ones."""
    chosen = request.session.get(CHOSEN_KEY)
    if chosen is None:
        return list(Business.objects.filter(is_active=True))
    return list(Business.objects.filter(pk__in=chosen))


def saw_in_admin(request: Any, shown: Iterable[tuple[UUID, UUID]]) -> None:
    """Note (business, customer) pairs whose data the answer shows."""
    seen = request.__dict__.setdefault("seen_in_admin", {})
    for business_id, customer_id in shown:
        seen.setdefault(business_id, []).append(customer_id)


def answer_operator(request: Any, get_response: Callable[[Any], HttpResponse]) -> HttpResponse:
    """Answer a request to the admin inside its scope; Django's permissions decide who may open which page."""
    actor = Actor.for_user(request.user, door="admin", ip=request.META.get("REMOTE_ADDR"), request_id=request.id)
    request.actor = replace(actor, everything=True)
    request.opened_businesses = opened_businesses(request)
    with scope(*request.opened_businesses):
        response = get_response(request)
        if response.status_code < 400:
            match = request.resolver_match
            for business in request.opened_businesses:
                seen = request.__dict__.get("seen_in_admin", {}).get(business.pk, [])
                what = match.view_name if match else request.path
                record_access(actor=request.actor, business=business, what=what, customer_ids=seen)
    return response
