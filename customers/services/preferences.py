"""Setting what a customer wants to be sent, unsubscribing, and replacing the link to the customer's own page."""

import hashlib
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm import activity, clock
from crm.actor import Actor
from crm.errors import InvalidInput
from crm.forms import check_version
from crm.services.cleaning import refuse_unknown
from customers.choices import ConsentBasis, ConsentState
from customers.models import CommunicationPreference, Customer
from customers.queries.preferences import FLAGS, OPT_IN, Flag, communication_settings, consents_of, needs_consent
from customers.services.consents import add_record, lock_preference, save_preference

FIELDS = (
    *FLAGS, "frequency", "preferred_channel", "time_zone", "quiet_hours_start", "quiet_hours_end", "digest_at", "digest_weekday",
    "paused_until",
)  # fmt: skip


@dataclass(frozen=True)
class Proof:
    """How it is known that the customer consents: `evidence` in words, which words were shown, on what basis, when (default: now)."""

    evidence: str = ""
    text_version: str = ""
    basis: str = ConsentBasis.CONSENT
    given_at: datetime | None = None


NO_PROOF = Proof()


def words_shown() -> str:
    """The version of the words on the customer's own page: another one as soon as one of them changes."""
    words = "\n".join(str(flag.words) for flag in FLAGS.values())
    return f"own page {hashlib.sha256(words.encode()).hexdigest()[:8]}"


@transaction.atomic
def set_preferences(
    *, actor: Actor, customer: Customer, at: datetime, version: str | None = None, proof: Proof = NO_PROOF, **data: Any
) -> CommunicationPreference:
    """Change the given fields; a customer's first change makes its row of the defaults. It holds from the next message on.

    Turning a flag off records that consent was withdrawn. Turning one on needs consent: a valid record, or the `proof` of one that is
    recorded at once; what the customer ticks on its own page is its consent. Raises NotFound, StaleVersion, InvalidInput.
    """
    preference = lock_preference(customer)
    check_version(preference, version)
    refuse_unknown(data, FIELDS)
    before = copy(preference)
    for name, value in data.items():
        setattr(preference, name, value)
    changes = activity.changes_between(before, preference, FIELDS)
    _check(preference, changes, at)
    _record_consents(actor, preference, changes, data, proof, at)
    save_preference(actor, preference, changes)
    return preference


@transaction.atomic
def unsubscribe(*, actor: Actor, customer: Customer, at: datetime) -> CommunicationPreference:
    """Turn off everything but receipts, and withdraw what was ever consented to. A second time changes nothing. Raises NotFound."""
    wanted: dict[str, Any] = {flag.name: False for flag in FLAGS.values() if flag.purpose}
    preference = set_preferences(actor=actor, customer=customer, at=at, **wanted)
    consents = consents_of(preference.customer)
    for purpose in dict.fromkeys(flag.purpose for flag in FLAGS.values() if flag.purpose):
        if consents.given_somewhere(purpose):
            add_record(
                actor=actor, customer=preference.customer, purpose=purpose, channel="", state=ConsentState.WITHDRAWN,
                at=at, given_at=at, text_version=words_shown() if actor.door == "link" else "",
            )  # fmt: skip
    return preference


@transaction.atomic
def renew_link(*, actor: Actor, customer: Customer) -> CommunicationPreference:
    """End the links to the customer's own page that were given out so far. Raises NotFound."""
    preference = lock_preference(customer)
    preference.link_number += 1
    preference.save()
    activity.record(
        "customers.preference_link.renewed", actor=actor, business=preference.business, subject=preference,
        about=preference.customer_id,
    )  # fmt: skip
    return preference


def _check(preference: CommunicationPreference, changes: dict[str, activity.Change], at: datetime) -> None:
    errors: dict[str, list[str]] = {}
    if not clock.is_time_zone(preference.time_zone or ""):
        errors["time_zone"] = [_("There is no time zone of this name.")]
    start, end = preference.quiet_hours_start, preference.quiet_hours_end
    if (start is None) != (end is None):
        errors["quiet_hours_end" if end is None else "quiet_hours_start"] = [
            _("Quiet hours need a beginning and an end.")
        ]
    elif start is not None and start == end:
        errors["quiet_hours_end"] = [_("Quiet hours can't end when they begin; they may cross midnight.")]
    if preference.digest_weekday not in range(1, 8):
        errors["digest_weekday"] = [_("Give a day from 1 (Monday) to 7 (Sunday).")]
    if "paused_until" in changes and preference.paused_until is not None:
        if preference.paused_until <= at:
            errors["paused_until"] = [_("The pause must end in the future.")]
        elif preference.paused_until.year > 2199:
            errors["paused_until"] = [_("Give a date before the year 2200.")]
    if errors:
        raise InvalidInput(errors)


def _record_consents(
    actor: Actor, preference: CommunicationPreference, changes: dict[str, activity.Change], data: dict[str, Any], proof: Proof,
    at: datetime,
) -> None:  # fmt: skip
    """Let the records of consent follow the flags."""
    customer, is_own = preference.customer, actor.door == "link"
    mode = communication_settings(preference.business)["consent_mode"]
    consents = consents_of(customer)

    def add(flag: Flag, state: str, **how: Any) -> None:
        add_record(
            actor=actor, customer=customer, purpose=flag.purpose, channel=flag.channel, state=state, at=at,
            **{"given_at": at, **how},
        )  # fmt: skip

    for flag in FLAGS.values():
        if not flag.purpose:
            continue
        is_on = getattr(preference, flag.name)
        if flag.name in changes and not is_on:
            add(flag, ConsentState.WITHDRAWN, **({"text_version": words_shown()} if is_own else {}))
        elif not is_on or consents.cover(flag):
            continue
        elif is_own and data.get(flag.name) and needs_consent(flag.purpose, mode):
            add(flag, ConsentState.GIVEN, text_version=words_shown(), evidence=str(flag.words))
        elif not is_own and flag.name in changes and (proof.evidence.strip() or mode == OPT_IN):
            when = proof.given_at or at
            said = consents.about(flag.purpose, flag.channel)
            if said is not None and when < said.given_at:
                raise InvalidInput({"given_at": [_("The customer has withdrawn this consent later than that.")]})
            add(
                flag, ConsentState.GIVEN, given_at=when, basis=proof.basis, evidence=proof.evidence,
                text_version=proof.text_version,
            )  # fmt: skip
