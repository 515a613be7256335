"""Tables of the kernel."""

from crm.models.activity import AccessRecord, Activity, ActivityDetail, ActivitySeal
from crm.models.base import BusinessModel, LedgerModel, Timestamped
from crm.models.business import ApiKey, Business, ExchangeRate, Invitation, Membership, Role, Team, User, Visibility
from crm.models.job import Job, JobState, Lane, Schedule, Worker
from crm.models.notification import Notification, NotificationChoice
from crm.models.saved_view import Audience, DefaultView, SavedView, SavedViewPin
from crm.models.service import IdempotentRequest, ServiceMode

__all__ = [
    "AccessRecord",
    "Activity",
    "ActivityDetail",
    "ActivitySeal",
    "ApiKey",
    "Audience",
    "Business",
    "BusinessModel",
    "DefaultView",
    "ExchangeRate",
    "IdempotentRequest",
    "Invitation",
    "Job",
    "JobState",
    "Lane",
    "LedgerModel",
    "Membership",
    "Notification",
    "NotificationChoice",
    "Role",
    "SavedView",
    "SavedViewPin",
    "Schedule",
    "ServiceMode",
    "Team",
    "Timestamped",
    "User",
    "Visibility",
    "Worker",
]
