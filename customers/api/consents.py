"""Endpoints of consents: of all customers, of one, and recording one."""

from collections.abc import Mapping, Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.fields import Choice, Input, Moment, Text
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import Representation, Shown
from crm.api.views import Doc
from crm.filters import StrictFilterSet
from crm.paging import Sort
from customers import services
from customers.api.ground import BelowCustomer, ShowsCustomers
from customers.choices import (
    Channel,
    ConsentBasis,
    ConsentSource,
    ConsentState,
    MessageCategory,
)
from customers.forms.preferences import PURPOSES
from customers.models import ConsentRecord
from customers.services.preferences import Proof

CONSENT = Representation(
    "Consent",
    [
        Shown("id", "id", "number"),
        Shown("customer", "customer", "id", _("Customer")),
        Shown("purpose", "purpose", "choice", _("For"), choices=MessageCategory.choices),
        Shown("channel", "channel", "choice", _("On; empty: all channels"), choices=[("", ""), *Channel.choices]),
        Shown("state", "state", "choice", _("Given or withdrawn"), choices=ConsentState.choices),
        Shown("basis", "basis", "choice", _("Legal basis"), choices=ConsentBasis.choices),
        Shown("text_version", "text_version", "text", _("Version of the words shown"), example="web form 4"),
        Shown("evidence", "evidence", "text", _("How it is known"), example="Ticked on the web form"),
        Shown("source", "source", "choice", _("Where it came in"), choices=ConsentSource.choices),
        Shown("given_at", "given_at", "datetime", _("When it was given or withdrawn")),
        Shown("recorded_at", "recorded_at", "datetime", _("When it was entered")),
        Shown("recorded_by", "actor_label", "text", _("By"), example="Web shop"),
    ],
)


class Word(Choice):
    """One of fixed words, in capitals too."""

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(data.lower() if isinstance(data, str) else data)


class Evidence(Input):
    """How consent is known."""

    basis = Word(choices=ConsentBasis.choices, required=False)
    text_version = Text(max_length=80, allow_blank=True, required=False)
    evidence = Text(max_length=500, allow_blank=True, required=False)
    given_at = Moment(required=False, help_text=_("Default: now."))


def take_proof(values: dict[str, Any]) -> Proof:
    """Take the evidence out of the values of a body."""
    return Proof(
        **{name: values.pop(name) for name in ("basis", "text_version", "evidence", "given_at") if name in values}
    )


class ConsentInput(Evidence):
    """A consent that was given or withdrawn."""

    computed = frozenset({"id", "customer", "source", "recorded_at", "recorded_by"})

    purpose = Word(choices=PURPOSES)
    state = Word(choices=ConsentState.choices)
    channel = Word(choices=Channel.choices, allow_blank=True, required=False, help_text=_("Empty: all channels."))


class ConsentFilterSet(StrictFilterSet):
    purpose = django_filters.ChoiceFilter(label=_("For"), choices=MessageCategory.choices)
    channel = django_filters.ChoiceFilter(label=_("On"), choices=Channel.choices)
    state = django_filters.ChoiceFilter(label=_("Given or withdrawn"), choices=ConsentState.choices)

    class Meta:
        model = ConsentRecord
        fields: list[str] = []


class AllConsentFilterSet(ConsentFilterSet):
    customer = django_filters.UUIDFilter(label=_("Customer"))


class ConsentList(ShowsCustomers, ListEndpoint):
    """The records of consent of all customers, entered last first."""

    tag = "Preferences and consent"
    representation = CONSENT
    filterset_class = AllConsentFilterSet
    sorts = {"id": Sort("id", "id", descending_first=True)}
    default_sort = "-id"
    permissions = {"GET": "customers.view"}
    docs = {
        "GET": Doc(
            "list_all_consents", _("List consents"), answer=envelope(CONSENT), answer_example=envelope_sample(CONSENT),
            text=_("Records are never changed or deleted. Of a purpose and channel the one that was given last holds."),
        )
    }  # fmt: skip

    def rows(self) -> QuerySet:
        return ConsentRecord.objects.visible_to(self.actor)

    def needs(self) -> set[str]:
        return {"pk", "customer"}

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["customer"] for row in rows])


class CustomerConsents(BelowCustomer, ConsentList):
    """The records of consent of one customer, and adding one."""

    filterset_class = ConsentFilterSet
    permissions = {"GET": "customers.view", "POST": "customers.change"}
    docs = {
        "GET": Doc("list_consents", _("List a customer's consents"), answer=envelope(CONSENT), answer_example=envelope_sample(CONSENT)),
        "POST": Doc(
            "record_consent", _("Record that a customer gave or withdrew consent"), answer=CONSENT.serializer(), body=ConsentInput,
            status=201, answer_example=CONSENT.sample(),
            body_example={"purpose": "newsletter", "state": "given", "evidence": "Ticked on the web form", "text_version": "web form 4"},
            text=_("The preferences follow: what is consented to is turned on, what is withdrawn off. Consent needs evidence."),
        ),
    }  # fmt: skip

    def rows(self) -> QuerySet:
        return ConsentRecord.objects.filter(customer=self.customer)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.customer
        values = self.body(ConsentInput)
        record = services.record_consent(actor=self.actor, customer=customer, at=clock.now(), **values)
        saw(request, [customer.pk])
        row = CONSENT.one(ConsentRecord.objects.all(), record.pk)
        return Response(CONSENT.of(row, self.business), status=201)
