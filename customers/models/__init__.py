"""What is stored of customers."""

from customers.models.bulk import BulkChange, BulkRun
from customers.models.contacts import Contact, Person
from customers.models.custom_fields import CustomField, UniqueCustomValue
from customers.models.customer import Customer
from customers.models.facts import CustomerFacts
from customers.models.imports import ImportChange, ImportJob, ImportRow
from customers.models.lifecycle import LifecycleChange
from customers.models.notes import Attachment, CustomerVisit, Note, NoteMention
from customers.models.phones import UniquePhone
from customers.models.preferences import CommunicationPreference, ConsentRecord, PrivacyRequest, SendDecision
from customers.models.qualification import CompetitorMention, IcpCriterion, Qualification, Signal, Technology
from customers.models.search import CustomerSearch
from customers.models.tags import CustomerTag, Tag
from customers.models.words import SearchWord

__all__ = [
    "Attachment",
    "BulkChange",
    "BulkRun",
    "CommunicationPreference",
    "CompetitorMention",
    "ConsentRecord",
    "Contact",
    "CustomField",
    "Customer",
    "CustomerFacts",
    "CustomerSearch",
    "CustomerTag",
    "CustomerVisit",
    "IcpCriterion",
    "ImportChange",
    "ImportJob",
    "ImportRow",
    "LifecycleChange",
    "Note",
    "NoteMention",
    "Person",
    "PrivacyRequest",
    "Qualification",
    "SearchWord",
    "SendDecision",
    "Signal",
    "Tag",
    "Technology",
    "UniqueCustomValue",
    "UniquePhone",
]
