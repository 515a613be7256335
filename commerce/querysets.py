"""Chainable questions about orders, deals, subscriptions and invoices."""

from django.db import models

from crm.actor import Actor
from customers.choices import PrivacyRequestState
from customers.models import Customer, PrivacyRequest


class OfCustomer(models.QuerySet):
    """Rows of customers of the open businesses."""

    def visible_to(self, actor: Actor) -> "OfCustomer":
        """Rows of the customers that the actor may see; of those who have asked for erasure none."""
        if actor.everything:
            return self
        grants = actor.grants_in_scope()
        if grants and all(grant.visibility == "all" for grant in grants):
            # the few open requests are read once; a join with customers would be paid for every order
            hidden = PrivacyRequest.objects.filter(state=PrivacyRequestState.RECEIVED).values("customer")
            return self.filter(business_id__in=[grant.business_id for grant in grants]).exclude(customer__in=hidden)
        return self.filter(customer__in=Customer.objects.visible_to(actor))


class OrderQuerySet(OfCustomer):
    """Orders of the open businesses."""


class OfCustomerOrNobody(OfCustomer):
    """Rows that may have no customer yet: then their owner sees them, and everybody who sees all customers."""

    def visible_to(self, actor: Actor) -> "OfCustomerOrNobody":
        if actor.everything:
            return self
        grants = actor.grants_in_scope()
        if grants and all(grant.visibility == "all" for grant in grants):
            hidden = PrivacyRequest.objects.filter(state=PrivacyRequestState.RECEIVED).values("customer")
            here = self.filter(business_id__in=[grant.business_id for grant in grants])
            return here.filter(models.Q(customer__isnull=True) | ~models.Q(customer__in=hidden))
        mine = models.Q(customer__in=Customer.objects.visible_to(actor))
        if actor.kind == "user":
            mine |= models.Q(customer__isnull=True, owner_id=actor.eyes)
        return self.filter(mine)
