"""The ideal customer: its criteria, and the score of each company, which follows them."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import activity, jobs
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotFound
from crm.forms import check_version
from crm.models import Activity, Business
from crm.scope import open_businesses
from crm.services.cleaning import clean, refuse_unknown
from customers.choices import CriterionOperator, Kind
from customers.models import IcpCriterion
from customers.queries.custom_fields import custom_fields_of
from customers.queries.icp import CUSTOM, Fact, companies_after, compile_ideal, facts_of, ideal_of

CRITERION_FIELDS = ("name", "field", "operator", "value", "weight", "order")
MOST_CRITERIA = 50
MOST_VALUES = 200
LONGEST_VALUE = 200
CHUNK = 2_000
"""How many companies are scored in one transaction."""
TASK = "customers.tasks.score_companies"
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


class TooManyCriteria(DomainError):
    code = "too_many"
    message = gettext_lazy("The ideal customer can have 50 criteria. Delete one that says little.")


@transaction.atomic
def create_criterion(*, actor: Actor, business: Business, field: str, **data: Any) -> IcpCriterion:
    """Add a criterion; without a name it is called as its fact. All companies are scored anew. Raises NotAllowed, TooManyCriteria,
    InvalidInput."""
    refuse_unknown(data, CRITERION_FIELDS)
    actor.require("customers.manage_icp", business)
    _hold_criteria(business)
    if IcpCriterion.objects.filter(business=business).count() >= MOST_CRITERIA:
        raise TooManyCriteria
    criterion = IcpCriterion(business=business)
    if "order" not in data:
        last = IcpCriterion.objects.filter(business=business).order_by("-order").first()
        data["order"] = min(last.order + 10, 9999) if last else 10
    _assign(criterion, {"field": field, **data})
    criterion.save(force_insert=True)
    changes = {name: (None, value) for name in CRITERION_FIELDS if (value := getattr(criterion, name)) not in ("", [])}
    activity.record(
        "customers.icp_criterion.created", actor=actor, business=business, subject=criterion, changes=changes
    )
    _score_anew(actor, business)
    return criterion


@transaction.atomic
def update_criterion(*, actor: Actor, criterion: IcpCriterion, version: str | None = None, **data: Any) -> IcpCriterion:
    """Change a criterion; all companies are scored anew if that changes what counts. Raises NotAllowed, StaleVersion, InvalidInput."""
    refuse_unknown(data, CRITERION_FIELDS)
    locked = _lock(criterion)
    actor.require("customers.manage_icp", locked.business)
    check_version(locked, version)
    before = IcpCriterion.objects.get(pk=locked.pk)
    _assign(locked, data)
    changes = activity.changes_between(before, locked, CRITERION_FIELDS)
    if not changes:
        return locked
    locked.save()
    activity.record(
        "customers.icp_criterion.updated", actor=actor, business=locked.business, subject=locked, changes=changes
    )
    if set(changes) - {"name", "order"}:
        _score_anew(actor, locked.business)
    return locked


@transaction.atomic
def delete_criterion(*, actor: Actor, criterion: IcpCriterion, version: str | None = None) -> None:
    """Take a criterion away; all companies are scored anew. Raises NotAllowed, StaleVersion."""
    locked = _lock(criterion)
    actor.require("customers.manage_icp", locked.business)
    check_version(locked, version)
    business = locked.business
    activity.record(
        "customers.icp_criterion.deleted", actor=actor, business=business, subject=locked,
        changes={name: (getattr(locked, name), None) for name in CRITERION_FIELDS},
    )  # fmt: skip
    locked.delete()
    _score_anew(actor, business)


def _hold_criteria(business: Business) -> None:
    """Until the transaction ends, nobody else adds criteria: their number is limited."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"criteria:{business.pk}"])


def _lock(criterion: IcpCriterion) -> IcpCriterion:
    rows = IcpCriterion.objects.select_for_update(of=("self",)).select_related("business")
    locked: IcpCriterion | None = rows.filter(pk=criterion.pk).first()
    if locked is None:
        raise NotFound
    return locked


def _assign(criterion: IcpCriterion, data: dict[str, Any]) -> None:
    for name, value in data.items():
        setattr(criterion, name, value.strip() if isinstance(value, str) else value)
    fact = facts_of(custom_fields_of(criterion.business)).get(criterion.field)
    if fact is None:
        raise InvalidInput({"field": [_("There is no such fact.")]})
    if criterion.operator not in fact.operators:
        offered = ", ".join(fact.operators)
        raise InvalidInput({"operator": [_("Of this fact, one of these is expected: %(words)s.") % {"words": offered}]})
    criterion.value = _clean_value(fact, CriterionOperator(criterion.operator), criterion.value)
    criterion.name = criterion.name or str(fact.label)
    clean(criterion, exclude=["business", "value"])
    if not 1 <= criterion.weight <= 100:
        raise InvalidInput({"weight": [_("Give a whole number from 1 to 100.")]})


