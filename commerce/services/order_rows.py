"""What is asked for of an order, checked and made ready: the rules of one row, whether it comes alone or with ten thousand others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from commerce.choices import OrderFlag, OrderStatus
from commerce.models import Order
from crm.money import EXPONENTS, round_money

FIELDS = (
    "number", "customer", "customer_external_id", "country", "status", "ordered_at", "currency", "total", "lines", "refund_of",
    "refund_of_number", "channel", "source", "external_id", "opportunity",
)  # fmt: skip
LINE_FIELDS = ("product", "description", "quantity", "unit_price", "category")
MOST = Decimal(10) ** 12 - 1
"""The first amount that no column holds, with room for rounding."""
Faults = dict[str, list[str]]


@dataclass(frozen=True)
class Line:
    """A line as it will stand: amount = quantity × unit price, rounded to the order's currency."""

    product: str
    category: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal


@dataclass
class Row:
    """An order as it will stand, with the names of what it refers to still to be found."""

    number: str
    status: str
    ordered_at: datetime
    currency: str
    total: Decimal
    lines: list[Line] | None
    values: Mapping[str, Any]
    flags: list[str] = field(default_factory=list)

    def text(self, name: str) -> str:
        return str(self.values.get(name) or "").strip()

    def key(self, name: str) -> UUID | None:
        value = self.values.get(name)
        return getattr(value, "pk", value)


def read_row(
    values: Mapping[str, Any], *, base_currency: str, before: Order | None = None
) -> tuple[Row | None, Faults]:
    """The row of what is asked for, or what is wrong with it by field. What is absent stays as `before` has it."""
    faults: Faults = {}
    currency = str(values.get("currency") or (before.currency if before else base_currency)).strip().upper()
    if currency not in EXPONENTS:
        return None, {"currency": [_("Not a currency code such as EUR.")]}
    number = str(values.get("number") or values.get("external_id") or (before.number if before else "")).strip()
    if not number:
        faults["number"] = [_("Give the order's number or its external id.")]
    ordered_at = values.get("ordered_at") or (before.ordered_at if before else None)
    if ordered_at is None:
        faults["ordered_at"] = [_("Say when it was ordered.")]
    lines = _lines(values["lines"], currency, faults) if values.get("lines") is not None else None
    total = _total(values, lines, currency, before, faults)
    status = str(values.get("status") or (before.status if before else ""))
    if not status:
        status = OrderStatus.REFUND if total < 0 else OrderStatus.COMPLETED
    _check_sign(status, total, faults)
    if faults or ordered_at is None:
        return None, faults
    row = Row(number, status, ordered_at, currency, total, lines, values)
    row.flags = _flags(row, before)
    return row, {}


def _lines(asked: Sequence[Mapping[str, Any]], currency: str, faults: Faults) -> list[Line]:
    made = []
    for position, line in enumerate(asked):
        quantity, price = Decimal(line.get("quantity", 1)), Decimal(line.get("unit_price", 0))
        if abs(quantity * price) >= MOST:
            faults[f"lines.{position}.unit_price"] = [_("Quantity times unit price is more than can be stored.")]
            continue
        texts = {name: str(line.get(name) or "").strip() for name in ("product", "category", "description")}
        made.append(Line(**texts, quantity=quantity, unit_price=price, amount=round_money(quantity * price, currency)))
    return made


def _total(
    values: Mapping[str, Any], lines: list[Line] | None, currency: str, before: Order | None, faults: Faults
) -> Decimal:
    """What is given, else the sum of the lines, else what stood there."""
    if values.get("total") is not None:
        total = round_money(Decimal(values["total"]), currency)
    elif lines is not None:
        total = sum((line.amount for line in lines), Decimal(0))
    elif before is not None:
        return before.total
    else:
        faults["total"] = [_("Give the total, or the lines that it is the sum of.")]
        return Decimal(0)
    if abs(total) >= MOST:
        faults["total"] = [_("More than can be stored.")]
    return total


def _check_sign(status: str, total: Decimal, faults: Faults) -> None:
    if status not in OrderStatus.values:
        faults["status"] = [
            _("There is no such status. Give one of: %(names)s.") % {"names": ", ".join(OrderStatus.values)}
        ]
    elif status == OrderStatus.REFUND and total > 0:
        faults.setdefault("total", [_("A refund's total must be negative.")])
    elif status != OrderStatus.REFUND and total < 0:
        faults.setdefault("total", [_("Only a refund's total may be negative.")])


def _flags(row: Row, before: Order | None) -> list[str]:
    """TOTAL_DIFFERS where the lines sum to something else; where none are given, it stays as it was."""
    if row.lines is None:
        kept = before.flags if before and before.total == row.total else []
        return [flag for flag in kept if flag == OrderFlag.TOTAL_DIFFERS]
    differs = bool(row.lines) and sum((line.amount for line in row.lines), Decimal(0)) != row.total
    return [OrderFlag.TOTAL_DIFFERS] if differs else []
