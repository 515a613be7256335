"""Endpoints of deeds on one contact: back at the company, spoken to, made a customer, no longer that customer."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response

from crm import clock
from crm.api.views import Doc
from customers import services
from customers.api.contact_fields import CONTACT, ContactConvertInput, TouchInput
from customers.api.contacts import ContactEndpoint
from customers.api.inputs import NothingInput
from customers.choices import Kind

_ANSWER, _SAMPLE = CONTACT.serializer(), CONTACT.sample()


class ContactRestore(ContactEndpoint):
    permissions = {"POST": "customers.change"}
    docs = {
        "POST": Doc(
            "restore_contact",
            _("Bring a contact back who had left"),
            answer=_ANSWER,
            body=NothingInput,
            answer_example=_SAMPLE,
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        contact, version = self.record, self.asked_version()
        self.body(NothingInput)
        services.restore_contact(actor=self.actor, contact=contact, version=version)
        return self.show()


class ContactTouch(ContactEndpoint):
    permissions = {"POST": "customers.change"}
    docs = {
        "POST": Doc(
            "touch_contact",
            _("Note that a contact was spoken to"),
            answer=_ANSWER,
            body=TouchInput,
            body_example={"on": "2026-01-31"},
            answer_example=_SAMPLE,
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        contact, version = self.record, self.asked_version()
        values = self.body(TouchInput)
        services.touch_contact(actor=self.actor, contact=contact, at=clock.now(), version=version, **values)
        return self.show()


class ContactConvert(ContactEndpoint):
    permissions = {"POST": "customers.add"}
    docs = {
        "POST": Doc(
            "convert_contact",
            _("Make a contact a customer"),
            answer=_ANSWER,
            body=ContactConvertInput,
            body_example={},
            answer_example=_SAMPLE,
            text=_("Links the person's customer record, or makes one of the contact's name, e-mail address and phone."),
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        contact, version = self.record, self.asked_version()
        person = self.body(ContactConvertInput).get("customer")
        if person is not None and person.kind != Kind.PERSON:
            raise ValidationError(
                {"customer": [ErrorDetail(str(_("Choose a person; this customer is a company.")), code="invalid")]}
            )
        services.convert_contact(actor=self.actor, contact=contact, at=clock.now(), person=person, version=version)
        return self.show()


class ContactUnlink(ContactEndpoint):
    permissions = {"POST": "customers.change"}
    docs = {
        "POST": Doc(
            "unlink_contact",
            _("Take the customer record of a contact away from it"),
            answer=_ANSWER,
            body=NothingInput,
            answer_example=_SAMPLE,
            text=_("The contact and the customer stay; only the link between them goes."),
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        contact, version = self.record, self.asked_version()
        self.body(NothingInput)
        services.unlink_contact(actor=self.actor, contact=contact, version=version)
        return self.show()
