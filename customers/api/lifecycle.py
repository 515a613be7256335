"""Endpoints of stages: a customer's way, entering a stage, correcting a date, and counts by stage as of any day."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.fields import Choice, Input, Moment, Text
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.patterns import DAY
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, Endpoint
from crm.errors import NotFound
from crm.filters import bad_parameters
from crm.paging import Sort
from customers import services
from customers.api.ground import BelowCustomer
from customers.choices import SUBSTEPS, LifecycleStage
from customers.forms.lifecycle import ReportForm, faults_of
from customers.models import LifecycleChange
from customers.queries import lifecycle
from customers.queries.lifecycle import Days

_STEPS = [("", ""), *(pair for steps in SUBSTEPS.values() for pair in steps)]
_STAGES = LifecycleStage.choices


def _beside(column: str, *, behind: bool) -> Subquery:
    """A column of the change before, or behind, in the customer's way."""
    side, order = ("gt", ["effective_at", "id"]) if behind else ("lt", ["-effective_at", "-id"])
    beyond = Q(**{f"effective_at__{side}": OuterRef("effective_at")})
    same = Q(effective_at=OuterRef("effective_at"), **{f"id__{side}": OuterRef("id")})
    rows = LifecycleChange.objects.filter(beyond | same, customer=OuterRef("customer"))
    return Subquery(rows.order_by(*order).values(column)[:1])


STAGE_CHANGE = Representation(
    "StageChange",
    [
        Shown("id", "id", "number", _("Number of the change"), example=4711),
        Shown("from", "came_from", "choice", _("The stage before; null at the beginning"), choices=_STAGES, nullable=True,
              example="onboarding", expression=_beside("stage", behind=False)),
        Shown("stage", "stage", "choice", _("The stage that was entered"), choices=_STAGES, example="active"),
        Shown("substep", "substep", "choice", _("The step within it"), choices=_STEPS, example="adoption"),
        Shown("effective_at", "effective_at", "datetime", _("Since when it holds")),
        Shown("until", "held_until", "datetime", _("Until when; null while it holds"), nullable=True,
              expression=_beside("effective_at", behind=True)),
        Shown("recorded_at", "recorded_at", "datetime", _("When it was entered")),
        Shown("actor_kind", "actor_kind", "text", _("What entered it: user, api_key, import, system …"), example="user"),
        Shown("actor", "actor_label", "text", _("Who entered it"), example="Robin Lane"),
        Shown("trigger", "trigger", "text", _("What caused it, where no person did")),
        Shown("reason", "reason", "text", _("Why"), example="Training is done"),
    ],
)  # fmt: skip
_ANSWER, _SAMPLE = STAGE_CHANGE.serializer(), STAGE_CHANGE.sample()


class StageInput(Input):
    """The stage to enter."""

    computed = frozenset(STAGE_CHANGE.shown) - {"stage", "substep", "effective_at", "trigger", "reason"}

    stage = Choice(choices=_STAGES)
    substep = Choice(
        choices=_STEPS[1:], allow_blank=True, required=False, help_text=_("One of the steps of the stage.")
    )
    effective_at = Moment(required=False, help_text=_("Default: now. Not in the future."))
    reason = Text(
        max_length=500, allow_blank=True, required=False, help_text=_("Needed when a customer who had churned is back.")
    )
    trigger = Text(max_length=80, allow_blank=True, required=False, help_text=_("What caused it, where no person did."))


class StageDateInput(Input):
    """Another date for a change."""

    computed = frozenset(STAGE_CHANGE.shown) - {"effective_at"}

    effective_at = Moment(help_text=_("Between the dates of the changes before and behind."))


class CustomerLifecycle(BelowCustomer, ListEndpoint):
    """A customer's way through the stages, and entering one."""

    tag = "Lifecycle"
    representation = STAGE_CHANGE
    sorts = {"effective_at": Sort("effective_at", "effective_at", descending_first=True)}
    default_sort = "-effective_at"
    permissions = {"GET": "customers.view", "POST": "customers.change"}
    docs = {
        "GET": Doc(
            "list_stage_changes",
            _("List a customer's stage changes"),
            answer=envelope(STAGE_CHANGE),
            answer_example=envelope_sample(STAGE_CHANGE),
        ),
        "POST": Doc(
            "change_stage",
            _("Let a customer enter a stage"),
            answer=_ANSWER,
            body=StageInput,
            status=201,
            body_example={
                "stage": "expansion",
                "effective_at": "2026-01-31T14:05:00Z",
                "reason": "A second team joins",
            },
            answer_example=_SAMPLE,
            text=_(
                "A date before other changes inserts this one between them; where the customer stands now follows from the last. "
                "A stage that holds at that moment already is refused with 409."
            ),
        ),
    }

    def rows(self) -> QuerySet:
        return LifecycleChange.objects.filter(customer=self.customer)

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [self.customer.pk])

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.customer
        at = clock.now()
        values = {"effective_at": at, **self.body(StageInput)}
        change = services.change_stage(actor=self.actor, customer=customer, at=at, **values)
        saw(request, [customer.pk])
        row = STAGE_CHANGE.one(LifecycleChange.objects.all(), change.pk)
        where = reverse("api:customer_lifecycle", args=[customer.pk])
        return Response(STAGE_CHANGE.of(row, self.business), status=201, headers={"Location": where})


