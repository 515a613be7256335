"""Taking up to ten thousand orders by one request, each with a result of its own."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from commerce import services
from commerce.api.order_inputs import MOST_ORDERS, OrderInput
from commerce.services import Taken
from crm import clock
from crm.access import saw
from crm.api.fields import Choice, Input
from crm.api.problems import faults_of
from crm.api.views import Doc, Endpoint
from crm.errors import NotAllowed
from customers.api.ground import ShowsCustomers

MAX_BYTES = 32 * 1_048_576
REFUSE, REPLACE = "refuse", "replace"


class OrderBatchInput(Input):
    """Orders, and what is to be done with a number that is taken by an order with other content."""

    orders = serializers.ListField(
        child=serializers.DictField(), min_length=1, max_length=MOST_ORDERS,
        help_text=_("Each as the body of the endpoint that takes one order."),
    )  # fmt: skip
    on_difference = Choice(
        choices=[(REFUSE, _("Refuse the row")), (REPLACE, _("Correct the order that is there"))],
        required=False,
        help_text=_("Of a number that is taken by an order with other content; refuse when left out."),
    )


class OrderResult(serializers.Serializer[Any]):
    """What became of a row."""

    index = serializers.IntegerField(help_text=_("Which row, from 0."))
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=["created", "updated", "unchanged", "refused"])
    id = serializers.UUIDField(allow_null=True)
    errors = serializers.ListField(  # type: ignore[assignment]  # the serializers of REST framework have a property of this name
        child=serializers.DictField(), help_text=_("Of a refused row: field, code and message of each fault.")
    )


class OrderResults(serializers.Serializer[Any]):
    data = OrderResult(many=True)  # type: ignore[assignment]  # the serializers of REST framework have a property of this name
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()


class OrderBatch(ShowsCustomers, Endpoint):
    """Many orders at once."""

    tag = "Orders"
    max_bytes = MAX_BYTES
    limited_as = {"POST": "heavy"}
    permissions = {"POST": "commerce.add_orders"}
    docs = {
        "POST": Doc(
            "take_orders",
            _("Take many orders"),
            answer=OrderResults,
            body=OrderBatchInput,
            body_example={
                "orders": [{"number": "100042", "customer_external_id": "C-1001", "ordered_at": "2026-01-31T14:05:00Z", "total": "15.30"}],
                "on_difference": "replace",
            },
            answer_example={
                "data": [{"index": 0, "number": "100042", "status": "created", "id": "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90", "errors": []}],
                "created": 1, "updated": 0, "unchanged": 0, "refused": 0,
            },
            text=_(
                "At most 10,000 orders and 32 MB. Each row has its own result, and one that is refused doesn't keep the others out. "
                "Sending the same rows again changes nothing. Correcting orders needs commerce.change_orders."
            ),
        )
    }  # fmt: skip

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        asked = self.body(OrderBatchInput)
        replace = asked.get("on_difference") == REPLACE
        if replace and not self.actor.may("commerce.change_orders", self.business):
            raise NotAllowed(permission="commerce.change_orders")
        results: list[dict[str, Any]] = []
        rows: list[dict[str, Any]] = []
        places: list[int] = []
        reader = OrderInput(context={"view": self})
        for index, body in enumerate(asked["orders"]):
            number = str(body.get("number") or body.get("external_id") or "")[:60]
            results.append({"index": index, "number": number, "status": "refused", "id": None, "errors": []})
            try:
                rows.append(dict(reader.run_validation(body)))
                places.append(index)
            except serializers.ValidationError as refusal:
                results[index]["errors"] = list(faults_of(refusal.detail))
        taken = services.take_orders(
            actor=self.actor, business=self.business, rows=rows, at=clock.now(), replace=replace
        )
        for index, one in zip(places, taken, strict=True):
            results[index] |= {"status": one.status, "id": one.order and one.order.pk, "errors": _errors(one)}
        saw(request, {one.order.customer_id for one in taken if one.order})
        words = ("created", "updated", "unchanged", "refused")
        counts = {word: sum(result["status"] == word for result in results) for word in words}
        return Response({"data": results, **counts})


def _errors(taken: Taken) -> list[dict[str, str]]:
    if taken.differences:
        return taken.difference_faults()
    return [
        {"field": name, "code": "invalid", "message": message}
        for name, messages in taken.faults.items()
        for message in messages
    ]
