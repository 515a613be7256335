"""The home dashboard and the choice of the business."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock
from crm.middleware import BUSINESS_KEY
from crm.pages import MEMBER, SIGNED_IN, Page
from crm.registry import HomeVisit, first_steps, home_figures, home_panels


class Home(Page):
    """The dashboard: what the plugged panels have to say about the business."""

    permission = MEMBER
    template_name = "crm/home.html"

    def get_title(self) -> Any:
        hour = timezone.localtime(clock.now()).hour
        name = (self.request.user.name or self.request.user.email).split()[0]
        if hour < 12:
            return _("Good morning, %(name)s") % {"name": name}
        if hour < 18:
            return _("Good afternoon, %(name)s") % {"name": name}
        return _("Good evening, %(name)s") % {"name": name}

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        visit = HomeVisit(self.actor, self.business, clock.now())
        panels = []
        for plug in home_panels:
            rendered = plug.render(visit) if self.actor.may(plug.permission, self.business) else None
            if rendered:
                template, context = rendered
                panels.append(
                    {
                        "key": plug.key,
                        "wide": plug.wide,
                        "html": render_to_string(template, {**context, "business": self.business}, request),
                    }
                )
        figures = [
            figure
            for plug in home_figures
            if self.actor.may(plug.permission, self.business)
            for figure in plug.figures(visit)
        ]
        return self.show(panels=panels, figures=figures, steps=self.steps(), at=visit.at)

    def steps(self) -> list[dict[str, Any]]:
        """The steps into real use with what is done of them; none once all are done."""
        steps = [
            {"label": step.label, "text": step.text, "href": reverse(step.url_name), "done": step.done(self.business)}
            for step in first_steps
            if self.actor.may(step.permission, self.business)
        ]
        return [] if all(step["done"] for step in steps) else steps


class NoBusiness(Page):
    """For people who belong to no business (any more)."""

    permission = SIGNED_IN
    title = gettext_lazy("You belong to no business yet")
    template_name = "crm/no_business.html"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show()


class SwitchBusiness(Page):
    """Work in another of one's businesses from now on."""

    permission = SIGNED_IN
    http_method_names = ["post"]

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        chosen = request.POST.get("business", "")
        if any(chosen in (business.slug, str(business.pk)) for business in request.businesses):
            business = next(b for b in request.businesses if chosen in (b.slug, str(b.pk)))
            request.session[BUSINESS_KEY] = str(business.pk)
        following = request.POST.get("next", "")
        safe = url_has_allowed_host_and_scheme(
            following, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )
        return HttpResponseRedirect(following if safe else reverse("crm:home"))
