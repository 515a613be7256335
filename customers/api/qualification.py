"""The endpoint of a customer's qualification: BANT, with the explanation of the fit."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.fields import Input, Text, Whole
from crm.api.representation import Representation, Shown
from crm.api.views import Doc
from customers import services
from customers.api.ground import CustomerEndpoint
from customers.choices import CriterionOperator
from customers.models import Customer, Qualification
from customers.models.qualification import LEVELS
from customers.queries.icp import STATES, Fit, fit_of, ideal_of
from customers.queries.qualification import VERDICT_RULE, VERDICTS, qualification_of, verdict_of
from customers.services.findings import BANT, BANT_FIELDS, NOT_YET


def _level(part: str) -> Shown:
    return Shown(part, part, "number", _("From 0, nothing known, to 3, proven"), example=2)


def _evidence(part: str) -> Shown:
    return Shown(f"{part}_evidence", f"{part}_evidence", "text", _("How that is known"), example="Said so in the call")


_BANT = Representation(
    "Bant",
    [
        Shown("customer", "customer_id", "id", _("Customer")),
        *(shown for part in BANT for shown in (_level(part), _evidence(part))),
        Shown("bant_score", "bant_score", "number", _("The sum of the four levels, 0 to 12"), example=8),
        Shown("verdict", "verdict", "choice", VERDICT_RULE, choices=VERDICTS, example="promising"),
        Shown("assessed_by", "assessed_by_id", "user", _("The member who has assessed it last"), nullable=True),
        Shown("assessed_at", "assessed_at", "datetime", _("When it was assessed last"), nullable=True),
    ],
)


class VerdictShape(serializers.Serializer):
    id = serializers.UUIDField(help_text=_("Id of the criterion."))
    name = serializers.CharField()
    field = serializers.CharField()
    operator = serializers.ChoiceField(choices=CriterionOperator.choices)
    value = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(
        choices=list(STATES), help_text=_("unknown: the fact is not known, which counts 0.")
    )
    points = serializers.IntegerField()
    weight = serializers.IntegerField()


class FitShape(serializers.Serializer):
    score = serializers.IntegerField(
        allow_null=True, help_text=_("0 to 100: 100 × points ÷ total, rounded half up; null without criteria, and of persons.")
    )  # fmt: skip
    points = serializers.IntegerField(help_text=_("The weight of the criteria that are matched."))
    total = serializers.IntegerField(help_text=_("The weight of all criteria."))
    known = serializers.IntegerField(help_text=_("Of how many criteria the fact is known."))
    criteria = VerdictShape(many=True)


QUALIFICATION = _BANT.serializer(icp=FitShape())
_SAMPLE = _BANT.sample() | {
    "icp": {
        "score": 67, "points": 20, "total": 30, "known": 1,
        "criteria": [
            {
                "id": _BANT.sample()["customer"], "name": "Industry", "field": "industry", "operator": "in", "value": ["Software"],
                "state": "matched", "points": 20, "weight": 20,
            }
        ],
    }
}  # fmt: skip


class QualificationInput(Input):
    """Levels and evidence; a level from 1 on needs its evidence."""

    computed = frozenset({*_BANT.shown, "icp"}) - frozenset(BANT_FIELDS)

    def get_fields(self) -> dict[str, serializers.Field]:
        words = "; ".join(str(label) for _level, label in LEVELS)
        declared: dict[str, serializers.Field] = {}
        for part in BANT:
            declared[part] = Whole(min_value=0, max_value=3, required=False, help_text=words)
            declared[f"{part}_evidence"] = Text(max_length=500, allow_blank=True, required=False)
        return declared


class CustomerQualification(CustomerEndpoint):
    """How ready a customer is, and how well a company fits."""

    tag = "Qualification"
    permissions = {"GET": "customers.view", "PUT": "customers.change"}
    docs = {
        "GET": Doc(
            "get_qualification", _("Get BANT and the explained fit of a customer"), answer=QUALIFICATION, answer_example=_SAMPLE
        ),
        "PUT": Doc(
            "assess_customer", _("Assess a customer by BANT"), answer=QUALIFICATION, body=QualificationInput, answer_example=_SAMPLE,
            body_example={"budget": 2, "budget_evidence": "Said so in the call"}, text=_("Only the fields in the body change."),
            problems=(409,),
        ),
    }  # fmt: skip

    def rows(self) -> QuerySet:
        return super().rows().select_related("business")

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.answer()

    def put(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer, version = self.record, self.asked_version()
        values = self.body(QualificationInput, partial=True)
        services.assess_customer(actor=self.actor, customer=customer, at=clock.now(), version=version, **values)
        return self.answer()

    def answer(self) -> Response:
        customer = self.record
        found = qualification_of(customer)
        saw(self.request, [customer.pk])
        row = {**vars(found), "bant_score": found.bant_score, "verdict": verdict_of(found)}
        data = {**_BANT.of(row, self.business), "icp": _fit(fit_of(customer, ideal_of(customer.business)))}
        return self.tagged(data, _changed(found, customer))

    def asked_version(self) -> str | None:
        """The version of the qualification, not of the customer, that `If-Match` names."""
        version = super().asked_version()
        is_first = qualification_of(self.record)._state.adding and version == self.changed_at().isoformat()
        return NOT_YET if is_first else version

    def changed_at(self) -> datetime:
        """Of the qualification, not of the customer."""
        return _changed(qualification_of(self.record), self.record)


def _changed(found: Qualification, customer: Customer) -> datetime:
    """Since when the qualification is as it is: of a customer that nobody has assessed, since it was added."""
    return customer.created_at if found._state.adding else found.updated_at


def _fit(fit: Fit) -> dict[str, Any]:
    return {
        "score": fit.score, "points": fit.points, "total": fit.total, "known": fit.known,
        "criteria": [
            {
                "id": verdict.criterion.pk, "name": verdict.criterion.name, "field": verdict.criterion.field,
                "operator": verdict.criterion.operator, "value": verdict.criterion.value, "state": verdict.state,
                "points": verdict.points, "weight": verdict.criterion.weight,
            }
            for verdict in fit.verdicts
        ],
    }  # fmt: skip
