"""What programs of other systems do in one deed: change fields and stage, put on several tags."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db import transaction

from crm.actor import Actor
from customers.models import Customer, Tag
from customers.services.customers import update_customer
from customers.services.lifecycle import change_stage
from customers.services.preferences import NO_PROOF, Proof, set_preferences
from customers.services.tags import tag_customer, tag_named


@transaction.atomic
def update_and_enter(
    *,
    actor: Actor,
    customer: Customer,
    at: datetime,
    stage: str = "",
    reason: str = "",
    version: str | None = None,
    **data: Any,
) -> Customer:
    """Change the fields and, where `stage` names one, enter it now. Raises what `update_customer` and `change_stage` raise."""
    changed = update_customer(actor=actor, customer=customer, at=at, version=version, **data)
    if stage:
        now = max(at, changed.stage_since or at)
        change_stage(actor=actor, customer=changed, stage=stage, effective_at=now, at=now, reason=reason)
    return changed


@transaction.atomic
def update_enter_and_wish(
    *,
    actor: Actor,
    customer: Customer,
    at: datetime,
    stage: str = "",
    reason: str = "",
    versions: tuple[str | None, str | None] = (None, None),
    wishes: Mapping[str, Any] = MappingProxyType({}),
    proof: Proof = NO_PROOF,
    **data: Any,
) -> Customer:
    """The same, with what the customer wants to be sent; `versions` are those of the customer and of its preferences.

    Raises what `update_and_enter` and `set_preferences` raise.
    """
    own, of_wishes = versions
    changed = update_and_enter(actor=actor, customer=customer, at=at, stage=stage, reason=reason, version=own, **data)
    if wishes:
        set_preferences(actor=actor, customer=customer, at=at, version=of_wishes, proof=proof, **wishes)
    return changed


@transaction.atomic
def tag_with_all(*, actor: Actor, customer: Customer, tags: Iterable[Tag | str]) -> None:
    """Put all of the tags, or those of these names, on the customer. Raises InvalidInput, and NotAllowed for a name that is new."""
    for tag in tags:
        named = tag_named(actor=actor, business=customer.business, name=tag) if isinstance(tag, str) else tag
        tag_customer(actor=actor, customer=customer, tag=named)
