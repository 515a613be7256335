"""The human being behind customers of several businesses, seen only by those who work in the businesses."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from crm.actor import Actor
from crm.models import Business
from crm.scope import scope
from customers.models import Customer


@dataclass(frozen=True)
class Elsewhere:
    """Customers of the same person in the other businesses that the actor works in: those joined, and those that may be."""

    joined: tuple[Customer, ...] = ()
    alike: tuple[Customer, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.joined or self.alike)


@contextmanager
def workplaces(actor: Actor, permission: str) -> Iterator[None]:
    """Opens all businesses in which the actor, a person, holds the permission."""
    ids = [grant.business_id for grant in actor.grants if actor.may(permission, grant.business_id)]
    with scope(*ids):
        yield


def elsewhere(actor: Actor, customer: Customer) -> Elsewhere:
    """Where else the person or company is a customer, among businesses in which the actor sees it; by join or by the same e-mail
    address. Whom the actor may not change in both businesses is not offered to be joined."""
    others = [grant.business_id for grant in actor.grants if grant.business_id != customer.business_id]
    if not others:
        return Elsewhere()
    joined: tuple[Customer, ...] = ()
    if customer.person_id:
        with workplaces(actor, "customers.view"):
            rows = Customer.objects.live().visible_to(actor).select_related("business")
            rows = rows.filter(person=customer.person_id).exclude(business=customer.business_id)
            joined = tuple(rows.order_by("business__name", "pk")[:20])
    return Elsewhere(joined, tuple(joinable(actor, customer)))


def joinable(actor: Actor, customer: Customer) -> list[Customer]:
    """Live customers of the same kind and e-mail address in the other businesses where the actor may change customers."""
    if not customer.email_key or not actor.may("customers.change", customer.business_id):
        return []
    with workplaces(actor, "customers.change"):
        rows = Customer.objects.live().visible_to(actor).select_related("business")
        rows = rows.filter(email_key=customer.email_key, kind=customer.kind).exclude(business=customer.business_id)
        if customer.person_id:
            rows = rows.filter(person__isnull=True)
        return list(rows.order_by("business__name", "pk")[:20])


def customer_elsewhere(actor: Actor, pk: object, *, apart_from: Business) -> Customer | None:
    """The live customer of another business in which the actor may change it; None when there is none that it may see."""
    with workplaces(actor, "customers.change"):
        rows = Customer.objects.live().visible_to(actor).select_related("business")
        found: Customer | None = rows.filter(pk=pk).exclude(business=apart_from).first()
        return found
