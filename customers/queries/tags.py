"""Numbers of tags."""

from uuid import UUID

from django.db.models import Count

from crm.actor import Actor
from customers.models import Customer, CustomerTag


def customers_by_tag(actor: Actor) -> dict[UUID, int]:
    """How many live customers that the actor may see have each tag; tags without any are left out."""
    seen = Customer.objects.live().visible_to(actor)
    rows = CustomerTag.objects.filter(customer__in=seen).order_by().values("tag")
    return dict(rows.annotate(count=Count("*")).values_list("tag", "count"))
