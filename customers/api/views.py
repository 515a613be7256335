"""Endpoints of customers: the list, one customer, archive, restore, and many changes at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.bulk import Action, BulkEndpoint, bulk_doc, bulk_input
from crm.api.includes import Included, Person, TeamName, load_people, load_teams, with_includes
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import RowsByKeys
from crm.api.views import Doc, tag_of
from crm.filters import StrictFilterSet
from customers import services
from customers.api.ground import CustomerEndpoint, ShowsCustomers
from customers.api.inputs import ArchiveInput, ConvertInput, CustomerInput, NewCustomerInput, NothingInput
from customers.api.privacy import ERASURE_DOC, PRIVACY_REQUEST
from customers.api.profile import PROFILE_FIELDS, PROFILE_SAMPLE, profile_values
from customers.api.representation import CUSTOMER
from customers.filters import CUSTOM, customer_filterset, filterset_of
from customers.models import Customer, PrivacyRequest
from customers.queries import matches_for, matching
from customers.registry import fields, hidden_fields

ANSWER = type("CustomerProfile", (CUSTOMER.serializer(),), dict(PROFILE_FIELDS))
SAMPLE = CUSTOMER.sample() | PROFILE_SAMPLE
_BODY = {
    "kind": "person",
    "first_name": "Jordan",
    "last_name": "Smith",
    "email": "jordan@example.com",
    "country": "United Kingdom",
}
CustomerInput.computed = frozenset((*CUSTOMER.shown, *PROFILE_FIELDS)) - frozenset(CustomerInput().fields)
INCLUDES = {
    "owner": Included("owner", _("The member who looks after the customer"), "owner", load_people, Person),
    "team": Included("team", _("The team that does"), "team", load_teams, TeamName),
}


class CustomerList(ShowsCustomers, ListEndpoint):
    """Live customers, and adding one."""

    tag = "Customers"
    representation = CUSTOMER
    filterset_class = customer_filterset()
    sorts = {field.sort.key: field.sort for field in fields if field.sort}
    default_sort = "name"
    includes = INCLUDES
    searchable = True
    by_keys = RowsByKeys(CUSTOMER, lambda: Customer.objects.all())
    has_version = True
    permissions = {"GET": "customers.view", "POST": "customers.add"}
    docs = {
        "GET": Doc(
            "list_customers",
            _("List, filter and search customers"),
            answer=envelope(CUSTOMER, INCLUDES),
            answer_example=envelope_sample(CUSTOMER),
        ),
        "POST": Doc(
            "create_customer",
            _("Add a customer"),
            answer=ANSWER,
            body=NewCustomerInput,
            status=201,
            text=_("A person needs an e-mail address or a phone number; with neither the answer is 400, naming email."),
            body_example=_BODY,
            answer_example=SAMPLE,
        ),
    }

    def rows(self) -> QuerySet:
        return Customer.objects.live().visible_to(self.actor)

    def filterset(self, query: QueryDict) -> type[StrictFilterSet]:
        """With the business's own fields, when the address names one."""
        if any(name.startswith(CUSTOM) for name in query):
            return filterset_of(self.actor, self.business)
        return customer_filterset(hidden_fields(self.actor, self.business))

    def search(self, rows: QuerySet, words: str) -> QuerySet:
        limit = matches_for(self.actor)
        found = matching(words, limit)
        self.is_cut = len(found) >= limit
        return rows.filter(pk__in=found)

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["pk"] for row in rows])

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.add(self.body(NewCustomerInput))

    def add(self, values: dict[str, Any]) -> Response:
        """Add a customer of these values and show it."""
        customer = services.create_customer(actor=self.actor, business=self.business, at=clock.now(), **values)
        row = CUSTOMER.one(Customer.objects.all(), customer.pk)
        saw(self.request, [customer.pk])
        data = CUSTOMER.of(row, self.business) | profile_values(self.actor, customer.pk, self.business)
        headers = {
            "Location": reverse("api:customer_detail", args=[customer.pk]),
            "ETag": tag_of(row["updated_at"], data),
        }
        return Response(data, status=201, headers=headers)


