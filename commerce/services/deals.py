"""Making, changing, moving and deleting deals, with the steps, the figures and the stage of the customer that follow from them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.choices import OPEN_STAGES, DealKind, DealStage
from commerce.models import Opportunity, OpportunityStageChange
from commerce.queries.deals import probability_of
from commerce.services.facts import refresh_deal_facts
from commerce.services.rates import Rates
from commerce.services.sent_again import refuse_differences
from crm import activity
from crm.actor import Actor
from crm.clock import today
from crm.errors import DomainError, InvalidInput, NotFound
from crm.formats import day as day_in_words
from crm.forms import check_version
from crm.models import Business, Membership
from crm.money import EXPONENTS, round_money
from crm.services.cleaning import clean, refuse_unknown
from customers import services as customer_services
from customers.choices import LifecycleStage
from customers.models import Customer

# What people may enter of a deal; the stage is entered once, and then moved.
DEAL_FIELDS = (
    "name", "kind", "customer", "contact", "owner", "product", "amount", "currency", "probability", "opened_on", "expected_close_on",
    "competitor", "next_step", "next_step_on", "lost_reason", "source", "external_id",
)  # fmt: skip
_FIRST = ("stage", "closed_at")
_COLUMNS = {"customer": "customer_id", "contact": "contact_id", "owner": "owner_id", "product": "product_id"}
_COMPARED = tuple(_COLUMNS.get(name, name) for name in DEAL_FIELDS)
_DAYS = ("opened_on", "expected_close_on", "next_step_on")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_MOST = Decimal(10) ** 12
_PROBABILITY = {DealStage.WON: 100, DealStage.LOST: 0}
# From where a customer grows when a deal of the kind expansion is won.
_GROWS_FROM = (LifecycleStage.ONBOARDING, LifecycleStage.ACTIVE, LifecycleStage.CHURN_RISK)


class DealUnchanged(DomainError):
    """The deal stands in the stage already: somebody else was quicker, or the request came twice."""

    code = "deal_unchanged"
    field = "stage"
    message = gettext_lazy("The deal is in this stage already.")


class DealDiffers(DomainError):
    """The external id is taken by a deal with other content; `details["differences"]` maps each field to (as it is, as it was sent)."""

    field = "external_id"
    code = "deal_differs"
    message = gettext_lazy("There is a deal with this external id and other content.")


def create_deal(*, actor: Actor, business: Business, at: datetime, **data: Any) -> tuple[Opportunity, bool]:
    """Add a deal; with the source, the external id and the content of one that is there it is that one. A deal that is over when it
    is entered may name `closed_at`, which is else `at`. Returns (deal, whether it is new).

    Raises NotAllowed, InvalidInput, DealDiffers.
    """
    actor.require("commerce.add_deals", business)
    refuse_unknown(data, (*DEAL_FIELDS, *_FIRST))
    source, external_id = (str(data.get(name) or "").strip() for name in ("source", "external_id"))
    if external_id and (known := _known_as(business, source, external_id)):
        return _the_same(actor, known, data), False
    try:
        return _create(actor, business, at, data), True
    except IntegrityError:
        # two requests of one deal at once: whoever comes second finds that of the first
        known = _known_as(business, source, external_id) if external_id else None
        if known is None:
            raise
        return _the_same(actor, known, data), False


@transaction.atomic
def _create(actor: Actor, business: Business, at: datetime, data: dict[str, Any]) -> Opportunity:
    data = dict(data)
    stage = _stage(data.pop("stage", None) or DealStage.DISCOVERY)
    closed_at = data.pop("closed_at", None)
    deal = Opportunity(business=business, stage=stage, currency=business.currency, stage_since=at)
    deal.opened_on = today(business.time_zone, closed_at or at)
    deal.probability = probability_of(business, stage)
    if closed_at is not None and (stage in OPEN_STAGES or closed_at > at):
        raise InvalidInput({"closed_at": [_("Only a deal that is over has been closed, and not in the future.")]})
    if stage not in OPEN_STAGES:
        deal.closed_at = deal.stage_since = closed_at or at
    _assign(deal, None, data, at)
    deal.save(force_insert=True)
    _step(deal, "", deal.stage_since, None, actor, deal.lost_reason)
    _record(
        "created", actor, deal, {name: (None, v) for name in _COMPARED if (v := getattr(deal, name)) not in ("", None)}
    )
    _follow_win(actor, deal, at)
    _refresh({deal.customer_id})
    return deal


@transaction.atomic
def update_deal(
    *, actor: Actor, deal: Opportunity, at: datetime, version: str | None = None, **data: Any
) -> Opportunity:
    """Change the given fields; nothing is written when all are as they were. Moving the expected close of an open deal to a later day
    counts as putting it off. Raises NotAllowed, StaleVersion, InvalidInput."""
    refuse_unknown(data, DEAL_FIELDS)
    locked = _lock(deal)
    actor.require("commerce.change_deals", locked.business)
    check_version(locked, version)
    before = Opportunity.objects.get(pk=locked.pk)
    _assign(locked, before, data, at)
    changes = activity.changes_between(before, locked, _COMPARED)
    if not changes and before.amount_base == locked.amount_base:
        return locked
    was, now = before.expected_close_on, locked.expected_close_on
    if locked.stage in OPEN_STAGES and was and now and now > was:
        locked.push_count += 1
        changes["push_count"] = (before.push_count, locked.push_count)
    locked.save()
    _record("updated", actor, locked, changes)
    if before.kind != locked.kind or before.customer_id != locked.customer_id:
        _follow_win(actor, locked, at)
    _refresh({before.customer_id, locked.customer_id})
    return locked


@transaction.atomic
def move_deal(
    *,
    actor: Actor,
    deal: Opportunity,
    stage: str,
    at: datetime,
    reason: str = "",
    probability: int | None = None,
    amount: Decimal | None = None,
    version: str | None = None,
) -> Opportunity:
    """Let the deal enter another stage at `at`; from won or lost into an open one it is open again. The probability is that of the
    stage unless it is given; `amount` is what it is about from now on, when given.

    A deal is lost for a `reason` and won for an amount. Winning one of the kind expansion moves its customer to Expansion.
    Raises NotAllowed, StaleVersion, DealUnchanged, InvalidInput.
    """
    locked = _lock(deal)
    actor.require("commerce.change_deals", locked.business)
    check_version(locked, version)
    before = Opportunity.objects.get(pk=locked.pk)
    entered, reason = _stage(stage), reason.strip()
    if locked.stage == entered:
        raise DealUnchanged
    if entered == DealStage.LOST and not reason:
        raise InvalidInput({"reason": [_("Say why the deal was lost.")]})
    is_open = entered in OPEN_STAGES
    locked.stage, locked.closed_at = entered, None if is_open else at
    locked.lost_reason = reason if entered == DealStage.LOST else ""
    locked.probability = probability_of(locked.business, entered)
    data: dict[str, Any] = {"probability": probability} if probability is not None and is_open else {}
    if amount is not None:
        data["amount"] = amount
    try:
        _assign(locked, before, data, at)
    except InvalidInput as refusal:
        errors = {"reason" if name == "lost_reason" else name: words for name, words in refusal.errors.items()}
        raise InvalidInput(errors) from refusal
    days = _days_between(before.stage_since, at)
    locked.stage_since = max(at, before.stage_since)
    locked.save()
    _step(locked, before.stage, locked.stage_since, days, actor, reason)
    changes = activity.changes_between(before, locked, ("stage", "probability", "amount", "closed_at", "lost_reason"))
    payload = {"from": before.stage, "to": entered, "days": days, "reason": reason, "amount_base": locked.amount_base}
    _record(_verb_of(before.stage, entered), actor, locked, changes, payload)
    if entered == DealStage.WON:
        _follow_win(actor, locked, at)
    _refresh({locked.customer_id})
    return locked


@transaction.atomic
def delete_deal(*, actor: Actor, deal: Opportunity, version: str | None = None) -> None:
    """Remove a deal with its steps, as if it had never been; orders and invoices of it stay. Raises NotAllowed, StaleVersion."""
    locked = _lock(deal)
    actor.require("commerce.delete_deals", locked.business)
    check_version(locked, version)
    changes = {
        name: (value, None) for name in ("name", "stage", "amount") if (value := getattr(locked, name)) is not None
    }
    _record("deleted", actor, locked, changes)
    locked.delete()
    _refresh({locked.customer_id})


def _lock(deal: Opportunity) -> Opportunity:
    rows = Opportunity.objects.select_for_update(of=("self",)).select_related("business")
    locked: Opportunity | None = rows.filter(pk=deal.pk).first()
    if locked is None:
        raise NotFound
    return locked


def _known_as(business: Business, source: str, external_id: str) -> Opportunity | None:
    rows = Opportunity.objects.select_related("business").filter(business=business, source=source)
    found: Opportunity | None = rows.filter(external_id=external_id).first()
    return found


def _the_same(actor: Actor, known: Opportunity, data: dict[str, Any]) -> Opportunity:
    """The deal that is there, if what was sent says the same of it. Raises DealDiffers."""
    differences: dict[str, tuple[Any, Any]] = {}
    for name, value in data.items():
        sent: Any = getattr(value, "pk", value)
        sent = sent.strip() if isinstance(sent, str) else sent
        if name == "amount" and sent is not None and known.currency in EXPONENTS:
            sent = round_money(sent, known.currency)
        stored = getattr(known, _COLUMNS.get(name, name))
        if stored != (sent.upper() if name == "currency" and sent else sent):
            differences[name] = (stored, sent)
    words = _("There is a deal with this external id and other content: %(fields)s.")
    refuse_differences(DealDiffers, differences, actor, known, words)
    return known


def _stage(name: str) -> DealStage:
    if name not in DealStage.values:
        raise InvalidInput({"stage": [_("There is no such stage.")]})
    return DealStage(name)


def _assign(deal: Opportunity, before: Opportunity | None, data: dict[str, Any], at: datetime) -> None:
    """Put the values on the deal as they are stored, with what follows from them. Raises InvalidInput."""
    for name, value in data.items():
        if name == "opened_on" and value is None:
            raise InvalidInput({"opened_on": [_("Say when the deal was opened.")]})
        if name == "probability" and value is None:
            value = probability_of(deal.business, deal.stage)
        setattr(deal, name, value.strip() if isinstance(value, str) else value)
    deal.currency = (deal.currency or deal.business.currency).upper()
    if deal.currency not in EXPONENTS:
        raise InvalidInput({"currency": [_("Not a currency code such as EUR.")]})
    if deal.stage not in OPEN_STAGES:
        deal.probability = _PROBABILITY[DealStage(deal.stage)]
    faults = _faults_of(deal, before, data, at)
    if faults:
        raise InvalidInput(faults)
    if deal.amount is not None:
        deal.amount = round_money(deal.amount, deal.currency)
    deal.amount_base = _converted(deal)
    clean(deal, exclude=["business", "customer", "contact", "owner", "product", "amount_base"])
    _check_people(deal, before)


def _faults_of(
    deal: Opportunity, before: Opportunity | None, data: dict[str, Any], at: datetime
) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    zone = deal.business.time_zone
    for name in _DAYS:
        if (day := data.get(name)) and not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            faults[name] = [_("The day must lie between the years 1900 and 2199.")]
    if deal.opened_on > today(zone, at):
        faults["opened_on"] = [_("A deal can't be opened in the future.")]
    elif deal.closed_at is not None and today(zone, deal.closed_at) < deal.opened_on:
        faults["opened_on"] = [_("The deal was closed before this day.")]
    if deal.amount is not None and deal.amount < 0:
        faults["amount"] = [_("An amount can't be negative.")]
    elif deal.amount is not None and deal.amount >= _MOST:
        faults["amount"] = [_("More than can be stored.")]
    elif deal.amount is None and deal.stage == DealStage.WON:
        faults["amount"] = [_("Say for how much the deal was won.")]
    if not 0 <= deal.probability <= 100:
        faults["probability"] = [_("Give a percentage from 0 to 100.")]
    if deal.lost_reason and deal.stage != DealStage.LOST:
        faults["lost_reason"] = [_("Only a lost deal has a reason for that.")]
    elif (
        not deal.lost_reason
        and deal.stage == DealStage.LOST
        and (before is None or before.lost_reason or before.stage != DealStage.LOST)
    ):  # files may have brought deals without one
        faults["lost_reason"] = [_("Say why the deal was lost.")]
    return faults


def _converted(deal: Opportunity) -> Decimal | None:
    """The amount in the reporting currency, at the rate of the day on which the deal was closed; while it is open, was opened."""
    if deal.amount is None:
        return None
    day: date = today(deal.business.time_zone, deal.closed_at) if deal.closed_at else deal.opened_on
    rates = Rates(deal.business)
    rate = rates.on(deal.currency, day)
    if rate is None:
        words = _("There is no exchange rate for this currency on %(day)s. Add one under Settings, Exchange rates.")
        raise InvalidInput({"currency": [words % {"day": day_in_words(day)}]})
    amount = rates.converted(deal.amount, rate)
    if amount >= _MOST:
        raise InvalidInput({"amount": [_("More than can be stored.")]})
    return amount


def _check_people(deal: Opportunity, before: Opportunity | None) -> None:
    # who has left the business keeps deals until they get another owner
    if deal.owner_id and deal.owner_id != (before and before.owner_id):
        members = Membership.objects.filter(user=deal.owner_id, business=deal.business_id, is_active=True)
        if not members.exists():
            raise InvalidInput({"owner": [_("The owner must be a member of this business.")]})
    placed = (deal.customer_id, deal.contact_id)
    if deal.contact_id and placed != (before and (before.customer_id, before.contact_id)):
        contact = deal.contact
        if contact is None or deal.customer_id is None or contact.customer_id != deal.customer_id:
            raise InvalidInput({"contact": [_("Choose somebody who works at the customer of this deal.")]})
        if contact.archived_at is not None and (before is None or before.contact_id != deal.contact_id):
            raise InvalidInput({"contact": [_("This contact has left the company. Bring it back first.")]})


def _days_between(begin: datetime, end: datetime) -> Decimal:
    """Days with two digits behind the point; 0 where the clock says less."""
    return max(Decimal(0), round(Decimal((end - begin).total_seconds()) / 86_400, 2))


def _step(deal: Opportunity, before: str, at: datetime, days: Decimal | None, actor: Actor, reason: str) -> None:
    step = OpportunityStageChange(
        business=deal.business, opportunity=deal, before=before, after=deal.stage, at=at, days=days, amount_base=deal.amount_base,
        actor_kind=actor.kind, actor_id=actor.id, actor_label=actor.label[:120], reason=reason,
    )  # fmt: skip
    clean(step, exclude=["business", "opportunity", "actor_id", "days", "amount_base"])
    step.save()


def _follow_win(actor: Actor, deal: Opportunity, at: datetime) -> None:
    """A customer who has bought more is in Expansion: from when the deal was won, unless it entered its present stage later."""
    if deal.stage != DealStage.WON or deal.kind != DealKind.EXPANSION or deal.customer_id is None:
        return
    rows = Customer.objects.select_for_update(of=("self",), no_key=True)
    customer = rows.filter(pk=deal.customer_id, archived_at__isnull=True, lifecycle_stage__in=_GROWS_FROM).first()
    if customer is None or deal.closed_at is None or (customer.stage_since and customer.stage_since > deal.closed_at):
        return
    customer_services.change_stage(
        actor=actor, customer=customer, stage=LifecycleStage.EXPANSION, effective_at=deal.closed_at, at=at,
        reason=_("The expansion deal “%(name)s” was won.") % {"name": deal.name},
    )  # fmt: skip


def _refresh(customers: set[UUID | None]) -> None:
    touched = sorted(pk for pk in customers if pk is not None)
    if touched:
        refresh_deal_facts(touched)


def _verb_of(before: str, after: str) -> str:
    if after == DealStage.WON:
        return "won"
    if after == DealStage.LOST:
        return "lost"
    return "moved" if before in OPEN_STAGES else "reopened"


_VERBS = {
    "created": "commerce.deal.created", "updated": "commerce.deal.updated", "moved": "commerce.deal.moved", "won": "commerce.deal.won",
    "lost": "commerce.deal.lost", "reopened": "commerce.deal.reopened", "deleted": "commerce.deal.deleted",
}  # fmt: skip


def _record(
    deed: str, actor: Actor, deal: Opportunity, changes: dict[str, Any], payload: dict[str, Any] | None = None
) -> None:
    activity.record(
        _VERBS[deed], actor=actor, business=deal.business, subject=deal, about=deal.customer_id,
        changes={name.removesuffix("_id") if name != "external_id" else name: pair for name, pair in changes.items()},
        payload={"deal": deal.name, **(payload or {})},
    )  # fmt: skip
