"""What the queue calls by itself."""

from crm import jobs, seals
from crm.models import Business


def seal_trails() -> dict[str, int]:
    """Seal the activity of every business up to now; returns how many rows of each were sealed."""
    return {business.slug: seals.seal(business) for business in Business.objects.order_by("slug")}


def take_up_lost_jobs() -> dict[str, int]:
    """Queue the jobs again whose worker has died."""
    return jobs.take_up_lost()
