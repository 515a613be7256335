"""Where the endpoints are: those of the kernel, those that the apps plug in, and a problem for everything else."""

from django.urls import include, path, re_path

from crm.api.docs import Docs, Schema
from crm.api.endpoints import JobDetail, WhoAmI
from crm.api.tokens import CreateToken, RefreshTokens, RevokeTokens
from crm.api.views import Unrouted
from crm.registry import api_routes

app_name = "api"
urlpatterns = [
    path("auth/token", CreateToken.as_view(), name="token"),
    path("auth/refresh", RefreshTokens.as_view(), name="token_refresh"),
    path("auth/revoke", RevokeTokens.as_view(), name="token_revoke"),
    path("me", WhoAmI.as_view(), name="me"),
    path("jobs/<uuid:id>", JobDetail.as_view(), name="job_detail"),
    path("schema", Schema.as_view(), name="schema"),
    path("docs", Docs.as_view(), name="docs"),
    *(path("", include(routes.module)) for routes in api_routes),
    re_path(r"^.*$", Unrouted.as_view(), name="unrouted"),
]
