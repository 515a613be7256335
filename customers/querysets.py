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
        """What the actor may see: all, its team's or its own customers, by its role in each business; nothing without a grant."""
        if actor.everything:
            return self
        allowed = models.Q(pk__in=[])
        for grant in actor.grants:
            in_business = models.Q(business_id=grant.business_id)
            if grant.visibility == "all":
                allowed |= in_business
            elif grant.visibility == "team" and grant.team_id:
                allowed |= in_business & (models.Q(team_id=grant.team_id) | models.Q(owner_id=_uuid(actor)))
            else:
                allowed |= in_business & models.Q(owner_id=_uuid(actor))
        return self.filter(allowed)

    def with_facts(self) -> "CustomerQuerySet":
        """Joined to the computed figures, limited to those rows on both sides, so that either table's index may lead."""
        return self.select_related("facts").filter(InOpenScope(F("facts__business")))


def _uuid(actor: Actor) -> Any:
    return actor.id if actor.kind == "user" else None
