"""Keeping the dated exchange rates of a business."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm import activity
from crm.actor import Actor
from crm.errors import InvalidInput, NotFound
from crm.forms import check_version
from crm.models import Business, ExchangeRate
from crm.services.cleaning import clean, refuse_unknown

FIELDS = ("currency", "valid_on", "rate")


@transaction.atomic
def add_rate(*, actor: Actor, business: Business, currency: str, valid_on: date, rate: Decimal) -> ExchangeRate:
    """Add a rate, also a future one; the database refuses a second one of the day. Raises NotAllowed, InvalidInput."""
    actor.require("crm.manage_rates", business)
    record = ExchangeRate(business=business, currency=currency, valid_on=valid_on, rate=rate)
    _check(record, business)
    record.save(force_insert=True)
    changes = {name: (None, getattr(record, name)) for name in FIELDS}
    activity.record("crm.exchange_rate.created", actor=actor, business=business, subject=record, changes=changes)
    return record


@transaction.atomic
def update_rate(*, actor: Actor, record: ExchangeRate, version: str | None = None, **data: Any) -> ExchangeRate:
    """Correct a rate. Raises NotAllowed, StaleVersion, InvalidInput."""
    refuse_unknown(data, FIELDS)
    locked = _lock(record)
    actor.require("crm.manage_rates", locked.business)
    check_version(locked, version)
    before = ExchangeRate.objects.get(pk=locked.pk)
    for name, value in data.items():
        setattr(locked, name, value)
    changes = activity.changes_between(before, locked, FIELDS)
    if not changes:
        return locked
    _check(locked, locked.business)
    locked.save()
    activity.record("crm.exchange_rate.updated", actor=actor, business=locked.business, subject=locked, changes=changes)
    return locked


@transaction.atomic
def set_rate(*, actor: Actor, business: Business, currency: str, valid_on: date, rate: Decimal) -> ExchangeRate:
    """Add the rate of a day, or correct the one that is there: what a file of rates does with each of its rows."""
    found = ExchangeRate.objects.filter(business=business, currency=currency, valid_on=valid_on).first()
    if found is None:
        return add_rate(actor=actor, business=business, currency=currency, valid_on=valid_on, rate=rate)
    return update_rate(actor=actor, record=found, rate=rate)


@transaction.atomic
def delete_rate(*, actor: Actor, record: ExchangeRate) -> None:
    """Take a rate away; from its day on the rate before it holds. What was converted stays. Raises NotAllowed."""
    locked = _lock(record)
    actor.require("crm.manage_rates", locked.business)
    changes = {name: (getattr(locked, name), None) for name in FIELDS}
    activity.record("crm.exchange_rate.deleted", actor=actor, business=locked.business, subject=locked, changes=changes)
    locked.delete()


def _lock(record: ExchangeRate) -> ExchangeRate:
    locked: ExchangeRate | None = (
        ExchangeRate.objects.select_for_update(of=("self",)).select_related("business").filter(pk=record.pk).first()
    )
    if locked is None:
        raise NotFound
    return locked


def _check(record: ExchangeRate, business: Business) -> None:
    if record.currency == business.currency:
        raise InvalidInput({"currency": [_("This is the reporting currency; its rate is always 1.")]})
    if record.rate is not None and record.rate <= 0:
        raise InvalidInput({"rate": [_("The rate must be greater than zero.")]})
    clean(record, exclude=["business"])
