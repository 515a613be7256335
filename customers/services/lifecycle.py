"""The way of a customer through the lifecycle stages: every step with its date, its author and its reason."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import activity
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotFound
from crm.formats import moment
from crm.forms import check_version
from crm.scope import open_businesses
from crm.services.cleaning import clean
from customers.choices import SUBSTEPS, LifecycleStage
from customers.models import Customer, LifecycleChange
from customers.services.search import refresh_search

FIRST_YEAR = 1900
_STANDING = ("lifecycle_stage", "lifecycle_substep", "stage_since")
_NAMED_BY_THEMSELVES = ("user", "api_key")


class StageUnchanged(DomainError):
    """The customer stands there already at that moment, or enters it with its next change."""

    code = "stage_unchanged"
    field = "stage"
    message = gettext_lazy("The customer is in this stage already.")


class CustomerArchived(DomainError):
    code = "archived"
    message = gettext_lazy("This customer is archived. Restore it first.")


class OutOfOrder(DomainError):
    """A stage change can't pass the one before it or the one after it."""

    status = 422
    code = "out_of_order"
    field = "effective_at"
    message = gettext_lazy("The date must lie between those of the change before and of the change after.")


@transaction.atomic
def change_stage(
    *,
    actor: Actor,
    customer: Customer,
    stage: str,
    substep: str = "",
    effective_at: datetime,
    at: datetime,
    reason: str = "",
    trigger: str = "",
    version: str | None = None,
) -> LifecycleChange:
    """Let the customer enter a stage or step from `effective_at` on, which may lie before changes that are there already.

    Where the customer stands now follows from the last change. Raises StageUnchanged, CustomerArchived, StaleVersion, InvalidInput:
    for an unknown stage or step, a date to come, and for leaving Churned without a reason.
    """
    locked = _lock(customer)
    actor.require("customers.change", locked.business)
    check_version(locked, version)
    if locked.is_archived:
        raise CustomerArchived
    reason, trigger = reason.strip(), trigger.strip()
    if actor.kind not in _NAMED_BY_THEMSELVES:
        trigger = trigger or actor.label
    _check_stage(stage, substep)
    _check_moment(effective_at, at)
    way = _way_of(locked)
    place = bisect_right([row.effective_at for row in way], effective_at)
    before, after = (way[place - 1] if place else None), (way[place] if place < len(way) else None)
    _check_neighbors(stage, substep, reason, before, after)
    change = LifecycleChange(
        business=locked.business, customer=locked, stage=stage, substep=substep, effective_at=effective_at, reason=reason, trigger=trigger,
        actor_kind=actor.kind, actor_id=actor.id, actor_label=actor.label[:120],
    )  # fmt: skip
    clean(change, exclude=["business", "customer"])
    change.save()
    changes = _stand(locked, [*way[:place], change, *way[place:]])
    activity.record(
        "customers.lifecycle.changed",
        actor=actor,
        business=locked.business,
        subject=locked,
        about=locked.pk,
        changes=changes,
        payload={
            "change": change.pk,
            "from": before.stage if before else "",
            "to": stage,
            "substep": substep,
            "effective_at": effective_at,
            "reason": reason,
            "trigger": trigger,
        },
    )
    return change


@transaction.atomic
def correct_stage_change(
    *,
    actor: Actor,
    customer: Customer,
    change: LifecycleChange,
    effective_at: datetime,
    at: datetime,
    version: str | None = None,
) -> LifecycleChange:
    """Give a stage change another date; the order of the changes stays. Raises OutOfOrder, CustomerArchived, StaleVersion, InvalidInput."""
    locked = _lock(customer)
    actor.require("customers.change", locked.business)
    check_version(locked, version)
    if locked.is_archived:
        raise CustomerArchived
    way = _way_of(locked)
    place = next((index for index, row in enumerate(way) if row.pk == change.pk), None)
    if place is None:
        raise NotFound
    _check_moment(effective_at, at)
    corrected, before = way[place], way[place].effective_at
    if effective_at == before:
        return corrected
    corrected.effective_at = effective_at
    if way != sorted(way, key=lambda row: (row.effective_at, row.pk)):
        raise OutOfOrder(_between(way, place))
    corrected.save(update_fields=["effective_at"])
    changes = _stand(locked, way)
    activity.record(
        "customers.lifecycle.corrected",
        actor=actor,
        business=locked.business,
        subject=locked,
        about=locked.pk,
        changes={"effective_at": (before, effective_at), **changes},
        payload={"change": corrected.pk, "to": corrected.stage, "substep": corrected.substep},
    )
    return corrected


