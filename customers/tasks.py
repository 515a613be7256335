"""What the queue calls."""

from typing import Any

from crm import clock
from crm.errors import DomainError
from crm.jobs import JobRun
from customers import services
from customers.models import ImportJob


def import_file(work: JobRun, *, import_job_id: str) -> dict[str, Any]:
    """Take over an uploaded file."""
    record = ImportJob.objects.get(pk=import_job_id)
    try:
        done = services.run_import(actor=work.actor, import_job=record, work=work, at=clock.now())
    except DomainError as refusal:
        services.fail_import(actor=work.actor, import_job=record, error=str(refusal.message), at=clock.now())
        raise
    return {"state": done.state, "counts": done.counts, "faults": done.fault_count}
