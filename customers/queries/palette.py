"""The few customers that are named where people look for somebody: by words, by id, and those opened last."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.folding import fold
from customers.models import Contact, Customer, CustomerVisit
from customers.queries.contacts import fitting_contacts
from customers.queries.search import matches_for, matching
from customers.registry import fields

RECENT = 50
"""How many of the profiles that somebody has opened last stand before others that fit as well."""
_FOUND_BY = """
select c.id, crm_fold(%(words)s), crm_fold(c.display_name), crm_fold(c.email), regexp_replace(c.phone, '[^0-9]', '', 'g'),
       crm_fold(c.external_id), crm_fold(c.first_name || ' ' || c.last_name), crm_fold(c.legal_name),
       (select t.name from customers_customertag l join customers_tag t on t.id = l.tag_id
        where l.customer_id = c.id and starts_with(crm_fold(t.name), crm_fold(%(words)s)) order by t.name limit 1)
from customers_customer c where c.id = any(%(ids)s)
"""


@dataclass(frozen=True)
class Hit:
    """A customer or contact that was found, and by what: the key of the field, and the value that fits."""

    customer: Any
    field: str
    value: str

    @property
    def label(self) -> str:
        """The field in words."""
        if self.field == "tag":
            return _("Tag")
        if self.field == "full_name":
            return _("First and last name")
        if self.field == "close":
            return _("Similar name")
        known = fields.get(self.field)
        return str(known.label) if known else ""


def fitting(actor: Actor, words: str, limit: int) -> list[Customer]:
    """The live customers that the actor may see and the words fit: those that it has opened lately first, then best first."""
    found = matching(words, matches_for(actor))
    rows = Customer.objects.live().visible_to(actor).filter(pk__in=found)
    if actor.kind == "user":
        own = CustomerVisit.objects.filter(user=actor.eyes, customer=OuterRef("pk")).values("seen_at")
        rows = rows.annotate(opened_at=Subquery(own))
    known = {row.pk: row for row in rows}
    best = [known[pk] for pk in found if pk in known]
    lately = sorted(
        (row for row in best if getattr(row, "opened_at", None)), key=lambda row: row.opened_at, reverse=True
    )
    return list(dict.fromkeys([*lately[:RECENT], *best]))[:limit]


def hits(actor: Actor, words: str, limit: int) -> list[Hit]:
    """The same with the field of each by which it was found."""
    customers = fitting(actor, words, limit)
    if not customers:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_FOUND_BY, {"words": words[:200], "ids": [row.pk for row in customers]})
        said = {row[0]: row[1:] for row in cursor.fetchall()}
    return [_hit(customer, *said[customer.pk]) for customer in customers]


def contact_hits(actor: Actor, words: str, limit: int) -> list[Hit]:
    """The contacts that the actor may see and the words fit, each with the field by which it was found."""
    text = fold(words[:200])
    return [_contact_hit(contact, text) for contact in fitting_contacts(actor, words, limit)]


def _contact_hit(contact: Contact, text: str) -> Hit:
    sought, number = _words(text), "".join(c for c in text if c.isdigit())
    name, email = contact.sort_name, contact.email_key
    if "@" in text and email.startswith(text):
        return Hit(contact, "email", contact.email)
    if name.startswith(text) or _begin_words_of(sought, name):
        return Hit(contact, "display_name", contact.display_name)
    if email.startswith(text) or _begin_words_of(sought, email):
        return Hit(contact, "email", contact.email)
    if len(number) >= 5 and number[-7:] in "".join(c for c in contact.phone if c.isdigit()):
        return Hit(contact, "phone", contact.phone)
    if _begin_words_of(sought, f"{name} {email}"):
        return Hit(contact, "display_name", contact.display_name)
    return Hit(contact, "close", contact.display_name)


def _hit(
    customer: Customer,
    text: str,
    name: str,
    email: str,
    digits: str,
    external_id: str,
    called: str,
    legal: str,
    tag: str | None,
) -> Hit:
    sought, number = _words(text), "".join(c for c in text if c.isdigit())
    if "@" in text and email.startswith(text):
        return Hit(customer, "email", customer.email)
    if name.startswith(text) or _begin_words_of(sought, name):
        return Hit(customer, "display_name", customer.display_name)
    if email.startswith(text) or _begin_words_of(sought, email):
        return Hit(customer, "email", customer.email)
    if len(number) >= 5 and number[-7:] in digits:
        return Hit(customer, "phone", customer.phone)
    if external_id.startswith(text) or _begin_words_of(sought, external_id):
        return Hit(customer, "external_id", customer.external_id)
    if tag is not None:
        return Hit(customer, "tag", tag)
    if _begin_words_of(sought, called):
        return Hit(customer, "full_name", f"{customer.first_name} {customer.last_name}".strip())
    if _begin_words_of(sought, legal):
        return Hit(customer, "legal_name", customer.legal_name)
    if _begin_words_of(sought, f"{name} {email} {external_id} {called} {legal}"):
        return Hit(customer, "display_name", customer.display_name)
    return Hit(customer, "close", customer.display_name)


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text).split()


def _begin_words_of(sought: list[str], text: str) -> bool:
    """Does each of the words begin one of the text?"""
    there = _words(text)
    return bool(sought) and all(any(word.startswith(part) for word in there) for part in sought)


def named(actor: Actor, ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of those of the customers that the actor may see, archived ones included."""
    return dict(Customer.objects.visible_to(actor).filter(pk__in=list(ids)).values_list("pk", "display_name"))


def opened_last(actor: Actor, limit: int) -> list[Customer]:
    """The customers whose profiles the actor has opened last, the latest first."""
    ids = _visited(actor)
    known = {row.pk: row for row in Customer.objects.live().visible_to(actor).filter(pk__in=ids[: limit * 2])}
    return [known[pk] for pk in ids if pk in known][:limit]


def _visited(actor: Actor) -> list[UUID]:
    if actor.kind != "user":
        return []
    visits: Any = CustomerVisit.objects.filter(user=actor.eyes).order_by("-seen_at")
    return list(visits.values_list("customer_id", flat=True)[:RECENT])
