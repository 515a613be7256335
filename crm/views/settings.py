"""The settings area: its index, the business's own settings, and taking the demo data away."""

from typing import Any

from django.contrib import auth
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import formats, services
from crm.forms import version_of
from crm.models import Business, User
from crm.pages import MEMBER, DeedPage, FormPage, Page
from crm.registry import settings_pages
from crm.settings_forms import BusinessForm


class SettingsPart(Page):
    """A page below the settings index."""

    abstract = True
    permission = ""

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Settings"), "href": reverse("crm:settings")}]


class Settings(Page):
    """What can be set, as far as the actor may."""

    permission = MEMBER
    title = gettext_lazy("Settings")
    template_name = "crm/settings.html"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        has_demo = any(business.is_demo for business in request.businesses)
        cards = [
            {"label": page.label, "text": page.text, "icon": page.icon, "href": reverse(page.url_name)}
            for page in settings_pages
            if self.actor.may(page.permission, self.business) and (has_demo or page.url_name != "crm:remove_demo")
        ]
        return self.show(cards=cards)


class BusinessSettings(SettingsPart, FormPage):
    permission = "crm.manage_business"
    title = gettext_lazy("Business")
    description = gettext_lazy("Name, time zone and what the parts of the product may be told.")
    template_name = "crm/business_settings.html"
    form_class = BusinessForm
    success_message = gettext_lazy("Saved.")

    def initial(self) -> dict[str, Any]:
        names = ("name", "slug", "time_zone", "locale")
        return {**{name: getattr(self.business, name) for name in names}, "version": version_of(self.business)}

    def perform(self, **data: Any) -> Business:
        return services.update_business(actor=self.actor, business=self.business, **data)

    def success_url(self, result: Business) -> str:
        return reverse("crm:business_settings")

    def cancel_href(self) -> str:
        return reverse("crm:settings")


class RemoveDemo(SettingsPart, DeedPage):
    """Only where there is demo data and the actor owns all of it."""

    permission = "crm.remove_demo"
    reauthenticate = True
    title = gettext_lazy("Remove demo data")
    submit_label = gettext_lazy("Remove demo data")
    danger = True

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        self.need_demo()
        return super().get(request, *args, **kwargs)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        self.need_demo()
        return super().post(request, *args, **kwargs)

    def need_demo(self) -> None:
        if not any(business.is_demo for business in self.request.businesses):
            raise Http404

    def text(self) -> Any:
        names = ", ".join(business.name for business in services.demo_size().businesses)
        return _("The invented businesses %(names)s go, with everything in them. This can't be undone.") % {
            "names": names
        }

    def consequences(self) -> list[Any]:
        size = services.demo_size()
        lines = [f"{formats.number(count)} {name}" for name, count in size.rows]
        people = ngettext(
            "%(count)s person who belongs to nothing else",
            "%(count)s people who belong to nothing else",
            size.user_count,
        )
        lines.append(people % {"count": formats.number(size.user_count)})
        if not User.objects.filter(is_superuser=True).exists() and size.user_count == User.objects.count():
            lines.append(_("You too: afterwards you set up your own business, with a sign-in of your own."))
        return lines

    def confirm_word(self) -> str:
        return _("remove")

    def cancel_href(self) -> str:
        return reverse("crm:settings")

    def perform(self) -> Any:
        size = services.remove_demo_data(actor=self.actor)
        if not User.objects.filter(pk=self.request.user.pk).exists():
            auth.logout(self.request)
        return size

    def success_url(self, result: Any) -> str:
        return reverse("crm:home")
