"""Endpoints of orders: the list, taking one, one order with its lines, the way of its status."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from commerce import services
from commerce.api.order_inputs import OrderChange, OrderInput
from commerce.choices import OrderStatus
from commerce.filters import OrderFilterSet
from commerce.models import Order, OrderLine, OrderStatusChange
from commerce.queries.order_totals import totals_of, totals_of_business
from crm import clock
from crm.access import saw
from crm.api.includes import Included, with_includes
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.patterns import AMOUNT, CURRENCY
from crm.api.representation import Representation, Shown, amount
from crm.api.views import Doc, RecordEndpoint
from crm.filters import narrows
from crm.paging import Sort
from customers.api.ground import ShowsCustomers
from customers.api.representation import CUSTOMER
from customers.models import Customer

ORDER = Representation(
    "Order",
    [
        Shown("id", "id", "id"),
        Shown("number", "number", "text", _("Number"), example="100042"),
        Shown("status", "status", "choice", _("Status"), choices=OrderStatus.choices, example="completed"),
        Shown("customer", "customer", "id", _("Customer")),
        Shown("ordered_at", "ordered_at", "datetime", _("Ordered")),
        Shown("total", "total", "money", _("Total; of a refund negative"), currency="currency"),
        Shown("currency", "currency", "text", _("Currency of the order"), example="GBP"),
        Shown("total_base", "total_base", "money", _("Total in the reporting currency")),
        Shown("base_currency", "", "currency", _("Reporting currency of the business")),
        Shown("refund_of", "refund_of", "id", _("The order that a refund is of"), nullable=True),
        Shown("refund_of_number", "refund_of_number", "text", _("Number of the order that a refund is of"), example=""),
        Shown("is_refunded", "is_refunded", "boolean", _("Whether refunds have given all of it back"), example=False),
        Shown("opportunity", "opportunity", "id", _("The deal that it came from"), nullable=True),
        Shown("flags", "flags", "texts", _("What is odd: unlinked_refund, total_differs"), example=[]),
        Shown("source", "source", "text", _("Where it comes from"), example="shop"),
        Shown("external_id", "external_id", "text", _("Its id there"), example="A-100042"),
        Shown("channel", "channel", "text", _("Channel"), example="web"),
        Shown("created_at", "created_at", "datetime", _("Added")),
        Shown("updated_at", "updated_at", "datetime", _("Changed")),
    ],
)
STEP = Representation(
    "OrderStep",
    [
        Shown("before", "before", "text", _("Status before; empty at first"), example=""),
        Shown("after", "after", "choice", _("Status after"), choices=OrderStatus.choices, example="completed"),
        Shown("at", "at", "datetime", _("When")),
        Shown("actor_name", "actor_label", "text", _("Who"), example="Riley Brooks"),
    ],
)
LINE = Representation(
    "OrderLine",
    [
        Shown("position", "position", "number", _("Position"), example=1),
        Shown("product", "product__code", "text", _("Code of the product"), nullable=True, example="85123A"),
        Shown("description", "description", "text", _("Description"), example="White hanging heart"),
        Shown("quantity", "quantity", "decimal", _("Quantity"), example="6"),
        Shown("unit_price", "unit_price", "decimal", _("Unit price, unrounded"), example="2.55"),
        Shown(
            "amount",
            "amount",
            "money",
            _("Quantity times unit price, rounded"),
            currency="order__currency",
            example="15.30",
        ),
    ],
)


class OrderTotals(serializers.Serializer):
    """What the orders of a list come to, in the reporting currency: null where there are too many to sum, then `note` says so."""

    revenue = serializers.RegexField(AMOUNT, allow_null=True, help_text=_("Completed orders less refunds"))
    orders = serializers.IntegerField(allow_null=True, help_text=_("Completed orders that were not wholly refunded"))
    refunds = serializers.RegexField(AMOUNT, allow_null=True, help_text=_("What the refunds have given back"))
    currency = serializers.RegexField(CURRENCY, help_text=_("Reporting currency of the business"))
    note = serializers.CharField(help_text=_("Why there are no sums; empty where there are"), allow_blank=True)


_TOTALS_SAMPLE = {"revenue": "1234.50", "orders": 12, "refunds": "15.30", "currency": "GBP", "note": ""}


def _customers(view: Any, ids: set[Any]) -> dict[Any, Any]:
    found = CUSTOMER.read(Customer.objects.visible_to(view.actor).filter(pk__in=ids))
    return {row["id"]: CUSTOMER.of(row, view.business) for row in found}


def _lines(view: Any, ids: set[Any]) -> dict[Any, list[dict[str, Any]]]:
    found: dict[Any, list[dict[str, Any]]] = {}
    rows = OrderLine.objects.filter(order__in=ids).order_by("order", "position").values("order", *LINE.paths())
    for row in rows:
        found.setdefault(row["order"], []).append(LINE.of(row, view.business))
    return found


_OrderWithLines = type(
    "OrderWithLines", (ORDER.serializer(),), {"lines": serializers.ListField(child=LINE.serializer()())}
)
_SAMPLE = {**ORDER.sample(), "lines": [LINE.sample()]}
_BODY = {
    "number": "100042",
    "customer_external_id": "C-1001",
    "ordered_at": "2026-01-31T14:05:00Z",
    "lines": [{"product": "85123A", "description": "White hanging heart", "quantity": "6", "unit_price": "2.55"}],
}


def lines_of(order: Any, business: Any) -> list[dict[str, Any]]:
    """The lines of an order as they are shown, in their order."""
    lines = OrderLine.objects.filter(order=order).order_by("position").values(*LINE.paths())
    return [LINE.of(line, business) for line in lines]


_CUSTOMER = Included(
    "customer", _("Who has ordered"), "customer", _customers, CUSTOMER.serializer(), permission="customers.view"
)
_LINES = Included("lines", _("What was ordered"), "id", _lines, LINE.serializer(), many=True)
_OF_LIST, _OF_ONE = {"customer": _CUSTOMER, "lines": _LINES}, {"customer": _CUSTOMER}


class OrderList(ShowsCustomers, ListEndpoint):
    """Orders and refunds, newest first."""

    tag = "Orders"
    representation = ORDER
    filterset_class = OrderFilterSet
    sorts = {"ordered_at": Sort("ordered_at", "ordered_at", descending_first=True)}
    default_sort = "-ordered_at"
    includes = _OF_LIST
    has_version = True
    permissions = {"GET": "commerce.view_orders", "POST": "commerce.add_orders"}
    docs = {
        "GET": Doc(
            "list_orders",
            _("List and filter orders"),
            answer=envelope(ORDER, _OF_LIST, OrderTotals),
            answer_example={**envelope_sample(ORDER), "totals": _TOTALS_SAMPLE},
        ),
        "POST": Doc(
            "create_order",
            _("Take an order"),
            answer=_OrderWithLines,
            body=OrderInput,
            status=201,
            again=True,
            body_example=_BODY,
            answer_example=_SAMPLE,
            problems=(409,),
            text=_(
                "Known by its number (or its external id): sent again with the same content it is answered 200 with the order that is "
                "there, with other content 409 naming what differs. An unknown customer is made; without any, the buyer stands "
                "unidentified. A refund has a negative total, and may come before its order."
            ),
        ),
    }

    def rows(self) -> QuerySet:
        return Order.objects.visible_to(self.actor)

    def needs(self) -> set[str]:
        return {"customer"}

    def totals(self, rows: QuerySet) -> dict[str, Any]:
        """Of all orders from the revenue by day, of some from the orders themselves as long as those are not too many."""
        business, currency = self.business, self.business.currency
        is_all = not narrows(self.request.query_params) and self.actor.sees_all(business)
        sums = totals_of_business(business) if is_all else totals_of(rows)
        if sums is None:
            note = gettext("Too many orders to sum; narrow the list.")
            return {"revenue": None, "orders": None, "refunds": None, "currency": currency, "note": note}
        return {
            "revenue": amount(sums.revenue, currency), "orders": sums.orders, "refunds": amount(sums.refunded, currency),
            "currency": currency, "note": "",
        }  # fmt: skip

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["customer"] for row in rows])

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        order, is_new = services.create_order(
            actor=self.actor, business=self.business, at=clock.now(), **self.body(OrderInput)
        )
        details = {"lines": lines_of(order.pk, self.business)}
        return self.answer_added(Order.objects.all(), order.pk, "api:order_detail", is_new=is_new, details=details)


class OrderEndpoint(ShowsCustomers, RecordEndpoint):
    """One order that the caller may see."""

    abstract = True
    tag = "Orders"
    representation = ORDER
    has_version = True

    def rows(self) -> QuerySet:
        return Order.objects.visible_to(self.actor)


class OrderDetail(OrderEndpoint):
    """One order with its lines."""

    includes = _OF_ONE
    permissions = {
        "GET": "commerce.view_orders",
        "PATCH": "commerce.change_orders",
        "PUT": "commerce.change_orders",
        "DELETE": "commerce.delete_orders",
    }
    _text = _(
        "Only the fields in the body change; lines that are given replace all of them. PUT and PATCH do the same."
    )
    docs = {
        "GET": Doc(
            "get_order",
            _("Get an order with its lines"),
            answer_example=_SAMPLE,
            answer=with_includes(_OrderWithLines, _OF_ONE.values()),
        ),
        "PATCH": Doc(
            "change_order",
            _("Correct an order"),
            answer=_OrderWithLines,
            body=OrderChange,
            text=_text,
            body_example={"status": "cancelled"},
            answer_example=_SAMPLE,
        ),
        "PUT": Doc(
            "put_order",
            _("Correct an order by PUT"),
            answer=_OrderWithLines,
            body=OrderChange,
            text=_text,
            body_example={"total": "15.30"},
            answer_example=_SAMPLE,
        ),
        "DELETE": Doc(
            "delete_order",
            _("Delete an order"),
            status=204,
            text=_(
                "As if it had never come in: the customer's figures no longer count it. Refunds of it stay, flagged."
            ),
        ),
    }

    def shown(self, row: dict[str, Any]) -> None:
        saw(self.request, [row["customer"]])

    def details(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"lines": lines_of(row["id"], self.business)}

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        order, version = self.record, self.asked_version()
        values = self.body(OrderChange, partial=True)
        services.update_order(actor=self.actor, order=order, at=clock.now(), version=version, **values)
        return self.show(Order.objects.all())

    put = patch

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        services.delete_order(actor=self.actor, order=self.record, version=self.asked_version())
        return Response(status=204)


class OrderSteps(OrderEndpoint):
    """The way of an order's status, from the first on."""

    permissions = {"GET": "commerce.view_orders"}
    docs = {
        "GET": Doc(
            "list_order_steps",
            _("Get the way of an order's status"),
            answer=type("OrderSteps", (serializers.Serializer,), {"data": STEP.serializer()(many=True)}),
            answer_example={"data": [STEP.sample()]},
        )
    }

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        order = self.record
        saw(request, [order.customer_id])
        steps = STEP.read(OrderStatusChange.objects.filter(order=order).order_by("id"))
        return Response({"data": [STEP.of(row, self.business) for row in steps]})
