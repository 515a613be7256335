"""The endpoint of the gate that is asked before anything is sent."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.fields import Flag, Input
from crm.api.representation import Representation, Shown
from crm.api.views import Doc
from customers import services
from customers.api.consents import Word
from customers.api.preferences import OfCustomer
from customers.choices import (
    Channel,
    MessageCategory,
    SendOutcome,
)
from customers.models import SendDecision
from customers.queries.sending import reason_words


class ReasonWords(Shown):
    """A stored reason of the gate, for people."""

    def value(self, row: Mapping[str, Any], business: Any) -> str:
        return reason_words(row[self.path])


DECISION = Representation(
    "SendDecision",
    [
        Shown("id", "id", "number"),
        Shown("customer", "customer", "id", _("Customer")),
        Shown("channel", "channel", "choice", _("Channel"), choices=Channel.choices),
        Shown("category", "category", "choice", _("What the message is about"), choices=MessageCategory.choices),
        Shown("outcome", "outcome", "choice", _("What to do"), choices=SendOutcome.choices),
        Shown("until", "until", "datetime", _("Ask again then, or put it into the digest of then"), nullable=True),
        Shown("reason", "reason", "text", _("Why"), example="allowed"),
        ReasonWords("reason_text", "reason", "text", _("Why, for people"), example="Nothing speaks against it."),
        Shown("asked_at", "asked_at", "datetime", _("When it was decided")),
    ],
)


class MaySendInput(Input):
    """A message that somebody is about to send."""

    channel = Word(choices=Channel.choices)
    category = Word(choices=MessageCategory.choices)
    is_digest = Flag(required=False, help_text=_("True for a digest itself, when it has come to its time."))


class CustomerMaySend(OfCustomer):
    """The gate that is asked before anything is sent."""

    representation = DECISION
    permissions = {"POST": "customers.change"}
    docs = {
        "POST": Doc(
            "may_send", _("Ask whether something may be sent"), answer=DECISION.serializer(), body=MaySendInput,
            body_example={"channel": "email", "category": "newsletter"}, answer_example=DECISION.sample(),
            text=_("The decision is stored. It holds for this message and this moment only; after waiting ask again."),
        )
    }  # fmt: skip

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.record
        values = self.body(MaySendInput)
        decision = services.may_send(actor=self.actor, customer=customer, at=clock.now(), **values)
        saw(request, [customer.pk])
        row = DECISION.one(SendDecision.objects.all(), decision.pk)
        return Response(DECISION.of(row, self.business))
