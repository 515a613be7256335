"""Endpoints of contacts: all of them, those of one company, one contact."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.includes import Included, with_includes
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.views import Doc, RecordEndpoint, tag_of
from crm.paging import Sort
from customers import services
from customers.api.contact_fields import CONTACT, ContactInput, NewContactInput
from customers.api.ground import BelowCustomer, ShowsCustomers
from customers.api.representation import CUSTOMER
from customers.filters import ContactFilterSet
from customers.models import Contact, Customer
from customers.queries import matches_for
from customers.queries.contacts import MATCHES, matching_contacts

_ANSWER, _SAMPLE = CONTACT.serializer(), CONTACT.sample()


def _companies(view: Any, ids: set[Any]) -> dict[Any, Any]:
    found = CUSTOMER.read(Customer.objects.visible_to(view.actor).filter(pk__in=ids))
    return {row["id"]: CUSTOMER.of(row, view.business) for row in found}


INCLUDES = {
    "customer": Included(
        "customer", _("The company"), "customer", _companies, CUSTOMER.serializer(), permission="customers.view"
    )
}
_BODY = {
    "first_name": "Dana",
    "last_name": "Reyes",
    "title": "Head of operations",
    "role": "champion",
    "influence": 4,
    "sentiment": 1,
}


class ContactEndpoints(ShowsCustomers, ListEndpoint):
    """Lists of contacts."""

    abstract = True
    tag = "Contacts"
    representation = CONTACT
    filterset_class = ContactFilterSet
    sorts = {"name": Sort("name", "sort_name"), "created_at": Sort("created_at", "created_at", descending_first=True)}
    default_sort = "name"
    includes = INCLUDES
    searchable = True
    has_version = True
    permissions = {"GET": "customers.view", "POST": "customers.change"}

    def rows(self) -> QuerySet:
        return Contact.objects.live().of_live().visible_to(self.actor)

    def needs(self) -> set[str]:
        return {"customer"}

    def search(self, rows: QuerySet, words: str) -> QuerySet:
        limit = max(MATCHES, matches_for(self.actor))
        found = matching_contacts(words, limit)
        self.is_cut = len(found) >= limit
        return rows.filter(pk__in=found)

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["customer"] for row in rows])

    def made(self, company: Customer, values: dict[str, Any]) -> Response:
        contact = services.add_contact(actor=self.actor, customer=company, **values)
        row = CONTACT.one(Contact.objects.all(), contact.pk)
        saw(self.request, [company.pk])
        data = CONTACT.of(row, self.business)
        headers = {
            "Location": reverse("api:contact_detail", args=[contact.pk]),
            "ETag": tag_of(row["updated_at"], data),
        }
        return Response(data, status=201, headers=headers)


class ContactList(ContactEndpoints):
    """Everybody who works at a company that the caller sees, and adding one."""

    docs = {
        "GET": Doc(
            "list_contacts",
            _("List, filter and search contacts"),
            answer=envelope(CONTACT, INCLUDES),
            answer_example=envelope_sample(CONTACT),
        ),
        "POST": Doc(
            "create_contact",
            _("Add a contact"),
            answer=_ANSWER,
            body=NewContactInput,
            status=201,
            body_example={"customer": _SAMPLE["customer"], **_BODY},
            answer_example=_SAMPLE,
        ),
    }

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        values = self.body(NewContactInput)
        return self.made(values.pop("customer"), values)


class CustomerContacts(BelowCustomer, ContactEndpoints):
    """The contacts of one company, and adding one."""

    docs = {
        "GET": Doc(
            "list_contacts_of_customer",
            _("List the contacts of a company"),
            answer=envelope(CONTACT, INCLUDES),
            answer_example=envelope_sample(CONTACT),
        ),
        "POST": Doc(
            "create_contact_of_customer",
            _("Add a contact to a company"),
            answer=_ANSWER,
            body=ContactInput,
            status=201,
            body_example=_BODY,
            answer_example=_SAMPLE,
        ),
    }

    def rows(self) -> QuerySet:
        return Contact.objects.live().filter(customer=self.customer)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        company = self.customer
        self.refuse_parameters()
        return self.made(company, self.body(ContactInput))


class ContactEndpoint(ShowsCustomers, RecordEndpoint):
    """One contact of a company that the caller sees."""

    abstract = True
    tag = "Contacts"
    representation = CONTACT
    has_version = True

    def rows(self) -> QuerySet:
        return Contact.objects.visible_to(self.actor)

    def shown(self, row: dict[str, Any]) -> None:
        saw(self.request, [row["customer"]])


class ContactDetail(ContactEndpoint):
    includes = INCLUDES
    permissions = {
        "GET": "customers.view",
        "PATCH": "customers.change",
        "PUT": "customers.change",
        "DELETE": "customers.change",
    }
    _text = _("Only the fields in the body change; PUT and PATCH do the same.")
    docs = {
        "GET": Doc(
            "get_contact",
            _("Get a contact"),
            answer=with_includes(_ANSWER, INCLUDES.values()),
            answer_example=_SAMPLE,
        ),
        "PATCH": Doc(
            "change_contact",
            _("Change a contact"),
            answer=_ANSWER,
            body=ContactInput,
            text=_text,
            body_example={"sentiment": 2},
            answer_example=_SAMPLE,
        ),
        "PUT": Doc(
            "put_contact",
            _("Change a contact by PUT"),
            answer=_ANSWER,
            body=ContactInput,
            text=_text,
            body_example={"influence": 5},
            answer_example=_SAMPLE,
        ),
        "DELETE": Doc(
            "archive_contact",
            _("Note that a contact has left the company"),
            status=204,
            text=_("The contact goes from lists; nothing is deleted, and it can be restored."),
            problems=(409,),
        ),
    }

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        contact, version = self.record, self.asked_version()
        values = self.body(ContactInput, partial=True)
        services.update_contact(actor=self.actor, contact=contact, version=version, **values)
        return self.show()

    put = patch

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        contact, version = self.record, self.asked_version()
        services.archive_contact(actor=self.actor, contact=contact, at=clock.now(), version=version)
        return Response(status=204)
