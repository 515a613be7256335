"""Endpoints of requests of customers about their own data."""

from collections.abc import Mapping, Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.fields import Input, Text
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, RecordEndpoint
from crm.filters import StrictFilterSet
from crm.paging import Sort
from customers import services
from customers.choices import PrivacyRequestKind, PrivacyRequestState
from customers.models import PrivacyRequest

PRIVACY_REQUEST = Representation(
    "PrivacyRequest",
    [
        Shown("id", "id", "id"),
        Shown("customer", "customer", "id", _("Customer; hidden until the request is decided")),
        Shown("kind", "kind", "choice", _("What is wanted"), choices=PrivacyRequestKind.choices),
        Shown("state", "state", "choice", _("State"), choices=PrivacyRequestState.choices),
        Shown("received_at", "received_at", "datetime", _("Received")),
        Shown("due_on", "due_on", "date", _("Due")),
        Shown("reason", "reason", "text", _("Reason")),
        Shown("requested_by", "requested_by", "user", _("Who has entered it"), nullable=True),
        Shown("decided_at", "decided_at", "datetime", _("Decided"), nullable=True),
        Shown("updated_at", "updated_at", "datetime", _("Changed")),
    ],
)
_ANSWER, _SAMPLE = PRIVACY_REQUEST.serializer(), PRIVACY_REQUEST.sample()
ERASURE_DOC = Doc(
    "request_erasure",
    _("Request the erasure of a customer"),
    answer=_ANSWER,
    status=202,
    answer_example=_SAMPLE,
    text=_(
        "The customer is hidden at once: from now on it is 404 for everybody. Nothing is erased yet; the answer is the request, which "
        "owners and compliance decide by its due day. To take a customer out of lists without that, archive it."
    ),
)


class DeclineInput(Input):
    reason = Text(max_length=500)


class RequestFilterSet(StrictFilterSet):
    state = django_filters.ChoiceFilter(label=_("State"), choices=PrivacyRequestState.choices)
    customer = django_filters.UUIDFilter(label=_("Customer"))

    class Meta:
        model = PrivacyRequest
        fields: list[str] = []


class PrivacyRequestList(ListEndpoint):
    """Requests for erasure, the latest first."""

    tag = "Privacy"
    representation = PRIVACY_REQUEST
    filterset_class = RequestFilterSet
    sorts = {"received_at": Sort("received_at", "received_at", descending_first=True)}
    default_sort = "-received_at"
    permissions = {"GET": "customers.decide_privacy"}
    docs = {
        "GET": Doc(
            "list_privacy_requests",
            _("List privacy requests"),
            answer=envelope(PRIVACY_REQUEST),
            answer_example=envelope_sample(PRIVACY_REQUEST),
        )
    }

    def rows(self) -> QuerySet:
        return PrivacyRequest.objects.all()

    def needs(self) -> set[str]:
        return {"pk", "customer"}

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["customer"] for row in rows])


class PrivacyRequestEndpoint(RecordEndpoint):
    """One request."""

    abstract = True
    tag = "Privacy"
    representation = PRIVACY_REQUEST
    has_version = True

    def rows(self) -> QuerySet:
        return PrivacyRequest.objects.select_related("business")

    def shown(self, row: dict[str, Any]) -> None:
        saw(self.request, [row["customer"]])

    def may_see_again(self, customers: Sequence[str]) -> bool:
        """Who decides requests sees all customers, hidden ones here."""
        return self.rows().filter(pk=self.kwargs["id"]).exists()


class PrivacyRequestDetail(PrivacyRequestEndpoint):
    permissions = {"GET": "customers.decide_privacy"}
    docs = {"GET": Doc("get_privacy_request", _("Get a privacy request"), answer=_ANSWER, answer_example=_SAMPLE)}

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()


class PrivacyRequestDecline(PrivacyRequestEndpoint):
    permissions = {"POST": "customers.decide_privacy"}
    docs = {
        "POST": Doc(
            "decline_privacy_request",
            _("Decline a privacy request"),
            answer=_ANSWER,
            body=DeclineInput,
            body_example={"reason": "The invoices must be kept until 2031"},
            answer_example={**_SAMPLE, "state": "declined", "decided_at": "2026-02-03T09:00:00Z"},
            text=_("The customer comes back as it was."),
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        record, version = self.record, self.asked_version()
        values = self.body(DeclineInput)
        services.decline_request(actor=self.actor, privacy_request=record, at=clock.now(), version=version, **values)
        return self.show()