class CustomerDetail(CustomerEndpoint):
    includes = INCLUDES
    permissions = {
        "GET": "customers.view",
        "PATCH": "customers.change",
        "PUT": "customers.change",
        "DELETE": "customers.request_erasure",
    }
    _text = _("Only the fields in the body change; PUT and PATCH do the same.")
    docs = {
        "GET": Doc(
            "get_customer",
            _("Get a customer"),
            answer=with_includes(ANSWER, INCLUDES.values()),
            answer_example=SAMPLE,
        ),
        "PATCH": Doc(
            "change_customer",
            _("Change a customer"),
            answer=ANSWER,
            body=CustomerInput,
            text=_text,
            body_example={"lifecycle_stage": "expansion"},
            answer_example=SAMPLE,
        ),
        "PUT": Doc(
            "put_customer",
            _("Change a customer by PUT"),
            answer=ANSWER,
            body=CustomerInput,
            text=_text,
            body_example={"city": "London"},
            answer_example=SAMPLE,
        ),
        "DELETE": ERASURE_DOC,
    }

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer, version = self.record, self.asked_version()
        values = self.body(CustomerInput, partial=True)
        services.update_customer(actor=self.actor, customer=customer, at=clock.now(), version=version, **values)
        return self.show(Customer.objects.all())

    put = patch

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        found = services.request_erasure(
            actor=self.actor, customer=self.record, at=clock.now(), version=self.asked_version()
        )
        saw(request, [found.customer_id])
        row = PRIVACY_REQUEST.one(PrivacyRequest.objects.all(), found.pk)
        location = reverse("api:privacy_request_detail", args=[found.pk])
        return Response(PRIVACY_REQUEST.of(row, self.business), status=202, headers={"Location": location})


class CustomerConvert(CustomerEndpoint):
    permissions = {"POST": "customers.change"}
    docs = {
        "POST": Doc(
            "convert_customer",
            _("Mark a prospect as a customer"),
            answer=ANSWER,
            body=ConvertInput,
            answer_example=SAMPLE,
            body_example={"stage": "onboarding"},
            text=_("Active unless the body says otherwise; a customer since today unless another day is known."),
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer, version = self.record, self.asked_version()
        values = self.body(ConvertInput)
        services.mark_as_customer(actor=self.actor, customer=customer, at=clock.now(), version=version, **values)
        return self.show(Customer.objects.all())


class CustomerArchive(CustomerEndpoint):
    permissions = {"POST": "customers.archive"}
    docs = {
        "POST": Doc(
            "archive_customer",
            _("Archive a customer"),
            answer=ANSWER,
            body=ArchiveInput,
            answer_example=SAMPLE,
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
            answer=ANSWER,
            body=NothingInput,
            answer_example=SAMPLE,
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer, version = self.record, self.asked_version()
        self.body(NothingInput)
        services.restore_customer(actor=self.actor, customer=customer, version=version)
        return self.show()


def _create(view: Any, record: Any, version: str | None, values: dict[str, Any]) -> Customer:
    return services.create_customer(actor=view.actor, business=view.business, at=clock.now(), **values)


def _update(view: Any, record: Customer, version: str | None, values: dict[str, Any]) -> Customer:
    return services.update_customer(actor=view.actor, customer=record, at=clock.now(), version=version, **values)


def _archive(view: Any, record: Customer, version: str | None, values: dict[str, Any]) -> Customer:
    return services.archive_customer(actor=view.actor, customer=record, at=clock.now(), version=version, **values)


def _restore(view: Any, record: Customer, version: str | None, values: dict[str, Any]) -> Customer:
    return services.restore_customer(actor=view.actor, customer=record, version=version)


ACTIONS = {
    "create": Action("customers.add", NewCustomerInput, _create, makes=True),
    "update": Action("customers.change", CustomerInput, _update, partial=True),
    "archive": Action("customers.archive", ArchiveInput, _archive),
    "restore": Action("customers.archive", NothingInput, _restore),
}


class CustomerBulk(ShowsCustomers, BulkEndpoint):
    """Up to a thousand changes of customers at once."""

    tag = "Customers"
    representation = CUSTOMER
    noun = "customer"
    actions = ACTIONS
    body_class = bulk_input("Customer", ACTIONS)
    docs = {
        "POST": bulk_doc(
            "change_customers",
            _("Add, change, archive and restore many customers"),
            name="Customer",
            noun="customer",
            representation=CUSTOMER,
            body=body_class,
            body_example={
                "operations": [
                    {"action": "create", "data": _BODY | {"email": "sam@example.com"}},
                    {"action": "update", "id": SAMPLE["id"], "data": {"lifecycle_stage": "expansion"}},
                ]
            },
            answer_example={
                "data": [
                    {
                        "index": 0,
                        "action": "create",
                        "status": 201,
                        "id": SAMPLE["id"],
                        "customer": CUSTOMER.sample(),
                        "error": None,
                    }
                ],
                "succeeded": 1,
                "failed": 0,
            },
            text=_(
                "At most 1,000 operations and 10 MB, done in their order. Each has its own result, and one that is refused "
                "doesn't keep the others from being done, unless atomic is true: then the answer is 422 and nothing is changed. "
                "A person that is added needs an e-mail address or a phone number."
            ),
        )
    }

    def rows(self) -> QuerySet:
        return Customer.objects.visible_to(self.actor)

    def shown_rows(self, ids: set[Any]) -> QuerySet:
        return Customer.objects.filter(pk__in=ids)

    def shown(self, rows: list[dict[str, Any]]) -> None:
        saw(self.request, [row["id"] for row in rows])
