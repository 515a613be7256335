"""Where the kernel's own pages are."""

from django.urls import path

from crm import views

app_name = "crm"
urlpatterns = [
    path("", views.Home.as_view(), name="home"),
    path("no-business", views.NoBusiness.as_view(), name="no_business"),
    path("switch-business", views.SwitchBusiness.as_view(), name="switch_business"),
    path("welcome", views.Welcome.as_view(), name="welcome"),
    path("invitation/<slug:token>", views.InvitationAccept.as_view(), name="invitation"),
    path("account", views.Account.as_view(), name="account"),
    path("activity", views.ActivityList.as_view(), name="activity"),
    path("activity/<int:pk>", views.ActivityDetail.as_view(), name="activity_detail"),
    path("access", views.AccessList.as_view(), name="access"),
    path("jobs/<uuid:pk>", views.JobDetail.as_view(), name="job"),
    path("jobs/<uuid:pk>/progress", views.JobProgress.as_view(), name="job_progress"),
    path("settings", views.Settings.as_view(), name="settings"),
    path("settings/business", views.BusinessSettings.as_view(), name="business_settings"),
    path("settings/sign-in", views.SignInRules.as_view(), name="sign_in_rules"),
    path("settings/demo", views.RemoveDemo.as_view(), name="remove_demo"),
    path("settings/people", views.People.as_view(), name="people"),
    path("settings/people/invite", views.Invite.as_view(), name="invite"),
    path("settings/people/<uuid:pk>", views.MembershipUpdate.as_view(), name="membership_update"),
    path("settings/people/<uuid:pk>/second-factor", views.SecondFactorReset.as_view(), name="second_factor_reset"),
    path("settings/people/<uuid:pk>/end", views.MembershipEnd.as_view(), name="membership_end"),
    path("settings/invitations/<uuid:pk>/withdraw", views.InvitationWithdraw.as_view(), name="invitation_withdraw"),
    path("settings/teams", views.Teams.as_view(), name="teams"),
    path("settings/teams/new", views.TeamCreate.as_view(), name="team_create"),
    path("settings/teams/<uuid:pk>", views.TeamUpdate.as_view(), name="team_update"),
    path("settings/teams/<uuid:pk>/delete", views.TeamDelete.as_view(), name="team_delete"),
    path("settings/api-keys", views.ApiKeys.as_view(), name="api_keys"),
    path("settings/api-keys/new", views.ApiKeyCreate.as_view(), name="api_key_create"),
    path("settings/api-keys/<uuid:pk>/revoke", views.ApiKeyRevoke.as_view(), name="api_key_revoke"),
    path("settings/exchange-rates", views.Rates.as_view(), name="rates"),
    path("settings/exchange-rates/new", views.RateCreate.as_view(), name="rate_create"),
    path("settings/exchange-rates/<uuid:pk>", views.RateUpdate.as_view(), name="rate_update"),
    path("settings/exchange-rates/<uuid:pk>/delete", views.RateDelete.as_view(), name="rate_delete"),
]
