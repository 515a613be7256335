"""Making, changing, archiving and restoring a customer."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import activity
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotFound
from crm.forms import check_version
from crm.models import Business, Membership, Team
from customers.choices import Kind
from customers.models import Customer
from customers.services.search import refresh_search

# What people may enter. The rest of a customer's columns is computed or belongs to a deed of its own.
FIELDS = (
    "kind", "display_name", "first_name", "last_name", "email", "phone", "country", "city", "website", "industry", "size",
    "lifecycle_stage", "owner", "team", "acquired_on", "external_id",
)  # fmt: skip
# Fields that search rows and facts hold copies of.
_COPIED = {"display_name", "email", "phone", "external_id", "lifecycle_stage"}


class AlreadyArchived(DomainError):
    code = "already_archived"
    message = gettext_lazy("This customer is archived already.")


class NotArchived(DomainError):
    code = "not_archived"
    message = gettext_lazy("This customer is not archived.")


@transaction.atomic
def create_customer(*, actor: Actor, business: Business, **data: Any) -> Customer:
    """Add a customer; a person's display name follows from first and last name when none is given. Raises InvalidInput."""
    customer = Customer(business=business)
    _assign(customer, business, data)
    _save(customer)
    refresh_search([customer.pk])
    changes = {name: (None, value) for name in FIELDS if (value := getattr(customer, name)) not in ("", None)}
    activity.record(
        "customers.customer.created",
        actor=actor,
        business=business,
        subject=customer,
        about=customer.pk,
        changes=changes,
    )
    return customer


@transaction.atomic
def update_customer(*, actor: Actor, customer: Customer, version: str | None = None, **data: Any) -> Customer:
    """Change the given fields; nothing is written when all are as they were. Raises StaleVersion, InvalidInput."""
    locked = _lock(customer)
    check_version(locked, version)
    before = Customer.objects.get(pk=locked.pk)
    _assign(locked, locked.business, data)
    changes = activity.changes_between(before, locked, FIELDS)
    if not changes:
        return locked
    _save(locked)
    if _COPIED & set(changes):
        refresh_search([locked.pk])
    activity.record(
        "customers.customer.updated",
        actor=actor,
        business=locked.business,
        subject=locked,
        about=locked.pk,
        changes=changes,
    )
    return locked


@transaction.atomic
def archive_customer(
    *, actor: Actor, customer: Customer, at: datetime, reason: str = "", version: str | None = None
) -> Customer:
    """Take the customer out of lists, counts and searches; everything stays and can be brought back.

    Raises AlreadyArchived, StaleVersion.
    """
    locked = _lock(customer)
    check_version(locked, version)
    if locked.archived_at is not None:
        raise AlreadyArchived
    locked.archived_at = at
    locked.save(update_fields=["archived_at", "updated_at"])
    refresh_search([locked.pk])
    activity.record(
        "customers.customer.archived", actor=actor, business=locked.business, subject=locked, about=locked.pk,
        changes={"archived_at": (None, at)}, payload={"reason": reason} if reason else {},
    )  # fmt: skip
    return locked


@transaction.atomic
def restore_customer(*, actor: Actor, customer: Customer, version: str | None = None) -> Customer:
    """Bring an archived customer back. Raises NotArchived, StaleVersion; the database refuses when its e-mail address is taken by now."""
    locked = _lock(customer)
    check_version(locked, version)
    if locked.archived_at is None:
        raise NotArchived
    before, locked.archived_at = locked.archived_at, None
    locked.save(update_fields=["archived_at", "updated_at"])
    refresh_search([locked.pk])
    activity.record(
        "customers.customer.restored", actor=actor, business=locked.business, subject=locked, about=locked.pk,
        changes={"archived_at": (before, None)},
    )  # fmt: skip
    return locked


def _lock(customer: Customer) -> Customer:
    # no_key: orders that refer to the customer needn't wait
    rows = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("business")
    locked: Customer | None = rows.filter(pk=customer.pk).first()
    if locked is None:
        raise NotFound
    return locked


def _assign(customer: Customer, business: Business, data: dict[str, Any]) -> None:
    unknown = set(data) - set(FIELDS)
    if unknown:
        raise InvalidInput({name: [_("There is no such field.")] for name in sorted(unknown)})
    owner_before = customer.owner_id
    follows = customer.display_name in ("", _full_name(customer))
    for name, value in data.items():
        setattr(customer, name, value.strip() if isinstance(value, str) else value)
    customer.email = customer.email.lower()
    if customer.kind == Kind.PERSON and (not customer.display_name or (follows and not data.get("display_name"))):
        customer.display_name = _full_name(customer)
    if (
        customer.owner_id
        and customer.owner_id != owner_before  # who has left the business keeps customers until they get another owner
        and not Membership.objects.filter(user=customer.owner_id, business=business, is_active=True).exists()
    ):
        raise InvalidInput({"owner": [_("The owner must be a member of this business.")]})
    if customer.team_id and not Team.objects.filter(pk=customer.team_id, business=business).exists():
        raise InvalidInput({"team": [_("There is no such team in this business.")]})


def _full_name(customer: Customer) -> str:
    return f"{customer.first_name} {customer.last_name}".strip()


def _save(customer: Customer) -> None:
    try:
        customer.full_clean(exclude=["business", "owner", "team"], validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise InvalidInput(dict(error.message_dict)) from error
    customer.save()
