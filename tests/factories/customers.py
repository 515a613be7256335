"""Customers."""

from itertools import count
from typing import Any

from django.core.files.base import ContentFile

from crm import clock
from crm.actor import Actor
from crm.models import Business
from crm.scope import scope
from customers import services
from customers.models import Attachment, Contact, Customer, CustomField, Note, Tag

_numbers = count(1)


def make_customer(business: Business, **fields: Any) -> Customer:
    number = next(_numbers)
    defaults = {
        "kind": "person",
        "first_name": "Jordan",
        "last_name": f"Smith {number}",
        "email": f"jordan{number}@acme.example",
    }
    if fields.get("kind") == "company":
        defaults = {"display_name": f"Acme Corp {number}", "email": f"office{number}@acme.example"}
    with scope(business):
        customer = services.create_customer(
            actor=Actor.system("test"), business=business, at=clock.now(), **{**defaults, **fields}
        )
        return Customer.objects.select_related("facts", "business").get(pk=customer.pk)


def make_tag(business: Business, name: str = "", **fields: Any) -> Tag:
    with scope(business):
        return services.create_tag(
            actor=Actor.system("test"), business=business, name=name or f"Tag {next(_numbers)}", **fields
        )


def make_custom_field(business: Business, **fields: Any) -> CustomField:
    """A field of customers, a text if nothing else is said; one that is chosen from has the choices a, b and c."""
    choices = ["a", "b", "c"] if fields.get("type", "text") in ("choice", "choices") else []
    defaults = {"key": f"field_{next(_numbers)}", "type": "text", "choices": choices}
    defaults["label"] = fields.get("key", "field").replace("_", " ").capitalize()
    with scope(business):
        return services.create_custom_field(
            actor=Actor.system("test"), business=business, even_so=True, **{**defaults, **fields}
        )


def make_note(
    customer: Customer, content: str = "Prefers a call.", *, actor: Actor | None = None, **fields: Any
) -> Note:
    with scope(customer.business):
        at = fields.pop("at", None) or clock.now()
        note = services.add_note(
            actor=actor or Actor.system("test"), customer=customer, at=at, content=content, **fields
        )
        return Note.objects.select_related("customer", "business").get(pk=note.pk)


def make_file(
    customer: Customer,
    name: str = "terms.txt",
    content: bytes = b"As agreed.",
    *,
    actor: Actor | None = None,
    **fields: Any,
) -> Attachment:
    with scope(customer.business):
        at = fields.pop("at", None) or clock.now()
        file = ContentFile(content, name=name)
        return services.attach_file(actor=actor or Actor.system("test"), customer=customer, file=file, at=at, **fields)


def make_contact(company: Customer, **fields: Any) -> Contact:
    """Somebody who works at the company, spoken to when `last_touched_at` says."""
    number = next(_numbers)
    touched = fields.pop("last_touched_at", None)
    defaults = {"first_name": "Dana", "last_name": f"Reyes {number}", "email": f"dana{number}@acme.example"}
    with scope(company.business):
        contact = services.add_contact(actor=Actor.system("test"), customer=company, **{**defaults, **fields})
        if touched is not None:
            Contact.objects.filter(pk=contact.pk).update(last_touched_at=touched)
        return Contact.objects.select_related("customer", "business").get(pk=contact.pk)
