"""Figures of value that follow from what stands elsewhere: the business's choice of headline, and revenue entered by hand."""

from uuid import UUID

from django.db import connection

from commerce.choices import LtvBasis
from commerce.services.facts import refresh_recurring_facts
from crm import jobs
from crm.actor import Actor
from crm.models import Activity
from crm.scope import open_businesses


def follow_ltv_basis(activity: Activity, ids: list[UUID]) -> None:
    """Listener: a business that has chosen another lifetime value as its headline gets it set for all customers by one job."""
    before, after = activity.detail.changes.get("settings", ({}, {}))
    if _basis(before) != _basis(after):
        jobs.enqueue(
            "commerce.tasks.rebuild_headlines", actor=Actor.system("Lifetime value"), business=activity.business,
            dedupe_key=f"headlines:{activity.business_id}",
        )  # fmt: skip


def follow_arr_manual(activity: Activity, ids: list[UUID]) -> None:
    """Listener: the recurring revenue of a customer that was entered by hand counts where no subscription or invoice says it."""
    if ids and "arr_manual" in activity.detail.changes:
        refresh_recurring_facts(ids)


# Of files: customers whose revenue entered by hand is not what their facts say, though no subscription or invoice says it.
_OUT_OF_STEP = """
select f.customer_id from customers_customerfacts f join customers_customer c on c.id = f.customer_id
where f.business_id = any(%s) and f.arr_source <> 'subscriptions' and f.arr is distinct from c.arr_manual
"""


def follow_imported_arr(activity: Activity, ids: list[UUID]) -> None:
    """Listener: a file of customers may have brought recurring revenue."""
    with connection.cursor() as cursor:
        cursor.execute(_OUT_OF_STEP, [list(open_businesses())])
        found = [row[0] for row in cursor.fetchall()]
    if found:
        refresh_recurring_facts(sorted(found))


def _basis(settings: dict[str, dict[str, str]] | None) -> str:
    return (settings or {}).get("commerce", {}).get("ltv_basis", LtvBasis.ORDERS)
