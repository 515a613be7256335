"""Making a business and changing its settings."""

import json
import secrets
from typing import Any

from babel import Locale, UnknownLocaleError
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from crm import activity, clock
from crm.actor import Actor
from crm.errors import InvalidInput, NotFound
from crm.forms import check_version
from crm.models import Business, Membership, Role, User
from crm.registry import settings_blocks
from crm.services.cleaning import clean, refuse_unknown

FIELDS = ("name", "slug", "time_zone", "locale", "settings", "is_active")


@transaction.atomic
def create_business(
    *,
    actor: Actor,
    owner: User,
    name: str,
    currency: str,
    time_zone: str,
    locale: str = "en-GB",
    slug: str = "",
    is_demo: bool = False,
) -> Business:
    """Add a business with its first owner; the short name follows from the name if not given. Raises InvalidInput."""
    business = Business(
        name=name.strip(),
        slug=slug.strip().lower() or free_slug(name),
        currency=currency,
        time_zone=time_zone,
        locale=locale,
        is_demo=is_demo,
    )
    _check(business)
    business.save(force_insert=True)
    membership = Membership(business=business, user=owner, role=Role.OWNER)
    membership.save(force_insert=True)
    changes = {field: (None, getattr(business, field)) for field in ("name", "slug", "currency", "time_zone", "locale")}
    activity.record("crm.business.created", actor=actor, business=business, subject=business, changes=changes)
    activity.record(
        "crm.membership.created",
        actor=actor,
        business=business,
        subject=membership,
        changes={"role": (None, membership.role)},
    )
    return business


@transaction.atomic
def update_business(*, actor: Actor, business: Business, version: str | None = None, **data: Any) -> Business:
    """Change the given fields; `settings` maps a block's key to its fields.

    Raises NotAllowed, StaleVersion, InvalidInput.
    The reporting currency can't be changed: every stored figure is in it.
    """
    actor.require("crm.manage_business", business)
    locked = Business.objects.select_for_update(no_key=True).filter(pk=business.pk).first()
    if locked is None:
        raise NotFound
    check_version(locked, version)
    if data.get("currency", locked.currency) != locked.currency:
        raise InvalidInput({"currency": [_("The reporting currency is fixed: all figures of the business are in it.")]})
    data.pop("currency", None)
    refuse_unknown(data, FIELDS)
    before = Business.objects.get(pk=locked.pk)
    if "settings" in data:
        locked.settings = {**locked.settings, **clean_settings(data.pop("settings"))}
    for name, value in data.items():
        setattr(locked, name, value.strip() if isinstance(value, str) else value)
    locked.slug = locked.slug.lower()
    changes = activity.changes_between(before, locked, FIELDS)
    if not changes:
        return locked
    _check(locked)
    locked.save()
    _follow_settings(before, locked)
    activity.record("crm.business.updated", actor=actor, business=locked, subject=locked, changes=changes)
    return locked


def clean_settings(given: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The given blocks, complete, as JSON keeps them; what is missing has its default. Raises InvalidInput."""
    errors: dict[str, list[str]] = {}
    cleaned: dict[str, dict[str, Any]] = {}
    for key, values in given.items():
        block = settings_blocks.get(key)
        if block is None:
            errors[key] = [_("There is no such block of settings.")]
            continue
        for name in set(values) - set(block.fields):
            errors[f"{key}__{name}"] = [_("There is no such setting.")]
        cleaned[key] = {}
        for name, (make_field, default) in block.fields.items():
            try:
                value = make_field().clean(values[name]) if name in values else default
            except ValidationError as error:
                errors[f"{key}__{name}"] = list(error.messages)
                continue
            cleaned[key][name] = json.loads(json.dumps(value, cls=DjangoJSONEncoder))
    if errors:
        raise InvalidInput(errors)
    return cleaned


def _follow_settings(before: Business, business: Business) -> None:
    """Let the apps follow the blocks that have changed. Raises InvalidInput."""
    for block in settings_blocks:
        if block.follow is None or before.settings.get(block.key) == business.settings.get(block.key):
            continue
        try:
            block.follow(business)
        except InvalidInput as refusal:
            raise InvalidInput({f"{block.key}__{name}": words for name, words in refusal.errors.items()}) from refusal


def free_slug(name: str) -> str:
    """A short name made of `name` that no business has yet."""
    stem = slugify(name)[:50].strip("-") or "business"
    if not Business.objects.filter(slug=stem).exists():
        return stem
    return f"{stem}-{secrets.token_hex(3)}"


def _check(business: Business) -> None:
    errors: dict[str, list[str]] = {}
    if not clock.is_time_zone(business.time_zone):
        errors["time_zone"] = [_("There is no time zone of this name.")]
    try:
        Locale.parse(business.locale, sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        errors["locale"] = [_("This is not a language and region, as in en-GB.")]
    if errors:
        raise InvalidInput(errors)
    clean(business)
    if Business.objects.filter(slug=business.slug).exclude(pk=business.pk).exists():
        raise InvalidInput({"slug": [_("This short name is taken.")]})
