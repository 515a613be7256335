"""The timeline of a customer: what has happened, from all apps."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access import saw
from customers import queries
from customers.queries.timeline import Happening
from customers.views.profile import ProfilePage, address_with, asked_family, one_of

_PAGE = 25


class CustomerTimeline(ProfilePage):
    """What happened with the customer, newest first; with `?family=1` at its subsidiaries and with the people who work there too."""

    permission = "customers.view"
    title = gettext_lazy("Timeline of a customer")
    template_name = "customers/customer_timeline.html"
    tab = "timeline"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        customer, asked = self.customer, request.GET
        with_family = asked_family(asked)
        members, is_cut = queries.family_of(self.actor, customer) if with_family else ([customer], False)
        people, more_people = queries.people_of(self.actor, members) if with_family else ([], False)
        everybody = [*members, *people]
        sources = queries.timeline_sources_for(self.actor, self.business)
        source = one_of(asked, "source", {plug.key for plug in sources})
        found, following = queries.timeline_for(
            self.actor, everybody, cursor=asked.get("cursor", ""), limit=_PAGE, sources=[source] if source else []
        )
        saw(request, [happening.entry.customer_id for happening in found if happening.entry.customer_id])
        names = {member.pk: member for member in everybody if member.pk != customer.pk}
        choices = [
            {"label": label, "href": address_with(asked, source=key, cursor=""), "current": key == source}
            for key, label in [("", _("All")), *((plug.key, plug.label) for plug in sources)]
        ]
        return self.show(
            entries=[_shown(happening, names) for happening in found], choices=choices, with_family=with_family,
            is_cut=is_cut or more_people, people_count=len(people),
            family_count=len(members), may_have_family=customer.kind == "company", is_narrowed=bool(source),
            family_href=address_with(asked, family="" if with_family else "1", cursor=""),
            older_href=address_with(asked, cursor=following) if following else "",
            first_href=address_with(asked, cursor="") if asked.get("cursor") else "",
        )  # fmt: skip


def _shown(happening: Happening, names: dict[Any, Any]) -> dict[str, Any]:
    entry, other = happening.entry, names.get(happening.entry.customer_id)
    return {
        "title": entry.title, "at": entry.at, "icon": happening.source.icon, "by": entry.by, "text": entry.text,
        "amount": entry.amount, "href": entry.href, "other": other,
        "other_href": reverse("customers:customer_detail", args=[other.pk]) if other else "",
    }  # fmt: skip
