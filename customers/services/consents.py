"""Recording consent: that a customer gave or withdrew it, with the evidence. Records are only ever added."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from crm import activity
from crm.actor import Actor
from crm.errors import InvalidInput, NotFound
from crm.services.cleaning import clean
from customers.choices import ConsentBasis, ConsentSource, ConsentState
from customers.models import CommunicationPreference, ConsentRecord, Customer
from customers.queries.preferences import FLAGS, OPT_IN, consents_of, default_preference, needs_consent

_SOURCES = {"link": ConsentSource.LINK, "api": ConsentSource.API}


@transaction.atomic
def record_consent(
    *, actor: Actor, customer: Customer, purpose: str, state: str, at: datetime, channel: str = "",
    basis: str = ConsentBasis.CONSENT, text_version: str = "", evidence: str = "", given_at: datetime | None = None,
) -> ConsentRecord:  # fmt: skip
    """Add a record, given or withdrawn `given_at` (default: `at`); the flags that it is about follow when it is the latest word.

    Consent that isn't given on the customer's own page needs evidence. Raises NotFound, InvalidInput.
    """
    preference = lock_preference(customer)
    record = add_record(
        actor=actor, customer=preference.customer, purpose=purpose, channel=channel, state=state, at=at, basis=basis,
        text_version=text_version, evidence=evidence, given_at=given_at or at,
    )  # fmt: skip
    consents, changes = consents_of(preference.customer), {}
    is_given = state == ConsentState.GIVEN
    for flag in FLAGS.values():
        is_about = flag.purpose == purpose and (not flag.channel or channel in ("", flag.channel))
        if is_about and consents.cover(flag) == is_given and getattr(preference, flag.name) != is_given:
            changes[flag.name] = (not is_given, is_given)
            setattr(preference, flag.name, is_given)
    save_preference(actor, preference, changes)
    return record


def lock_preference(customer: Customer) -> CommunicationPreference:
    """Lock the customer for changes of its preferences, and give its row, or an unsaved one with the defaults. Raises NotFound."""
    rows = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("business")
    locked: Customer | None = rows.filter(pk=customer.pk, hidden_at__isnull=True, is_unidentified=False).first()
    if locked is None:
        raise NotFound
    row: CommunicationPreference | None = CommunicationPreference.objects.filter(customer=locked).first()
    row = row or default_preference(locked)
    row.customer, row.business = locked, locked.business
    return row


def save_preference(actor: Actor, preference: CommunicationPreference, changes: dict[str, activity.Change]) -> None:
    """Store the row and write the trail, if anything has changed."""
    if not changes:
        return
    clean(preference, exclude=["business", "customer"])
    preference.save()
    activity.record(
        "customers.communication_preference.updated", actor=actor, business=preference.business, subject=preference,
        about=preference.customer_id, changes=changes,
    )  # fmt: skip


def add_record(
    *, actor: Actor, customer: Customer, purpose: str, channel: str, state: str, at: datetime, given_at: datetime,
    basis: str = ConsentBasis.CONSENT, text_version: str = "", evidence: str = "",
) -> ConsentRecord:  # fmt: skip
    """Write one record and its activity, inside the transaction of a deed. Raises InvalidInput."""
    source = _SOURCES.get(actor.door, ConsentSource.STAFF)
    record = ConsentRecord(
        business=customer.business, customer=customer, purpose=purpose, channel=channel, state=state, basis=basis,
        text_version=text_version.strip(), evidence=evidence.strip(), source=source, given_at=given_at, recorded_at=at,
        actor_label=actor.label[:120],
    )  # fmt: skip
    clean(record, exclude=["business", "customer"])
    errors: dict[str, list[str]] = {}
    if not needs_consent(purpose, OPT_IN):
        errors["purpose"] = [_("Receipts and messages that the service needs are sent without consent.")]
    if given_at > at:
        errors["given_at"] = [_("This lies in the future.")]
    if state == ConsentState.GIVEN and source != ConsentSource.LINK and not record.evidence:
        errors["evidence"] = [_("Say how you know of the consent: a form, a call, a message.")]
    if errors:
        raise InvalidInput(errors)
    record.save(force_insert=True)
    verb = "customers.consent.given" if state == ConsentState.GIVEN else "customers.consent.withdrawn"
    activity.record(
        verb, actor=actor, business=customer.business, subject=record, about=customer.pk,
        payload={"purpose": purpose, "channel": channel, "basis": basis, "source": str(source)},
    )  # fmt: skip
    return record
