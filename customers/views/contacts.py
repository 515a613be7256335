"""The people at companies: the list of all, one contact with its forms and deeds, and the contacts tab with its map."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import charts, clock
from crm.access import saw
from crm.errors import NotFound
from crm.forms import DeedForm, version_of
from crm.pages import DeedPage, FormPage, ListPage, Page
from crm.paging import Sort
from crm.tables import Column, build_table
from crm.templatetags import ui
from customers import services
from customers.choices import ContactRole, Influence, Kind, Sentiment
from customers.forms import ContactForm, ConvertForm, LeftForm, TouchForm, contact_initial
from customers.forms.contact_filters import ContactFilterSet
from customers.models import Contact
from customers.queries import matches_for
from customers.queries.contacts import (
    MATCHES,
    Coverage,
    champion_strength,
    days_since_touch,
    matching_contacts,
    same_people,
    stakeholder_coverage,
    untouched_after_days,
)
from customers.views.profile import OneCustomer, ProfilePage

MOST_LISTED = 100
"""How many contacts the tab of a company lists; the list of contacts has all."""
_BY_NAME = Sort("name", "sort_name")
_BY_DATE = Sort("created_at", "created_at", descending_first=True)
_FEELINGS = {
    Sentiment.HOSTILE: ("bad", "angry"),
    Sentiment.SCEPTICAL: ("warn", "frown"),
    Sentiment.NEUTRAL: ("neutral", "meh"),
    Sentiment.POSITIVE: ("good", "smile"),
    Sentiment.ADVOCATE: ("good", "heart"),
}
# What stands on the map for each role.
LETTERS = {
    ContactRole.DECISION_MAKER: gettext_lazy("D"),
    ContactRole.INFLUENCER: gettext_lazy("I"),
    ContactRole.CHAMPION: gettext_lazy("C"),
    ContactRole.USER: gettext_lazy("U"),
    ContactRole.BLOCKER: gettext_lazy("B"),
    ContactRole.EXECUTIVE_SPONSOR: gettext_lazy("S"),
}


def sentiment_badge(contact: Contact) -> SafeString:
    if contact.sentiment is None:
        return SafeString("")
    kind, icon = _FEELINGS[Sentiment(contact.sentiment)]
    return ui.badge(contact.get_sentiment_display(), kind, icon)


def influence_meter(contact: Contact) -> SafeString:
    if contact.influence is None:
        return SafeString("")
    words = _("%(influence)s of 5") % {"influence": contact.influence}
    return ui.meter(contact.influence, 5, _("Influence of %(name)s") % {"name": contact}, "accent", words)


def _name(contact: Contact) -> SafeString:
    work = ", ".join(part for part in (contact.title, contact.department) if part) or contact.email
    mark = (
        ui.icon("star", 14) + format_html('<span class="unseen">{}</span>', _("first person to speak to"))
        if contact.is_primary
        else ""
    )
    return format_html(
        '<span class="person">{}<span><span><bdi>{}</bdi> {}</span><small dir="auto">{}</small></span></span>',
        ui.avatar(contact.display_name), contact.display_name, mark, work,
    )  # fmt: skip


def contact_columns(*, company: bool = True, sorted_by: bool = True) -> list[Column]:
    """The columns of lists of contacts, with their company or without."""
    columns = [
        Column("name", _("Name"), _name, sort=_BY_NAME if sorted_by else None),
        Column("role", _("Role"), lambda row: row.get_role_display()),
        Column("influence", _("Influence"), influence_meter),
        Column("sentiment", _("Sentiment"), sentiment_badge),
        Column("last_touched_at", _("Last touched"), _touched),
    ]  # fmt: skip
    if company:
        columns.insert(1, Column("company", _("Company"), _company))
        columns.append(Column("created_at", _("Added"), lambda row: ui.when(row.created_at), sort=_BY_DATE))
    return columns


def _touched(contact: Contact) -> Any:
    return ui.when(contact.last_touched_at, "day") if contact.last_touched_at else _("never")


def _company(contact: Contact) -> SafeString:
    href = reverse("customers:customer_contacts", args=[contact.customer_id])
    return format_html('<a href="{}"><bdi>{}</bdi></a>', href, contact.customer)


class ContactList(ListPage):
    """Everybody who works at a company that the actor may see."""

    permission = "customers.view"
    title = gettext_lazy("Contacts")
    description = gettext_lazy(
        "The people at your companies: what part they play, how much they count and how they feel about you."
    )
    default_sort = "name"
    searchable = True
    filterset_class = ContactFilterSet

    def rows(self) -> QuerySet:
        return Contact.objects.live().of_live().visible_to(self.actor).select_related("customer")

    def columns(self) -> Sequence[Column]:
        return contact_columns()

    def search(self, rows: QuerySet, words: str) -> QuerySet:
        limit = max(MATCHES, matches_for(self.actor))
        found = matching_contacts(words, limit)
        self.is_cut = len(found) >= limit
        return rows.filter(pk__in=found)

    def shown(self, rows: list[Any]) -> None:
        saw(self.request, (row.customer_id for row in rows))

    def row_href(self, row: Any) -> str:
        return reverse("customers:contact_detail", args=[row.pk])

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        if narrowed:
            return super().empty_state(narrowed)
        return {
            "icon": "contact-round",
            "title": _("No contacts yet"),
            "text": _("Contacts are the people at a company. Open a company and add the first, or import a file of them."),
            "action": {"label": _("Companies"), "href": f"{reverse('customers:customer_list')}?kind=company"},
        }  # fmt: skip


class CustomerContacts(ProfilePage):
    """The people at a company: the list, how well they are covered, and the map of influence and sentiment."""

    permission = "customers.view"
    title = gettext_lazy("Contacts of a company")
    template_name = "customers/customer_contacts.html"
    tab = "contacts"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        company = self.customer
        if company.kind != Kind.COMPANY:
            raise NotFound
        at = clock.now()
        coverage = stakeholder_coverage(company, at)
        by_name = sorted(coverage.contacts, key=lambda c: (c.sort_name, str(c.pk)))
        left = Contact.objects.filter(customer=company, archived_at__isnull=False).order_by("-archived_at", "pk")[:20]
        may = self.actor.may("customers.change", self.business)
        table = build_table(
            contact_columns(company=False, sorted_by=False), by_name[:MOST_LISTED], query=request.GET, sort="",
            caption=_("Contacts of %(company)s") % {"company": company}, href=_href,
        )  # fmt: skip
        return self.show(
            table=table, figures=coverage_figures(coverage, company), chart=stakeholder_map(coverage) if by_name else None,
            legend=[(LETTERS[role], role.label) for role in ContactRole], untouched=coverage.untouched, left=list(left),
            all_href=f"{reverse('customers:contact_list')}?customer={company.pk}" if len(by_name) > MOST_LISTED else "",
            add_href=reverse("customers:contact_create", args=[company.pk]) if may and not company.is_archived else "",
        )  # fmt: skip


def _href(contact: Contact) -> str:
    return reverse("customers:contact_detail", args=[contact.pk])


def stakeholder_map(coverage: Coverage) -> charts.Chart:
    """The live contacts by sentiment and influence, with lines to whom each reports; the table says the same."""
    contacts = coverage.contacts
    places = [
        charts.Place(
            str(c.pk), None if c.sentiment is None else c.sentiment + 2, None if c.influence is None else c.influence - 1,
            ui.initials(c.display_name), _in_words(c), _href(c), str(LETTERS[ContactRole(c.role)]) if c.role else "",
            {"bad": "bad", "warn": "warn", "good": "good"}.get(_FEELINGS[Sentiment(c.sentiment or 0)][0], "neutral"),
            str(c.reports_to_id or ""),
        )
        for c in contacts
    ]  # fmt: skip
    rows = tuple(
        (
            c.display_name, c.get_role_display() or "–", str(c.influence or "–"), str(c.get_sentiment_display() or "–"),
            str(c.reports_to or "–"),
        )
        for c in contacts
    )  # fmt: skip
    count = len(contacts)
    summary = ngettext("%(count)s contact", "%(count)s contacts", count) % {"count": count}
    return charts.place_map(
        _("Stakeholder map"), places, [str(s.label) for s in Sentiment], [str(i.label) for i in Influence],
        columns=(_("Name"), _("Role"), _("Influence"), _("Sentiment"), _("Reports to")), rows=rows, summary=summary,
        axis=(_("Sentiment →"), _("↑ Influence")),
    )  # fmt: skip


def _in_words(contact: Contact) -> str:
    parts = [
        contact.display_name,
        contact.get_role_display(),
        _("influence %(influence)s") % {"influence": contact.influence} if contact.influence else "",
        contact.get_sentiment_display() if contact.sentiment is not None else "",
        _("reports to %(name)s") % {"name": contact.reports_to} if contact.reports_to else "",
    ]
    return ", ".join(str(part) for part in parts if part)


def coverage_figures(coverage: Coverage, company: Any) -> list[dict[str, Any]]:
    """The coverage as figures, each with how it came about."""
    count, missing, days = len(coverage.contacts), coverage.missing_roles, coverage.after_days
    list_href = f"{reverse('customers:contact_list')}?customer={company.pk}"
    return [
        {
            "label": _("Roles missing"), "value": ui.number(len(missing)) if missing else _("None"),
            "hint": ", ".join(str(role.label) for role in missing), "kind": "warn" if missing and count else "", "href": "",
            "how": _("Of decision maker, champion, executive sponsor and user: those that no contact here has."),
        },
        {
            "label": _("Untouched for %(days)s days") % {"days": days}, "value": ui.number(len(coverage.untouched)),
            "hint": _("of %(count)s contacts") % {"count": ui.number(count)}, "kind": "warn" if coverage.untouched else "",
            "href": f"{list_href}&untouched=true" if coverage.untouched else "",
            "how": _("Contacts whom nobody has spoken to for %(days)s days or more, by the business's calendar, or never. The number of"
                     " days is a setting of the business.") % {"days": days},
        },
        {
            "label": _("Threads"), "value": ui.number(len(coverage.engaged)),
            "hint": _("Single-threaded") if coverage.single_threaded else "", "kind": "bad" if coverage.single_threaded else "", "href": "",
            "how": _("Contacts who were spoken to in the last %(days)s days and don't feel badly about us; unknown sentiment counts as"
                     " neutral. With fewer than two, the relationship hangs on one person: it is single-threaded.") % {"days": days},
        },
        {
            "label": _("Champion strength"), "value": "—" if coverage.champion_strength is None else ui.number(coverage.champion_strength),
            "hint": str(coverage.champion or _("No champion")), "href": _href(coverage.champion) if coverage.champion else "", "kind": "",
            "how": _("0 to 100, of the strongest champion: 100 × influence ÷ 5 × (sentiment + 2) ÷ 4, halved when untouched for %(days)s"
                     " days. Unknown influence counts as 3, unknown sentiment as neutral (0).") % {"days": days},
        },
    ]  # fmt: skip


class ContactCreate(OneCustomer, FormPage):
    permission = "customers.change"
    title = gettext_lazy("Add a contact")
    submit_label = gettext_lazy("Add contact")
    success_message = gettext_lazy("The contact was added.")
    form_class = ContactForm

    def get_title(self) -> Any:
        return _("Add a contact of %(company)s") % {"company": self.customer}

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return ContactForm(data, files, actor=self.actor, business=self.business, company=self.customer)

    def perform(self, version: str = "", **data: Any) -> Contact:
        return services.add_contact(actor=self.actor, customer=self.customer, **data)

    def profile_href(self) -> str:
        return reverse("customers:customer_contacts", args=[self.kwargs["pk"]])


class OneContact(Page):
    """A page about one contact of a company that the actor may see; 404 for any other."""

    abstract = True
    permission = ""

    @cached_property
    def contact(self) -> Contact:
        rows = Contact.objects.visible_to(self.actor).select_related("customer", "business", "reports_to")
        found: Contact = self.one(rows)
        saw(self.request, [found.customer_id])
        return found

    def breadcrumbs(self) -> list[dict[str, str]]:
        company = self.contact.customer
        crumbs = [
            {"label": _("Contacts"), "href": reverse("customers:contact_list")},
            {"label": str(company), "href": reverse("customers:customer_contacts", args=[company.pk])},
        ]
        if not isinstance(self, ContactDetail):
            crumbs.append({"label": str(self.contact), "href": _href(self.contact)})
        return crumbs

    def initial(self) -> dict[str, Any]:
        return {"version": version_of(self.contact)}

    def cancel_href(self) -> str:
        return _href(self.contact)

    def success_url(self, result: Any) -> str:
        return _href(self.contact)


class ContactDetail(OneContact):
    """One contact: who it is, what part it plays, who reports to it, and whether it is a customer too."""

    permission = "customers.view"
    title = gettext_lazy("A contact")
    template_name = "customers/contact_detail.html"

    def get_title(self) -> Any:
        return str(self.contact)

    def actions(self) -> list[dict[str, Any]]:
        contact = self.contact

        def deed(
            name: str, label: str, icon: str, kind: str = "secondary", permission: str = "customers.change"
        ) -> list[dict[str, Any]]:
            return self.action(
                permission, label, reverse(f"customers:contact_{name}", args=[contact.pk]), icon=icon, kind=kind
            )

        if contact.archived_at is not None:
            return deed("restore", _("Bring back"), "undo-2", "primary")
        return [
            *deed("archive", _("Left the company"), "log-out", "ghost"),
            *(deed("primary", _("Make first person to speak to"), "star", "ghost") if not contact.is_primary else []),
            *(
                deed("convert", _("Make a customer"), "user-plus", permission="customers.add")
                if contact.person_customer_id is None
                else []
            ),
            *deed("update", _("Edit"), "pencil", "primary"),
        ]

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        contact, at = self.contact, clock.now()
        may = self.actor.may("customers.change", self.business)
        days = days_since_touch(contact, self.business, at)
        person = self.person()
        return self.show(
            contact=contact, person=person, about=self.about(), badges=self.badges(), reports=list(self.reports()),
            champion=champion_strength(contact, is_touched=days is not None and days < untouched_after_days(self.business))
            if contact.role == ContactRole.CHAMPION else None,
            line=_("%(title)s at %(company)s") % {"title": contact.title or _("Contact"), "company": contact.customer},
            touch_href=reverse("customers:contact_touch", args=[contact.pk]) if may and contact.archived_at is None else "",
            unlink_href=reverse("customers:contact_unlink", args=[contact.pk]) if may and person else "",
        )  # fmt: skip

    def person(self) -> Any:
        """The contact's own customer record, if the actor may see it."""
        if self.contact.person_customer_id is None:
            return None
        rows = self.contact.customer.__class__.objects.visible_to(self.actor)
        found = rows.filter(pk=self.contact.person_customer_id).first()
        if found is not None:
            saw(self.request, [found.pk])
        return found

    def reports(self) -> QuerySet:
        return Contact.objects.live().filter(reports_to=self.contact).order_by("sort_name", "pk")[:50]

    def badges(self) -> SafeString:
        contact = self.contact
        badges = [ui.badge(contact.get_role_display(), "accent")] if contact.role else []
        badges.append(sentiment_badge(contact))
        if contact.is_primary:
            badges.append(ui.badge(_("First person to speak to"), "neutral", "star"))
        if contact.archived_at is not None:
            badges.append(ui.badge(_("Left the company"), "warn", "log-out"))
        return _joined(badges)

    def about(self) -> list[tuple[Any, Any]]:
        contact = self.contact
        boss = contact.reports_to
        company = reverse("customers:customer_detail", args=[contact.customer_id])
        return [
            (_("Company"), format_html('<a href="{}"><bdi>{}</bdi></a>', company, contact.customer)),
            (_("Job title"), contact.title),
            (_("Department"), contact.department),
            (_("E-mail"), contact.email),
            (_("Phone"), contact.phone),
            (_("Role"), contact.get_role_display()),
            (_("Influence"), influence_meter(contact)),
            (_("Sentiment"), sentiment_badge(contact)),
            (_("Reports to"), format_html('<a href="{}"><bdi>{}</bdi></a>', _href(boss), boss) if boss else ""),
            (_("Last touched"), ui.when(contact.last_touched_at) if contact.last_touched_at else _("never")),
            (_("Added"), ui.when(contact.created_at)),
            *([(_("Left"), ui.when(contact.archived_at, "day"))] if contact.archived_at else []),
        ]  # fmt: skip


