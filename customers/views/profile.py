"""The profile of a customer: what every page about one customer shares, the overview and the history."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock, service_mode
from crm.access import saw
from crm.actor import Actor
from crm.errors import InvalidInput
from crm.pages import Page
from crm.registry import verbs
from crm.templatetags import ui
from crm.trail import door_label
from customers import queries, services
from customers.forms import fields_in_place
from customers.models import Customer, CustomField, ImportJob
from customers.queries.custom_fields import users_in
from customers.queries.groundwork import with_groundwork
from customers.queries.history import Deed, doers_of
from customers.queries.references import references_in
from customers.queries.timeline import substep_label
from customers.registry import hidden_fields, profile_actions, profile_badges, profile_panels, profile_tabs
from customers.services.values import PRIVATE
from customers.tables import (
    change_texts,
    family_figures,
    family_rows,
    field_label,
    profile_details,
    profile_figures,
    profile_line,
    recorded_fields,
    stage_hints,
    stage_path,
)

_HISTORY_PAGE = 50


class OneCustomer(Page):
    """A page about one customer that the actor may see; 404 for any other."""

    abstract = True
    permission = ""

    @cached_property
    def customer(self) -> Customer:
        found: Customer = self.one(self.rows())
        saw(self.request, [found.pk])
        return found

    def rows(self) -> QuerySet[Any]:
        """The customers that the actor may see."""
        return Customer.objects.visible_to(self.actor).select_related("facts", "owner", "team", "business")

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [
            {"label": _("Customers"), "href": reverse("customers:customer_list")},
            {"label": str(self.customer), "href": self.profile_href()},
        ]

    @property
    def hidden(self) -> frozenset[str]:
        """Fields that this person may not see."""
        sealed = () if self.actor.may("customers.view_private", self.business) else PRIVATE
        return hidden_fields(self.actor, self.business).union(sealed)

    def profile_href(self) -> str:
        return reverse("customers:customer_detail", args=[self.kwargs["pk"]])

    def tabs(self, current: str) -> list[dict[str, Any]]:
        """The tabs that apps have plugged, for this kind of customer and these rights; `current` is the key of the open one."""
        pk, kind = self.kwargs["pk"], self.customer.kind
        return [
            {"label": tab.label, "href": reverse(tab.url_name, args=[pk]), "current": tab.key == current}
            for tab in profile_tabs
            if kind in tab.kinds and self.actor.may(tab.permission, self.business)
        ]

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(customer=self.customer, **extra)

    def cancel_href(self) -> str:
        return self.profile_href()

    def success_url(self, result: Any) -> str:
        return self.profile_href()

    def may_change(self) -> bool:
        return self.actor.may("customers.change", self.business) and not self.customer.is_archived


class ProfilePage(OneCustomer):
    """A tab of the profile; `tab` is its key in the socket. Its template extends `customers/profile.html`."""

    abstract = True
    permission = ""
    tab = ""

    def rows(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = queries.with_head(super().rows())
        return rows

    def get_title(self) -> Any:
        return str(self.customer)

    @cached_property
    def at(self) -> Any:
        """The moment of the request."""
        return clock.now()

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(tabs=self.tabs(self.tab), head=self.head(), **extra)

    def head(self) -> dict[str, Any]:
        """What stands above the tabs: who it is, in which stage, whose, with which tags, badges and deeds."""
        customer = self.customer
        deeds = self.deeds()
        stage = next((deed["href"] for deed in deeds if deed["key"] == "stage"), "")
        return {
            "line": profile_line(customer), "badges": self.badges(),
            "risks": queries.reasons_at_risk(self.actor, customer, self.at),
            "tags": queries.tags_of(customer), "may_tag": self.may_change(),
            "stages": stage_path(customer, stage), "hints": stage_hints(customer),
            "step": substep_label(customer.lifecycle_stage, customer.lifecycle_substep),
            "buttons": [deed for deed in deeds if deed["place"] != "menu"],
            "menu": [deed for deed in deeds if deed["place"] == "menu"],
        }  # fmt: skip

    def panels(self) -> list[dict[str, Any]]:
        """The boxes that apps have plugged into this tab."""
        panels = []
        for plug in profile_panels:
            if plug.tab == self.tab and self.actor.may(plug.permission, self.business):
                rendered = plug.render(self.actor, self.customer, self.at)
                if rendered:
                    template, context = rendered
                    html = render_to_string(template, {**context, "business": self.business}, self.request)
                    panels.append({"key": plug.key, "html": html, "wide": plug.wide})
        return panels

    def badges(self) -> SafeString:
        """Kind, whether it is archived, and what apps have plugged."""
        customer = self.customer
        badges = [ui.badge(customer.get_kind_display(), "neutral")]
        if customer.is_archived:
            badges.append(ui.badge(_("Archived"), "warn", "archive"))
        for plug in profile_badges:
            if self.actor.may(plug.permission, self.business):
                badges.append(SafeString(plug.render(self.actor, customer, self.at)))
        return format_html_join("", "{}", ((badge,) for badge in badges if badge))

    def deeds(self) -> list[dict[str, Any]]:
        """The plugged deeds that may be done to the customer as it stands: {key, label, href, icon, kind, place}."""
        state = "archived" if self.customer.is_archived else "live"
        return [
            {
                "key": plug.key, "label": plug.label, "icon": plug.icon, "place": plug.place,
                "kind": "primary" if plug.place == "primary" else "secondary",
                "href": reverse(plug.url_name, args=[self.customer.pk]),
            }
            for plug in profile_actions
            if plug.state in (state, "any")
            and self.customer.lifecycle_stage in (plug.stages or (self.customer.lifecycle_stage,))
            and self.actor.may(plug.permission, self.business)
        ]  # fmt: skip


class CustomerDetail(ProfilePage):
    """The profile: the computed figures with how they came about, what people have entered, and the panels of the apps above."""

    permission = "customers.view"
    title = gettext_lazy("Profile of a customer")
    template_name = "customers/customer_detail.html"
    tab = "overview"

    def rows(self) -> QuerySet[Any]:
        return with_groundwork(super().rows())

    def breadcrumbs(self) -> list[dict[str, str]]:
        return super().breadcrumbs()[:1]

    @cached_property
    def custom_fields(self) -> list[CustomField]:
        return queries.custom_fields_of(self.business, kind=self.customer.kind)

    @cached_property
    def editable(self) -> frozenset[str]:
        """The fields that this person may edit in place, on this customer."""
        if not self.may_change():
            return frozenset()
        own = frozenset(f"custom_values.{field.key}" for field in self.custom_fields)
        return (fields_in_place() | own) - self.hidden

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        customer = self.customer
        has_news = self.has_news()
        relatives = queries.relatives_of(self.actor, customer)
        saw(request, [*relatives.named, *(child.pk for child in relatives.children)])
        people = users_in(self.custom_fields, [customer.custom_values])
        groups = profile_details(
            customer, editable=self.editable, hidden=self.hidden, named=relatives.named, custom_fields=self.custom_fields,
            people=people,
        )  # fmt: skip
        return self.show(
            panels=self.panels(), groups=groups, has_news=has_news, completeness=self.completeness(),
            untouched=queries.untouched_since(customer, self.at), **self.family(relatives),
        )  # fmt: skip

    def completeness(self) -> dict[str, Any]:
        """How much is filled in, and the missing fields with the places where they are filled in."""
        found = queries.completeness_of(self.customer, self.custom_fields)
        labels = {f"custom_values.{field.key}": field.label for field in self.custom_fields}
        missing = [
            {
                "label": labels.get(name) or field_label("customers.customer", name),
                "href": reverse("customers:customer_field", args=[self.customer.pk, name]) if name in self.editable else "",
            }
            for name in found.missing
        ]  # fmt: skip
        return {"percent": found.percent, "missing": missing}

    def has_news(self) -> bool:
        """Whether the person has looked before; notes that they look now, unless changes are off or they see through others' eyes."""
        if self.actor.sees_as or service_mode.current().is_read_only:
            return False
        return services.note_visit(actor=self.actor, customer=self.customer, at=self.at) is not None

    def family(self, relatives: queries.Relatives) -> dict[str, Any]:
        """The companies around this one; with `?family=1` the figures of it and its subsidiaries together."""
        customer = self.customer
        found: dict[str, Any] = {
            "figures": profile_figures(customer), "parent": relatives.named.get(customer.parent_id),
            "children": relatives.children, "has_more_children": relatives.has_more, "members": [], "is_cut": False,
        }  # fmt: skip
        if asked_family(self.request.GET) and relatives.children:
            members, is_cut = queries.family_of(self.actor, customer)
            saw(self.request, [member.pk for member in members])
            found |= {"figures": family_figures(members), "members": family_rows(members), "is_cut": is_cut}
        return found


