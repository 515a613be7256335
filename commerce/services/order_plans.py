"""What is to be done with each row of orders, and what became of it."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.models import Order, OrderLine
from commerce.services.order_rows import Faults, Row
from crm.errors import DomainError

COMPARED = (
    "customer_id", "status", "ordered_at", "currency", "total", "refund_of_number", "channel", "source", "external_id",
    "opportunity_id",
)  # fmt: skip


class OrderDiffers(DomainError):
    """The number is taken by an order with other content; `details["differences"]` maps each field to (as it is, as it was sent)."""

    field = "number"
    code = "order_differs"
    message = gettext_lazy("There is an order with this number and other content.")


@dataclass
class Taken:
    """What became of a row: created, updated, unchanged or refused. `faults` says per field why, `differences` what an order of
    that number has otherwise."""

    status: str = ""
    order: Order | None = None
    faults: Faults = field(default_factory=dict)
    differences: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def refuse(self, faults: Faults) -> None:
        self.status, self.faults = "refused", faults

    def difference_faults(self) -> list[dict[str, str]]:
        """What stands there, field by field, as faults of a problem document."""
        words = _("It is %(before)s there.")
        return [
            {
                "field": name.removesuffix("_id"),
                "code": OrderDiffers.code,
                "message": words % {"before": _shown(before)},
            }
            for name, (before, _after) in self.differences.items()
        ]


@dataclass
class Plan:
    """What is to be done with a row: the order as it stood and as it will stand."""

    taken: Taken
    row: Row
    before: Order | None
    order: Order
    new_external: str = ""
    is_unidentified: bool = False
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def differs(self) -> bool:
        """Whether anything would change; what, stands in `changes`."""
        before, order = self.before, self.order
        assert before is not None  # noqa: S101  (the caller has looked)
        pairs = {name: (getattr(before, name), getattr(order, name)) for name in COMPARED}
        if self.new_external:
            pairs["customer_external_id"] = (None, self.new_external)
        self.changes = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
        if self.row.lines is not None and (stood := _lines_of(before)) != (asked := _lines_of_row(self.row)):
            self.changes["lines"] = (stood, asked)
        return bool(self.changes)


def _lines_of(order: Order) -> list[tuple[Any, ...]]:
    rows = OrderLine.objects.filter(order=order).order_by("position")
    return [
        (code or "", text, quantity, price)
        for code, text, quantity, price in rows.values_list("product__code", "description", "quantity", "unit_price")
    ]


def _lines_of_row(row: Row) -> list[tuple[Any, ...]]:
    return [(line.product, line.description[:200], line.quantity, line.unit_price) for line in row.lines or ()]


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, list):
        return _("%(count)d lines") % {"count": len(value)}
    return value.isoformat() if isinstance(value, datetime) else str(value or _("empty"))
