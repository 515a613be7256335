"""The rules of the send gate: whether, when and why not something may be sent to a customer; `services.may_send` stores what they say.

The first line that fits decides:

| # | what is the case | decision | reason |
|---|---|---|---|
| 1 | the customer has asked for erasure, or is nobody known | don't send | `hidden` |
| 2 | there is no address or number for the channel | don't send | `no_address` |
| 3 | a message that the service itself needs | send now | `service` |
| 4 | the customer is archived | don't send | `archived` |
| 5 | receipts: the flag is off / on | don't send / send now | `flag_off` / `receipt` |
| 6 | the customer has paused messages | wait until the pause and quiet hours are over | `paused` |
| 7 | a flag that the message needs is off | don't send | `flag_off` |
| 8 | consent that it needs was withdrawn / never given | don't send | `consent_withdrawn` / `consent_missing` |
| 9 | the customer wants digests, and this is none | the next digest, after quiet hours | `daily_digest`, `weekly_digest` |
| 10 | it is in quiet hours | wait until they are over | `quiet_hours` |
| 11 | nothing speaks against it | send now | `allowed` |

After waiting, a sender asks again: what was allowed then may have been refused since.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from customers.choices import Channel, ConsentState, Frequency, MessageCategory, SendOutcome
from customers.models import CommunicationPreference, Customer
from customers.queries.preferences import (
    FLAGS,
    Consents,
    communication_settings,
    consents_of,
    flag_label,
    flags_for,
    needs_consent,
    preference_of,
)
from customers.queries.quiet_hours import first_allowed, is_quiet, next_digest

REASONS = {
    "hidden": _("The customer has asked for erasure."),
    "no_address": _("There is no address or number for this channel."),
    "archived": _("The customer is archived."),
    "service": _("The service itself needs it."),
    "receipt": _("Receipts are wanted."),
    "paused": _("The customer has paused messages."),
    "flag_off": _("The customer doesn't want it."),
    "consent_missing": _("Nobody has recorded that the customer consents to it."),
    "consent_withdrawn": _("The customer has withdrawn the consent to it."),
    "daily_digest": _("The customer wants one message a day."),
    "weekly_digest": _("The customer wants one message a week."),
    "quiet_hours": _("It is in the customer's quiet hours."),
    "allowed": _("Nothing speaks against it."),
}


@dataclass(frozen=True)
class Verdict:
    """What the gate says; `until` with wait and digest. `flag` names the first flag that is off."""

    outcome: str
    reason: str
    until: datetime | None = None
    flag: str = ""

    @property
    def stored_reason(self) -> str:
        """The reason as a decision keeps it: with the flag that is off."""
        return f"{self.reason}:{self.flag}" if self.flag else self.reason


def reason_words(stored: str) -> str:
    """A stored reason in words."""
    reason, _sign, flag = stored.partition(":")
    words = str(REASONS.get(reason, reason))
    return f"{words} ({flag_label(flag)})" if flag in FLAGS else words


@dataclass(frozen=True)
class Standing:
    """All that the gate looks at of a customer, as it stands in the database at one moment."""

    customer: Customer
    preference: CommunicationPreference
    consents: Consents
    consent_mode: str

    def verdict(self, channel: str, category: str, at: datetime, *, is_digest: bool = False) -> Verdict:
        """What the gate says to a message of the category on the channel at that moment; `is_digest` for a digest itself."""
        customer, wish = self.customer, self.preference
        if customer.hidden_at is not None or customer.is_unidentified:
            return Verdict(SendOutcome.SUPPRESS, "hidden")
        if not has_address(customer, channel):
            return Verdict(SendOutcome.SUPPRESS, "no_address")
        if category == MessageCategory.SERVICE:
            return Verdict(SendOutcome.ALLOW, "service")
        if customer.is_archived:
            return Verdict(SendOutcome.SUPPRESS, "archived")
        off = next((name for name in flags_for(category, channel) if not getattr(wish, name)), "")
        if category == MessageCategory.RECEIPT:
            return Verdict(SendOutcome.SUPPRESS, "flag_off", flag=off) if off else Verdict(SendOutcome.ALLOW, "receipt")
        zone, quiet = ZoneInfo(wish.time_zone), (wish.quiet_hours_start, wish.quiet_hours_end)
        if wish.paused_until is not None and at < wish.paused_until:
            return Verdict(SendOutcome.DELAY, "paused", first_allowed(wish.paused_until, *quiet, zone))
        if off:
            return Verdict(SendOutcome.SUPPRESS, "flag_off", flag=off)
        said = self.consents.about(category, channel)
        if said is not None and said.state == ConsentState.WITHDRAWN:
            return Verdict(SendOutcome.SUPPRESS, "consent_withdrawn")
        if said is None and needs_consent(category, self.consent_mode):
            return Verdict(SendOutcome.SUPPRESS, "consent_missing")
        if wish.frequency != Frequency.IMMEDIATE and not is_digest:
            weekday = wish.digest_weekday if wish.frequency == Frequency.WEEKLY_DIGEST else None
            until = next_digest(at, weekday=weekday, slot=wish.digest_at, start=quiet[0], end=quiet[1], zone=zone)
            return Verdict(SendOutcome.DIGEST, wish.frequency, until)
        if is_quiet(at, *quiet, zone):
            return Verdict(SendOutcome.DELAY, "quiet_hours", first_allowed(at, *quiet, zone))
        return Verdict(SendOutcome.ALLOW, "allowed")


def has_address(customer: Customer, channel: str) -> bool:
    """Is there a way to the customer on the channel? Devices for push are known to the push service alone, by the customer's id."""
    match channel:
        case Channel.EMAIL:
            return bool(customer.email)
        case Channel.PHONE | Channel.SMS:
            return bool(customer.phone)
        case Channel.TELEGRAM:
            return bool(customer.telegram_sealed)
    return True


def standing_of(customer: Customer) -> Standing:
    """Read anew what the gate looks at."""
    fresh = Customer.objects.select_related("business").get(pk=customer.pk)
    mode = communication_settings(fresh.business)["consent_mode"]
    return Standing(fresh, preference_of(fresh), consents_of(fresh), mode)


def current_permission(
    *, customer: Customer, channel: str, category: str, at: datetime, is_digest: bool = False
) -> Verdict:
    """What the gate would say now; nothing is stored."""
    return standing_of(customer).verdict(channel, category, at, is_digest=is_digest)
