"""Numbers of customers."""

from django.db.models import Count
from django.utils.functional import Promise

from crm.actor import Actor
from crm.models import Business
from customers.choices import LifecycleStage
from customers.models import Customer


def customers_by_stage(actor: Actor, business: Business) -> list[tuple[str, str | Promise, int]]:
    """(stage, label, live customers in it that the actor may see), in the order of the stages, empty ones included."""
    rows = Customer.objects.live().visible_to(actor).filter(business=business).values("lifecycle_stage")
    counts = dict(rows.order_by().annotate(count=Count("*")).values_list("lifecycle_stage", "count"))
    return [(stage.value, stage.label, counts.get(stage.value, 0)) for stage in LifecycleStage]
