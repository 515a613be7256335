"""Endpoints of contacts: all of them, those of one company, one contact with its deeds, the stakeholders of a company, and the person
behind customers of several businesses."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response

from crm import clock
from crm.access import record_access, saw
from crm.api.fields import Choice, Day, Email, Flag, Id, Input, Text, Whole
from crm.api.includes import Included, with_includes
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, RecordEndpoint, tag_of
from crm.errors import NotFound
from crm.paging import Sort
from customers import services
from customers.api.inputs import NothingInput
from customers.api.representation import CUSTOMER
from customers.api.views import CustomerEndpoint, ShowsCustomers
from customers.choices import ContactRole, Influence, Kind, Sentiment
from customers.forms.contact_filters import ContactFilterSet
from customers.models import Contact, Customer
from customers.queries import matches_for
from customers.queries.contacts import MATCHES, days_since_touch, matching_contacts, stakeholder_coverage
from customers.queries.people import customer_elsewhere
from customers.services.contacts import CONTACT_FIELDS, NotACompany

_ROLES: Any = [("", ""), *ContactRole.choices]
CONTACT = Representation(
    "Contact",
    [
        Shown("id", "id", "id"),
        Shown("customer", "customer", "id", _("The company at which the contact works")),
        Shown("display_name", "display_name", "text", _("Name"), example="Dana Reyes"),
        Shown("first_name", "first_name", "text", _("First name"), example="Dana"),
        Shown("last_name", "last_name", "text", _("Last name"), example="Reyes"),
        Shown("title", "title", "text", _("Job title"), example="Head of operations"),
        Shown("department", "department", "text", _("Department"), example="Operations"),
        Shown("email", "email", "text", _("E-mail"), example="dana@acme.example"),
        Shown("phone", "phone", "text", _("Phone"), example="+44 20 7946 0018"),
        Shown("role", "role", "choice", _("What part the contact plays"), choices=_ROLES, example="champion"),
        Shown("influence", "influence", "number", _("From 1, lowest, to 5, highest"), nullable=True, example=4),
        Shown("sentiment", "sentiment", "number", _("From -2, against us, to 2, advocate"), nullable=True, example=1),
        Shown(
            "reports_to",
            "reports_to",
            "id",
            _("The contact of the same company to whom this one reports"),
            nullable=True,
        ),
        Shown("is_primary", "is_primary", "boolean", _("First person to speak to"), example=False),
        Shown("last_touched_at", "last_touched_at", "datetime", _("Last spoken to"), nullable=True),
        Shown("person_customer", "person_customer", "id", _("The contact's own customer record"), nullable=True),
        Shown("archived_at", "archived_at", "datetime", _("Left the company"), nullable=True),
        Shown("created_at", "created_at", "datetime", _("Added")),
        Shown("updated_at", "updated_at", "datetime", _("Changed")),
    ],
)
_ANSWER, _SAMPLE = CONTACT.serializer(), CONTACT.sample()


class CompanyId(Id):
    """The id of a customer that the caller sees; becomes the customer."""

    default_error_messages = {"unknown_id": _("There is no such customer in this business.")}

    def to_internal_value(self, data: Any) -> Any:
        pk = super().to_internal_value(data)
        rows = Customer.objects.visible_to(self.context["view"].actor)
        return rows.filter(pk=pk).first() or self.fail("unknown_id")


class ContactId(Id):
    """The id of a contact of a company that the caller sees; becomes the contact."""

    default_error_messages = {"unknown_id": _("There is no such contact of this company.")}

    def to_internal_value(self, data: Any) -> Any:
        pk = super().to_internal_value(data)
        rows = Contact.objects.visible_to(self.context["view"].actor)
        return rows.filter(pk=pk).first() or self.fail("unknown_id")


class ContactInput(Input):
    """What may be entered of a contact. A name is needed."""

    computed = frozenset(CONTACT.shown) - frozenset(CONTACT_FIELDS) - {"customer"}

    display_name = Text(
        max_length=200, allow_blank=True, required=False, help_text=_("First and last name when empty.")
    )
    first_name = Text(max_length=100, allow_blank=True, required=False)
    last_name = Text(max_length=100, allow_blank=True, required=False)
    title = Text(max_length=120, allow_blank=True, required=False)
    department = Text(max_length=120, allow_blank=True, required=False)
    email = Email(max_length=254, allow_blank=True, required=False)
    phone = Text(max_length=40, allow_blank=True, required=False)
    role = Choice(choices=ContactRole.choices, allow_blank=True, required=False)
    influence = Whole(min_value=min(Influence), max_value=max(Influence), allow_null=True, required=False)
    sentiment = Whole(min_value=min(Sentiment), max_value=max(Sentiment), allow_null=True, required=False)
    reports_to = ContactId(allow_null=True, required=False, help_text=_("Id of another contact of the company."))
    is_primary = Flag(required=False, help_text=_("Whoever has the mark so far loses it."))


class NewContactInput(ContactInput):
    customer = CompanyId(help_text=_("Id of the company at which the contact works."))


class LeftInput(Input):
    reason = Text(max_length=500, allow_blank=True, required=False)


class TouchInput(Input):
    on = Day(
        required=False, allow_null=True, help_text=_("The day on which the contact was spoken to; today when left out.")
    )


class ContactConvertInput(Input):
    customer = CompanyId(
        required=False,
        allow_null=True,
        help_text=_("Id of the person's customer record; a new one is made when left out."),
    )


class JoinInput(Input):
    customer = Id(help_text=_("Id of a customer of another business in which the caller may change customers."))


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


class CustomerContacts(ContactEndpoints):
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

    @property
    def company(self) -> Customer:
        found: Customer | None = Customer.objects.visible_to(self.actor).filter(pk=self.kwargs["id"]).first()
        if found is None:
            raise NotFound
        return found

    def rows(self) -> QuerySet:
        return Contact.objects.live().filter(customer=self.company)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        company = self.company
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


class StakeholderShape(serializers.Serializer):
    id = serializers.UUIDField()
    display_name = serializers.CharField()
    role = serializers.ChoiceField(choices=_ROLES)
    influence = serializers.IntegerField(allow_null=True)
    sentiment = serializers.IntegerField(allow_null=True)
    reports_to = serializers.UUIDField(allow_null=True)
    days_since_touch = serializers.IntegerField(allow_null=True, help_text=_("Null when never spoken to."))


class CoverageShape(serializers.Serializer):
    contacts = StakeholderShape(many=True)
    untouched_after_days = serializers.IntegerField(help_text=_("A setting of the business."))
    missing_roles = serializers.ListField(child=serializers.ChoiceField(choices=ContactRole.choices))
    untouched = serializers.ListField(
        child=serializers.UUIDField(), help_text=_("Not spoken to for so many days, or never.")
    )
    engaged = serializers.ListField(
        child=serializers.UUIDField(),
        help_text=_("Spoken to since, and of a sentiment of at least 0; unknown counts as 0."),
    )
    single_threaded = serializers.BooleanField(help_text=_("There are contacts, and fewer than two are engaged."))
    champion = serializers.UUIDField(allow_null=True, help_text=_("The strongest champion."))
    champion_strength = serializers.IntegerField(
        allow_null=True,
        help_text=_(
            "0 to 100: 100 × influence ÷ 5 × (sentiment + 2) ÷ 4, halved when untouched; unknown influence counts as 3."
        ),
    )


class CustomerStakeholders(CustomerEndpoint):
    """How well the people of a company are covered, and what the map of them is drawn from."""

    tag = "Contacts"
    has_version = False
    permissions = {"GET": "customers.view"}
    docs = {
        "GET": Doc(
            "get_stakeholders",
            _("Get the stakeholders of a company and how they are covered"),
            answer=CoverageShape,
            answer_example={
                "contacts": [
                    {
                        "id": _SAMPLE["id"], "display_name": "Dana Reyes", "role": "champion", "influence": 4, "sentiment": 1,
                        "reports_to": None, "days_since_touch": 12,
                    }
                ],
                "untouched_after_days": 60,
                "missing_roles": ["decision_maker", "executive_sponsor", "user"],
                "untouched": [],
                "engaged": [_SAMPLE["id"]],
                "single_threaded": True,
                "champion": _SAMPLE["id"],
                "champion_strength": 60,
            },
            text=_("Of a company with very many contacts, the 300 most influential."),
            problems=(422,),
        )
    }  # fmt: skip

    def rows(self) -> QuerySet:
        return super().rows().select_related("business")

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        company = self.record
        self.refuse_parameters()
        if company.kind != Kind.COMPANY:
            raise NotACompany
        at = clock.now()
        coverage = stakeholder_coverage(company, at)
        saw(request, [company.pk])
        return Response(
            {
                "contacts": [
                    {
                        "id": c.pk, "display_name": c.display_name, "role": c.role, "influence": c.influence, "sentiment": c.sentiment,
                        "reports_to": c.reports_to_id, "days_since_touch": days_since_touch(c, self.business, at),
                    }
                    for c in coverage.contacts
                ],
                "untouched_after_days": coverage.after_days,
                "missing_roles": list(coverage.missing_roles),
                "untouched": [c.pk for c in coverage.untouched],
                "engaged": [c.pk for c in coverage.engaged],
                "single_threaded": coverage.single_threaded,
                "champion": coverage.champion.pk if coverage.champion else None,
                "champion_strength": coverage.champion_strength,
            }
        )  # fmt: skip


class CustomerPerson(CustomerEndpoint):
    """Which customers of other businesses are the same person or company."""

    permissions = {"POST": "customers.change", "DELETE": "customers.change"}
    docs = {
        "POST": Doc(
            "join_person",
            _("Note that a customer of another business is the same"),
            body=JoinInput,
            body_example={"customer": _SAMPLE["id"]},
            status=204,
            text=_("For people who may change customers in both businesses. Each keeps its own record."),
            problems=(409, 422),
        ),
        "DELETE": Doc("leave_person", _("Part a customer from those of other businesses"), status=204, problems=(409,)),
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.record
        pk = self.body(JoinInput)["customer"]
        other = customer_elsewhere(self.actor, pk, apart_from=self.business)
        if other is None:
            raise ValidationError(
                {
                    "customer": [
                        ErrorDetail(
                            str(_("There is no such customer in another of your businesses.")), code="unknown_id"
                        )
                    ]
                }
            )
        record_access(actor=self.actor, business=other.business, what="api:customer_person", customer_ids=[other.pk])
        services.join_person(actor=self.actor, customer=customer, other=other)
        return Response(status=204)

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        services.leave_person(actor=self.actor, customer=self.record)
        return Response(status=204)
