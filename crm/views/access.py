"""Who was shown whose personal data: all of it, about one customer, and by one person."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import clock, trail
from crm.access import saw
from crm.errors import NotFound
from crm.filters import StrictFilterSet
from crm.models import AccessRecord, Membership
from crm.pages import ListPage, Page
from crm.paging import Sort
from crm.tables import Column, build_table
from crm.templatetags import ui

DAYS = (7, 30, 90)
LATEST, MOST = 25, 200


class AboutCustomer(ListPage):
    """A list of the trail that may be narrowed to one customer (`?customer=`), who is then named on top."""

    abstract = True
    permission = ""

    @cached_property
    def customer_name(self) -> str:
        """The name of the customer that the list is narrowed to; "" without one, and for one that the actor may not see."""
        try:
            asked = UUID(self.opened.query.get("customer", ""))
        except ValueError:
            return ""
        name = trail.names_of(self.actor, [asked]).get(asked, "")
        if name:
            saw(self.request, [asked])
        return name

    def chips(self, filters: StrictFilterSet) -> list[dict[str, str]]:
        chips = super().chips(filters)
        for chip in chips:
            if chip["name"] == "customer" and self.customer_name:
                chip["label"] = _("Customer: %(name)s") % {"name": self.customer_name}
        return chips


class AccessList(AboutCustomer):
    """Every response that showed customers' personal data, newest first."""

    permission = "crm.view_access"
    title = gettext_lazy("Access")
    description = gettext_lazy("Who was shown whose personal data. One line per page, answer, export or job.")
    default_sort = "-recent"
    filterset_class = trail.AccessFilterSet
    empty = {
        "icon": "eye",
        "title": gettext_lazy("Nobody has seen personal data yet"),
        "text": gettext_lazy("As soon as somebody opens a list or a profile, it stands here."),
    }

    def rows(self) -> QuerySet:
        return AccessRecord.objects.all()

    def sorts(self) -> dict[str, Sort]:
        return {trail.RECENT.key: trail.RECENT}

    def columns(self) -> Sequence[Column]:
        return access_columns()

    def actions(self) -> list[dict[str, Any]]:
        return [
            *self.action("crm.view_access", _("By customer"), reverse("crm:access_customers"), icon="user-search"),
            *self.action("crm.view_access", _("By person"), reverse("crm:access_people"), icon="users"),
        ]


def access_columns() -> list[Column]:
    return [
        Column("actor", _("Who"), lambda row: ui.user_text(row.actor_label)),
        Column("what", _("Saw"), lambda row: trail.place_label(row.what)),
        Column("customers", _("Customers"), lambda row: ui.number(len(row.customer_ids)), align="end"),
        Column("door", _("Through"), lambda row: trail.door_label(row.door)),
        Column("purpose", _("Purpose"), lambda row: row.purpose),
        Column("at", _("When"), lambda row: ui.when(row.at)),
    ]


class CustomerPicker(Page):
    """Search for the customer that a page of the trail is to be about; `leads_to` gives that page's address."""

    abstract = True
    permission = ""
    template_name = "crm/customer_picker.html"

    def leads_to(self, customer: UUID) -> str:
        raise ImproperlyConfigured(f"{type(self).__name__}.leads_to")

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        words = request.GET.get("search", "").strip()[:200]
        found = trail.find_subjects(self.actor, words, LATEST) if words else []
        saw(request, [pk for pk, _name, _hint in found])
        entries = [{"label": name, "hint": hint, "href": self.leads_to(pk)} for pk, name, hint in found]
        return self.show(words=words, entries=entries)


class AccessCustomers(CustomerPicker):
    permission = "crm.view_access"
    title = gettext_lazy("Who saw a customer?")
    description = gettext_lazy("Search for the customer first.")

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Access"), "href": reverse("crm:access")}]

    def leads_to(self, customer: UUID) -> str:
        return reverse("crm:access_customer", args=[customer])


class AccessOfCustomer(Page):
    """Who was shown the data of one customer: by person, and the latest lines."""

    permission = "crm.view_access"
    title = gettext_lazy("Who saw a customer")
    template_name = "crm/access_customer.html"

    @cached_property
    def name(self) -> str:
        pk = self.kwargs["pk"]
        name = trail.names_of(self.actor, [pk]).get(pk)
        if name is None:
            raise NotFound
        saw(self.request, [pk])
        return name

    def get_title(self) -> Any:
        return _("Who saw %(name)s?") % {"name": self.name}

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Access"), "href": reverse("crm:access")}]

    def actions(self) -> list[dict[str, Any]]:
        return [
            {"label": _("Profile"), "href": trail.subject_href(self.kwargs["pk"]), "icon": "user", "kind": "secondary"}
        ]

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        pk, title = self.kwargs["pk"], self.get_title()
        seers = list(trail.seers_of(pk)[:MOST])
        latest = AccessRecord.objects.filter(customer_ids__contains=[pk]).order_by("-id")[:LATEST]
        people = [
            Column("actor", _("Who"), lambda row: ui.user_text(row["label"])),
            Column("times", _("Times"), lambda row: ui.number(row["times"]), align="end"),
            Column("first", _("First"), lambda row: ui.when(row["first"], "day")),
            Column("latest", _("Latest"), lambda row: ui.when(row["latest"])),
        ]
        return self.show(
            people=build_table(people, [Row(row) for row in seers], query=request.GET, sort="", caption=title, href=self._lines),
            latest=build_table(access_columns(), latest, query=request.GET, sort="", caption=_("Latest"), href=lambda row: ""),
            all_href=f"{reverse('crm:access')}?{urlencode({'customer': pk})}",
        )  # fmt: skip

    def _lines(self, row: Any) -> str:
        """The lines of one person about the customer."""
        who = {"member": row["actor_id"]} if row["actor_kind"] == "user" else {"actor_label": row["label"]}
        return f"{reverse('crm:access')}?{urlencode({'customer': self.kwargs['pk'], **who})}"


