"""The people at a company: adding and changing them, who left, who was spoken to, whom to speak to first, who is a customer too."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import activity, clock
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotFound
from crm.forms import check_version
from customers.choices import Kind, LifecycleStage
from customers.models import Contact, Customer
from customers.services.customers import create_customer
from customers.services.search import learn_words

# What people may enter of a contact.
CONTACT_FIELDS = (
    "display_name", "first_name", "last_name", "title", "department", "email", "phone", "role", "influence", "sentiment",
    "reports_to", "is_primary",
)  # fmt: skip


class NotACompany(DomainError):
    status = 422
    field = "customer"
    code = "not_a_company"
    message = gettext_lazy("Only companies have contacts. This customer is a person.")


class ContactLeft(DomainError):
    code = "contact_left"
    message = gettext_lazy("This contact has left the company. Bring it back first.")


class ContactHasNotLeft(DomainError):
    code = "contact_has_not_left"
    message = gettext_lazy("This contact has not left the company.")


class CustomerAlready(DomainError):
    code = "customer_already"
    message = gettext_lazy("This contact has a customer record of its own already.")


class NoCustomer(DomainError):
    code = "no_customer"
    message = gettext_lazy("This contact has no customer record of its own.")


class NotYet(DomainError):
    status = 422
    field = "on"
    code = "in_the_future"
    message = gettext_lazy("This day lies ahead. Give today or a day before.")


@transaction.atomic
def add_contact(*, actor: Actor, customer: Customer, **data: Any) -> Contact:
    """Add somebody who works at the company; the name follows from first and last name when none is given.

    Raises NotACompany, InvalidInput.
    """
    company = _lock_company(customer)
    if company.kind != Kind.COMPANY:
        raise NotACompany
    contact = Contact(business=company.business, customer=company)
    _assign(contact, data)
    _take_mark(actor, contact)
    _save(contact)
    learn_words([company.pk])
    changes = {
        name: (None, value) for name in CONTACT_FIELDS if (value := getattr(contact, name)) not in ("", None, False)
    }
    _record("created", actor, contact, changes)
    return contact


@transaction.atomic
def update_contact(*, actor: Actor, contact: Contact, version: str | None = None, **data: Any) -> Contact:
    """Change the given fields; nothing is written when all are as they were.

    Raises StaleVersion, ContactLeft (the mark of the first person to speak to is for those who work there), InvalidInput.
    """
    locked = _lock(contact)
    check_version(locked, version)
    before = Contact.objects.get(pk=locked.pk)
    _assign(locked, data)
    changes = activity.changes_between(before, locked, CONTACT_FIELDS)
    if not changes:
        return locked
    if locked.is_primary and locked.archived_at is not None:
        raise ContactLeft
    if "is_primary" in changes:
        _take_mark(actor, locked)
    _save(locked)
    if "display_name" in changes:
        learn_words([locked.customer_id])
    _record("updated", actor, locked, changes)
    return locked


def make_primary(*, actor: Actor, contact: Contact, version: str | None = None) -> Contact:
    """Mark the contact as the first person to speak to; whoever has the mark loses it. Raises StaleVersion, ContactLeft."""
    return update_contact(actor=actor, contact=contact, version=version, is_primary=True)


@transaction.atomic
def archive_contact(
    *, actor: Actor, contact: Contact, at: datetime, reason: str = "", version: str | None = None
) -> Contact:
    """The contact has left the company: it goes from lists and the map, loses the primary mark, and can be brought back.

    Raises ContactLeft, StaleVersion.
    """
    locked = _lock(contact)
    check_version(locked, version)
    if locked.archived_at is not None:
        raise ContactLeft
    changes: dict[str, Any] = {"archived_at": (None, at)}
    if locked.is_primary:
        changes["is_primary"] = (True, False)
    locked.archived_at, locked.is_primary = at, False
    locked.save(update_fields=["archived_at", "is_primary", "updated_at"])
    _record("archived", actor, locked, changes, {"reason": reason} if reason else {})
    return locked


@transaction.atomic
def restore_contact(*, actor: Actor, contact: Contact, version: str | None = None) -> Contact:
    """The contact works at the company again. Raises ContactHasNotLeft, StaleVersion; the database refuses when another
    contact has its e-mail address by now."""
    locked = _lock(contact)
    check_version(locked, version)
    if locked.archived_at is None:
        raise ContactHasNotLeft
    before, locked.archived_at = locked.archived_at, None
    locked.save(update_fields=["archived_at", "updated_at"])
    _record("restored", actor, locked, {"archived_at": (before, None)})
    return locked


@transaction.atomic
def touch_contact(
    *, actor: Actor, contact: Contact, at: datetime, on: date | None = None, version: str | None = None
) -> Contact:
    """Somebody spoke to the contact today, or on the day given (then at noon of the business's zone).

    Raises ContactLeft, StaleVersion, NotYet; InvalidInput for a day before 1900.
    """
    locked = _lock(contact)
    check_version(locked, version)
    if locked.archived_at is not None:
        raise ContactLeft
    zone = locked.business.time_zone
    today = clock.today(zone, at)
    day = on or today
    if day > today:
        raise NotYet
    if day.year < 1900:
        raise InvalidInput({"on": [_("Give a day from 1900 on.")]})
    before = locked.last_touched_at
    locked.last_touched_at = at if day == today else datetime.combine(day, time(12), tzinfo=ZoneInfo(zone))
    locked.save(update_fields=["last_touched_at", "updated_at"])
    _record("touched", actor, locked, {"last_touched_at": (before, locked.last_touched_at)})
    return locked


@transaction.atomic
def convert_contact(
    *, actor: Actor, contact: Contact, at: datetime, person: Customer | None = None, version: str | None = None
) -> Contact:
    """The contact is a customer too: links the person's record, or makes one of the contact's name, e-mail address and phone.

    Raises CustomerAlready, ContactLeft, StaleVersion, InvalidInput; the database refuses a new record when another customer has
    the e-mail address.
    """
    locked = _lock(contact)
    check_version(locked, version)
    if locked.person_customer_id is not None:
        raise CustomerAlready
    if locked.archived_at is not None:
        raise ContactLeft
    made = person is None
    if person is None:
        person = create_customer(
            actor=actor, business=locked.business, at=at, kind=Kind.PERSON, display_name=locked.display_name,
            first_name=locked.first_name, last_name=locked.last_name, email=locked.email, phone=locked.phone,
            lifecycle_stage=LifecycleStage.PROSPECT,
        )  # fmt: skip
    elif person.kind != Kind.PERSON:
        raise InvalidInput({"person": [_("Choose a person; this customer is a company.")]})
    locked.person_customer = person
    locked.save(update_fields=["person_customer", "updated_at"])
    _record("converted", actor, locked, {"person_customer": (None, person)}, {"made": made})
    return locked


@transaction.atomic
def unlink_contact(*, actor: Actor, contact: Contact, version: str | None = None) -> Contact:
    """The customer record was not this contact's: takes the link away and leaves both. Raises NoCustomer, StaleVersion."""
    locked = _lock(contact)
    check_version(locked, version)
    if locked.person_customer_id is None:
        raise NoCustomer
    before, locked.person_customer_id = locked.person_customer_id, None
    locked.save(update_fields=["person_customer", "updated_at"])
    _record("unlinked", actor, locked, {"person_customer": (before, None)})
    return locked


def _lock_company(customer: Customer) -> Customer:
    # changes of one company's contacts follow each other: lines of reporting and the one mark are rules over all of them
    rows = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("business")
    locked: Customer | None = rows.filter(pk=customer.pk).first()
    if locked is None:
        raise NotFound
    return locked


def _lock(contact: Contact) -> Contact:
    company = _lock_company(Customer(pk=contact.customer_id))
    rows = Contact.objects.select_for_update(of=("self",)).select_related("business", "reports_to")
    locked: Contact | None = rows.filter(pk=contact.pk, customer=company).first()
    if locked is None:
        raise NotFound
    return locked


def _assign(contact: Contact, data: dict[str, Any]) -> None:
    unknown = set(data) - set(CONTACT_FIELDS)
    if unknown:
        raise InvalidInput({name: [_("There is no such field.")] for name in sorted(unknown)})
    boss_before = contact.reports_to_id
    follows = contact.display_name in ("", _full_name(contact))
    for name, value in data.items():
        setattr(contact, name, value.strip() if isinstance(value, str) else value)
    contact.email = contact.email.lower()
    if not contact.display_name or (follows and not data.get("display_name")):
        contact.display_name = _full_name(contact)
    if not contact.display_name:
        raise InvalidInput({"first_name": [_("Give the contact a name.")]})
    if contact.reports_to_id and contact.reports_to_id != boss_before:
        _check_line(contact)


def _check_line(contact: Contact) -> None:
    """Who a contact reports to works at the same company, and doesn't report to the contact in turn."""
    rows = Contact.objects.filter(customer=contact.customer_id).values_list("pk", "reports_to", "archived_at")
    bosses = {pk: (boss, left) for pk, boss, left in rows}
    boss = contact.reports_to_id
    if boss not in bosses or bosses[boss][1] is not None:
        raise InvalidInput({"reports_to": [_("Choose somebody who works at the same company.")]})
    seen = {contact.pk}
    while boss is not None and boss in bosses:
        if boss in seen:
            raise InvalidInput({"reports_to": [_("This would make somebody report to themselves.")]})
        seen.add(boss)
        boss = bosses[boss][0]


def _take_mark(actor: Actor, contact: Contact) -> None:
    """Take the mark of the first person to speak to from whoever has it."""
    if not contact.is_primary:
        return
    for other in Contact.objects.filter(customer=contact.customer_id, is_primary=True).exclude(pk=contact.pk):
        other.is_primary = False
        other.save(update_fields=["is_primary", "updated_at"])
        _record("updated", actor, other, {"is_primary": (True, False)})


def _full_name(contact: Contact) -> str:
    return f"{contact.first_name} {contact.last_name}".strip()


def _save(contact: Contact) -> None:
    try:
        contact.full_clean(
            exclude=["business", "customer", "reports_to", "person_customer"],
            validate_unique=False,
            validate_constraints=False,
        )
    except ValidationError as error:
        raise InvalidInput(dict(error.message_dict)) from error
    contact.save()


_VERBS = {
    "created": "customers.contact.created", "updated": "customers.contact.updated", "archived": "customers.contact.archived",
    "restored": "customers.contact.restored", "touched": "customers.contact.touched", "converted": "customers.contact.converted",
    "unlinked": "customers.contact.unlinked",
}  # fmt: skip


def _record(
    deed: str, actor: Actor, contact: Contact, changes: dict[str, Any], payload: dict[str, Any] | None = None
) -> None:
    activity.record(
        _VERBS[deed], actor=actor, business=contact.business, subject=contact, about=contact.customer_id, changes=changes,
        payload={"contact": contact.display_name, **(payload or {})},
    )  # fmt: skip
