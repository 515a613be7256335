"""What is found out about a customer: how ready it is (BANT), its technologies, signals, and our competitors there."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import activity, clock
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotFound, StaleVersion
from crm.forms import check_version
from crm.models import User
from crm.services.cleaning import clean, refuse_unknown
from customers.models import CompetitorMention, Customer, Qualification, Signal, Technology
from customers.services.icp import refresh_icp_scores
from customers.services.lifecycle import CustomerArchived

BANT = ("budget", "authority", "need", "timeline")
BANT_FIELDS = tuple(name for part in BANT for name in (part, f"{part}_evidence"))
NOT_YET = "new"
"""The version of a qualification before anybody has assessed the customer."""
TECHNOLOGY_FIELDS = ("name", "category", "source", "first_seen_on", "last_seen_on")
SIGNAL_FIELDS = ("kind", "strength", "text", "source", "seen_on", "closed_on")
COMPETITOR_FIELDS = ("name", "standing", "note", "source", "seen_on")
FIRST_YEAR = 1900

Finding = TypeVar("Finding", Technology, Signal, CompetitorMention)


class SignalClosed(DomainError):
    code = "signal_closed"
    message = gettext_lazy("This signal is closed already.")


@transaction.atomic
def assess_customer(
    *, actor: Actor, customer: Customer, at: datetime, version: str | None = None, **data: Any
) -> Qualification:
    """Say how sure budget, authority, need and timeline are, 0 to 3 each; from 1 on with evidence. Nothing is written when all are
    as they were. Raises NotAllowed, CustomerArchived, StaleVersion, InvalidInput."""
    refuse_unknown(data, BANT_FIELDS)
    locked = _lock_customer(actor, customer)
    found: Qualification | None = Qualification.objects.filter(customer=locked).first()
    if found is not None:
        check_version(found, version)
    elif version not in (None, "", NOT_YET):
        raise StaleVersion
    record = found or Qualification(business_id=locked.business_id, customer=locked)
    before = {name: getattr(record, name) for name in BANT_FIELDS}
    _assign(record, data)
    clean(record, exclude=["business", "customer", "assessed_by"])
    unproven = [part for part in BANT if getattr(record, part) and not getattr(record, f"{part}_evidence")]
    if unproven:
        words = _("Say how that is known.")
        raise InvalidInput({f"{part}_evidence": [words] for part in unproven})
    changes = {name: (was, now) for name, was in before.items() if (now := getattr(record, name)) != was}
    if not changes:
        return record
    record.assessed_by, record.assessed_at = _user(actor), at
    record.save()
    activity.record(
        "customers.qualification.assessed", actor=actor, business=locked.business_id, subject=record, about=locked.pk,
        changes=changes, payload={"bant_score": record.bant_score},
    )  # fmt: skip
    return record


@transaction.atomic
def add_technology(*, actor: Actor, customer: Customer, at: datetime, **data: Any) -> Technology:
    """Note what a customer works with; seen today unless said otherwise. The database refuses a name that is there already.

    Raises NotAllowed, CustomerArchived, InvalidInput.
    """
    locked = _lock_customer(actor, customer)
    today = clock.today(locked.business.time_zone, at)
    first = data.get("first_seen_on") or min(data.get("last_seen_on") or today, today)
    data |= {"first_seen_on": first, "last_seen_on": data.get("last_seen_on") or max(first, today)}
    made = _add(Technology(business=locked.business, customer=locked), TECHNOLOGY_FIELDS, data, today)
    _record("customers.technology.created", actor, made, _all_of(made, TECHNOLOGY_FIELDS))
    refresh_icp_scores([locked.pk])
    return made


@transaction.atomic
def update_technology(
    *, actor: Actor, technology: Technology, at: datetime, version: str | None = None, **data: Any
) -> Technology:
    """Raises NotAllowed, CustomerArchived, StaleVersion, InvalidInput."""
    locked = _lock(actor, technology)
    changes = _change(locked, TECHNOLOGY_FIELDS, data, at, version)
    if changes:
        _record("customers.technology.updated", actor, locked, changes)
        refresh_icp_scores([locked.customer_id])
    return locked


@transaction.atomic
def remove_technology(*, actor: Actor, technology: Technology, version: str | None = None) -> None:
    """Delete what was entered wrongly. Raises NotAllowed, CustomerArchived, StaleVersion."""
    locked = _lock(actor, technology)
    check_version(locked, version)
    _record("customers.technology.deleted", actor, locked, _gone(locked, TECHNOLOGY_FIELDS))
    customer_id = locked.customer_id
    locked.delete()
    refresh_icp_scores([customer_id])


@transaction.atomic
def add_signal(*, actor: Actor, customer: Customer, at: datetime, **data: Any) -> Signal:
    """Note something that speaks for buying, a competitor, a risk or more business; seen today unless said otherwise.

    Raises NotAllowed, CustomerArchived, InvalidInput.
    """
    locked = _lock_customer(actor, customer)
    today = clock.today(locked.business.time_zone, at)
    data["seen_on"] = data.get("seen_on") or today
    made = _add(Signal(business=locked.business, customer=locked), SIGNAL_FIELDS, data, today)
    _record("customers.signal.created", actor, made, _all_of(made, SIGNAL_FIELDS))
    return made


@transaction.atomic
def update_signal(*, actor: Actor, signal: Signal, at: datetime, version: str | None = None, **data: Any) -> Signal:
    """Raises NotAllowed, CustomerArchived, StaleVersion, InvalidInput."""
    locked = _lock(actor, signal)
    changes = _change(locked, SIGNAL_FIELDS, data, at, version)
    if changes:
        _record("customers.signal.updated", actor, locked, changes)
    return locked


@transaction.atomic
def close_signal(
    *, actor: Actor, signal: Signal, at: datetime, on: date | None = None, version: str | None = None
) -> Signal:
    """It is no longer true, since today or the day given. Raises NotAllowed, CustomerArchived, SignalClosed, StaleVersion, InvalidInput."""
    locked = _lock(actor, signal)
    check_version(locked, version)
    if locked.closed_on is not None:
        raise SignalClosed
    closed_on = on or clock.today(locked.business.time_zone, at)
    try:
        changes = _change(locked, SIGNAL_FIELDS, {"closed_on": closed_on}, at, None)
    except InvalidInput as refusal:
        raise InvalidInput({"on": refusal.errors.get("closed_on", [str(refusal.message)])}) from refusal
    _record("customers.signal.closed", actor, locked, changes)
    return locked


@transaction.atomic
def remove_signal(*, actor: Actor, signal: Signal, version: str | None = None) -> None:
    """Delete what was entered wrongly. Raises NotAllowed, CustomerArchived, StaleVersion."""
    locked = _lock(actor, signal)
    check_version(locked, version)
    _record("customers.signal.deleted", actor, locked, _gone(locked, SIGNAL_FIELDS))
    locked.delete()


@transaction.atomic
def add_competitor(*, actor: Actor, customer: Customer, at: datetime, **data: Any) -> CompetitorMention:
    """Note a competitor at a customer; seen today unless said otherwise. Raises NotAllowed, CustomerArchived, InvalidInput."""
    locked = _lock_customer(actor, customer)
    today = clock.today(locked.business.time_zone, at)
    data["seen_on"] = data.get("seen_on") or today
    made = _add(CompetitorMention(business=locked.business, customer=locked), COMPETITOR_FIELDS, data, today)
    _record("customers.competitor.created", actor, made, _all_of(made, COMPETITOR_FIELDS))
    return made


@transaction.atomic
def update_competitor(
    *, actor: Actor, competitor: CompetitorMention, at: datetime, version: str | None = None, **data: Any
) -> CompetitorMention:
    """Raises NotAllowed, CustomerArchived, StaleVersion, InvalidInput."""
    locked = _lock(actor, competitor)
    changes = _change(locked, COMPETITOR_FIELDS, data, at, version)
    if changes:
        _record("customers.competitor.updated", actor, locked, changes)
    return locked


@transaction.atomic
def remove_competitor(*, actor: Actor, competitor: CompetitorMention, version: str | None = None) -> None:
    """Delete what was entered wrongly. Raises NotAllowed, CustomerArchived, StaleVersion."""
    locked = _lock(actor, competitor)
    check_version(locked, version)
    _record("customers.competitor.deleted", actor, locked, _gone(locked, COMPETITOR_FIELDS))
    locked.delete()


def _lock_customer(actor: Actor, customer: Customer) -> Customer:
    rows = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("business")
    locked: Customer | None = rows.filter(pk=customer.pk).first()
    if locked is None:
        raise NotFound
    actor.require("customers.change", locked.business)
    if locked.is_archived:
        raise CustomerArchived
    return locked


def _lock(actor: Actor, finding: Finding) -> Finding:
    customer = _lock_customer(actor, Customer(pk=finding.customer_id))
    rows = type(finding).objects.select_for_update(of=("self",)).select_related("business", "customer")
    locked: Finding | None = rows.filter(pk=finding.pk, customer=customer).first()
    if locked is None:
        raise NotFound
    return locked


def _add(record: Finding, known: tuple[str, ...], data: Mapping[str, Any], today: date) -> Finding:
    refuse_unknown(dict(data), known)
    _assign(record, data)
    _check(record, known, today)
    record.save(force_insert=True)
    return record


def _change(
    record: Finding, known: tuple[str, ...], data: Mapping[str, Any], at: datetime, version: str | None
) -> dict[str, activity.Change]:
    """Change the given fields of a locked record; returns what differs, and writes nothing when that is nothing."""
    refuse_unknown(dict(data), known)
    check_version(record, version)
    before = {name: getattr(record, name) for name in known}
    _assign(record, data)
    _check(record, known, clock.today(record.business.time_zone, at))
    changes = {name: (was, now) for name, was in before.items() if (now := getattr(record, name)) != was}
    if changes:
        record.save()
    return changes


def _assign(record: Any, data: Mapping[str, Any]) -> None:
    for name, value in data.items():
        setattr(record, name, value.strip() if isinstance(value, str) else value)


def _check(record: Any, known: tuple[str, ...], today: date) -> None:
    """Days lie between 1900 and today, and what ends doesn't end before it begins. Raises InvalidInput."""
    clean(record, exclude=["business", "customer"])
    faults: dict[str, list[str]] = {}
    for name in known:
        day = getattr(record, name)
        if isinstance(day, date) and day > today:
            faults[name] = [_("This day lies ahead. Give today or a day before.")]
        elif isinstance(day, date) and day.year < FIRST_YEAR:
            faults[name] = [_("Give a day from 1900 on.")]
    begins, ends = ("first_seen_on", "last_seen_on") if "last_seen_on" in known else ("seen_on", "closed_on")
    last = getattr(record, ends, None)
    if not faults and last is not None and last < getattr(record, begins):
        faults[ends] = [_("This day lies before the day on which it was first seen.")]
    if isinstance(record, Signal) and not 1 <= record.strength <= 5:
        faults["strength"] = [_("Give a whole number from 1 to 5.")]
    if faults:
        raise InvalidInput(faults)


def _all_of(record: Any, known: tuple[str, ...]) -> dict[str, activity.Change]:
    return {name: (None, value) for name in known if (value := getattr(record, name)) not in ("", None)}


def _gone(record: Any, known: tuple[str, ...]) -> dict[str, activity.Change]:
    return {name: (value, None) for name in known if (value := getattr(record, name)) not in ("", None)}


def _record(verb: str, actor: Actor, record: Any, changes: dict[str, activity.Change]) -> None:
    activity.record(
        verb, actor=actor, business=record.business, subject=record, about=record.customer_id, changes=changes,
        payload={"name": str(record)},
    )  # fmt: skip


def _user(actor: Actor) -> User | None:
    return User.objects.filter(pk=actor.id).first() if actor.kind == "user" else None
