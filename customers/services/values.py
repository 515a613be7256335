"""What may be entered of a customer, how it is written down, and the rules between a customer's values."""

import re
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm import activity
from crm.actor import Actor
from crm.clock import today
from crm.errors import InvalidInput
from crm.models import Membership, Team
from customers.choices import SUBSTEPS, Kind
from customers.models import Customer
from customers.services.families import check_family
from customers.services.phones import international_form

# What people may enter. The rest of a customer's columns is computed or belongs to a deed of its own.
FIELDS = (
    "kind", "display_name", "first_name", "last_name", "legal_name", "email", "phone", "street", "postal_code", "city", "region",
    "country", "preferred_language", "website", "domain", "linkedin_url", "facebook_url", "instagram_url", "date_of_birth",
    "telegram_id", "industry", "size", "annual_revenue", "employee_count", "parent", "lifecycle_stage", "lifecycle_substep", "owner",
    "team", "arr_manual", "contract_start_on", "contract_end_on", "renewal_on", "contract_terms", "acquired_on",
    "acquisition_source", "acquisition_campaign", "acquisition_cost", "referred_by", "external_id",
)  # fmt: skip
# What is sealed in its column and never stands in the trail; only holders of `customers.view_private` see and enter it.
_SEALED = {"date_of_birth": "birth_date_sealed", "telegram_id": "telegram_sealed"}
PRIVATE = tuple(_SEALED)
_NOT_NEGATIVE = ("annual_revenue", "arr_manual", "acquisition_cost")
_DAYS = ("contract_start_on", "contract_end_on", "renewal_on", "acquired_on", "date_of_birth")
_LONGEST_TERMS = 2000
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_HOST = re.compile(r"(?=.{1,253}\Z)([^\W_]([\w-]{0,61}[^\W_])?\.)+[^\W\d_]([\w-]{0,61}[^\W_])")
_LANGUAGE = re.compile(r"[A-Z]{2,3}(-[A-Z0-9]{2,8})*")
_TELEGRAM = re.compile(r"-?[0-9]{1,19}|@[A-Za-z][A-Za-z0-9_]{3,31}", re.ASCII)


def assign(actor: Actor, customer: Customer, data: dict[str, Any]) -> None:
    """Put the values on the customer as they are stored: trimmed, in one case, with what follows from them. Raises InvalidInput."""
    unknown = set(data) - set(FIELDS)
    if unknown:
        raise InvalidInput({name: [_("There is no such field.")] for name in sorted(unknown)})
    if any(name in data for name in PRIVATE):
        actor.require("customers.view_private", customer.business)
    _check_days(data)
    website_before = customer.website
    follows = customer.display_name in ("", _full_name(customer))
    for name, value in data.items():
        setattr(customer, name, value.strip() if isinstance(value, str) else value)
    customer.email = customer.email.lower()
    customer.preferred_language = customer.preferred_language.upper()
    customer.domain = host_of(customer.domain)
    if customer.kind == Kind.COMPANY and not customer.domain and customer.website != website_before:
        host = host_of(customer.website)
        customer.domain = host if _HOST.fullmatch(host) else ""
    customer.phone_e164 = international_form(customer.phone, customer.business)
    if customer.kind == Kind.PERSON and (not customer.display_name or (follows and not data.get("display_name"))):
        customer.display_name = _full_name(customer)


