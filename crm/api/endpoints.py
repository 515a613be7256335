"""The kernel's own endpoints: who calls, and how far a job is."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm.api.authentication import businesses_of
from crm.api.permissions import SIGNED_IN
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, Endpoint, RecordEndpoint
from crm.models import ApiKey, Job, JobState, Role
from crm.registry import permissions as known_permissions


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


JOB = Representation(
    "Job",
    [
        Shown("id", "id", "id"),
        Shown("state", "state", "choice", _("State"), choices=JobState.choices),
        Shown("processed", "processed", "number", _("Units of work done")),
        Shown("total", "total", "number", _("Units of work in all; 0 while not known")),
        Shown("step", "step", "text", _("What it is doing")),
        Shown("result", "result", "json", _("What came of it")),
        Shown("error", "error", "text", _("Why it failed")),
        Shown("created_at", "created_at", "datetime"),
        Shown("started_at", "started_at", "datetime", nullable=True),
        Shown("finished_at", "finished_at", "datetime", nullable=True),
    ],
)


class JobDetail(RecordEndpoint):
    """A background job and how far it is."""

    tag = "Jobs"
    representation = JOB
    permissions = {"GET": "crm.view_jobs"}
    docs = {
        "GET": Doc(
            "get_job",
            _("Follow a background job"),
            answer_example={**JOB.sample(), "progress": 0.25},
            answer=JOB.serializer(
                progress=serializers.FloatField(allow_null=True, help_text="From 0 to 1; null while not known.")
            ),
        )
    }

    def rows(self) -> Any:
        return Job.objects.all()

    def details(self, row: dict[str, Any]) -> dict[str, Any]:
        if row["state"] == JobState.DONE:
            return {"progress": 1.0}
        return {"progress": min(round(row["processed"] / row["total"], 4), 1.0) if row["total"] else None}

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()
