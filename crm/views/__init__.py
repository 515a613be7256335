"""Staff pages of the kernel."""

from crm.views.access import AccessCustomers, AccessList, AccessOfCustomer, AccessOfPerson, AccessPeople
from crm.views.account import Account
from crm.views.activity import ActivityCustomers, ActivityDetail, ActivityList
from crm.views.home import Home, NoBusiness, SwitchBusiness
from crm.views.invitations import InvitationAccept
from crm.views.jobs import AllJobs, GivenUpJobs, JobCancel, JobDetail, JobList, JobProgress, JobRetry, JobsRetry
from crm.views.keys import ApiKeyCreate, ApiKeyRevoke, ApiKeyRotate, ApiKeys
from crm.views.notifications import (
    Live,
    NotificationChoices,
    NotificationList,
    NotificationMenu,
    NotificationRead,
    NotificationsRead,
)
from crm.views.people import InvitationWithdraw, Invite, MembershipEnd, MembershipUpdate, People
from crm.views.permissions import Permissions
from crm.views.rates import RateCreate, RateDelete, Rates, RateUpdate
from crm.views.saved_views import (
    SavedViewCreate,
    SavedViewDefault,
    SavedViewDelete,
    SavedViewPinned,
    SavedViewQuery,
    SavedViewUpdate,
)
from crm.views.search import Search
from crm.views.second_factors import SecondFactorReset, SignInRules
from crm.views.service import SchedulePause, ScheduleResume, Service, ServiceJobRetry
from crm.views.sessions import SessionEnd, Sessions, SessionsEnd
from crm.views.settings import BusinessSettings, RemoveDemo, Settings
from crm.views.setup import SignIn, Welcome
from crm.views.teams import TeamCreate, TeamDelete, Teams, TeamUpdate
from crm.views.view_as import ViewAs, ViewAsLeave

__all__ = [
    "AccessCustomers",
    "AccessList",
    "AccessOfCustomer",
    "AccessOfPerson",
    "AccessPeople",
    "Account",
    "ActivityCustomers",
    "ActivityDetail",
    "ActivityList",
    "AllJobs",
    "ApiKeyCreate",
    "ApiKeyRevoke",
    "ApiKeyRotate",
    "ApiKeys",
    "BusinessSettings",
    "GivenUpJobs",
    "Home",
    "InvitationAccept",
    "InvitationWithdraw",
    "Invite",
    "JobCancel",
    "JobDetail",
    "JobList",
    "JobProgress",
    "JobRetry",
    "JobsRetry",
    "Live",
    "MembershipEnd",
    "MembershipUpdate",
    "NoBusiness",
    "NotificationChoices",
    "NotificationList",
    "NotificationMenu",
    "NotificationRead",
    "NotificationsRead",
    "People",
    "Permissions",
    "RateCreate",
    "RateDelete",
    "RateUpdate",
    "Rates",
    "RemoveDemo",
    "SavedViewCreate",
    "SavedViewDefault",
    "SavedViewDelete",
    "SavedViewPinned",
    "SavedViewQuery",
    "SavedViewUpdate",
    "SchedulePause",
    "ScheduleResume",
    "Search",
    "SecondFactorReset",
    "Service",
    "ServiceJobRetry",
    "SessionEnd",
    "Sessions",
    "SessionsEnd",
    "Settings",
    "SignIn",
    "SignInRules",
    "SwitchBusiness",
    "TeamCreate",
    "TeamDelete",
    "TeamUpdate",
    "Teams",
    "ViewAs",
    "ViewAsLeave",
    "Welcome",
]
