"""Numbers of customers."""

from django.db import connection
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


def customers_created_lately() -> list[tuple[dict[str, str], float]]:
    """How many live customers each business has gained in the last 24 hours, by its short name: a figure for monitoring."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select b.slug, (
                select count(*) from customers_customer c
                where c.business_id = b.id and c.is_live and c.created_at > clock_timestamp() - interval '24 hours'
            )
            from crm_business b
            """
        )
        return [({"business": slug}, count) for slug, count in cursor.fetchall()]
