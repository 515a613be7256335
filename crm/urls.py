"""Where everything is: an explicit list, no discovery but for the API modules that apps plug in."""

from django.contrib import admin
from django.urls import include, path, re_path

from crm.api.views import Unrouted
from crm.styleguide import StyleGuide
from crm.views.health import figures, livez, readyz

handler400 = "crm.errors_pages.bad_request"
handler403 = "crm.errors_pages.permission_denied"
handler404 = "crm.errors_pages.not_found"
handler500 = "crm.errors_pages.server_error"

urlpatterns = [
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
    path("metrics", figures, name="metrics"),
    path("", include("crm.page_urls")),
    path("", include("customers.urls")),
    path("", include("commerce.urls")),
    path("styleguide", StyleGuide.as_view(), name="styleguide"),
    path("account/", include("crm.account_urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("crm.api.urls")),
    path("api/", include("customers.api.compat_urls")),
    re_path(r"^api(/|$)", Unrouted.as_view()),
]
