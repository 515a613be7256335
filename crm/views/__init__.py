"""Staff pages of the kernel."""

from crm.views.account import Account
from crm.views.activity import AccessList, ActivityDetail, ActivityList
from crm.views.home import Home, NoBusiness, SwitchBusiness
from crm.views.invitations import InvitationAccept
from crm.views.jobs import JobDetail, JobProgress
from crm.views.keys import ApiKeyCreate, ApiKeyRevoke, ApiKeys
from crm.views.people import InvitationWithdraw, Invite, MembershipEnd, MembershipUpdate, People
from crm.views.rates import RateCreate, RateDelete, Rates, RateUpdate
from crm.views.second_factors import SecondFactorReset, SignInRules
from crm.views.settings import BusinessSettings, RemoveDemo, Settings
from crm.views.setup import SignIn, Welcome
from crm.views.teams import TeamCreate, TeamDelete, Teams, TeamUpdate

__all__ = [
    "AccessList",
    "Account",
    "ActivityDetail",
    "ActivityList",
    "ApiKeyCreate",
    "ApiKeyRevoke",
    "ApiKeys",
    "BusinessSettings",
    "Home",
    "InvitationAccept",
    "InvitationWithdraw",
    "Invite",
    "JobDetail",
    "JobProgress",
    "MembershipEnd",
    "MembershipUpdate",
    "NoBusiness",
    "People",
    "RateCreate",
    "RateDelete",
    "RateUpdate",
    "Rates",
    "RemoveDemo",
    "SecondFactorReset",
    "Settings",
    "SignIn",
    "SignInRules",
    "SwitchBusiness",
    "TeamCreate",
    "TeamDelete",
    "TeamUpdate",
    "Teams",
    "Welcome",
]
