"""Chainable questions about orders."""

from django.db import models

from crm.actor import Actor
from customers.models import Customer


class OrderQuerySet(models.QuerySet):
    """Orders of the open businesses."""

    def visible_to(self, actor: Actor) -> "OrderQuerySet":
        """Orders of the customers that the actor may see."""
        if actor.everything:
            return self
        grants = actor.grants_in_scope()
        if grants and all(grant.visibility == "all" for grant in grants):
            return self.filter(business_id__in=[grant.business_id for grant in grants])
        return self.filter(customer__in=Customer.objects.visible_to(actor))
