"""What a customer wants to be sent: the stored row, or the defaults of its business; what each flag is about; the consents that hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any
from uuid import UUID

from django.core import signing
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from crm.models import Business
from customers.choices import Channel, ConsentState, MessageCategory
from customers.models import CommunicationPreference, ConsentRecord, Customer

BLOCK = "communication"
OPT_IN, SOURCE_DEFAULTS = "opt_in", "source_defaults"
DEFAULTS: dict[str, Any] = {
    "consent_mode": OPT_IN,
    "quiet_hours": "",
    "digest_at": "09:00",
    "digest_weekday": "1",
    "erasure_days": 30,
}


@dataclass(frozen=True)
class Flag:
    """A wish that is on or off. What it lets through needs consent to `purpose` on `channel` ("" for all), unless `purpose` is "".

    `source_default` is how it stands where a business keeps the defaults of its former system; `words` is what the customer reads.
    """

    name: str
    purpose: str
    channel: str
    source_default: bool
    words: Any


FLAGS = {
    flag.name: flag
    for flag in (
        Flag("email_marketing", MessageCategory.MARKETING, Channel.EMAIL, True, _("News and advertising by e-mail")),
        Flag("sms_marketing", MessageCategory.MARKETING, Channel.SMS, True, _("News and advertising by SMS")),
        Flag("push_notifications", MessageCategory.MARKETING, Channel.PUSH, True, _("Messages on my phone or computer (push)")),
        Flag("promotional_offers", MessageCategory.PROMOTION, "", True, _("Special offers")),
        Flag("newsletter_subscription", MessageCategory.NEWSLETTER, "", False, _("The newsletter")),
        Flag("loyalty_updates", MessageCategory.LOYALTY, "", True, _("News of my loyalty account")),
        Flag("survey_invitations", MessageCategory.SURVEY, "", False, _("Invitations to surveys")),
        Flag("transaction_receipts", "", "", True, _("Receipts of what I have bought")),
    )
}  # fmt: skip
_OF_CATEGORY: dict[str, str] = {
    MessageCategory.PROMOTION: "promotional_offers",
    MessageCategory.NEWSLETTER: "newsletter_subscription",
    MessageCategory.LOYALTY: "loyalty_updates",
    MessageCategory.SURVEY: "survey_invitations",
    MessageCategory.RECEIPT: "transaction_receipts",
}
_OF_CHANNEL: dict[str, str] = {
    Channel.EMAIL: "email_marketing",
    Channel.SMS: "sms_marketing",
    Channel.PUSH: "push_notifications",
}
_ADVERTISING = (MessageCategory.MARKETING, MessageCategory.PROMOTION)


def flag_label(name: str) -> Any:
    """What staff call the flag."""
    column: Any = CommunicationPreference._meta.get_field(name)
    return column.verbose_name


def flags_for(category: str, channel: str) -> list[str]:
    """The flags that must all be on for a message: that of its category, and that of its channel for advertising and for push."""
    names = [_OF_CATEGORY[category]] if category in _OF_CATEGORY else []
    if channel in _OF_CHANNEL and (
        category in _ADVERTISING or (channel == Channel.PUSH and category != MessageCategory.SERVICE)
    ):
        names.append(_OF_CHANNEL[channel])
    return names


def needs_consent(category: str, mode: str) -> bool:
    """Advertising, newsletters and surveys always need it; loyalty news do unless the defaults of the former system were kept."""
    if category in (MessageCategory.RECEIPT, MessageCategory.SERVICE):
        return False
    return category != MessageCategory.LOYALTY or mode == OPT_IN


def communication_settings(business: Business) -> dict[str, Any]:
    """The settings of the block, complete."""
    return {**DEFAULTS, **business.settings.get(BLOCK, {})}


def parse_hours(text: str) -> tuple[time, time] | tuple[None, None]:
    """ "22:00-08:00" as two times; none for ""."""
    if not text:
        return None, None
    start, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    return start, end


def default_preference(customer: Customer) -> CommunicationPreference:
    """What holds for a customer who has never chosen: an unsaved row with the defaults of the business."""
    business = customer.business
    chosen = communication_settings(business)
    keeps_source = chosen["consent_mode"] == SOURCE_DEFAULTS
    start, end = parse_hours(chosen["quiet_hours"])
    flags = {
        flag.name: flag.source_default if keeps_source else not flag.purpose
        for flag in FLAGS.values()
    }  # fmt: skip
    return CommunicationPreference(
        business=business, customer=customer, time_zone=business.time_zone, quiet_hours_start=start, quiet_hours_end=end,
        digest_at=time.fromisoformat(chosen["digest_at"]), digest_weekday=int(chosen["digest_weekday"]),
        created_at=customer.created_at, updated_at=customer.created_at, **flags,
    )  # fmt: skip


def preference_of(customer: Customer) -> CommunicationPreference:
    """The customer's row as it stands in the database now, else the defaults."""
    found: CommunicationPreference | None = CommunicationPreference.objects.filter(customer=customer.pk).first()
    return found or default_preference(customer)


