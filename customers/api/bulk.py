"""Endpoints of bulk changes: a preview, asking for one, following it, its lines, and taking it back."""

from collections.abc import Mapping, Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.fields import Choice, Flag, Id, Input, Text
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, RecordEndpoint
from crm.errors import InvalidInput, NotFound
from crm.filters import StrictFilterSet
from crm.paging import Sort
from customers import services
from customers.api.ground import ShowsCustomers
from customers.api.inputs import NothingInput
from customers.choices import BulkResult, BulkState
from customers.filters import customers_matching
from customers.models import BulkChange, BulkRun, Customer
from customers.queries.bulk import preview, rows_for
from customers.registry import bulk_actions
from customers.services.bulk import MOST_IDS

RUN = Representation(
    "BulkChange",
    [
        Shown("id", "id", "id"),
        Shown("action", "action", "text", _("The deed"), example="tag"),
        Shown("values", "values", "json", _("Its values"), example={"tags": ["01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e95"]}),
        Shown("filter", "query", "text", _("All that match, as a query of the list; else named customers"), example="kind=company"),
        Shown("state", "state", "choice", _("How far it is"), choices=BulkState.choices, example="done"),
        Shown("total", "total", "number", _("Customers that it is about")),
        Shown("counts", "counts", "json", _("What came of them"), example={"changed": 3}),
        Shown("undoes", "undoes", "id", _("The bulk change that it takes back"), nullable=True),
        Shown("job", "job", "id", _("The job that does it; see /api/v1/jobs/{id}"), nullable=True),
        Shown("requested_by", "requested_by", "user", _("Requested by"), nullable=True),
        Shown("created_at", "created_at", "datetime", _("Asked for")),
        Shown("finished_at", "finished_at", "datetime", _("Finished"), nullable=True),
    ],
)  # fmt: skip
LINE = Representation(
    "BulkChangeLine",
    [
        Shown("customer", "customer", "id", _("The customer")),
        Shown("result", "result", "choice", _("What came of it"), choices=BulkResult.choices),
        Shown("before", "before", "json", _("Values before"), example={"owner": None}),
        Shown("after", "after", "json", _("Values after"), example={"owner": "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e91"}),
        Shown("reason", "reason", "text", _("Why it was left alone")),
        Shown("at", "at", "datetime", _("When")),
    ],
)  # fmt: skip
_SAMPLE_ID = "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e95"


class BulkChangeInput(Input):
    """A deed with its values, on the customers of `ids` or on all that match `filter`."""

    action = Choice(choices=lazy(lambda: [(action.key, action.label) for action in bulk_actions], list)())
    values = serializers.DictField(
        required=False,
        help_text=_("tags; owner; team; stage, substep and reason; field and value; or reason: by the deed."),
    )
    ids = serializers.ListField(child=Id(), required=False, max_length=MOST_IDS, help_text=_("The customers."))
    filter = Text(
        max_length=2000, allow_blank=True, required=False,
        help_text=_("Instead of ids: the query of GET /customers whose customers are meant; empty means all."),
    )  # fmt: skip
    dry_run = Flag(required=False, help_text=_("Only say what would change."))


