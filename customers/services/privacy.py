"""Requests of customers about their own data: taking one in, which hides the customer at once, and declining it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import activity, clock
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotFound
from crm.forms import check_version
from crm.models import User
from crm.services import forget_notifications_about
from crm.services.cleaning import clean
from customers.choices import PrivacyRequestKind, PrivacyRequestState
from customers.models import Customer, PrivacyRequest
from customers.queries.preferences import communication_settings
from customers.services.search import refresh_search
from customers.services.unique_phones import keep_unique_phone


class AlreadyDecided(DomainError):
    code = "already_decided"
    message = gettext_lazy("This request is decided already.")


@transaction.atomic
def request_erasure(
    *, actor: Actor, customer: Customer, at: datetime, reason: str = "", version: str | None = None
) -> PrivacyRequest:
    """Take in that the customer wants its data erased: hidden from everybody at once, out of lists, searches and counts; what
    people were told about it at the bell is gone.

    Nothing else is erased yet. Raises NotAllowed, NotFound, StaleVersion, InvalidInput.
    """
    actor.require("customers.request_erasure", customer.business)
    rows = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("business")
    locked: Customer | None = rows.filter(pk=customer.pk, hidden_at__isnull=True, is_unidentified=False).first()
    if locked is None:
        raise NotFound
    check_version(locked, version)
    business = locked.business
    days = communication_settings(business)["erasure_days"]
    request = PrivacyRequest(
        business=business, customer=locked, kind=PrivacyRequestKind.ERASURE, received_at=at, reason=reason.strip(),
        due_on=clock.today(business.time_zone, at) + timedelta(days=days), was_archived=locked.archived_at is not None,
        requested_by=User.objects.filter(pk=actor.id).first() if actor.kind == "user" else None,
    )  # fmt: skip
    clean(request, exclude=["business", "customer", "requested_by"])
    request.save(force_insert=True)
    locked.hidden_at, locked.archived_at = at, locked.archived_at or at
    locked.save(update_fields=["hidden_at", "archived_at", "updated_at"])
    keep_unique_phone(actor, locked)
    refresh_search([locked.pk])
    forget_notifications_about(actor=actor, business=business, about=locked.pk)
    activity.record(
        "customers.privacy_request.received", actor=actor, business=business, subject=request, about=locked.pk,
        payload={"kind": request.kind, "due_on": request.due_on},
    )  # fmt: skip
    return request


@transaction.atomic
def decline_request(
    *, actor: Actor, privacy_request: PrivacyRequest, reason: str, at: datetime, version: str | None = None
) -> PrivacyRequest:
    """Close the request without doing what it asks for; the customer comes back as it was.

    Raises NotAllowed, AlreadyDecided, StaleVersion, InvalidInput, TakenPhone; the database refuses when its e-mail address is taken by now.
    """
    actor.require("customers.decide_privacy", privacy_request.business)
    customers = Customer.objects.select_for_update(of=("self",), no_key=True)
    customer: Customer = customers.get(pk=privacy_request.customer_id)
    rows = PrivacyRequest.objects.select_for_update(of=("self",), no_key=True).select_related("business")
    locked: PrivacyRequest = rows.get(pk=privacy_request.pk)
    check_version(locked, version)
    if locked.state != PrivacyRequestState.RECEIVED:
        raise AlreadyDecided
    reason = reason.strip()
    if not reason or len(reason) > 500:
        raise InvalidInput({"reason": [_("Say in up to 500 characters why the request is declined.")]})
    locked.state, locked.decided_at = PrivacyRequestState.DECLINED, at
    locked.save()
    customer.hidden_at = None
    if not locked.was_archived:
        customer.archived_at = None
    customer.save(update_fields=["hidden_at", "archived_at", "updated_at"])
    keep_unique_phone(actor, customer)
    refresh_search([customer.pk])
    activity.record(
        "customers.privacy_request.declined", actor=actor, business=locked.business, subject=locked, about=customer.pk,
        changes={"state": (PrivacyRequestState.RECEIVED.value, PrivacyRequestState.DECLINED.value)},
        payload={"reason": reason},
    )  # fmt: skip
    return locked
