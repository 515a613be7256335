"""Endpoints of our competitors at a customer."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm import clock
from crm.api.fields import Choice, Input, Text
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
from customers.choices import CompetitorStanding
from customers.filters import CompetitorFilterSet
from customers.models import CompetitorMention, Customer
from customers.services.findings import COMPETITOR_FIELDS

COMPETITOR = Representation(
    "Competitor",
    [
        Shown("id", "id", "id"),
        Shown("customer", "customer", "id", _("Customer")),
        Shown("name", "name", "text", _("Competitor"), example="Initech"),
        Shown("standing", "standing", "choice", _("Its standing there"), choices=CompetitorStanding.choices, example="evaluated"),
        Shown("note", "note", "text", _("Note")),
        Shown("source", "source", "text", _("How it is known"), example="Said by their buyer"),
        Shown("seen_on", "seen_on", "date", _("When it was noticed")),
        *STAMPS,
    ],
)  # fmt: skip


class CompetitorInput(Input):
    """What may be entered of a competitor."""

    computed = frozenset(COMPETITOR.shown) - frozenset(COMPETITOR_FIELDS)

    name = Text(max_length=120)
    standing = Choice(choices=CompetitorStanding.choices, required=False)
    note = Text(max_length=300, allow_blank=True, required=False)
    source = source()  # type: ignore[assignment]  # a field of the body
    seen_on = today()


class CustomerCompetitors(FindingEndpoints):
    """Our competitors at a customer."""

    representation, model, form, detail = COMPETITOR, CompetitorMention, CompetitorInput, "api:competitor_detail"
    sorts = {"seen_on": Sort("seen_on", "seen_on", descending_first=True)}
    docs = list_docs(
        "competitors", "competitor", COMPETITOR, CompetitorInput, {"name": "Initech", "standing": "evaluated", "source": "Their buyer"},
        _("List the competitors at a customer"), _("Note a competitor at a customer"),
    )  # fmt: skip

    def add(self, customer: Customer, values: dict[str, Any]) -> CompetitorMention:
        return services.add_competitor(actor=self.actor, customer=customer, at=clock.now(), **values)


class CompetitorList(AllFindings):
    """The competitors at all customers that the caller sees."""

    representation, model, filterset_class = COMPETITOR, CompetitorMention, CompetitorFilterSet
    sorts = {"seen_on": Sort("seen_on", "seen_on", descending_first=True)}
    docs = all_docs("competitors", COMPETITOR, _("List the competitors at all customers"))


class CompetitorDetail(FindingEndpoint):
    representation, model, form = COMPETITOR, CompetitorMention, CompetitorInput
    docs = record_docs(
        "competitor", COMPETITOR, CompetitorInput, {"standing": "incumbent"},
        _("Get a competitor at a customer"), _("Change a competitor at a customer"), _("Remove a competitor at a customer"),
    )  # fmt: skip

    def change(
        self, record: CompetitorMention, values: dict[str, Any], version: str | None, at: datetime
    ) -> CompetitorMention:
        return services.update_competitor(actor=self.actor, competitor=record, at=at, version=version, **values)

    def remove(self, record: CompetitorMention, version: str | None) -> None:
        services.remove_competitor(actor=self.actor, competitor=record, version=version)