class StageChangeDetail(BelowCustomer, Endpoint):
    """One stage change, whose date may be corrected."""

    tag = "Lifecycle"
    permissions = {"PATCH": "customers.change"}
    docs = {
        "PATCH": Doc(
            "correct_stage_change",
            _("Correct the date of a stage change"),
            answer=_ANSWER,
            body=StageDateInput,
            body_example={"effective_at": "2026-01-30T09:00:00Z"},
            answer_example=_SAMPLE,
            text=_("The order of the changes stays: the date must lie between those of the changes before and behind."),
        )
    }

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.customer
        change = LifecycleChange.objects.filter(customer=customer, pk=self.kwargs["change"]).first()
        if change is None:
            raise NotFound
        values = self.body(StageDateInput)
        services.correct_stage_change(actor=self.actor, customer=customer, change=change, at=clock.now(), **values)
        saw(request, [customer.pk])
        row = STAGE_CHANGE.one(LifecycleChange.objects.all(), change.pk)
        return Response(STAGE_CHANGE.of(row, self.business))


class StageCount(serializers.Serializer):
    stage = serializers.ChoiceField(choices=_STAGES)
    count = serializers.IntegerField(help_text=_("Customers that stood in it on the first day."))
    count_until = serializers.IntegerField(help_text=_("On the second day, or now."))


class StageFlow(serializers.Serializer):
    began = serializers.ChoiceField(choices=_STAGES, allow_null=True, help_text=_("Null: not there yet."))
    ended = serializers.ChoiceField(choices=_STAGES, allow_null=True, help_text=_("Null: archived by then."))
    count = serializers.IntegerField()


class StageCounts(serializers.Serializer):
    as_of = serializers.DateField()
    until = serializers.DateField(allow_null=True, help_text=_("Null: now."))
    data = StageCount(many=True)  # type: ignore[assignment]  # a field, which the class itself doesn't keep
    flows = StageFlow(many=True)


class StageReport(Endpoint):
    """Counts by stage as of a day, compared with another or with now."""

    tag = "Lifecycle"
    permissions = {"GET": "customers.view"}
    docs = {
        "GET": Doc(
            "count_stages",
            _("Count customers by stage as of a day"),
            answer=StageCounts,
            answer_example={
                "as_of": "2026-01-31",
                "until": None,
                "data": [{"stage": "active", "count": 120, "count_until": 131}],
                "flows": [{"began": "onboarding", "ended": "active", "count": 11}],
            },
            text=_(
                "Of the customers that the caller may see. A day counts to its end in the time zone of the business."
            ),
            parameters={
                "as_of": (
                    _("The first day; 30 days ago by default."),
                    {"type": "string", "format": "date", "pattern": DAY},
                ),
                "until": (_("The second day; now by default."), {"type": "string", "format": "date", "pattern": DAY}),
            },
        )
    }

    def get(self, request: Any) -> Response:
        self.refuse_parameters(frozenset({"as_of", "until"}))
        at = clock.now()
        form = ReportForm(request.query_params, today=clock.today(self.business.time_zone, at))
        unclear = {
            name: [str(_("Give this parameter one day, or leave it out."))]
            for name, values in request.query_params.lists()
            if len(values) > 1 or not values[0]
        }
        if faults := faults_of(form) | unclear:
            raise bad_parameters(faults)
        days = Days.of(form.cleaned_data, self.business.time_zone, at)
        flows = lifecycle.stage_flows(self.actor, self.business, days.began, days.ended)
        before, after = lifecycle.counts_then(flows), lifecycle.counts_after(flows)
        return Response(
            {
                "as_of": days.first,
                "until": days.last if days.ended else None,
                "data": [{"stage": s, "count": before[s], "count_until": after[s]} for s in LifecycleStage.values],
                "flows": [{"began": a or None, "ended": b or None, "count": n} for (a, b), n in sorted(flows.items())],
            }
        )
