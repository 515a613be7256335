"""Whose data are kept from whom while a request about them is open."""

from typing import Any

from django.db.models import QuerySet

from crm.actor import Actor
from crm.models import Business
from customers.choices import PrivacyRequestState
from customers.models import PrivacyRequest


def withheld(actor: Actor, business: Business) -> QuerySet[PrivacyRequest, Any]:
    """Ids of the customers who have asked for erasure, unless the actor may decide such requests."""
    rows: QuerySet[PrivacyRequest, Any] = PrivacyRequest.objects.filter(business=business)
    if actor.may("customers.decide_privacy", business):
        return rows.none().values_list("customer", flat=True)
    return rows.filter(state=PrivacyRequestState.RECEIVED).values_list("customer", flat=True)
