"""Seeing the product as another member does, and coming back."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock, services, viewing
from crm.pages import SIGNED_IN, DeedPage, Page
from crm.views.people import OneMembership


class ViewAs(OneMembership, DeedPage):
    permission = "crm.view_as"
    submit_label = gettext_lazy("View as this person")

    def get_title(self) -> Any:
        return _("View as %(name)s?") % {"name": self.membership.user}

    def text(self) -> Any:
        return _("You see the pages with this person's role, team and customers.")

    def consequences(self) -> list[Any]:
        return [
            _("You can look, but change nothing."),
            _("It ends after 30 minutes, when you leave it, or when you sign out."),
            _("What you look at is recorded under your name, as viewing as this person."),
        ]

    def perform(self) -> Any:
        until = services.view_as(actor=self.actor, membership=self.membership, at=clock.now())
        viewing.begin(self.request, self.membership, until)
        return self.membership

    def success_url(self, result: Any) -> str:
        return reverse("crm:home")


class ViewAsLeave(Page):
    """Back to one's own eyes; does nothing for those who look through them."""

    permission = SIGNED_IN
    http_method_names = ["post"]

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        left = request.viewing
        viewing.leave(request, "left")
        return HttpResponseRedirect(reverse("crm:people") if left else reverse("crm:home"))