def preferences_of(customers: Sequence[Customer]) -> dict[UUID, CommunicationPreference]:
    """The rows of the customers, by their ids; the defaults of those who have none. One query, with the businesses at hand."""
    stored = CommunicationPreference.objects.filter(customer__in=[customer.pk for customer in customers])
    found = {row.customer_id: row for row in stored}
    return {customer.pk: found.get(customer.pk) or default_preference(customer) for customer in customers}


def latest_consents(customer_ids: Iterable[UUID]) -> QuerySet[ConsentRecord]:
    """Of each customer, purpose and channel the record that holds: the latest by when it was given, then by when it was entered."""
    latest = ConsentRecord.objects.filter(
        customer=OuterRef("customer"), purpose=OuterRef("purpose"), channel=OuterRef("channel")
    ).order_by("-given_at", "-id")
    records = ConsentRecord.objects.filter(customer__in=list(customer_ids))
    found: QuerySet[ConsentRecord] = records.filter(pk=Subquery(latest.values("pk")[:1])).order_by("purpose", "channel")
    return found


@dataclass(frozen=True)
class Consents:
    """The consents of a customer that hold: by purpose and channel ("" for all channels) the latest record."""

    records: dict[tuple[str, str], ConsentRecord]

    def about(self, purpose: str, channel: str) -> ConsentRecord | None:
        """What was said last about the purpose on the channel, for this channel or for all."""
        said = [self.records[key] for key in ((purpose, channel), (purpose, "")) if key in self.records]
        return max(said, key=lambda record: (record.given_at, record.pk), default=None)

    def given(self, purpose: str, channel: str) -> bool:
        record = self.about(purpose, channel)
        return record is not None and record.state == ConsentState.GIVEN

    def given_somewhere(self, purpose: str) -> bool:
        """Is there a channel on which the purpose is consented to?"""
        return any(self.given(purpose, channel) for about, channel in self.records if about == purpose)

    def cover(self, flag: Flag) -> bool:
        """Is there the consent that the flag needs: on its channel, or where it stands for all of them on any?"""
        return self.given(flag.purpose, flag.channel) if flag.channel else self.given_somewhere(flag.purpose)


def consents_of(customer: Customer) -> Consents:
    return Consents({(record.purpose, record.channel): record for record in latest_consents([customer.pk])})


def is_effective(flag: Flag, preference: CommunicationPreference, consents: Consents, mode: str) -> bool:
    """Does the flag let anything through: is it on, with the consent that it needs?"""
    if not getattr(preference, flag.name):
        return False
    return not flag.purpose or not needs_consent(flag.purpose, mode) or consents.cover(flag)


_signer = signing.Signer(sep=".", salt="customers.preferences")


def link_token(preference: CommunicationPreference) -> str:
    """What the address of the customer's own page ends in; a new `link_number` ends those before."""
    named = f"{preference.business_id.hex}{preference.customer_id.hex}{preference.link_number:x}"
    return _signer.sign(named)


def read_token(token: str) -> tuple[UUID, UUID, int] | None:
    """Business, customer and number that a token names, or None when it was not signed by us."""
    try:
        named = _signer.unsign(token)
        return UUID(named[:32]), UUID(named[32:64]), int(named[64:], 16)
    except (signing.BadSignature, ValueError):
        return None


def customer_of_link(customer_id: UUID, number: int) -> Customer | None:
    """The customer of the open business whose own page the link opens; None when it was replaced or the customer is gone."""
    found: Customer | None = (
        Customer.objects.filter(pk=customer_id, hidden_at__isnull=True, is_unidentified=False)
        .select_related("business")
        .first()
    )
    return found if found and preference_of(found).link_number == number else None
