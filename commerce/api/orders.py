"""Endpoints of orders: the list, and one order with its lines."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from commerce.choices import OrderStatus
from commerce.filters import OrderFilterSet
from commerce.models import Order, OrderLine
from crm.access import saw
from crm.api.includes import Included, with_includes
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, RecordEndpoint
from crm.paging import Sort
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
        Shown("channel", "channel", "text", _("Channel"), example="web"),
        Shown("created_at", "created_at", "datetime", _("Added")),
        Shown("updated_at", "updated_at", "datetime", _("Changed")),
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


def _customers(view: Any, ids: set[Any]) -> dict[Any, Any]:
    found = CUSTOMER.read(Customer.objects.visible_to(view.actor).filter(pk__in=ids))
    return {row["id"]: CUSTOMER.of(row, view.business) for row in found}


def _lines(view: Any, ids: set[Any]) -> dict[Any, list[dict[str, Any]]]:
    found: dict[Any, list[dict[str, Any]]] = {}
    rows = OrderLine.objects.filter(order__in=ids).order_by("order", "position").values("order", *LINE.paths())
    for row in rows:
        found.setdefault(row["order"], []).append(LINE.of(row, view.business))
    return found


_CUSTOMER = Included(
    "customer", _("Who has ordered"), "customer", _customers, CUSTOMER.serializer(), permission="customers.view"
)
_LINES = Included("lines", _("What was ordered"), "id", _lines, LINE.serializer(), many=True)
_OF_LIST, _OF_ONE = {"customer": _CUSTOMER, "lines": _LINES}, {"customer": _CUSTOMER}


class OrderList(ListEndpoint):
    """Orders and refunds, newest first."""

    tag = "Orders"
    representation = ORDER
    filterset_class = OrderFilterSet
    sorts = {"ordered_at": Sort("ordered_at", "ordered_at", descending_first=True)}
    default_sort = "-ordered_at"
    includes = _OF_LIST
    permissions = {"GET": "commerce.view_orders"}
    docs = {
        "GET": Doc(
            "list_orders",
            _("List and filter orders"),
            answer=envelope(ORDER, _OF_LIST),
            answer_example=envelope_sample(ORDER),
        )
    }

    def rows(self) -> QuerySet:
        return Order.objects.visible_to(self.actor)

    def needs(self) -> set[str]:
        return {"customer"}

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["customer"] for row in rows])


class OrderDetail(RecordEndpoint):
    """One order with its lines."""

    tag = "Orders"
    representation = ORDER
    has_version = True
    includes = _OF_ONE
    permissions = {"GET": "commerce.view_orders"}
    docs = {
        "GET": Doc(
            "get_order",
            _("Get an order with its lines"),
            answer_example={**ORDER.sample(), "lines": [LINE.sample()]},
            answer=with_includes(
                type(
                    "OrderWithLines", (ORDER.serializer(),), {"lines": serializers.ListField(child=LINE.serializer()())}
                ),
                _OF_ONE.values(),
            ),
        )
    }

    def rows(self) -> QuerySet:
        return Order.objects.visible_to(self.actor)

    def shown(self, row: dict[str, Any]) -> None:
        saw(self.request, [row["customer"]])

    def details(self, row: dict[str, Any]) -> dict[str, Any]:
        lines = OrderLine.objects.filter(order=row["id"]).order_by("position").values(*LINE.paths())
        return {"lines": [LINE.of(line, self.business) for line in lines]}

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()
