"""Chainable questions about orders."""

from django.db import models

from crm.actor import Actor
from customers.choices import PrivacyRequestState
from customers.models import Customer, PrivacyRequest


class OrderQuerySet(models.QuerySet):
    """Orders of the open businesses."""

    def visible_to(self, actor: Actor) -> "OrderQuerySet":
        """Orders of the customers that the actor may see; of those who have asked for erasure none."""
        if actor.everything:
            return self
        grants = actor.grants_in_scope()
        if grants and all(grant.visibility == "all" for grant in grants):
            # the few open requests are read once; a join with customers would be paid for every order
            hidden = PrivacyRequest.objects.filter(state=PrivacyRequestState.RECEIVED).values("customer")
            return self.filter(business_id__in=[grant.business_id for grant in grants]).exclude(customer__in=hidden)
        return self.filter(customer__in=Customer.objects.visible_to(actor))
