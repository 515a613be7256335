"""What the ids in changes of records stand for: people, teams, customers and contacts, by their names as they are now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.translation import gettext_lazy

from crm.actor import Actor
from crm.models import Team, User
from customers.choices import FieldType
from customers.models import Contact, Customer, CustomField

Model = type[models.Model]
_UNFOUND: dict[Model, Any] = {
    User: gettext_lazy("no longer here"),
    Team: gettext_lazy("no longer here"),
    Customer: gettext_lazy("A customer that you may not see"),
    Contact: gettext_lazy("A contact that you may not see"),
}
"""The models that are named, and what stands for a record of theirs that isn't found."""


@dataclass(frozen=True)
class References:
    """Names by model and id, and the customers whose names are among them."""

    kinds: Mapping[tuple[str, str], Model]
    """Kind of record and name of its field -> what the field refers to."""
    names: Mapping[tuple[Model, str], str] = field(default_factory=dict)
    shows: frozenset[UUID] = frozenset()

    def name(self, kind: str, field_name: str, value: Any) -> str | None:
        """What the value of a field refers to, by name; None where it refers to nothing."""
        model = self.kinds.get((kind, field_name))
        if model is None or not value:
            return None
        return self.names.get((model, str(value))) or str(_UNFOUND[model])


def references_in(
    actor: Actor, deeds: Sequence[tuple[str, Mapping[str, Any]]], custom_fields: Iterable[CustomField] = ()
) -> References:
    """What the changes of the deeds, each on a record of the given kind, refer to: at most a query for each of people, teams,
    customers and contacts; none where nothing is referred to."""
    people = {f"custom_values.{one.key}" for one in custom_fields if one.type == FieldType.USER}
    kinds: dict[tuple[str, str], Model] = {}
    ids: dict[Model, set[UUID]] = {model: set() for model in _UNFOUND}
    for kind, changes in deeds:
        for name, pair in changes.items():
            model = User if name in people else _referred(kind, name)
            if model in ids:
                kinds[kind, name] = model
                ids[model] |= set(_ids(pair))
    names: dict[tuple[Model, str], str] = {}
    shows: set[UUID] = set()
    for user in User.objects.filter(pk__in=ids[User]) if ids[User] else ():
        names[User, str(user.pk)] = str(user)
    for team in Team.objects.filter(pk__in=ids[Team]) if ids[Team] else ():
        names[Team, str(team.pk)] = team.name
    for customer in Customer.objects.visible_to(actor).filter(pk__in=ids[Customer]) if ids[Customer] else ():
        names[Customer, str(customer.pk)] = customer.display_name
        shows.add(customer.pk)
    for contact in Contact.objects.visible_to(actor).filter(pk__in=ids[Contact]) if ids[Contact] else ():
        names[Contact, str(contact.pk)] = contact.display_name
        shows.add(contact.customer_id)
    return References(kinds, names, frozenset(shows))


def _referred(kind: str, name: str) -> Any:
    try:
        return apps.get_model(kind)._meta.get_field(name).related_model
    except (LookupError, ValueError, FieldDoesNotExist):
        return None


def _ids(pair: Any) -> Iterable[UUID]:
    for value in pair if isinstance(pair, list | tuple) else (pair,):
        try:
            yield UUID(str(value))
        except ValueError:
            continue
