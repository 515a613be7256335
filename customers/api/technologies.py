"""Endpoints of what a customer works with."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm import clock
from crm.api.fields import Input, Text
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
from customers.filters import TechnologyFilterSet
from customers.models import Customer, Technology
from customers.services.findings import TECHNOLOGY_FIELDS

TECHNOLOGY = Representation(
    "Technology",
    [
        Shown("id", "id", "id"),
        Shown("customer", "customer", "id", _("Customer")),
        Shown("name", "name", "text", _("What the customer works with"), example="PostgreSQL"),
        Shown("category", "category", "text", _("Category"), example="Database"),
        Shown("source", "source", "text", _("How it is known"), example="Job advertisement"),
        Shown("first_seen_on", "first_seen_on", "date", _("First seen")),
        Shown("last_seen_on", "last_seen_on", "date", _("Last seen")),
        *STAMPS,
    ],
)


class TechnologyInput(Input):
    """What may be entered of a technology."""

    computed = frozenset(TECHNOLOGY.shown) - frozenset(TECHNOLOGY_FIELDS)

    name = Text(max_length=80)
    category = Text(max_length=80, allow_blank=True, required=False)
    source = source()  # type: ignore[assignment]  # a field of the body
    first_seen_on = today()
    last_seen_on = today()


class CustomerTechnologies(FindingEndpoints):
    """What a customer works with."""

    representation, model, form, detail = TECHNOLOGY, Technology, TechnologyInput, "api:technology_detail"
    sorts = {"name": Sort("name", "name"), "last_seen_on": Sort("last_seen_on", "last_seen_on", descending_first=True)}
    default_sort = "name"
    docs = list_docs(
        "technologies", "technology", TECHNOLOGY, TechnologyInput, {"name": "PostgreSQL", "source": "Job advertisement"},
        _("List the technologies of a customer"), _("Note a technology of a customer"),
    )  # fmt: skip

    def add(self, customer: Customer, values: dict[str, Any]) -> Technology:
        return services.add_technology(actor=self.actor, customer=customer, at=clock.now(), **values)


class TechnologyList(AllFindings):
    """The technologies of all customers that the caller sees."""

    representation, model, filterset_class = TECHNOLOGY, Technology, TechnologyFilterSet
    sorts = {"last_seen_on": Sort("last_seen_on", "last_seen_on", descending_first=True)}
    default_sort = "-last_seen_on"
    docs = all_docs("technologies", TECHNOLOGY, _("List the technologies of all customers"))


class TechnologyDetail(FindingEndpoint):
    representation, model, form = TECHNOLOGY, Technology, TechnologyInput
    docs = record_docs(
        "technology", TECHNOLOGY, TechnologyInput, {"category": "Database"},
        _("Get a technology of a customer"), _("Change a technology of a customer"), _("Remove a technology of a customer"),
    )  # fmt: skip

    def change(self, record: Technology, values: dict[str, Any], version: str | None, at: datetime) -> Technology:
        return services.update_technology(actor=self.actor, technology=record, at=at, version=version, **values)

    def remove(self, record: Technology, version: str | None) -> None:
        services.remove_technology(actor=self.actor, technology=record, version=version)
