"""Where the kernel's own pages are."""

from django.urls import path

from crm import views

app_name = "crm"
urlpatterns = [
    path("", views.Home.as_view(), name="home"),
    path("no-business", views.NoBusiness.as_view(), name="no_business"),
    path("switch-business", views.SwitchBusiness.as_view(), name="switch_business"),
]