def _clean_value(fact: Fact, operator: CriterionOperator, given: Any) -> list[str]:
    """The value as it is stored: texts, decimals and days as text. Raises InvalidInput."""
    if not isinstance(given, list | tuple):
        raise InvalidInput({"value": [_("A list is expected.")]})
    if len(given) > MOST_VALUES:
        raise InvalidInput({"value": [_("At most %(number)d values.") % {"number": MOST_VALUES}]})
    count = {CriterionOperator.FILLED: 0, CriterionOperator.BETWEEN: 2}.get(operator, 1)
    if operator != CriterionOperator.IN and len(given) != count:
        words = {
            0: _("No value is expected: it is enough that the fact is known."),
            1: _("Give one value."),
            2: _("Give the lowest and the highest value."),
        }
        raise InvalidInput({"value": [words[count]]})
    read: Callable[[Fact, Any], str] = _READERS[fact.type]
    values = list(dict.fromkeys(read(fact, one) for one in given)) if operator == CriterionOperator.IN else [
        read(fact, one) for one in given
    ]  # fmt: skip
    if operator == CriterionOperator.IN and not values:
        raise InvalidInput({"value": [_("Give at least one value.")]})
    if operator == CriterionOperator.BETWEEN and _ordered(fact, values[1]) < _ordered(fact, values[0]):
        raise InvalidInput({"value": [_("The highest value lies below the lowest.")]})
    return values


def _ordered(fact: Fact, value: str) -> Any:
    return date.fromisoformat(value) if fact.type == "date" else Decimal(value)


def _text(fact: Fact, given: Any) -> str:
    if not isinstance(given, str) or "\0" in given or any("\ud800" <= letter <= "\udfff" for letter in given):
        raise InvalidInput({"value": [_("A text is expected.")]})
    value = " ".join(given.split())
    if not value:
        raise InvalidInput({"value": [_("A value is empty.")]})
    if len(value) > LONGEST_VALUE:
        raise InvalidInput({"value": [_("At most %(number)d characters a value.") % {"number": LONGEST_VALUE}]})
    return value


def _choice(fact: Fact, given: Any) -> str:
    value = ("true" if given else "false") if isinstance(given, bool) else given
    if not isinstance(value, str) or value not in [key for key, _label in fact.choices]:
        raise InvalidInput({"value": [_("“%(value)s” is not one of the choices.") % {"value": str(given)[:80]}]})
    return value


def _number(fact: Fact, given: Any) -> str:
    try:
        value = Decimal(str(given)) if isinstance(given, str | int | float | Decimal) and given is not True else None
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite() or isinstance(given, bool):
        raise InvalidInput({"value": [_("A number such as 1234.5 is expected.")]})
    if abs(value) >= 10**15 or (value and value != round(value, 6)):
        raise InvalidInput({"value": [_("At most 15 digits before and 6 behind the point.")]})
    text = format(round(value, 6) + 0, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _day(fact: Fact, given: Any) -> str:
    try:
        day = given if isinstance(given, date) else date.fromisoformat(given)
    except (TypeError, ValueError) as error:
        raise InvalidInput({"value": [_("A day such as 2026-01-31 is expected.")]}) from error
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise InvalidInput({"value": [_("The day must lie between the years 1900 and 2199.")]})
    return day.isoformat()


_READERS: dict[str, Callable[[Fact, Any], str]] = {
    "text": _text, "choice": _choice, "number": _number, "money": _number, "date": _day, "flag": _choice,
}  # fmt: skip


def _score_anew(actor: Actor, business: Business | UUID) -> None:
    """Ask for one job that scores all companies of the business, unless one waits already."""
    found = business if isinstance(business, Business) else Business.objects.get(pk=business)
    jobs.enqueue(TASK, actor=actor, business=found, dedupe_key=f"icp:{found.pk}")


def follow_custom_fields(activity: Activity, ids: list[UUID]) -> None:
    """Listener: companies are scored anew when the definition of a custom field changes that a criterion is about."""
    fields = IcpCriterion.objects.filter(business=activity.business_id).values_list("field", flat=True)
    if any(field.startswith(CUSTOM) for field in fields):
        _score_anew(Actor.system("Ideal customer"), activity.business_id)


# Locked in the order of ids before anything is read: who scores the same customer meanwhile waits, and then sees what we have written.
_LOCK = """
select from customers_customerfacts f where f.business_id = %(business)s and {whose} order by f.customer_id for no key update
"""
_REFRESH = """
update customers_customerfacts f set icp_score = s.score
from (select c.id, {score} as score from customers_customer c where c.business_id = %(business)s) s
where f.customer_id = s.id and f.business_id = %(business)s and {whose} and f.icp_score is distinct from s.score
"""
_THESE = "f.customer_id = any(%(ids)s)"
_COMPANIES = (
    "f.customer_id in (select id from customers_customer where business_id = %(business)s and kind = %(company)s)"
)


def refresh_icp_scores(customer_ids: Sequence[UUID] | None = None) -> int:
    """Bring the scores of the given customers (None: all companies of the open businesses) up to date; persons have none.

    Writes only rows that differ; returns how many.
    """
    whose, written = _COMPANIES if customer_ids is None else _THESE, 0
    with transaction.atomic(), connection.cursor() as cursor:
        for business in sorted(open_businesses()):
            parameters: dict[str, Any] = {
                "business": business,
                "company": Kind.COMPANY.value,
                "ids": list(customer_ids or ()),
            }
            cursor.execute(_LOCK.format(whose=whose), parameters)
            compiled = compile_ideal(ideal_of(business))
            cursor.execute(_REFRESH.format(score=compiled.score, whose=whose), {**compiled.parameters, **parameters})
            written += cursor.rowcount
    return written


def score_next(business: Business, last: UUID | None) -> tuple[UUID | None, int, int]:
    """Score the next companies behind `last`: the last of them (None when there are no more), how many, and how many differed."""
    ids = companies_after(business, last, CHUNK)
    return (ids[-1], len(ids), refresh_icp_scores(ids)) if ids else (None, 0, 0)
