"""What the queue calls."""

from typing import Any

from django.db import transaction

from commerce import services
from crm.jobs import JobRun


@transaction.atomic
def rebuild_revenue(work: JobRun) -> dict[str, Any]:
    """Sum revenue by day anew, as after a change of the business's time zone."""
    return {"days": services.refresh_revenue()}
