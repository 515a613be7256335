"""What the queue calls."""

from typing import Any

from crm import clock
from crm.errors import DomainError
from crm.work import JobRun
from customers import services
from customers.choices import ImportState
from customers.models import ImportJob


def import_file(work: JobRun, *, import_job_id: str) -> dict[str, Any]:
    """Take over an uploaded file; its rows and the end of the job are stored together."""
    record = ImportJob.objects.get(pk=import_job_id)
    try:
        with work.atomic(last=True):
            done = services.run_import(actor=work.actor, import_job=record, work=work, at=clock.now())
            work.result = {"state": done.state, "counts": done.counts, "faults": done.fault_count}
            work.refused = str(done.error) if done.state == ImportState.FAILED else ""
    except DomainError as refusal:
        with work.atomic():
            services.fail_import(actor=work.actor, import_job=record, error=str(refusal.message), at=clock.now())
        raise
    return work.result


def close_abandoned_imports(work: JobRun) -> dict[str, Any]:
    """Close the imports whose job was cancelled or given up, and delete their files."""
    with work.atomic():
        closed = services.close_abandoned_imports(actor=work.actor, at=clock.now())
    return {"closed": closed}
