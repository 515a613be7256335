"""The kernel's own endpoints: who calls, and background jobs."""

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm import services
from crm.api.authentication import businesses_of
from crm.api.fields import Input
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.permissions import SIGNED_IN
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, Endpoint, RecordEndpoint
from crm.filters import MomentFilter, StrictFilterSet
from crm.jobs import kind_of
from crm.models import ApiKey, Job, JobState, Role
from crm.paging import Sort
from crm.registry import permissions as known_permissions
from crm.registry import task_kinds


class Nothing(Input):
    """A deed that needs no values."""


class Caller(serializers.Serializer):
    kind = serializers.CharField()
    id = serializers.UUIDField()
    name = serializers.CharField()


class Workplace(serializers.Serializer):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    currency = serializers.CharField()
    time_zone = serializers.CharField()


class Me(serializers.Serializer):
    actor = Caller()
    businesses = Workplace(many=True)
    business = serializers.UUIDField(allow_null=True, help_text="The business that this request is about.")
    permissions = serializers.ListField(child=serializers.CharField(), help_text="What the caller may do there.")


_ID = "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90"
_ME = {
    "actor": {"kind": "api_key", "id": _ID, "name": "Web shop"},
    "businesses": [
        {
            "id": _ID,
            "slug": "acme",
            "name": "Acme Retail",
            "role": "integration",
            "currency": "GBP",
            "time_zone": "Europe/London",
        }
    ],
    "business": _ID,
    "permissions": ["crm.view_jobs"],
}


class WhoAmI(Endpoint):
    """The caller, the businesses it works in and what it may do in the chosen one."""

    tag = "Account"
    permissions = {"GET": SIGNED_IN}
    docs = {"GET": Doc("me", _("Who calls, where and with which permissions"), answer=Me, answer_example=_ME)}

    def get(self, request: Any) -> Response:
        self.refuse_parameters()
        actor, chosen = self.actor, self.business
        places = [request.auth.business] if isinstance(request.auth, ApiKey) else businesses_of(actor)
        return Response(
            {
                "actor": {"kind": actor.kind, "id": actor.id, "name": actor.label},
                "businesses": [
                    {
                        "id": place.pk,
                        "slug": place.slug,
                        "name": place.name,
                        "role": actor.grant_in(place).role,
                        "currency": place.currency,
                        "time_zone": place.time_zone,
                    }
                    for place in places
                ],
                "business": chosen.pk if chosen else None,
                "permissions": sorted(
                    known.name for known in known_permissions if chosen and actor.may(known.name, chosen)
                ),
            }
        )


class KindLabel(Shown):
    """What a job is called."""

    def value(self, row: Mapping[str, Any], business: Any) -> str:
        return str(kind_of(row["task"]).label)


class Progress(Shown):
    """How much of a job is done, from 0 to 1."""

    def value(self, row: Mapping[str, Any], business: Any) -> float | None:
        if row["state"] == JobState.DONE:
            return 1.0
        return min(round(row["processed"] / row["total"], 4), 1.0) if row["total"] else None

    def documented(self) -> serializers.Field:
        options: dict[str, Any] = {"help_text": self.label}
        return serializers.FloatField(allow_null=True, min_value=0, max_value=1, **options)


