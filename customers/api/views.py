"""Endpoints of customers: the list, one customer, archive and restore."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import etag_of
from crm.api.views import Doc, RecordEndpoint
from customers import services
from customers.api.inputs import ArchiveInput, CustomerInput, NothingInput
from customers.api.representation import CUSTOMER
from customers.filters import customer_filterset
from customers.models import Customer
from customers.queries import matches_for, matching
from customers.registry import fields
from customers.services.customers import FIELDS

_ANSWER = CUSTOMER.serializer()
_SAMPLE = CUSTOMER.sample()
_BODY = {
    "kind": "person",
    "first_name": "Jordan",
    "last_name": "Smith",
    "email": "jordan@example.com",
    "country": "United Kingdom",
}
CustomerInput.computed = frozenset(CUSTOMER.shown) - frozenset(FIELDS)


class CustomerList(ListEndpoint):
    """Live customers, and adding one."""

    tag = "Customers"
    representation = CUSTOMER
    filterset_class = customer_filterset()
    sorts = {field.sort.key: field.sort for field in fields if field.sort}
    default_sort = "name"
    searchable = True
    has_version = True
    permissions = {"GET": "customers.view", "POST": "customers.add"}
    docs = {
        "GET": Doc(
            "list_customers",
            _("List, filter and search customers"),
            answer=envelope(CUSTOMER),
            answer_example=envelope_sample(CUSTOMER),
        ),
        "POST": Doc(
            "create_customer",
            _("Add a customer"),
            answer=_ANSWER,
            body=CustomerInput,
            status=201,
            body_example=_BODY,
            answer_example=_SAMPLE,
        ),
    }

    def rows(self) -> QuerySet:
        return Customer.objects.live().visible_to(self.actor).with_facts()

    def search(self, rows: QuerySet, words: str) -> QuerySet:
        limit = matches_for(self.actor)
        found = matching(words, limit)
        self.is_cut = len(found) >= limit
        return rows.filter(pk__in=found)

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["pk"] for row in rows])

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        values = self.body(CustomerInput)
        customer = services.create_customer(actor=self.actor, business=self.business, **values)
        row = CUSTOMER.one(Customer.objects.all(), customer.pk)
        saw(request, [customer.pk])
        headers = {"Location": reverse("api:customer_detail", args=[customer.pk]), "ETag": etag_of(row["updated_at"])}
        return Response(CUSTOMER.of(row, self.business), status=201, headers=headers)


class CustomerEndpoint(RecordEndpoint):
    """One customer that the caller may see."""

    abstract = True
    tag = "Customers"
    representation = CUSTOMER
    has_version = True

    def rows(self) -> QuerySet:
        return Customer.objects.visible_to(self.actor)

    def shown(self, row: dict[str, Any]) -> None:
        saw(self.request, [row["id"]])


class CustomerDetail(CustomerEndpoint):
    permissions = {"GET": "customers.view", "PATCH": "customers.change", "PUT": "customers.change"}
    _text = _("Only the fields in the body change; PUT and PATCH do the same.")
    docs = {
        "GET": Doc("get_customer", _("Get a customer"), answer=_ANSWER, answer_example=_SAMPLE),
        "PATCH": Doc(
            "change_customer",
            _("Change a customer"),
            answer=_ANSWER,
            body=CustomerInput,
            text=_text,
            body_example={"lifecycle_stage": "expansion"},
            answer_example=_SAMPLE,
        ),
        "PUT": Doc(
            "put_customer",
            _("Change a customer by PUT"),
            answer=_ANSWER,
            body=CustomerInput,
            text=_text,
            body_example={"city": "London"},
            answer_example=_SAMPLE,
        ),
    }

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer, version = self.record, self.asked_version()
        values = self.body(CustomerInput, partial=True)
        services.update_customer(actor=self.actor, customer=customer, version=version, **values)
        return self.show(Customer.objects.all())

    put = patch


class CustomerArchive(CustomerEndpoint):
    permissions = {"POST": "customers.archive"}
    docs = {
        "POST": Doc(
            "archive_customer",
            _("Archive a customer"),
            answer=_ANSWER,
            body=ArchiveInput,
            answer_example=_SAMPLE,
            body_example={"reason": "Moved away"},
            text=_("The customer leaves lists, counts and searches; nothing is deleted."),
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer, version = self.record, self.asked_version()
        values = self.body(ArchiveInput)
        services.archive_customer(actor=self.actor, customer=customer, at=clock.now(), version=version, **values)
        return self.show(Customer.objects.all())


class CustomerRestore(CustomerEndpoint):
    permissions = {"POST": "customers.archive"}
    docs = {
        "POST": Doc(
            "restore_customer",
            _("Bring an archived customer back"),
            answer=_ANSWER,
            body=NothingInput,
            answer_example=_SAMPLE,
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer, version = self.record, self.asked_version()
        self.body(NothingInput)
        services.restore_customer(actor=self.actor, customer=customer, version=version)
        return self.show()