def _joined(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join(" ", "{}", ((part,) for part in parts if part))


class ContactUpdate(OneContact, FormPage):
    permission = "customers.change"
    title = gettext_lazy("Edit a contact")
    form_class = ContactForm
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return _("Edit %(name)s") % {"name": self.contact}

    def initial(self) -> dict[str, Any]:
        return {**contact_initial(self.contact), **super().initial()}

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return ContactForm(
            data,
            files,
            initial=self.initial(),
            actor=self.actor,
            business=self.business,
            company=self.contact.customer,
            contact=self.contact,
        )

    def perform(self, **data: Any) -> Contact:
        return services.update_contact(actor=self.actor, contact=self.contact, **data)


class ContactTouch(OneContact, FormPage):
    permission = "customers.change"
    title = gettext_lazy("Spoken to a contact")
    form_class = TouchForm
    success_message = gettext_lazy("Noted.")

    def get_title(self) -> Any:
        return _("When was %(name)s spoken to?") % {"name": self.contact}

    def perform(self, **data: Any) -> Contact:
        return services.touch_contact(actor=self.actor, contact=self.contact, at=clock.now(), **data)


class ContactArchive(OneContact, FormPage):
    permission = "customers.change"
    title = gettext_lazy("A contact has left")
    description = gettext_lazy(
        "The contact goes from lists and from the map. Nothing is deleted, and you can bring it back at any time."
    )
    form_class = LeftForm
    submit_label = gettext_lazy("Left the company")
    success_message = gettext_lazy("Noted that the contact has left.")

    def get_title(self) -> Any:
        return _("Has %(name)s left the company?") % {"name": self.contact}

    def perform(self, **data: Any) -> Contact:
        return services.archive_contact(actor=self.actor, contact=self.contact, at=clock.now(), **data)


class ContactRestore(OneContact, DeedPage):
    permission = "customers.change"
    title = gettext_lazy("Bring a contact back")
    submit_label = gettext_lazy("Bring back")
    success_message = gettext_lazy("The contact is back.")

    def get_title(self) -> Any:
        return _("Bring %(name)s back?") % {"name": self.contact}

    def text(self) -> Any:
        return _("The contact returns to lists and to the map of the company.")

    def perform(self) -> Contact:
        return services.restore_contact(actor=self.actor, contact=self.contact)


class ContactPrimary(OneContact, DeedPage):
    permission = "customers.change"
    title = gettext_lazy("First person to speak to")
    submit_label = gettext_lazy("Make first person to speak to")
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return _("Speak to %(name)s first?") % {"name": self.contact}

    def text(self) -> Any:
        return _("One contact of a company has the mark. Whoever has it now loses it.")

    def perform(self) -> Contact:
        return services.make_primary(actor=self.actor, contact=self.contact)


class ContactConvert(OneContact, FormPage):
    permission = "customers.add"
    title = gettext_lazy("Make a contact a customer")
    description = gettext_lazy(
        "The contact stays with the company and gets a customer record of its own, with orders, preferences and consent."
    )
    form_class = ConvertForm
    submit_label = gettext_lazy("Make a customer")
    success_message = gettext_lazy("The contact is a customer now.")

    def get_title(self) -> Any:
        return _("Make %(name)s a customer") % {"name": self.contact}

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        people = same_people(self.actor, self.contact)
        saw(self.request, [one.pk for one in people])
        return ConvertForm(data, files, initial=self.initial(), actor=self.actor, business=self.business, people=people)

    def perform(self, **data: Any) -> Contact:
        return services.convert_contact(actor=self.actor, contact=self.contact, at=clock.now(), **data)


class ContactUnlink(OneContact, DeedPage):
    permission = "customers.change"
    title = gettext_lazy("Take a contact's customer record away")
    submit_label = gettext_lazy("Take the link away")
    success_message = gettext_lazy("The link is gone.")

    def get_title(self) -> Any:
        return _("Is the customer record not that of %(name)s?") % {"name": self.contact}

    def text(self) -> Any:
        return _("The link between the contact and the customer record goes; both stay.")

    def perform(self) -> Contact:
        return services.unlink_contact(actor=self.actor, contact=self.contact)
