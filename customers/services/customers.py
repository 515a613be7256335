"""Making, changing, archiving and restoring a customer."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import activity
from crm.actor import Actor
from crm.clock import today
from crm.errors import DomainError, InvalidInput, NotFound
from crm.forms import check_version
from crm.models import Business
from customers.choices import Kind, LifecycleStage
from customers.models import Customer
from customers.services.custom_fields import (
    clean_custom_values,
    custom_changes,
    given_custom_values,
    keep_unique_values,
)
from customers.services.icp import refresh_icp_scores
from customers.services.lifecycle import begin_stages, change_stage
from customers.services.search import refresh_search
from customers.services.tags import set_tags
from customers.services.unique_phones import keep_unique_phone
from customers.services.values import assign, changes_of, check, check_first_step

# What only the deeds on the lifecycle write, once the customer is there.
_STAGE = ("lifecycle_stage", "lifecycle_substep")
# How those deeds name what these name otherwise.
_STAGE_FIELDS = {"stage": "lifecycle_stage", "substep": "lifecycle_substep"}
# Fields that search rows and facts hold copies of.
_COPIED = {
    "display_name", "first_name", "last_name", "legal_name", "email", "phone", "external_id", "lifecycle_stage",
}  # fmt: skip
# Fields that the fit with the ideal customer may follow from, beside custom values.
_SCORED = {"kind", "industry", "size", "employee_count", "annual_revenue", "country", "region", "acquisition_source"}


class AlreadyArchived(DomainError):
    code = "already_archived"
    message = gettext_lazy("This customer is archived already.")


class AlreadyCustomer(DomainError):
    """Only somebody who has not become a customer yet can be marked as one."""

    code = "already_customer"
    message = gettext_lazy("This is a customer already.")


class NotArchived(DomainError):
    code = "not_archived"
    message = gettext_lazy("This customer is not archived.")


@transaction.atomic
def create_customer(*, actor: Actor, business: Business, at: datetime, **data: Any) -> Customer:
    """Add a customer; a person's display name follows from first and last name when none is given. `tags` are tags or their
    names; custom values come one by one, as `custom_values.<key>`, or as a dictionary. Raises InvalidInput,
    TakenValue, TakenPhone."""
    customer = Customer(business=business)
    given, tags = given_custom_values(data), data.pop("tags", ())
    assign(actor, customer, data)
    check(actor, customer, None, data, at)
    check_first_step(customer)
    customer.custom_values = clean_custom_values(
        business=business, customer=None, given=given, partial=False, kind=customer.kind
    )
    customer.save()
    keep_unique_values(customer)
    if customer.phone_e164:
        keep_unique_phone(actor, customer)
    begin_stages([customer.pk], actor=actor)
    refresh_search([customer.pk])
    if customer.kind == Kind.COMPANY:
        refresh_icp_scores([customer.pk])
    customer.refresh_from_db(fields=["stage_since"])
    changes = changes_of(None, customer) | custom_changes({}, customer.custom_values)
    activity.record(
        "customers.customer.created",
        actor=actor,
        business=business,
        subject=customer,
        about=customer.pk,
        changes=changes,
    )
    if tags:
        set_tags(actor=actor, customer=customer, tags=tags)
    return customer


@transaction.atomic
def update_customer(
    *, actor: Actor, customer: Customer, at: datetime, version: str | None = None, **data: Any
) -> Customer:
    """Change the given fields; nothing is written when all are as they were. `tags` are all that the customer is to have.

    Raises StaleVersion, InvalidInput, TakenValue, TakenPhone.
    """
    locked = _lock(customer)
    check_version(locked, version)
    before = Customer.objects.get(pk=locked.pk)
    given, tags = given_custom_values(data), data.pop("tags", None)
    stage = {name: data.pop(name) for name in _STAGE if name in data}
    if data:
        assign(actor, locked, data)
        check(actor, locked, before, data, at)
    if given or locked.kind != before.kind:
        locked.custom_values = clean_custom_values(
            business=locked.business, customer=before, given=given, partial=True, kind=locked.kind
        )
    changes = changes_of(before, locked) | custom_changes(before.custom_values, locked.custom_values)
    if changes:
        _write(actor, locked, before, changes)
    if stage:
        _enter_stage(actor, locked, at, **stage)
    if tags is not None:
        set_tags(actor=actor, customer=locked, tags=tags)
    return locked


def _write(actor: Actor, locked: Customer, before: Customer, changes: dict[str, activity.Change]) -> None:
    locked.save()
    if locked.custom_values != before.custom_values:
        keep_unique_values(locked)
    if locked.phone_e164 != before.phone_e164:
        keep_unique_phone(actor, locked)
    if _COPIED & set(changes):
        refresh_search([locked.pk])
    if _SCORED & set(changes) or locked.custom_values != before.custom_values:
        refresh_icp_scores([locked.pk])
    activity.record(
        "customers.customer.updated",
        actor=actor,
        business=locked.business,
        subject=locked,
        about=locked.pk,
        changes=changes,
    )


@transaction.atomic
def mark_as_customer(
    *, actor: Actor, customer: Customer, at: datetime, stage: str = LifecycleStage.ACTIVE, version: str | None = None
) -> Customer:
    """Make a prospect or opportunity a customer, in onboarding or active; a customer since today, unless another day is known.

    Raises AlreadyCustomer, CustomerArchived, StaleVersion, InvalidInput.
    """
    locked = _lock(customer)
    check_version(locked, version)
    if locked.lifecycle_stage not in (LifecycleStage.PROSPECT, LifecycleStage.OPPORTUNITY):
        raise AlreadyCustomer
    if stage not in (LifecycleStage.ONBOARDING, LifecycleStage.ACTIVE):
        raise InvalidInput({"stage": [_("A new customer is in Onboarding or Active.")]})
    before, since = locked.lifecycle_stage, locked.acquired_on
    _enter_stage(actor, locked, at, stage)
    if since is None:
        locked.acquired_on = today(locked.business.time_zone, at)
        locked.save(update_fields=["acquired_on", "updated_at"])
    activity.record(
        "customers.customer.converted", actor=actor, business=locked.business, subject=locked, about=locked.pk,
        changes={} if since else {"acquired_on": (None, locked.acquired_on)}, payload={"from": before, "to": stage},
    )  # fmt: skip
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
    keep_unique_phone(actor, locked)
    refresh_search([locked.pk])
    activity.record(
        "customers.customer.archived", actor=actor, business=locked.business, subject=locked, about=locked.pk,
        changes={"archived_at": (None, at)}, payload={"reason": reason} if reason else {},
    )  # fmt: skip
    return locked


@transaction.atomic
def restore_customer(*, actor: Actor, customer: Customer, version: str | None = None) -> Customer:
    """Bring an archived customer back. Raises NotArchived, StaleVersion, TakenPhone; the database refuses when its e-mail address is
    taken by now."""
    locked = _lock(customer)
    check_version(locked, version)
    if locked.archived_at is None:
        raise NotArchived
    before, locked.archived_at = locked.archived_at, None
    locked.save(update_fields=["archived_at", "updated_at"])
    keep_unique_phone(actor, locked)
    refresh_search([locked.pk])
    activity.record(
        "customers.customer.restored", actor=actor, business=locked.business, subject=locked, about=locked.pk,
        changes={"archived_at": (before, None)},
    )  # fmt: skip
    return locked


def _lock(customer: Customer) -> Customer:
    # no_key: orders that refer to the customer needn't wait
    rows = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("business")
    locked: Customer | None = rows.filter(pk=customer.pk, hidden_at__isnull=True).first()
    if locked is None:
        raise NotFound
    return locked


def _enter_stage(
    actor: Actor,
    customer: Customer,
    at: datetime,
    lifecycle_stage: str | None = None,
    lifecycle_substep: str | None = None,
) -> None:
    """Let the customer enter the stage now, unless it stands there; a step alone is one of the present stage."""
    stage = customer.lifecycle_stage if lifecycle_stage is None else lifecycle_stage
    kept = customer.lifecycle_substep if stage == customer.lifecycle_stage else ""
    substep = kept if lifecycle_substep is None else lifecycle_substep
    if (stage, substep) == (customer.lifecycle_stage, customer.lifecycle_substep):
        return
    now = max(at, customer.stage_since or at)
    try:
        change_stage(actor=actor, customer=customer, stage=stage, substep=substep, effective_at=now, at=now)
    except InvalidInput as refusal:
        errors = {_STAGE_FIELDS.get(name, "lifecycle_stage"): words for name, words in refusal.errors.items()}
        raise InvalidInput(errors) from refusal
    customer.refresh_from_db(fields=["lifecycle_stage", "lifecycle_substep", "stage_since", "updated_at"])