class CustomerNews(OneCustomer):
    """What others have done to the customer since this person looked the time before; the overview fetches it."""

    permission = "customers.view"
    title = gettext_lazy("What changed at a customer since one's last visit")
    template_name = "customers/_news.html"
    fragment = True

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        since = queries.last_visit(self.actor, self.customer)
        if since is None:
            return HttpResponse(status=204)
        custom_fields = queries.custom_fields_of(self.business, kind=self.customer.kind)
        deeds, has_more = queries.news_of(self.actor, self.customer, since)
        entries = shown_deeds(self, deeds, custom_fields, self.hidden)
        return self.show(news={"since": since, "entries": entries, "has_more": has_more})


class CustomerHistory(ProfilePage):
    """What was done to the customer: before, after, who, through what."""

    permission = "customers.view"
    title = gettext_lazy("History of a customer")
    template_name = "customers/customer_history.html"
    tab = "history"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        customer, asked = self.customer, request.GET
        custom_fields = queries.custom_fields_of(self.business)
        hidden = self.hidden
        names = recorded_fields(custom_fields, hidden)
        doers = doers_of(customer)
        name = one_of(asked, "field", names)
        member = one_of(asked, "member", dict(doers))
        deeds, following = queries.history_of(
            customer, cursor=asked.get("cursor", ""), limit=_HISTORY_PAGE, field_name=name, member=member
        )
        return self.show(
            entries=shown_deeds(self, deeds, custom_fields, hidden), doers=doers,
            fields=sorted(names.items(), key=lambda pair: pair[1]),
            chosen_field=name, chosen_member=member, is_narrowed=bool(name or member),
            older_href=address_with(asked, cursor=following) if following else "",
            first_href=address_with(asked, cursor="") if asked.get("cursor") else "",
        )  # fmt: skip