def check(actor: Actor, customer: Customer, before: Customer | None, data: dict[str, Any], at: datetime) -> None:
    """The rules that no single field knows. `before` is the customer as it is stored. Raises InvalidInput."""
    try:
        customer.full_clean(
            exclude=["business", "owner", "team", "parent", "referred_by", "person"],
            validate_unique=False,
            validate_constraints=False,
        )
    except ValidationError as error:
        raise InvalidInput(dict(error.message_dict)) from error
    faults: dict[str, list[str]] = {}
    if customer.domain and not _HOST.fullmatch(customer.domain):
        faults["domain"] = [_("A domain such as example.com is expected.")]
    if customer.preferred_language and not _LANGUAGE.fullmatch(customer.preferred_language):
        faults["preferred_language"] = [_("The code of a language such as EN or PT-BR is expected.")]
    if (born := data.get("date_of_birth")) and born > today(customer.business.time_zone, at):
        faults["date_of_birth"] = [_("This day is still to come.")]
    if (telegram := (data.get("telegram_id") or "").strip()) and not _TELEGRAM.fullmatch(telegram):
        faults["telegram_id"] = [_("A number, or a name such as @example, is expected.")]
    if len(customer.contract_terms) > _LONGEST_TERMS:
        faults["contract_terms"] = [_("At most %(n)d characters are kept.") % {"n": _LONGEST_TERMS}]
    for name in _NOT_NEGATIVE:
        if (amount := getattr(customer, name)) is not None and amount < 0:
            faults[name] = [_("An amount can't be negative.")]
    if faults:
        raise InvalidInput(faults)
    _check_places(customer, before)
    check_family(actor=actor, customer=customer, before=before)
    _check_referrer(actor, customer, before)


def check_first_step(customer: Customer) -> None:
    """Refuse a step that isn't one of the stage in which the customer begins."""
    steps = [step for step, _label in SUBSTEPS.get(customer.lifecycle_stage, ())]
    if customer.lifecycle_substep and customer.lifecycle_substep not in steps:
        message = _("The steps of this stage are: %(steps)s.") % {"steps": ", ".join(steps)}
        raise InvalidInput({"lifecycle_substep": [message if steps else _("This stage has no steps.")]})


def changes_of(before: Customer | None, after: Customer) -> dict[str, activity.Change]:
    """What has changed (None: of a new customer, what there is), as the trail may hold it: of private values only that there is one."""
    open_fields = [name for name in FIELDS if name not in PRIVATE]
    changes: dict[str, activity.Change]
    if before is None:
        changes = {name: (None, value) for name in open_fields if (value := getattr(after, name)) not in ("", None)}
    else:
        changes = activity.changes_between(before, after, open_fields)
    for name, column in _SEALED.items():
        was, now = (bytes(getattr(row, column) or b"") if row else b"" for row in (before, after))
        if was != now:
            changes[name] = ("set" if was else None, ("changed" if was else "set") if now else None)
    return changes


def host_of(address: str) -> str:
    """The host of a web address or domain: lower case, without "www."; what holds none stays as it is."""
    text = address.strip().lower()
    rest = text.partition("://")[2] or text
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2].partition(":")[0].strip(".")
    return host.removeprefix("www.") or text


def _check_days(data: dict[str, Any]) -> None:
    faults = [name for name in _DAYS if (day := data.get(name)) and not _FIRST_YEAR <= day.year <= _LAST_YEAR]
    if faults:
        raise InvalidInput({name: [_("The day must lie between the years 1900 and 2199.")] for name in faults})


def _check_places(customer: Customer, before: Customer | None) -> None:
    business = customer.business
    # who has left the business keeps customers until they get another owner
    if (
        customer.owner_id
        and customer.owner_id != (before and before.owner_id)
        and not Membership.objects.filter(user=customer.owner_id, business=business, is_active=True).exists()
    ):
        raise InvalidInput({"owner": [_("The owner must be a member of this business.")]})
    if customer.team_id and not Team.objects.filter(pk=customer.team_id, business=business).exists():
        raise InvalidInput({"team": [_("There is no such team in this business.")]})


def _check_referrer(actor: Actor, customer: Customer, before: Customer | None) -> None:
    if customer.referred_by_id is None or customer.referred_by_id == (before and before.referred_by_id):
        return
    seen = Customer.objects.live().visible_to(actor).filter(business=customer.business_id)
    if customer.referred_by_id == customer.pk or not seen.filter(pk=customer.referred_by_id).exists():
        raise InvalidInput({"referred_by": [_("There is no such customer in this business.")]})


def _full_name(customer: Customer) -> str:
    return f"{customer.first_name} {customer.last_name}".strip()
