"""Companies that belong together: a company with its subsidiaries, and what their figures make together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q

from crm.actor import Actor
from customers.choices import Kind
from customers.models import Contact, Customer
from customers.registry import Field, fields

MOST = 200
"""How many companies are rolled up, the one that is asked about included."""
SHOWN = 10
_DEEPEST = 20
_BELOW = """
with recursive family (id, depth) as (
    select %(customer)s::uuid, 0
    union
    select c.id, f.depth + 1 from family f join customers_customer c on c.parent_id = f.id
    where c.business_id = %(business)s and c.is_live and f.depth < %(deepest)s
)
select id from family group by id order by min(depth), id limit %(most)s
"""


@dataclass(frozen=True)
class Relatives:
    """Customers that stand beside one on its profile, as far as the actor may see them."""

    named: dict[Any, Customer]
    """Those that its fields name: the parent company and who has referred it, by id."""
    children: list[Customer]
    has_more: bool


def relatives_of(actor: Actor, customer: Customer) -> Relatives:
    """Parent, subsidiaries (the first ten by name) and who has referred the customer: one query, none for a person whom nobody has."""
    named = [pk for pk in (customer.parent_id, customer.referred_by_id) if pk]
    if customer.kind == Kind.PERSON and not named:
        return Relatives({}, [], False)
    rows = Customer.objects.visible_to(actor).filter(Q(pk__in=named) | Q(parent=customer.pk, is_live=True))
    found = list(rows.with_facts().order_by("sort_name", "id")[: SHOWN + len(named) + 1])
    children = [row for row in found if row.parent_id == customer.pk]
    return Relatives({row.pk: row for row in found if row.pk in named}, children[:SHOWN], len(children) > SHOWN)


def family_of(actor: Actor, customer: Customer) -> tuple[list[Customer], bool]:
    """The customer and the subsidiaries below it that the actor may see, nearest first, and whether there are more than 200."""
    with connection.cursor() as cursor:
        cursor.execute(
            _BELOW,
            {"customer": customer.pk, "business": customer.business_id, "deepest": _DEEPEST, "most": MOST + 1},
        )
        ids = [row[0] for row in cursor.fetchall()]
    rows = Customer.objects.visible_to(actor).with_facts().select_related("business").in_bulk(ids[:MOST])
    return [rows[pk] for pk in ids[:MOST] if pk in rows], len(ids) > MOST


def people_of(actor: Actor, members: Sequence[Customer]) -> tuple[list[Customer], bool]:
    """The customer records of those who work at the companies, as far as the actor may see them, and whether there are more than
    200; one query."""
    contacts = Contact.objects.live().filter(customer__in=[member.pk for member in members])
    own = contacts.filter(person_customer__isnull=False).values("person_customer")
    rows = Customer.objects.live().visible_to(actor).filter(pk__in=own).select_related("business").order_by("pk")
    found = list(rows[: MOST + 1])
    return found[:MOST], len(found) > MOST


def family_value(field: Field, members: list[Customer]) -> Any:
    """What a figure is of all members together; None where there is nothing to add up."""
    column = field.path.removeprefix("facts__")
    values = [value for member in members if (value := getattr(member.facts, column)) is not None]
    if not values:
        return None
    if field.family == "sum":
        total: Decimal | int = sum(values)
        return total
    latest: datetime = max(values) if field.family == "latest" else min(values)
    return latest


def family_fields() -> list[Field]:
    """The figures that can be rolled up."""
    return [field for field in fields if field.family]