def shown_deeds(
    page: Page, deeds: list[Deed], custom_fields: list[CustomField], hidden: frozenset[str] = frozenset()
) -> list[dict[str, Any]]:
    """Deeds as the history shows them: {title, href, at, by, reason, changes [{field, before, after}]}, without the hidden fields;
    `href` leads to the import behind it, if one may see that."""
    labels = {verb.name: verb.label for verb in verbs}
    kept = [
        (deed.subject_type, {key: pair for key, pair in deed.changes.items() if key not in hidden}) for deed in deeds
    ]
    references = references_in(page.actor, kept, custom_fields)
    saw(page.request, references.shows)
    return [
        {
            "title": _title(deed, labels.get(deed.verb, deed.verb)), "at": deed.at, "reason": deed.reason,
            "by": " · ".join(str(part) for part in (deed.by, _through(deed)) if part), "changes": texts,
            "icon": "layers" if deed.bulk else "upload" if deed.imported else "history",
            "href": _import_href(page.actor, deed.imported) if deed.imported else "",
        }
        for deed, texts in zip(deeds, change_texts(kept, references, custom_fields), strict=True)
    ]  # fmt: skip


def _title(deed: Deed, of_verb: Any) -> str:
    title = str(of_verb) if deed.verb else _title_of_many(deed)
    return _("%(deed)s: %(contact)s") % {"deed": title, "contact": deed.name} if deed.name else title


def _title_of_many(deed: Deed) -> str:
    if deed.imported and deed.name:
        return _("Contact added by an import") if deed.is_new else _("Contact changed by an import")
    if deed.imported:
        return _("Added by an import") if deed.is_new else _("Changed by an import")
    return _("Changed with many others, taken back") if deed.is_undo else _("Changed with many others")


def _through(deed: Deed) -> Any:
    return _("import %(file)s") % {"file": deed.imported.file_name} if deed.imported else door_label(deed.door)


def _import_href(actor: Actor, record: ImportJob) -> str:
    may_see = actor.sees_all(record.business_id) or str(record.requested_by_id) == actor.eyes
    if not may_see or not actor.may("customers.view_imports", record.business_id):
        return ""
    return reverse("customers:import_detail", args=[record.pk])


def asked_family(query: QueryDict) -> bool:
    """Whether the address asks for the subsidiaries too. Raises InvalidInput."""
    return one_of(query, "family", {"1": ""}) == "1"


def one_of(query: QueryDict, name: str, known: Any) -> str:
    """The value of a parameter of the address, which must be one of the known. Raises InvalidInput."""
    values = query.getlist(name)
    value = values[0] if values else ""
    if len(values) > 1 or (value and value not in known):
        raise InvalidInput({name: [_("There is no such choice.")]})
    return value


def address_with(query: QueryDict, **changes: str) -> str:
    """The address with other parameters; an empty one is left out."""
    changed = query.copy()
    for name, value in changes.items():
        changed.pop(name, None)
        if value:
            changed[name] = value
    return f"?{changed.urlencode()}"
