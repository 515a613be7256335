"""The people at companies: the list of all, one contact, and its forms."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock
from crm.access import saw
from crm.forms import DeedForm, version_of
from crm.markdown import rendered
from crm.pages import FormPage, ListPage, Page
from crm.tables import Column
from crm.templatetags import ui
from customers import services
from customers.choices import ContactRole
from customers.filters import ContactFilterSet
from customers.forms import ContactForm, contact_initial
from customers.models import Contact, Customer
from customers.queries import matches_for
from customers.queries.contacts import (
    MATCHES,
    champion_strength,
    days_since_touch,
    matching_contacts,
    untouched_after_days,
)
from customers.queries.notes import notes_about
from customers.tables import contact_columns, contact_href, influence_meter, sentiment_badge
from customers.views.profile import OneCustomer

_NOTES = 20


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
        return contact_href(row)

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        if narrowed:
            return super().empty_state(narrowed)
        return {
            "icon": "contact-round",
            "title": _("No contacts yet"),
            "text": _("Contacts are the people at a company. Open a company and add the first, or import a file of them."),
            "action": {"label": _("Companies"), "href": f"{reverse('customers:customer_list')}?kind=company"},
        }  # fmt: skip


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
            crumbs.append({"label": str(self.contact), "href": contact_href(self.contact)})
        return crumbs

    def initial(self) -> dict[str, Any]:
        return {"version": version_of(self.contact)}

    def cancel_href(self) -> str:
        return contact_href(self.contact)

    def success_url(self, result: Any) -> str:
        return contact_href(self.contact)


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
            notes=[{"note": note, "html": rendered(note.content)} for note in notes_about(contact, _NOTES)],
            notes_href=reverse("customers:customer_notes", args=[contact.customer_id]), note_href=self.note_href() if may else "",
        )  # fmt: skip

    def note_href(self) -> str:
        """Where a note about the contact is written; "" once it has left, and for archived companies."""
        contact = self.contact
        if contact.archived_at is not None or contact.customer.is_archived:
            return ""
        return f"{reverse('customers:note_create', args=[contact.customer_id])}?contact={contact.pk}"

    def person(self) -> Any:
        """The contact's own customer record, if the actor may see it."""
        if self.contact.person_customer_id is None:
            return None
        rows = Customer.objects.visible_to(self.actor)
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
            (_("Reports to"), format_html('<a href="{}"><bdi>{}</bdi></a>', contact_href(boss), boss) if boss else ""),
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
