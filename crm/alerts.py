"""What a node tells people about background work that went wrong: given-up jobs, jobs that take long, nodes that were lost.
Each is told once."""

import json
from datetime import timedelta

from django.db import connection, transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext as _

from crm import queue
from crm.actor import Actor
from crm.models import Job, Worker
from crm.registry import task_kinds
from crm.services.jobs import tell_job_over, tell_job_slow
from crm.services.notifications import tell_operators

AT_ONCE = 100
_QUEUE = Actor.system("Queue")


def tell_all() -> dict[str, int]:
    """Tell whatever is new; returns how many of each."""
    return {
        "given up": tell_given_up(),
        "slow": tell_slow(),
        "nodes": tell_lost_nodes(),
    }


def _untold(where: str, params: list[str]) -> list[Job]:
    """Jobs that nobody was told of yet, marked as told, locked until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"update crm_job set alerted_at = clock_timestamp() where id in (select id from crm_job where alerted_at is null "  # noqa: S608
            f"and {where} order by id limit {AT_ONCE} for update skip locked) returning id",
            params,
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(Job.unscoped.select_related("business").filter(pk__in=ids).order_by("pk"))


@transaction.atomic
def tell_given_up() -> int:
    """Tell of jobs that were given up."""
    found = _untold("state = 'dead'", [])
    for job in found:
        tell_job_over(actor=_QUEUE, job=job)
    return len(found)


@transaction.atomic
def tell_slow() -> int:
    """Tell of running jobs that take longer than their kind usually does."""
    limits = {kind.task: kind.alert_seconds for kind in task_kinds if kind.alert_seconds}
    found = _untold(
        "state = 'running' and started_at < clock_timestamp() - (%s::jsonb ->> task)::int * interval '1 second'",
        [json.dumps(limits)],
    )
    for job in found:
        tell_job_slow(actor=_QUEUE, job=job)
    return len(found)


@transaction.atomic
def tell_lost_nodes() -> int:
    """Tell operators of nodes that were not seen for a minute, and forget these nodes."""
    lost = Worker.objects.select_for_update(skip_locked=True).filter(
        seen_at__lt=Now() - timedelta(seconds=queue.DEAD_SECONDS)
    )
    names = sorted(lost.values_list("name", flat=True))
    if names:
        tell_operators(
            actor=_QUEUE, kind="crm.workers_down", title=_("A worker was lost"), text=", ".join(names), tone="bad",
            href=reverse("crm:service"), dedupe_key="crm.workers_down",
        )  # fmt: skip
        Worker.objects.filter(name__in=names).delete()
    return len(names)
