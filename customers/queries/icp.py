"""How well a company fits the ideal customer: the facts that may count, and one SQL term per criterion, for one customer as for all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from crm.models import Business
from crm.registry import Text
from customers.choices import CriterionOperator, FieldType, Kind, Size
from customers.models import Customer, CustomField, IcpCriterion
from customers.queries.custom_fields import custom_fields_of

CUSTOM = "custom_"
"""What the keys of custom fields begin with among the facts."""
TECHNOLOGY = "technology"
MATCHED, MISSED, UNKNOWN = "matched", "missed", "unknown"
STATES = ((MATCHED, _("Matched")), (MISSED, _("Not matched")), (UNKNOWN, _("Not known")))
_ONE_OF = (CriterionOperator.IN, CriterionOperator.FILLED)
_RANGE = (
    CriterionOperator.AT_LEAST, CriterionOperator.AT_MOST, CriterionOperator.BETWEEN, CriterionOperator.FILLED,
)  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """A fact that a criterion may be about. `type` is text, choice, number, money, date or flag (known or not); `choices` are its words."""

    key: str
    label: Text
    type: str
    choices: Sequence[tuple[str, Text]] = ()

    @property
    def operators(self) -> tuple[CriterionOperator, ...]:
        if self.type == "flag":
            return (CriterionOperator.FILLED,)
        return _RANGE if self.type in ("number", "money", "date") else _ONE_OF


_FACTS = (
    Fact("industry", _("Industry"), "text"),
    Fact("size", _("Size"), "choice", Size.choices),
    Fact("employee_count", _("Employees"), "number"),
    Fact("annual_revenue", _("Annual revenue"), "money"),
    Fact("country", _("Country"), "text"),
    Fact("region", _("Region"), "text"),
    Fact(TECHNOLOGY, _("Technology"), "text"),
    Fact("acquisition_source", _("Source"), "text"),
)
_CUSTOM_TYPES = {
    FieldType.TEXT: "text", FieldType.URL: "text", FieldType.EMAIL: "text", FieldType.USER: "flag", FieldType.NUMBER: "number",
    FieldType.MONEY: "money", FieldType.DATE: "date", FieldType.CHOICE: "choice", FieldType.CHOICES: "choice", FieldType.BOOLEAN: "choice",
}  # fmt: skip
_YES_NO = (("true", _("yes")), ("false", _("no")))


def facts_of(custom_fields: Iterable[CustomField]) -> dict[str, Fact]:
    """The facts that criteria may be about, by key: those of every business, and its own fields that companies are asked for."""
    own = (
        Fact(
            CUSTOM + field.key, field.label, _CUSTOM_TYPES[FieldType(field.type)],
            _YES_NO if field.type == FieldType.BOOLEAN else tuple((choice, choice) for choice in field.choices),
        )
        for field in custom_fields
        if field.kind in ("", Kind.COMPANY)
    )  # fmt: skip
    return {fact.key: fact for fact in (*_FACTS, *own)}


@dataclass(frozen=True)
class Ideal:
    """The ideal customer of a business: its criteria in their order, and the facts they are about."""

    criteria: list[IcpCriterion]
    facts: dict[str, Fact]
    custom_fields: list[CustomField]

    @property
    def total(self) -> int:
        """The sum of all weights."""
        return sum(criterion.weight for criterion in self.criteria)

    def share(self, criterion: IcpCriterion) -> float:
        """How much of the whole the criterion counts, in percent."""
        return 100 * criterion.weight / self.total if self.total else 0.0


def ideal_of(business: Business | UUID) -> Ideal:
    """The criteria of the business. Two queries at most: its own fields are read only where a criterion is about one."""
    business_id = business.pk if isinstance(business, Business) else business
    criteria = list(IcpCriterion.objects.filter(business=business_id).order_by("order", "name", "id"))
    needs_fields = any(criterion.field.startswith(CUSTOM) for criterion in criteria)
    custom_fields = custom_fields_of(Business(pk=business_id)) if needs_fields else []
    return Ideal(criteria, facts_of(custom_fields), custom_fields)


@dataclass(frozen=True)
class Compiled:
    """Criteria as SQL over `customers_customer c`: `terms` are true, false, or null where the fact is not known; `score` is 0–100,
    null without criteria and for persons."""

    terms: list[str]
    score: str
    parameters: dict[str, Any]


def compile_ideal(ideal: Ideal) -> Compiled:
    """The one translation of criteria into SQL."""
    parameters: dict[str, Any] = {"company": Kind.COMPANY.value, "total": ideal.total}
    types = {CUSTOM + field.key: FieldType(field.type) for field in ideal.custom_fields}
    terms = []
    for place, criterion in enumerate(ideal.criteria):
        name = f"value{place}"
        parameters[name], parameters[f"key{place}"] = criterion.value, criterion.field.removeprefix(CUSTOM)
        parameters[f"weight{place}"] = criterion.weight
        known = criterion.field in ideal.facts
        terms.append(_term(criterion, types.get(criterion.field), place) if known else "null::boolean")
    points = " + ".join(
        f"case when {term} then %(weight{place})s::integer else 0 end" for place, term in enumerate(terms)
    )
    score = f"case when c.kind = %(company)s then round(100.0 * ({points}) / %(total)s)::smallint end"
    return Compiled(terms, score if terms else "null::smallint", parameters)


def _term(criterion: IcpCriterion, custom_type: FieldType | None, place: int) -> str:
    value, key = f"%(value{place})s", f"%(key{place})s"
    if criterion.field == TECHNOLOGY:
        return _technology_term(criterion.operator, value)
    if custom_type is not None:
        return _custom_term(criterion.operator, custom_type, value, key)
    column = f"c.{criterion.field}"
    if criterion.field in ("employee_count", "annual_revenue"):
        return f"case when {column} is not null then {_in_range(criterion.operator, column, value, 'numeric')} end"
    return f"case when {column} <> '' then {_among(criterion.operator, column, value)} end"


def _technology_term(operator: str, value: str) -> str:
    known = "exists (select from customers_technology t where t.customer_id = c.id)"
    if operator == CriterionOperator.FILLED:
        return f"case when {known} then true end"
    matching = f"t.customer_id = c.id and {_folded_in('t.name', value)}"
    return (
        f"case when exists (select from customers_technology t where {matching}) then true when {known} then false end"
    )


def _custom_term(operator: str, type: FieldType, value: str, key: str) -> str:
    text = f"(c.custom_values->>{key}::text)"
    if operator == CriterionOperator.FILLED:
        term = "true"
    elif type == FieldType.CHOICES:
        term = f"c.custom_values->{key}::text ?| {value}::text[]"
    elif type in (FieldType.CHOICE, FieldType.BOOLEAN):
        term = f"{text} = any({value}::text[])"
    elif type == FieldType.DATE:
        term = _in_range(operator, text, value, "date")
    elif type in (FieldType.NUMBER, FieldType.MONEY):
        term = _in_range(operator, text, value, "numeric")
    else:
        term = _folded_in(text, value)
    return f"case when c.custom_values ? {key}::text then {term} end"


def _among(operator: str, column: str, value: str) -> str:
    return "true" if operator == CriterionOperator.FILLED else _folded_in(column, value)


def _folded_in(text: str, value: str) -> str:
    """Without case, accents and widths; the list is folded once a statement."""
    return f"crm_fold({text}) = any(array(select crm_fold(one) from unnest({value}::text[]) one))"  # noqa: S608 - our own terms


def _in_range(operator: str, term: str, value: str, type: str) -> str:
    low, high = f"({value}::text[])[1]::{type}", f"({value}::text[])[array_length({value}::text[], 1)]::{type}"
    bounds = {
        CriterionOperator.FILLED: "true", CriterionOperator.AT_LEAST: f"{term}::{type} >= {low}",
        CriterionOperator.AT_MOST: f"{term}::{type} <= {high}", CriterionOperator.BETWEEN: f"{term}::{type} between {low} and {high}",
    }  # fmt: skip
    return bounds[CriterionOperator(operator)]


@dataclass(frozen=True)
class Verdict:
    """A criterion at one customer: matched, missed or unknown, and the points that it brought."""

    criterion: IcpCriterion
    state: str

    @property
    def points(self) -> int:
        return self.criterion.weight if self.state == MATCHED else 0


@dataclass(frozen=True)
class Fit:
    """How well one company fits: the score with each criterion behind it. `score` is None without criteria, and of a person."""

    score: int | None
    verdicts: list[Verdict]
    total: int

    @property
    def points(self) -> int:
        return sum(verdict.points for verdict in self.verdicts)

    @property
    def known(self) -> int:
        """Of how many criteria the fact is known."""
        return sum(verdict.state != UNKNOWN for verdict in self.verdicts)


def fit_of(customer: Customer, ideal: Ideal) -> Fit:
    """The explanation of the customer's score, by the same SQL that writes it. One query; none of persons."""
    if customer.kind != Kind.COMPANY or not ideal.criteria:
        return Fit(None, [], ideal.total)
    compiled = compile_ideal(ideal)
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {compiled.score}, {', '.join(compiled.terms)} from customers_customer c "  # noqa: S608 - our own terms
            "where c.business_id = %(business)s and c.id = %(customer)s",
            {**compiled.parameters, "business": customer.business_id, "customer": customer.pk},
        )
        score, *found = cursor.fetchone()
    states = {True: MATCHED, False: MISSED, None: UNKNOWN}
    verdicts = [Verdict(criterion, states[one]) for criterion, one in zip(ideal.criteria, found, strict=True)]
    return Fit(score, verdicts, ideal.total)


def companies_after(business: Business, last: UUID | None, limit: int) -> list[UUID]:
    """The next companies in the order of their ids, archived ones included."""
    rows = Customer.objects.filter(business=business, kind=Kind.COMPANY).order_by("pk")
    return list((rows.filter(pk__gt=last) if last else rows).values_list("pk", flat=True)[:limit])


def count_companies(business: Business) -> int:
    return int(Customer.objects.filter(business=business, kind=Kind.COMPANY).count())
