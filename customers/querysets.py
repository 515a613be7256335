"""Chainable questions about customers."""

from typing import Any

from django.db import models
from django.db.models import F

from crm.actor import Actor
from crm.scope import InOpenScope


class CustomerQuerySet(models.QuerySet):
    """Customers of the open businesses."""

    def live(self) -> "CustomerQuerySet":
        """Neither archived, erased nor merged away, and known by name: what lists and counts are about."""
        return self.filter(is_live=True)

    def visible_to(self, actor: Actor) -> "CustomerQuerySet":
        """What the actor may see: all, its team's or its own customers, by its role in each business; nothing without a grant.

        Who has asked for erasure is hidden from everybody.
        """
        if actor.everything:
            return self
        allowed = models.Q(pk__in=[])
        for grant in actor.grants_in_scope():
            in_business = models.Q(business_id=grant.business_id)
            if grant.visibility == "all":
                allowed |= in_business
                continue
            if grant.visibility == "team" and grant.team_id:
                allowed |= in_business & models.Q(team_id=grant.team_id)
            if actor.kind == "user":
                allowed |= in_business & models.Q(owner_id=actor.eyes)
        return self.filter(allowed, hidden_at__isnull=True)

    def with_facts(self) -> "CustomerQuerySet":
        """With the computed figures at hand."""
        return self.select_related("facts")


class OfCustomerQuerySet(models.QuerySet):
    """Rows that hang on one customer: seen by those who see the customer."""

    def visible_to(self, actor: Actor) -> "OfCustomerQuerySet":
        if actor.everything:
            return self
        customers: Any = self.model._meta.get_field("customer").related_model
        return self.filter(customer__in=customers.objects.visible_to(actor))

    def of_live(self) -> "OfCustomerQuerySet":
        return self.filter(customer__is_live=True)


class ContactQuerySet(OfCustomerQuerySet):
    """Contacts of the open businesses."""

    def live(self) -> "ContactQuerySet":
        """Those who work at their company now."""
        return self.filter(archived_at__isnull=True)


class AskedForQuerySet(models.QuerySet):
    """Work on many customers that somebody has asked for."""

    def visible_to(self, actor: Actor) -> "AskedForQuerySet":
        """All of it for those who see all customers, as its lines are about any; else what the actor has asked for."""
        if actor.everything:
            return self
        everywhere = [grant.business_id for grant in actor.grants_in_scope() if grant.visibility == "all"]
        allowed = models.Q(business_id__in=everywhere)
        return self.filter(allowed | models.Q(requested_by=actor.eyes) if actor.kind == "user" else allowed)


def led_by_facts(customers: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Live customers for an order by a computed figure: limited on both sides of the join, so that the figures' indexes may lead."""
    return customers.filter(
        InOpenScope(F("facts__business")),
        facts__is_live=True,
        facts__kind=F("kind"),
        facts__lifecycle_stage=F("lifecycle_stage"),
    )
