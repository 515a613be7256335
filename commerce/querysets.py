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
        if all(grant.visibility == "all" for grant in actor.grants):
            return self.filter(business_id__in=[grant.business_id for grant in actor.grants])
        return self.filter(customer__in=Customer.objects.visible_to(actor))
