"""Endpoints of the criteria of the ideal customer."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from crm.api.fields import Choice, Input, Text, Whole
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, RecordEndpoint, tag_of
from crm.paging import Sort
from customers import services
from customers.choices import CriterionOperator
from customers.models import IcpCriterion
from customers.services.icp import CRITERION_FIELDS, LONGEST_VALUE, MOST_VALUES

CRITERION = Representation(
    "IcpCriterion",
    [
        Shown("id", "id", "id"),
        Shown("name", "name", "text", _("Name"), example="Industry"),
        Shown("field", "field", "text", _("The fact: a field, technology, or custom_ with the key of a custom field"), example="industry"),
        Shown("operator", "operator", "choice", _("What it should do"), choices=CriterionOperator.choices, example="in"),
        Shown("value", "value", "texts", _("Words, bounds or days, as text; empty for filled"), example=["Software"]),
        Shown("weight", "weight", "number", _("How much it counts, 1 to 100"), example=20),
        Shown("order", "order", "number", _("Order"), example=10),
        Shown("created_at", "created_at", "datetime", _("Added")),
        Shown("updated_at", "updated_at", "datetime", _("Changed")),
    ],
)  # fmt: skip
_ANSWER, _SAMPLE = CRITERION.serializer(), CRITERION.sample()


@extend_schema_field(
    {"oneOf": [{"type": "string", "maxLength": LONGEST_VALUE}, {"type": "number"}, {"type": "boolean"}]}
)
class Value(serializers.Field):
    """A word, a number, a day, or true and false; what it must be follows from the fact."""

    default_error_messages = {"type": _("A text, a number or true and false is expected.")}

    def to_internal_value(self, data: Any) -> Any:
        return data if isinstance(data, str | int | float) or hasattr(data, "as_tuple") else self.fail("type")

    def to_representation(self, value: Any) -> Any:
        return value


class CriterionInput(Input):
    """A criterion. The operators and values that are taken follow from the fact."""

    computed = frozenset(CRITERION.shown) - frozenset(CRITERION_FIELDS)

    name = Text(max_length=80, allow_blank=True, required=False, help_text=_("The name of the fact when empty."))
    field = Text(max_length=60)
    operator = Choice(choices=CriterionOperator.choices)
    value = serializers.ListField(
        child=Value(), max_length=MOST_VALUES, required=False,
        help_text=_("One or more words for in; one bound for at_least and at_most; two for between; none for filled."),
    )  # fmt: skip
    weight = Whole(min_value=1, max_value=100, required=False, help_text=_("10 when left out."))
    order = Whole(min_value=0, max_value=9999, required=False)


class CriterionList(ListEndpoint):
    """The criteria of the ideal customer in their order, and adding one."""

    tag = "Qualification"
    representation = CRITERION
    sorts = {"order": Sort("order", "order")}
    default_sort = "order"
    has_version = True
    permissions = {"GET": "customers.view", "POST": "customers.manage_icp"}
    docs = {
        "GET": Doc(
            "list_icp_criteria", _("List the criteria of the ideal customer"), answer=envelope(CRITERION),
            answer_example=envelope_sample(CRITERION),
        ),
        "POST": Doc(
            "create_icp_criterion", _("Add a criterion of the ideal customer"), answer=_ANSWER, body=CriterionInput, status=201,
            body_example={"field": "industry", "operator": "in", "value": ["Software"], "weight": 20}, answer_example=_SAMPLE,
            text=_("All companies are scored anew by a background job."), problems=(409,),
        ),
    }  # fmt: skip

    def rows(self) -> QuerySet:
        return IcpCriterion.objects.all()

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        values = self.body(CriterionInput)
        criterion = services.create_criterion(actor=self.actor, business=self.business, **values)
        row = CRITERION.one(IcpCriterion.objects.all(), criterion.pk)
        data = CRITERION.of(row, self.business)
        headers = {
            "Location": reverse("api:icp_criterion_detail", args=[criterion.pk]),
            "ETag": tag_of(row["updated_at"], data),
        }
        return Response(data, status=201, headers=headers)


class CriterionDetail(RecordEndpoint):
    """One criterion of the ideal customer."""

    tag = "Qualification"
    representation = CRITERION
    has_version = True
    permissions = {"GET": "customers.view", "PATCH": "customers.manage_icp", "DELETE": "customers.manage_icp"}
    docs = {
        "GET": Doc("get_icp_criterion", _("Get a criterion of the ideal customer"), answer=_ANSWER, answer_example=_SAMPLE),
        "PATCH": Doc(
            "change_icp_criterion", _("Change a criterion of the ideal customer"), answer=_ANSWER, body=CriterionInput,
            body_example={"weight": 30}, answer_example=_SAMPLE,
        ),
        "DELETE": Doc("delete_icp_criterion", _("Delete a criterion of the ideal customer"), status=204),
    }  # fmt: skip

    def rows(self) -> QuerySet:
        return IcpCriterion.objects.select_related("business")

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        criterion, version = self.record, self.asked_version()
        values = self.body(CriterionInput, partial=True)
        services.update_criterion(actor=self.actor, criterion=criterion, version=version, **values)
        return self.show()

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        criterion, version = self.record, self.asked_version()
        services.delete_criterion(actor=self.actor, criterion=criterion, version=version)
        return Response(status=204)
