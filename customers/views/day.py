"""“My day”: what awaits the person at their own customers."""

from typing import Any

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock
from crm.access import saw
from crm.pages import Page
from customers.queries.day import own_customers
from customers.registry import day_panels


class MyDay(Page):
    """The plugged boxes that have something to say."""

    permission = "customers.view"
    title = gettext_lazy("My day")
    description = gettext_lazy("What awaits you at the customers that are yours.")
    template_name = "customers/my_day.html"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        at = clock.now()
        panels = []
        for plug in day_panels:
            rendered = (
                plug.render(self.actor, self.business, at) if self.actor.may(plug.permission, self.business) else None
            )
            if rendered:
                template, context = rendered
                saw(request, context.get("shows", ()))
                panels.append({"key": plug.key, "html": render_to_string(template, context, request)})
        return self.show(panels=panels, empty=None if panels else self.empty(), at=at)

    def empty(self) -> dict[str, Any]:
        """What to do when nothing waits."""
        href = reverse("customers:customer_list")
        if own_customers(self.actor).exists():
            return {
                "icon": "sun", "title": _("Nothing waits for you"),
                "text": _("No customer of yours is at risk, due for renewal or waiting to hear from you."),
                "action": {"label": _("My customers"), "href": f"{href}?owner={self.actor.eyes}"},
            }  # fmt: skip
        return {
            "icon": "user-check", "title": _("No customer is yours yet"),
            "text": _("Become the owner of those you look after: pick them in the list and choose “Assign owner”."),
            "action": {"label": _("All customers"), "href": href},
        }  # fmt: skip