class Sample(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class Blocked(serializers.Serializer):
    reason = serializers.CharField()
    count = serializers.IntegerField()


class BulkPreview(serializers.Serializer):
    total = serializers.IntegerField(help_text=_("Customers that are meant."))
    total_is_estimate = serializers.BooleanField()
    examined = serializers.IntegerField(help_text=_("How many of them were looked at."))
    would_change = serializers.IntegerField()
    unchanged = serializers.IntegerField(help_text=_("Those that stand there already."))
    blocked = Blocked(many=True)
    samples = Sample(many=True)


class RunFilterSet(StrictFilterSet):
    state = django_filters.ChoiceFilter(label=_("How far it is"), choices=BulkState.choices)


class LineFilterSet(StrictFilterSet):
    result = django_filters.ChoiceFilter(label=_("What came of it"), choices=BulkResult.choices)


class BulkChangeList(ShowsCustomers, ListEndpoint):
    """Bulk changes, asking for one, and its preview."""

    tag = "Bulk changes"
    representation = RUN
    filterset_class = RunFilterSet
    sorts = {"created_at": Sort("created_at", "created_at", descending_first=True)}
    default_sort = "-created_at"
    limited_as = {"POST": "heavy"}
    permissions = {"GET": "customers.change_many", "POST": "customers.change_many"}
    docs = {
        "GET": Doc(
            "list_bulk_changes", _("List bulk changes"), answer=envelope(RUN), answer_example=envelope_sample(RUN)
        ),
        "POST": Doc(
            "start_bulk_change",
            _("Change many customers at once"),
            answer=RUN.serializer(),
            body=BulkChangeInput,
            status=202,
            answer_example=RUN.sample(),
            body_example={"action": "tag", "values": {"tags": [_SAMPLE_ID]}, "filter": "kind=company"},
            text=_(
                "It is done in the background; Location leads to it, and POST /bulk-changes/{id}/undo takes it back. With dry_run the "
                "answer is 200 and says what would change: total, examined, would_change, unchanged, blocked and samples."
            ),
        ),
    }

    def rows(self) -> QuerySet:
        return BulkRun.objects.visible_to(self.actor)

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        given = self.body(BulkChangeInput)
        if ("ids" in given) == ("filter" in given):
            raise InvalidInput({"ids": [_t("Give either ids or a filter.")]})
        action = bulk_actions[given["action"]]
        self.actor.require(action.permission, self.business)
        ids, query, values = given.get("ids", []), given.get("filter", "").removeprefix("?"), given.get("values", {})
        if "ids" in given and not ids:
            raise InvalidInput({"ids": [_t("Name at least one customer.")]})
        rows = rows_for(action, self.actor)
        rows = rows.filter(pk__in=ids) if ids else self._matching(rows, query)
        if ids and rows.count() < len(set(ids)):
            raise NotFound
        try:
            if given.get("dry_run"):
                return self._preview(action, rows, action.deed.clean(self.business, values))
            run = services.start_bulk_run(
                actor=self.actor, business=self.business, action=action.key, values=values, query=query, customer_ids=ids,
                requested_by=request.user if request.user.is_authenticated else None,
            )  # fmt: skip
        except InvalidInput as refusal:
            raise InvalidInput({_place(name): words for name, words in refusal.errors.items()}) from refusal
        return _accepted(run, self.business)

    def _matching(self, rows: QuerySet, query: str) -> QuerySet:
        try:
            return customers_matching(rows, self.actor, self.business, query)
        except InvalidInput as refusal:
            raise InvalidInput({f"filter.{name}": words for name, words in refusal.errors.items()}) from refusal

    def _preview(self, action: Any, rows: QuerySet, values: dict[str, Any]) -> Response:
        found = preview(action, self.business, rows, values, clock.now())
        saw(self.request, [pk for pk, _name, _before, _after in found.samples])
        return Response(
            {
                "total": found.total,
                "total_is_estimate": found.is_estimate,
                "examined": found.examined,
                "would_change": found.changes,
                "unchanged": found.unchanged,
                "blocked": [{"reason": reason, "count": count} for reason, count in found.blocked],
                "samples": [
                    {"id": pk, "name": name, "before": before, "after": after}
                    for pk, name, before, after in found.samples
                ],
            }
        )


def _place(name: str) -> str:
    return name if name in ("action", "ids", "filter") else f"values.{name}"


def _accepted(run: BulkRun, business: Any) -> Response:
    row = RUN.one(BulkRun.objects.all(), run.pk)
    headers = {"Location": reverse("api:bulk_change_detail", args=[run.pk])}
    return Response(RUN.of(row, business), status=202, headers=headers)


class OneBulkChange(RecordEndpoint):
    """One bulk change that the caller may see."""

    abstract = True
    tag = "Bulk changes"
    representation = RUN

    def rows(self) -> QuerySet:
        return BulkRun.objects.visible_to(self.actor).defer("customer_ids")


class BulkChangeDetail(OneBulkChange):
    permissions = {"GET": "customers.change_many"}
    docs = {
        "GET": Doc("get_bulk_change", _("Follow a bulk change"), answer=RUN.serializer(), answer_example=RUN.sample())
    }

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()


class BulkChangeUndo(OneBulkChange):
    permissions = {"POST": "customers.change_many"}
    limited_as = {"POST": "heavy"}
    docs = {
        "POST": Doc(
            "undo_bulk_change",
            _("Take a bulk change back"),
            answer=RUN.serializer(),
            status=202,
            body=NothingInput,
            answer_example=RUN.sample(),
            problems=(409,),
            text=_(
                "A bulk change that restores the values before; customers that were changed again since stay as they are, each "
                "with a line of result “conflict”."
            ),
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        run = self.record
        self.body(NothingInput)
        user = request.user if request.user.is_authenticated else None
        return _accepted(services.undo_bulk_run(actor=self.actor, run=run, requested_by=user), self.business)


class BulkChangeLines(ListEndpoint):
    """What a bulk change did to each customer that the caller sees."""

    tag = "Bulk changes"
    representation = LINE
    filterset_class = LineFilterSet
    sorts = {"line": Sort("line", "id")}
    default_sort = "line"
    permissions = {"GET": "customers.change_many"}
    docs = {
        "GET": Doc(
            "list_bulk_change_lines", _("List what a bulk change did"), answer=envelope(LINE), answer_example=envelope_sample(LINE)
        )
    }  # fmt: skip

    def rows(self) -> QuerySet:
        run = BulkRun.objects.visible_to(self.actor).filter(pk=self.kwargs["id"]).only("pk").first()
        if run is None:
            raise NotFound
        return BulkChange.objects.filter(run=run, customer__in=Customer.objects.visible_to(self.actor))

    def needs(self) -> set[str]:
        return {"pk", "customer"}

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["customer"] for row in rows])
