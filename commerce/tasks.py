"""What the queue calls."""

from typing import Any

from commerce import services
from crm.work import JobRun


def rebuild_revenue(work: JobRun) -> dict[str, Any]:
    """Sum revenue by day anew, as after a change of the business's time zone."""
    with work.atomic(last=True):
        work.result = {"days": services.refresh_revenue()}
    return work.result