_KINDS = [(kind.task, kind.label) for kind in task_kinds if not kind.hidden]
JOB = Representation(
    "Job",
    [
        Shown("id", "id", "id"),
        Shown("kind", "task", "text", _("What kind of work it is"), example=_KINDS[0][0]),
        KindLabel("label", "task", "text", _("The same, for people"), example=str(_KINDS[0][1])),
        Shown("state", "state", "choice", _("State"), choices=JobState.choices),
        Progress("progress", "state", "number", _("From 0 to 1; null while not known"), nullable=True, example=0.25),
        Shown("processed", "processed", "number", _("Units of work done")),
        Shown("total", "total", "number", _("Units of work in all; 0 while not known")),
        Shown("step", "step", "text", _("What it is doing")),
        Shown("result", "result", "json", _("What came of it")),
        Shown("error", "error", "text", _("Why it failed")),
        Shown("error_code", "error_code", "text", _("The same, for programs")),
        Shown("attempts", "attempts", "number", _("How often it was begun")),
        Shown("asked_by", "actor_label", "text", _("Who has asked for it"), example="Web shop"),
        Shown("created_at", "created_at", "datetime"),
        Shown("started_at", "started_at", "datetime", nullable=True),
        Shown("finished_at", "finished_at", "datetime", nullable=True),
        Shown("cancel_asked_at", "cancel_asked_at", "datetime", _("When somebody asked to cancel it"), nullable=True),
    ],
)
_JOB = JOB.serializer()
_EXAMPLE = JOB.sample()


class JobFilterSet(StrictFilterSet):
    state = django_filters.ChoiceFilter(label=_("State"), choices=JobState.choices, empty_label=_("Any"))
    kind = django_filters.ChoiceFilter(label=_("Kind"), field_name="task", choices=_KINDS, empty_label=_("Any"))
    created_at__gte = MomentFilter(label=_("Asked for from"), field_name="created_at", lookup_expr="gte")
    created_at__lte = MomentFilter(label=_("Asked for up to"), field_name="created_at", lookup_expr="lte")

    class Meta:
        model = Job
        fields: list[str] = []


class JobList(ListEndpoint):
    """Background jobs: those that the caller has asked for, or all of the business for who may cancel those of others."""

    tag = "Jobs"
    representation = JOB
    filterset_class = JobFilterSet
    sorts = {"created_at": Sort("created_at", "created_at", descending_first=True)}
    default_sort = "-created_at"
    permissions = {"GET": "crm.view_jobs"}
    docs = {
        "GET": Doc(
            "list_jobs",
            _("List background jobs"),
            answer=envelope(JOB),
            answer_example=envelope_sample(JOB),
            text=_("One's own jobs; with the permission crm.manage_jobs all of the business."),
        )
    }

    def rows(self) -> QuerySet:
        return services.steerable_jobs(actor=self.actor, business=self.business)

    def needs(self) -> set[str]:
        return {"pk", "state", "processed", "total"}


class JobDetail(RecordEndpoint):
    """A background job and how far it is."""

    tag = "Jobs"
    representation = JOB
    permissions = {"GET": "crm.view_jobs"}
    docs = {"GET": Doc("get_job", _("Follow a background job"), answer=_JOB, answer_example=_EXAMPLE)}

    def rows(self) -> QuerySet:
        return services.jobs_of(actor=self.actor, business=self.business, everybody=True)

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()


class JobDeed(RecordEndpoint):
    """A deed on a job that the caller has asked for, or on any of the business for who may cancel those of others."""

    abstract = True
    tag = "Jobs"
    representation = JOB

    def rows(self) -> QuerySet:
        return services.steerable_jobs(actor=self.actor, business=self.business)


class JobCancel(JobDeed):
    permissions = {"POST": "crm.view_jobs"}
    docs = {
        "POST": Doc(
            "cancel_job",
            _("Cancel a background job"),
            answer=_JOB,
            body=Nothing,
            answer_example=_EXAMPLE,
            text=_("A waiting job ends at once, a running one at its next step; what it has done so far is undone."),
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        job = self.record
        self.body(Nothing)
        services.cancel_job(actor=self.actor, job=job)
        return self.show()


class JobRetry(JobDeed):
    permissions = {"POST": "crm.view_jobs"}
    docs = {
        "POST": Doc(
            "retry_job",
            _("Start a refused or given-up job again"),
            answer=_JOB,
            body=Nothing,
            status=202,
            answer_example=_EXAMPLE,
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        job = self.record
        self.body(Nothing)
        services.retry_job(actor=self.actor, job=job)
        response = self.show()
        response.status_code = 202
        response["Location"] = reverse("api:job_detail", args=[job.pk])
        return response
