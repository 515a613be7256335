"""Joining the customers of several businesses that are one human being or company."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy

from crm import activity
from crm.actor import Actor
from crm.errors import DomainError, NotFound
from crm.models import Business
from crm.scope import scope
from customers.models import Customer, Person
from customers.queries.people import elsewhere


class JoinedAlready(DomainError):
    code = "joined_already"
    message = gettext_lazy("One of the two is joined with another record already. Part them first.")


class NotJoined(DomainError):
    code = "not_joined"
    message = gettext_lazy("This customer is joined with nobody.")


class NotTheSame(DomainError):
    status = 422
    field = "customer"
    code = "not_the_same"
    message = gettext_lazy("Only a person can be the same as a person, and a company the same as a company.")


class SameBusinessTwice(DomainError):
    status = 422
    field = "customer"
    code = "same_business"
    message = gettext_lazy("Both are customers of one business. Customers of different businesses can be joined.")


@transaction.atomic
def join_person(*, actor: Actor, customer: Customer, other: Customer) -> Person:
    """Note that customers of two businesses are the same person or company. Each business keeps its own record, and whoever works
    in one of them alone sees nothing of the other.

    Needs the permission to change customers in both. Raises NotAllowed, NotFound, NotTheSame, SameBusinessTwice, JoinedAlready.
    """
    places = [customer.business_id, other.business_id]
    if places[0] == places[1]:
        raise SameBusinessTwice
    for place in Business.objects.filter(pk__in=places):
        actor.require("customers.change", place)
    with scope(*places):
        both = _lock(actor, [customer.pk, other.pk])
        if both[0].kind != both[1].kind:
            raise NotTheSame
        known = {one.person_id for one in both if one.person_id}
        if len(known) == 2 or (known and both[0].person_id == both[1].person_id):
            raise JoinedAlready
        person = Person.objects.select_for_update().get(pk__in=known) if known else Person.objects.create()
        if Customer.objects.filter(person=person).exclude(pk__in=[one.pk for one in both]).exists():
            raise JoinedAlready
        for one in both:
            if one.person_id is None:
                one.person = person
                one.save(update_fields=["person"])
            _record("customers.person.noted", actor, one, person)
    return person


@transaction.atomic
def leave_person(*, actor: Actor, customer: Customer) -> None:
    """The customer is not the same as those it was joined with. Raises NotAllowed, NotFound, and NotJoined, also to those who see
    none of the others."""
    actor.require("customers.change", customer.business)
    locked = _lock(actor, [customer.pk])[0]
    if locked.person_id is None or not elsewhere(actor, locked).joined:
        raise NotJoined
    person = Person.objects.select_for_update().get(pk=locked.person_id)
    locked.person = None
    locked.save(update_fields=["person"])
    _record("customers.person.cleared", actor, locked, person)
    Person.objects.filter(pk=person.pk, customers__isnull=True).delete()


def _lock(actor: Actor, ids: list[Any]) -> list[Customer]:
    """The customers in the order of the ids, locked in that of their keys."""
    rows = Customer.objects.select_for_update(of=("self",), no_key=True).visible_to(actor).select_related("business")
    found = {row.pk: row for row in rows.filter(pk__in=ids).order_by("pk")}
    if len(found) < len(ids):
        raise NotFound
    return [found[pk] for pk in ids]


def _record(verb: str, actor: Actor, customer: Customer, person: Person) -> None:
    # names neither the other business nor its customer: the trail of each is read by people who know nothing of the other
    activity.record(
        verb,
        actor=actor,
        business=customer.business,
        subject=customer,
        about=customer.pk,
        payload={"person": str(person.pk)},
    )