class Row(dict[str, Any]):
    """A line of figures, as tables take it."""

    @property
    def pk(self) -> str:
        return str(self["actor_id"])


class Window(Page):
    """A page over the latest 7, 30 or 90 days (`?days=`)."""

    abstract = True
    permission = ""

    @property
    def days(self) -> int:
        asked = self.request.GET.get("days", "")
        return int(asked) if asked in map(str, DAYS) else DAYS[1]

    @property
    def since(self) -> Any:
        return clock.now() - timedelta(days=self.days)

    def tabs(self) -> list[dict[str, Any]]:
        return [
            {"label": _("%(count)s days") % {"count": days}, "href": f"?days={days}", "current": days == self.days}
            for days in DAYS
        ]

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Access"), "href": reverse("crm:access")}]


class AccessPeople(Window):
    """How much each person and program was shown."""

    permission = "crm.view_access"
    title = gettext_lazy("Who saw how much?")
    description = gettext_lazy(
        "Pages and answers with personal data, and how many customers stood on them, counted each time."
    )
    template_name = "crm/access_people.html"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        rows = [Row(row) for row in trail.seen_since(self.since)[:MOST]]
        places = {str(user): pk for pk, user in Membership.objects.values_list("pk", "user")}
        days = self.days

        def href(row: Any) -> str:
            place = places.get(row["actor_id"]) if row["actor_kind"] == "user" else None
            return f"{reverse('crm:access_person', args=[place])}?days={days}" if place else ""

        columns = [
            Column("actor", _("Who"), lambda row: ui.user_text(row["label"])),
            Column("times", _("Pages and answers"), lambda row: ui.number(row["times"]), align="end"),
            Column("shown", _("Customers shown"), lambda row: ui.number(row["shown"]), align="end"),
            Column("latest", _("Latest"), lambda row: ui.when(row["latest"])),
        ]
        table = build_table(columns, rows, query=request.GET, sort="", caption=self.get_title(), href=href)
        return self.show(table=table, tabs=self.tabs())


class AccessOfPerson(Window):
    """Whom one member has seen."""

    permission = "crm.view_access"
    title = gettext_lazy("Whom a person saw")
    template_name = "crm/access_people.html"

    @cached_property
    def member(self) -> Membership:
        return cast(Membership, self.one(Membership.objects.select_related("user")))

    def get_title(self) -> Any:
        return _("Whom did %(name)s see?") % {"name": self.member.user}

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [*super().breadcrumbs(), {"label": _("By person"), "href": reverse("crm:access_people")}]

    def actions(self) -> list[dict[str, Any]]:
        href = f"{reverse('crm:access')}?{urlencode({'member': self.member.user_id})}"
        return [{"label": _("All lines"), "href": href, "icon": "list", "kind": "secondary"}]

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        seen, count = trail.seen_by_user(self.member.user_id, self.since, MOST)
        names = trail.names_of(self.actor, (row.id for row in seen))
        saw(request, names)
        columns = [
            Column("name", _("Customer"), lambda row: ui.user_text(names[row["actor_id"]]) if row["actor_id"] in names else _unseen()),
            Column("times", _("Times"), lambda row: ui.number(row["times"]), align="end"),
            Column("latest", _("Latest"), lambda row: ui.when(row["latest"])),
        ]  # fmt: skip
        rows = [Row(actor_id=row.id, times=row.times, latest=row.latest) for row in seen]
        table = build_table(
            columns, rows, query=request.GET, sort="", caption=self.get_title(),
            href=lambda row: reverse("crm:access_customer", args=[row["actor_id"]]) if row["actor_id"] in names else "",
        )  # fmt: skip
        hint = ngettext("%(count)s customer in all.", "%(count)s customers in all.", count) % {
            "count": ui.number(count)
        }
        if count > len(seen):
            hint += " " + _("The latest %(count)s are shown.") % {"count": ui.number(len(seen))}
        return self.show(table=table, tabs=self.tabs(), hint=hint)


def _unseen() -> str:
    return format_html('<span class="quiet">{}</span>', _("no longer here, or not for you to see"))
