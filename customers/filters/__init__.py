"""The filters of customers, contacts and notes, shared by pages, the API, exports and saved views."""

from customers.filters.contacts import ContactFilterSet
from customers.filters.customers import (
    CUSTOM,
    customer_filterset,
    customers_matching,
    filterset_of,
    members,
    tags,
    teams,
)
from customers.filters.findings import CompetitorFilterSet, SignalFilterSet, TechnologyFilterSet
from customers.filters.notes import NoteFilterSet

__all__ = [
    "CUSTOM",
    "CompetitorFilterSet",
    "ContactFilterSet",
    "NoteFilterSet",
    "SignalFilterSet",
    "TechnologyFilterSet",
    "customer_filterset",
    "customers_matching",
    "filterset_of",
    "members",
    "tags",
    "teams",
]