_BEGIN = """
with begun as (
    insert into customers_lifecyclechange
        (business_id, customer_id, stage, substep, effective_at, actor_kind, actor_id, actor_label, trigger)
    select c.business_id, c.id, c.lifecycle_stage, c.lifecycle_substep,
           least(coalesce(%(at)s::timestamptz, c.created_at), case when c.acquired_on is not null
                 then greatest(c.acquired_on, date '1900-01-01')::timestamp at time zone b.time_zone end),
           %(kind)s, %(id)s, %(label)s, %(trigger)s
    from customers_customer c join crm_business b on b.id = c.business_id
    where c.business_id = any(%(businesses)s) {only} and not c.is_unidentified
      and not exists (select from customers_lifecyclechange l where l.customer_id = c.id)
    order by c.business_id, c.id
    returning customer_id, effective_at
)
update customers_customer c set stage_since = b.effective_at from begun b where c.id = b.customer_id
"""
_FOLLOW = """
with last as (
    select c.id, c.business_id, c.lifecycle_stage, c.lifecycle_substep, l.stage,
           greatest(%(at)s::timestamptz, l.effective_at) as effective_at
    from customers_customer c
    cross join lateral (
        select stage, substep, effective_at from customers_lifecyclechange l
        where l.customer_id = c.id order by l.effective_at desc, l.id desc limit 1
    ) l
    where c.business_id = any(%(businesses)s) and c.id = any(%(ids)s)
      and (l.stage, l.substep) is distinct from (c.lifecycle_stage, c.lifecycle_substep)
), entered as (
    insert into customers_lifecyclechange
        (business_id, customer_id, stage, substep, effective_at, actor_kind, actor_id, actor_label, trigger, reason)
    select business_id, id, lifecycle_stage, lifecycle_substep, effective_at, %(kind)s, %(id)s, %(label)s, %(trigger)s, %(reason)s
    from last order by id
)
update customers_customer c set stage_since = l.effective_at from last l where c.id = l.id and l.stage <> c.lifecycle_stage
"""


def begin_stages(
    customer_ids: Sequence[UUID] | None = None,
    *,
    actor: Actor | None = None,
    at: datetime | None = None,
    trigger: str = "first record",
) -> None:
    """Write the first row of the way of those of the customers (None: all of the open businesses) that have none yet.

    They begin where they stand, at the start of the day since when they are customers, but not after `at` (None: when each was
    added). Unknown buyers of orders have no way. One statement for one customer as for a million.
    """
    parameters = _author(actor or Actor.system("Customer desk"), trigger="" if actor else trigger)
    parameters |= {"businesses": list(open_businesses()), "at": at}
    if customer_ids is not None:
        parameters["ids"] = list(customer_ids)
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN.format(only="" if customer_ids is None else "and c.id = any(%(ids)s)"), parameters)


@transaction.atomic
def follow_stages(customer_ids: Sequence[UUID], *, actor: Actor, at: datetime, reason: str, trigger: str = "") -> None:
    """Bring the ways up to stages that a set-based deed (an import, a bulk change) has written to the customers themselves.

    Who has no way yet begins one; who stands elsewhere than the last row says has entered that stage at `at`.
    """
    begin_stages(customer_ids, actor=actor, at=at)
    parameters = _author(actor, trigger)
    parameters |= {"businesses": list(open_businesses()), "ids": list(customer_ids), "at": at, "reason": reason}
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, parameters)


