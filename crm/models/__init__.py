"""Tables of the kernel."""

from crm.models.activity import AccessRecord, Activity, ActivityDetail, ActivitySeal
from crm.models.base import BusinessModel, LedgerModel, Timestamped
from crm.models.business import ApiKey, Business, ExchangeRate, Invitation, Membership, Role, Team, User, Visibility
from crm.models.job import Job, JobState

__all__ = [
    "AccessRecord",
    "Activity",
    "ActivityDetail",
    "ActivitySeal",
    "ApiKey",
    "Business",
    "BusinessModel",
    "ExchangeRate",
    "Invitation",
    "Job",
    "JobState",
    "LedgerModel",
    "Membership",
    "Role",
    "Team",
    "Timestamped",
    "User",
    "Visibility",
]
