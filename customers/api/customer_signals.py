"""Endpoints of what was noticed at a customer."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm import clock
from crm.api.fields import Choice, Day, Input, Text, Whole
from crm.api.representation import Representation, Shown
from crm.paging import Sort
from customers import services
from customers.api.findings import (
    STAMPS,
    AllFindings,
    FindingEndpoint,
    FindingEndpoints,
    all_docs,
    list_docs,
    record_docs,
    source,
    today,
)
from customers.choices import SignalKind
from customers.filters import SignalFilterSet
from customers.models import Customer, Signal
from customers.services.findings import SIGNAL_FIELDS

SIGNAL = Representation(
    "Signal",
    [
        Shown("id", "id", "id"),
        Shown("customer", "customer", "id", _("Customer")),
        Shown("kind", "kind", "choice", _("What it speaks for"), choices=SignalKind.choices, example="buying"),
        Shown("strength", "strength", "number", _("From 1, weak, to 5, strong"), example=4),
        Shown("text", "text", "text", _("What was noticed"), example="Asked for a price list"),
        Shown("source", "source", "text", _("Where it was noticed"), example="Call of 31 January"),
        Shown("seen_on", "seen_on", "date", _("When it was noticed")),
        Shown("closed_on", "closed_on", "date", _("Since when it is no longer true"), nullable=True),
        *STAMPS,
    ],
)


class SignalInput(Input):
    """What may be entered of a signal."""

    computed = frozenset(SIGNAL.shown) - frozenset(SIGNAL_FIELDS)

    kind = Choice(choices=SignalKind.choices)
    strength = Whole(min_value=1, max_value=5, required=False, help_text=_("1 weak to 5 strong; 3 when left out."))
    text = Text(max_length=300)
    source = source()  # type: ignore[assignment]  # a field of the body
    seen_on = today()
    closed_on = Day(required=False, allow_null=True, help_text=_("Since when it is no longer true; null while it is."))


class CustomerSignals(FindingEndpoints):
    """What was noticed at a customer, closed signals included."""

    representation, model, form, detail = SIGNAL, Signal, SignalInput, "api:signal_detail"
    sorts = {"seen_on": Sort("seen_on", "seen_on", descending_first=True)}
    docs = list_docs(
        "signals", "signal", SIGNAL, SignalInput, {"kind": "buying", "strength": 4, "text": "Asked for a price list", "source": "Call"},
        _("List the signals of a customer"), _("Note a signal of a customer"),
    )  # fmt: skip

    def add(self, customer: Customer, values: dict[str, Any]) -> Signal:
        return services.add_signal(actor=self.actor, customer=customer, at=clock.now(), **values)


class SignalList(AllFindings):
    """The signals of all customers that the caller sees."""

    representation, model, filterset_class = SIGNAL, Signal, SignalFilterSet
    sorts = {"seen_on": Sort("seen_on", "seen_on", descending_first=True)}
    docs = all_docs("signals", SIGNAL, _("List the signals of all customers"))


class SignalDetail(FindingEndpoint):
    representation, model, form = SIGNAL, Signal, SignalInput
    docs = record_docs(
        "signal", SIGNAL, SignalInput, {"strength": 5},
        _("Get a signal of a customer"), _("Change or close a signal of a customer"), _("Remove a signal of a customer"),
    )  # fmt: skip

    def change(self, record: Signal, values: dict[str, Any], version: str | None, at: datetime) -> Signal:
        return services.update_signal(actor=self.actor, signal=record, at=at, version=version, **values)

    def remove(self, record: Signal, version: str | None) -> None:
        services.remove_signal(actor=self.actor, signal=record, version=version)