def _author(actor: Actor, trigger: str = "") -> dict[str, Any]:
    return {"kind": actor.kind, "id": actor.id, "label": actor.label[:120], "trigger": trigger}


def _lock(customer: Customer) -> Customer:
    rows = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("business")
    locked: Customer | None = rows.filter(pk=customer.pk).first()
    if locked is None:
        raise NotFound
    return locked


def _way_of(customer: Customer) -> list[LifecycleChange]:
    rows = LifecycleChange.objects.filter(customer=customer).order_by("effective_at", "id")
    if not rows.exists():
        begin_stages([customer.pk])
    return list(rows.all())


def _check_stage(stage: str, substep: str) -> None:
    if stage not in LifecycleStage.values:
        raise InvalidInput({"stage": [_("There is no such stage.")]})
    steps = [step for step, _label in SUBSTEPS[stage]]
    if substep and not steps:
        raise InvalidInput({"substep": [_("This stage has no steps.")]})
    if substep and substep not in steps:
        raise InvalidInput({"substep": [_("The steps of this stage are: %(steps)s.") % {"steps": ", ".join(steps)}]})


def _check_moment(effective_at: datetime, at: datetime) -> None:
    if effective_at > at:
        raise InvalidInput({"effective_at": [_("A stage can't be entered in the future.")]})
    if effective_at.year < FIRST_YEAR:
        raise InvalidInput(
            {"effective_at": [_("The date must not lie before the year %(year)d.") % {"year": FIRST_YEAR}]}
        )


def _check_neighbors(
    stage: str, substep: str, reason: str, before: LifecycleChange | None, after: LifecycleChange | None
) -> None:
    if before and (before.stage, before.substep) == (stage, substep):
        raise StageUnchanged
    if after and (after.stage, after.substep) == (stage, substep):
        raise StageUnchanged(
            _("The customer enters this stage on %(date)s already. Correct the date of that change instead.")
            % {"date": moment(after.effective_at)}
        )
    if before and before.stage == LifecycleStage.CHURNED != stage and not reason:
        raise InvalidInput({"reason": [_("Say why a customer who had left is back.")]})
    if after and after.stage != LifecycleStage.CHURNED == stage and not after.reason:
        raise InvalidInput(
            {
                "effective_at": [
                    _("The change of %(date)s would then leave Churned without a reason.")
                    % {"date": moment(after.effective_at)}
                ]
            }
        )


def _between(way: list[LifecycleChange], place: int) -> str:
    """Why the change at `place` can't have its new date."""
    before, after = (way[place - 1] if place else None), (way[place + 1] if place + 1 < len(way) else None)
    if before and after:
        dates = {"before": moment(before.effective_at), "after": moment(after.effective_at)}
        return _("The date must lie between %(before)s and %(after)s, when the changes around it were.") % dates
    if before:
        return _("The change before it was on %(date)s: it can't lie earlier.") % {"date": moment(before.effective_at)}
    return _("The change after it was on %(date)s: it can't lie later.") % {"date": moment(way[place + 1].effective_at)}


def _stand(customer: Customer, way: list[LifecycleChange]) -> dict[str, activity.Change]:
    """Let the customer stand where its way ends, since when the last stage was entered; returns what that changes."""
    before = {name: getattr(customer, name) for name in _STANDING}
    last = way[-1]
    customer.lifecycle_stage, customer.lifecycle_substep = last.stage, last.substep
    for row in reversed(way):
        if row.stage != last.stage:
            break
        customer.stage_since = row.effective_at
    customer.save(update_fields=[*_STANDING, "updated_at"])
    refresh_search([customer.pk])
    return {
        name: (value, getattr(customer, name)) for name, value in before.items() if value != getattr(customer, name)
    }
