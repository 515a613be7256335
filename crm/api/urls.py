"""Where the endpoints are: those of the kernel, those that the apps plug in, and a problem for everything else."""

from django.urls import include, path, re_path

from crm.api.docs import Docs, Schema
from crm.api.endpoints import JobCancel, JobDetail, JobList, JobRetry, WhoAmI
from crm.api.notifications import NotificationList, NotificationRead, NotificationsRead
from crm.api.operations import PermissionTable
from crm.api.saved_views import SavedViewDetail, SavedViewList, SavedViewPinned
from crm.api.search import Search
from crm.api.tokens import CreateToken, RefreshTokens, RevokeTokens
from crm.api.trail import AccessList, ActivityList
from crm.api.views import Unrouted
from crm.registry import api_routes

app_name = "api"
urlpatterns = [
    path("auth/token", CreateToken.as_view(), name="token"),
    path("auth/refresh", RefreshTokens.as_view(), name="token_refresh"),
    path("auth/revoke", RevokeTokens.as_view(), name="token_revoke"),
    path("me", WhoAmI.as_view(), name="me"),
    path("jobs", JobList.as_view(), name="job_list"),
    path("jobs/<uuid:id>", JobDetail.as_view(), name="job_detail"),
    path("jobs/<uuid:id>/cancel", JobCancel.as_view(), name="job_cancel"),
    path("jobs/<uuid:id>/retry", JobRetry.as_view(), name="job_retry"),
    path("notifications", NotificationList.as_view(), name="notification_list"),
    path("notifications/read", NotificationsRead.as_view(), name="notifications_read"),
    path("notifications/<uuid:id>/read", NotificationRead.as_view(), name="notification_read"),
    path("saved-views", SavedViewList.as_view(), name="saved_view_list"),
    path("saved-views/<uuid:id>", SavedViewDetail.as_view(), name="saved_view_detail"),
    path("saved-views/<uuid:id>/pin", SavedViewPinned.as_view(), name="saved_view_pin"),
    path("activity", ActivityList.as_view(), name="activity_list"),
    path("access", AccessList.as_view(), name="access_list"),
    path("search", Search.as_view(), name="search"),
    path("permissions", PermissionTable.as_view(), name="permissions"),
    path("schema", Schema.as_view(), name="schema"),
    path("docs", Docs.as_view(), name="docs"),
    *(path("", include(routes.module)) for routes in api_routes),
    re_path(r"^.*$", Unrouted.as_view(), name="unrouted"),
]
