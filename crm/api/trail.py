"""Endpoints of the trail: what was done, and who was shown whose data."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm import trail
from crm.actor import KINDS
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import Representation, Shown
from crm.api.views import Doc
from crm.models import AccessRecord, Activity

_WHO = [
    Shown("actor_kind", "actor_kind", "choice", _("Kind of actor"), choices=[(kind, kind) for kind in KINDS]),
    Shown("actor_id", "actor_id", "text", _("Id of the user or key; empty for the product itself")),
    Shown("actor_name", "actor_label", "text", _("Who"), example="Riley Brooks"),
    Shown("door", "door", "choice", _("Through"), choices=trail.DOORS),
    Shown("request_id", "request_id", "text", _("The request that it was part of")),
]
ACTIVITY = Representation(
    "Activity",
    [
        Shown("id", "id", "number"),
        Shown("verb", "verb", "text", _("Deed"), example="crm.team.created"),
        Shown("at", "at", "datetime", _("When")),
        *_WHO,
        Shown("record_type", "subject_type", "text", _("Kind of the record"), example="crm.team"),
        Shown("record_id", "subject_id", "text", _("Id of the record")),
        Shown("customer", "about", "id", _("The customer that it is about"), nullable=True),
        Shown("counts", "counts", "json", _("What a set-based deed has made and changed")),
    ],
)
ACCESS = Representation(
    "AccessRecord",
    [
        Shown("id", "id", "number"),
        Shown("at", "at", "datetime", _("When")),
        *_WHO,
        Shown("what", "what", "text", _("Name of the page or endpoint"), example="crm:access_customer"),
        Shown("purpose", "purpose", "text", _("Purpose")),
        Shown("customers", "customer_ids", "ids", _("Whose data were shown")),
    ],
)


class ActivityList(ListEndpoint):
    """Every deed, newest first. The values before and after are shown on the pages alone."""

    tag = "Activity"
    representation = ACTIVITY
    filterset_class = trail.ActivityFilterSet
    sorts = {trail.RECENT.key: trail.RECENT}
    default_sort = "-recent"
    searchable = True
    permissions = {"GET": "crm.view_activity"}
    docs = {
        "GET": Doc(
            "list_activity",
            _("List what was done in the business"),
            answer=envelope(ACTIVITY),
            answer_example=envelope_sample(ACTIVITY),
        )
    }

    def rows(self) -> QuerySet:
        return Activity.objects.all()

    def search(self, rows: QuerySet, words: str) -> QuerySet:
        return trail.with_text(rows, words, self.actor, self.business)


class AccessList(ListEndpoint):
    """Every page and answer that showed personal data, newest first."""

    tag = "Activity"
    representation = ACCESS
    filterset_class = trail.AccessFilterSet
    sorts = {trail.RECENT.key: trail.RECENT}
    default_sort = "-recent"
    permissions = {"GET": "crm.view_access"}
    docs = {
        "GET": Doc(
            "list_access",
            _("List who was shown whose data"),
            answer=envelope(ACCESS),
            answer_example=envelope_sample(ACCESS),
        )
    }

    def rows(self) -> QuerySet:
        return AccessRecord.objects.all()
