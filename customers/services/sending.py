"""The one gate that every sender asks before anything goes out to a customer."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.errors import InvalidInput, NotFound
from customers.choices import Channel, MessageCategory
from customers.models import Customer, SendDecision
from customers.queries.sending import current_permission


@transaction.atomic
def may_send(
    *, actor: Actor, customer: Customer, channel: str, category: str, at: datetime, is_digest: bool = False
) -> SendDecision:
    """Decide about one message by the rows as they stand now, and store the decision; the rules stand in `customers.queries.sending`.

    Changes of the customer and its preferences wait for it, and it for them: what they have said holds from the next message on. With
    `is_digest`, for a digest that has come to its slot. After waiting ask again. Raises NotFound, InvalidInput.
    """
    errors = {}
    if channel not in Channel.values:
        errors["channel"] = [_("There is no such channel.")]
    if category not in MessageCategory.values:
        errors["category"] = [_("There is no such category of messages.")]
    if errors:
        raise InvalidInput(errors)
    if not Customer.objects.select_for_update(of=("self",), no_key=True).filter(pk=customer.pk):
        raise NotFound
    verdict = current_permission(customer=customer, channel=channel, category=category, at=at, is_digest=is_digest)
    decision: SendDecision = SendDecision.objects.create(
        business_id=customer.business_id, customer=customer, channel=channel, category=category, asked_at=at,
        outcome=verdict.outcome, until=verdict.until, reason=verdict.stored_reason, actor_label=actor.label[:120],
    )  # fmt: skip
    return decision
