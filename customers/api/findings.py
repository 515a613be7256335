"""Endpoints of what is found out about a customer: BANT with the explanation of the fit, technologies, signals, competitors."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.fields import Choice, Day, Input, Text, Whole
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, RecordEndpoint, tag_of
from crm.errors import NotFound
from crm.paging import Sort
from customers import services
from customers.api.views import CustomerEndpoint, ShowsCustomers
from customers.choices import CompetitorStanding, CriterionOperator, SignalKind
from customers.models import CompetitorMention, Customer, Qualification, Signal, Technology
from customers.models.qualification import LEVELS
from customers.queries.icp import STATES, Fit, fit_of, ideal_of
from customers.queries.qualification import VERDICT_RULE, VERDICTS, qualification_of, verdict_of
from customers.services.findings import BANT, BANT_FIELDS, COMPETITOR_FIELDS, NOT_YET, SIGNAL_FIELDS, TECHNOLOGY_FIELDS

_STAMPS = (
    Shown("created_at", "created_at", "datetime", _("Added")),
    Shown("updated_at", "updated_at", "datetime", _("Changed")),
)
TECHNOLOGY = Representation(
    "Technology",
    [
        Shown("id", "id", "id"),
        Shown("customer", "customer", "id", _("Customer")),
        Shown("name", "name", "text", _("What the customer works with"), example="PostgreSQL"),
        Shown("category", "category", "text", _("Category"), example="Database"),
        Shown("source", "source", "text", _("How it is known"), example="Job advertisement"),
        Shown("first_seen_on", "first_seen_on", "date", _("First seen")),
        Shown("last_seen_on", "last_seen_on", "date", _("Last seen")),
        *_STAMPS,
    ],
)
SIGNAL = Representation(
    "Signal",
    [
        Shown("id", "id", "id"),
        Shown("customer", "customer", "id", _("Customer")),
        Shown("kind", "kind", "choice", _("What it speaks for"), choices=SignalKind.choices, example="buying"),
        Shown("strength", "strength", "number", _("From 1, weak, to 5, strong"), example=4),
        Shown("text", "text", "text", _("What was noticed"), example="Asked for a price list"),
        Shown("source", "source", "text", _("Where it was noticed"), example="Call of 31 January"),
        Shown("seen_on", "seen_on", "date", _("When it was noticed")),
        Shown("closed_on", "closed_on", "date", _("Since when it is no longer true"), nullable=True),
        *_STAMPS,
    ],
)
COMPETITOR = Representation(
    "Competitor",
    [
        Shown("id", "id", "id"),
        Shown("customer", "customer", "id", _("Customer")),
        Shown("name", "name", "text", _("Competitor"), example="Initech"),
        Shown("standing", "standing", "choice", _("Its standing there"), choices=CompetitorStanding.choices, example="evaluated"),
        Shown("note", "note", "text", _("Note")),
        Shown("source", "source", "text", _("How it is known"), example="Said by their buyer"),
        Shown("seen_on", "seen_on", "date", _("When it was noticed")),
        *_STAMPS,
    ],
)  # fmt: skip


def _source() -> Text:
    return Text(max_length=120, help_text=_("Where it was seen, or who has said it."))


def _today() -> Day:
    return Day(required=False, help_text=_("Today when left out; not in the future."))


class TechnologyInput(Input):
    """What may be entered of a technology."""

    computed = frozenset(TECHNOLOGY.shown) - frozenset(TECHNOLOGY_FIELDS)

    name = Text(max_length=80)
    category = Text(max_length=80, allow_blank=True, required=False)
    source = _source()  # type: ignore[assignment]  # a field of the body
    first_seen_on = _today()
    last_seen_on = _today()


class SignalInput(Input):
    """What may be entered of a signal."""

    computed = frozenset(SIGNAL.shown) - frozenset(SIGNAL_FIELDS)

    kind = Choice(choices=SignalKind.choices)
    strength = Whole(min_value=1, max_value=5, required=False, help_text=_("1 weak to 5 strong; 3 when left out."))
    text = Text(max_length=300)
    source = _source()  # type: ignore[assignment]  # a field of the body
    seen_on = _today()
    closed_on = Day(required=False, allow_null=True, help_text=_("Since when it is no longer true; null while it is."))


class CompetitorInput(Input):
    """What may be entered of a competitor."""

    computed = frozenset(COMPETITOR.shown) - frozenset(COMPETITOR_FIELDS)

    name = Text(max_length=120)
    standing = Choice(choices=CompetitorStanding.choices, required=False)
    note = Text(max_length=300, allow_blank=True, required=False)
    source = _source()  # type: ignore[assignment]  # a field of the body
    seen_on = _today()


class FindingEndpoints(ShowsCustomers, ListEndpoint):
    """The findings of one kind about one customer, and adding one."""

    abstract = True
    tag = "Qualification"
    default_sort = "-seen_on"
    has_version = True
    permissions = {"GET": "customers.view", "POST": "customers.change"}
    model: ClassVar[Any] = None
    form: ClassVar[type[Input]] = Input
    detail: ClassVar[str] = ""

    @property
    def customer(self) -> Customer:
        found: Customer | None = Customer.objects.visible_to(self.actor).filter(pk=self.kwargs["id"]).first()
        if found is None:
            raise NotFound
        return found

    def rows(self) -> QuerySet:
        return self.model.objects.filter(customer=self.customer)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        if not self.customer.pk:
            raise NotFound
        return super().options(request, *args, **kwargs)

    def may_see_again(self, customers: Sequence[str]) -> bool:
        seen = Customer.objects.visible_to(self.actor).filter(pk=self.kwargs["id"]).exists()
        return seen and super().may_see_again(customers)

    def needs(self) -> set[str]:
        return {"pk", "customer"}

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["customer"] for row in rows])

    def add(self, customer: Customer, values: dict[str, Any]) -> Any:
        raise ImproperlyConfigured(f"{type(self).__name__}.add")

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.customer
        made = self.add(customer, self.body(self.form))
        row = self.representation.one(self.model.objects.all(), made.pk)
        saw(request, [customer.pk])
        data = self.representation.of(row, self.business)
        headers = {"Location": reverse(self.detail, args=[made.pk]), "ETag": tag_of(row["updated_at"], data)}
        return Response(data, status=201, headers=headers)


def _list_docs(
    many: str, one: str, shown: Representation, form: Any, example: Any, list_: Any, add: Any
) -> dict[str, Doc]:
    return {
        "GET": Doc(f"list_{many}", list_, answer=envelope(shown), answer_example=envelope_sample(shown)),
        "POST": Doc(
            f"add_{one}", add, answer=shown.serializer(), body=form, status=201, body_example=example, answer_example=shown.sample(),
            problems=(409,),
        ),
    }  # fmt: skip


class CustomerTechnologies(FindingEndpoints):
    """What a customer works with."""

    representation, model, form, detail = TECHNOLOGY, Technology, TechnologyInput, "api:technology_detail"
    sorts = {"name": Sort("name", "name"), "last_seen_on": Sort("last_seen_on", "last_seen_on", descending_first=True)}
    default_sort = "name"
    docs = _list_docs(
        "technologies", "technology", TECHNOLOGY, TechnologyInput, {"name": "PostgreSQL", "source": "Job advertisement"},
        _("List the technologies of a customer"), _("Note a technology of a customer"),
    )  # fmt: skip

    def add(self, customer: Customer, values: dict[str, Any]) -> Technology:
        return services.add_technology(actor=self.actor, customer=customer, at=clock.now(), **values)


class CustomerSignals(FindingEndpoints):
    """What was noticed at a customer, closed signals included."""

    representation, model, form, detail = SIGNAL, Signal, SignalInput, "api:signal_detail"
    sorts = {"seen_on": Sort("seen_on", "seen_on", descending_first=True)}
    docs = _list_docs(
        "signals", "signal", SIGNAL, SignalInput, {"kind": "buying", "strength": 4, "text": "Asked for a price list", "source": "Call"},
        _("List the signals of a customer"), _("Note a signal of a customer"),
    )  # fmt: skip

    def add(self, customer: Customer, values: dict[str, Any]) -> Signal:
        return services.add_signal(actor=self.actor, customer=customer, at=clock.now(), **values)


class CustomerCompetitors(FindingEndpoints):
    """Our competitors at a customer."""

    representation, model, form, detail = COMPETITOR, CompetitorMention, CompetitorInput, "api:competitor_detail"
    sorts = {"seen_on": Sort("seen_on", "seen_on", descending_first=True)}
    docs = _list_docs(
        "competitors", "competitor", COMPETITOR, CompetitorInput, {"name": "Initech", "standing": "evaluated", "source": "Their buyer"},
        _("List the competitors at a customer"), _("Note a competitor at a customer"),
    )  # fmt: skip

    def add(self, customer: Customer, values: dict[str, Any]) -> CompetitorMention:
        return services.add_competitor(actor=self.actor, customer=customer, at=clock.now(), **values)


class FindingEndpoint(ShowsCustomers, RecordEndpoint):
    """One finding about a customer that the caller sees."""

    abstract = True
    tag = "Qualification"
    has_version = True
    permissions = {"GET": "customers.view", "PATCH": "customers.change", "DELETE": "customers.change"}
    model: ClassVar[Any] = None
    form: ClassVar[type[Input]] = Input

    def rows(self) -> QuerySet:
        return self.model.objects.visible_to(self.actor)

    def shown(self, row: dict[str, Any]) -> None:
        saw(self.request, [row["customer"]])

    def change(self, record: Any, values: dict[str, Any], version: str | None, at: datetime) -> Any:
        raise ImproperlyConfigured(f"{type(self).__name__}.change")

    def remove(self, record: Any, version: str | None) -> None:
        raise ImproperlyConfigured(f"{type(self).__name__}.remove")

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        record, version = self.record, self.asked_version()
        self.change(record, self.body(self.form, partial=True), version, clock.now())
        return self.show()

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        record, version = self.record, self.asked_version()
        self.remove(record, version)
        return Response(status=204)


def _record_docs(
    one: str, shown: Representation, form: Any, example: Any, get: Any, change: Any, remove: Any
) -> dict[str, Doc]:
    answer, sample = shown.serializer(), shown.sample()
    return {
        "GET": Doc(f"get_{one}", get, answer=answer, answer_example=sample),
        "PATCH": Doc(
            f"change_{one}", change, answer=answer, body=form, body_example=example, answer_example=sample, problems=(409,)
        ),
        "DELETE": Doc(
            f"remove_{one}", remove, status=204, text=_("For what was entered wrongly; the trail keeps that it was there."), problems=(409,)
        ),
    }  # fmt: skip


class TechnologyDetail(FindingEndpoint):
    representation, model, form = TECHNOLOGY, Technology, TechnologyInput
    docs = _record_docs(
        "technology", TECHNOLOGY, TechnologyInput, {"category": "Database"},
        _("Get a technology of a customer"), _("Change a technology of a customer"), _("Remove a technology of a customer"),
    )  # fmt: skip

    def change(self, record: Technology, values: dict[str, Any], version: str | None, at: datetime) -> Technology:
        return services.update_technology(actor=self.actor, technology=record, at=at, version=version, **values)

    def remove(self, record: Technology, version: str | None) -> None:
        services.remove_technology(actor=self.actor, technology=record, version=version)


class SignalDetail(FindingEndpoint):
    representation, model, form = SIGNAL, Signal, SignalInput
    docs = _record_docs(
        "signal", SIGNAL, SignalInput, {"strength": 5},
        _("Get a signal of a customer"), _("Change or close a signal of a customer"), _("Remove a signal of a customer"),
    )  # fmt: skip

    def change(self, record: Signal, values: dict[str, Any], version: str | None, at: datetime) -> Signal:
        return services.update_signal(actor=self.actor, signal=record, at=at, version=version, **values)

    def remove(self, record: Signal, version: str | None) -> None:
        services.remove_signal(actor=self.actor, signal=record, version=version)


class CompetitorDetail(FindingEndpoint):
    representation, model, form = COMPETITOR, CompetitorMention, CompetitorInput
    docs = _record_docs(
        "competitor", COMPETITOR, CompetitorInput, {"standing": "incumbent"},
        _("Get a competitor at a customer"), _("Change a competitor at a customer"), _("Remove a competitor at a customer"),
    )  # fmt: skip

    def change(
        self, record: CompetitorMention, values: dict[str, Any], version: str | None, at: datetime
    ) -> CompetitorMention:
        return services.update_competitor(actor=self.actor, competitor=record, at=at, version=version, **values)

    def remove(self, record: CompetitorMention, version: str | None) -> None:
        services.remove_competitor(actor=self.actor, competitor=record, version=version)


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
        tag = tag_of(_changed(found, customer), data)
        is_known = self.request.method in ("GET", "HEAD") and self._is_known(tag)
        return Response(None if is_known else data, status=304 if is_known else 200, headers={"ETag": tag})

    def asked_version(self) -> str | None:
        """The version of the qualification, not of the customer, that `If-Match` names."""
        customer = self.record
        found = qualification_of(customer)
        self._record = SimpleNamespace(updated_at=_changed(found, customer))
        try:
            version = super().asked_version()
        finally:
            self._record = customer
        is_first = found._state.adding and version == _changed(found, customer).isoformat()
        return NOT_YET if is_first else version


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
