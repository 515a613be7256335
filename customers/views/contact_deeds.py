"""Deeds on one contact: spoken to, left, back again, first to speak to, made a customer, no longer that customer."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock
from crm.access import saw
from crm.forms import DeedForm
from crm.pages import DeedPage, FormPage
from customers import services
from customers.forms import ConvertForm, LeftForm, TouchForm
from customers.models import Contact
from customers.queries.contacts import (
    same_people,
)
from customers.views.contacts import OneContact


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
