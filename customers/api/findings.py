"""What endpoints of findings about a customer (technologies, signals, competitors) have in common: fields, documents, list and record."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.fields import Day, Input, Text
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, RecordEndpoint, tag_of
from customers.api.ground import BelowCustomer, ShowsCustomers
from customers.models import Customer

STAMPS = (
    Shown("created_at", "created_at", "datetime", _("Added")),
    Shown("updated_at", "updated_at", "datetime", _("Changed")),
)


def source() -> Text:
    return Text(max_length=120, help_text=_("Where it was seen, or who has said it."))


def today() -> Day:
    return Day(required=False, help_text=_("Today when left out; not in the future."))


class FindingEndpoints(BelowCustomer, ListEndpoint):
    """The findings of one kind about one customer, and adding one."""

    abstract = True
    tag = "Qualification"
    default_sort = "-seen_on"
    has_version = True
    permissions = {"GET": "customers.view", "POST": "customers.change"}
    model: ClassVar[Any] = None
    form: ClassVar[type[Input]] = Input
    detail: ClassVar[str] = ""

    def rows(self) -> QuerySet:
        return self.model.objects.filter(customer=self.customer)

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


class AllFindings(ShowsCustomers, ListEndpoint):
    """The findings of one kind about all customers that the caller sees."""

    abstract = True
    tag = "Qualification"
    default_sort = "-seen_on"
    permissions = {"GET": "customers.view"}
    model: ClassVar[Any] = None

    def rows(self) -> QuerySet:
        return self.model.objects.visible_to(self.actor)

    def needs(self) -> set[str]:
        return {"pk", "customer"}

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["customer"] for row in rows])


def all_docs(many: str, shown: Representation, list_: Any) -> dict[str, Doc]:
    return {"GET": Doc(f"list_all_{many}", list_, answer=envelope(shown), answer_example=envelope_sample(shown))}


def list_docs(
    many: str, one: str, shown: Representation, form: Any, example: Any, list_: Any, add: Any
) -> dict[str, Doc]:
    return {
        "GET": Doc(f"list_{many}", list_, answer=envelope(shown), answer_example=envelope_sample(shown)),
        "POST": Doc(
            f"add_{one}", add, answer=shown.serializer(), body=form, status=201, body_example=example, answer_example=shown.sample(),
            problems=(409,),
        ),
    }  # fmt: skip


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


def record_docs(
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
