"""One's own account."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm import services
from crm.models import Role
from crm.pages import SIGNED_IN, FormPage
from crm.settings_forms import ProfileForm

_YEAR = 365 * 24 * 3600


class Account(FormPage):
    """Name and theme; the theme is kept by the browser too, so that pages come right at once."""

    permission = SIGNED_IN
    title = _("Your account")
    template_name = "crm/account.html"
    form_class = ProfileForm
    success_message = _("Saved.")

    def actions(self) -> list[dict[str, Any]]:
        return [
            {
                "label": gettext("Your sessions"),
                "href": reverse("crm:sessions"),
                "icon": "monitor-smartphone",
                "kind": "secondary",
            },
            {
                "label": gettext("Change password"),
                "href": reverse("account_change_password"),
                "icon": "key-round",
                "kind": "secondary",
            },
            {
                "label": gettext("Sign-in security"),
                "href": reverse("mfa_index"),
                "icon": "shield-check",
                "kind": "secondary",
            },
        ]

    def initial(self) -> dict[str, Any]:
        user = self.request.user
        theme = self.request.COOKIES.get("theme") or user.theme
        return {"name": user.name, "theme": theme}

    def perform(self, **data: Any) -> dict[str, str]:
        user = services.update_profile(actor=self.actor, user=self.request.user, **data)
        self.chosen = {"theme": user.theme}
        return self.chosen

    def success_url(self, result: dict[str, str]) -> str:
        return reverse("crm:account")

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        for name, value in getattr(self, "chosen", {}).items():
            response.set_cookie(name, value, max_age=_YEAR, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax")
        return response

    def context(self, **extra: Any) -> dict[str, Any]:
        places = [
            (business.name, Role(grant.role).label)
            for business in self.request.businesses
            if (grant := self.actor.grant_in(business))
        ]
        about = [(gettext("E-mail address"), self.request.user.email)]
        return super().context(about=about, places=places, **extra)
