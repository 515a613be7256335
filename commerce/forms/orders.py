"""Forms of orders: taking and correcting one with its lines, and giving money back."""

from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from commerce.choices import OrderFlag, OrderStatus
from commerce.forms.fields import currency_field
from commerce.models import Order, OrderLine, Product
from crm import formats
from crm.errors import DomainError, InvalidInput
from crm.forms import VersionedForm
from customers.forms.fields import CustomerField, CustomerPicker
from customers.models import Customer

MOST_ROWS = 200
"""How many lines a page shows to be changed; the lines of a longer order stay as they are."""
ROWS = 3
"""How many empty rows a form begins with, and how many are added at a time."""
LINE_FIELDS = ("product", "description", "quantity", "unit_price")
_BETWEEN = " · "
_ENTERED = [(status.value, status.label) for status in OrderStatus if status != OrderStatus.REFUND]


def product_reference(product: Product) -> str:
    """How a product is named where it is typed: its code, and its name."""
    return f"{product.code}{_BETWEEN}{product.name}" if product.name else product.code


class ProductField(forms.CharField):
    """A product by what is typed: its code, or its name where just one has it. Becomes the code; unknown ones are refused."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        widget = CustomerPicker()
        widget.options_href = f"{reverse('commerce:product_options')}?of={name}"
        super().__init__(max_length=300, required=False, widget=widget, **kwargs)

    def clean(self, value: Any) -> str:
        text = super().clean(value).strip()
        if not text:
            return ""
        for code in (text, text.partition(_BETWEEN)[0].strip()):
            if Product.objects.filter(code=code).exists():
                return code
        named = list(Product.objects.filter(name__iexact=text).values_list("code", flat=True)[:2])
        if len(named) != 1:
            raise ValidationError(_t("There is no such product. Choose one of those that are offered while you type."))
        return str(named[0])


def moment_field(label: Any) -> forms.DateTimeField:
    """A moment to the second in the business's zone."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S")
    return forms.DateTimeField(label=label, widget=widget)


def to_the_second(at: datetime) -> datetime:
    """The moment as the field shows it."""
    return localtime(at).replace(microsecond=0)


def _decimal(label: Any, places: int, **options: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, max_digits=11 + places, decimal_places=places, required=False, widget=forms.NumberInput(attrs={"step": "any"}),
        **options,
    )  # fmt: skip


class LinesForm(VersionedForm):
    """A form with rows of lines; `rows` says how many it shows. What a service says of a line stands at its row."""

    rows = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, rows: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        with suppress(ValueError):
            rows = int(self.data.get("rows", rows))
        self.row_count = max(0, min(rows, MOST_ROWS))
        self.initial["rows"] = self.row_count
        self.filled: list[int] = []

    def line_errors(self, refusal: InvalidInput) -> InvalidInput:
        """The refusal with `lines.<position>.<field>` named as the form has it."""
        errors: dict[str, list[str]] = {}
        for name, messages in refusal.errors.items():
            head, _dot, rest = name.partition(".")
            position, _dot, field = rest.partition(".")
            known = head == "lines" and position.isdigit() and int(position) < len(self.filled)
            errors[f"line_{self.filled[int(position)]}_{field}" if known else name] = messages
        return InvalidInput(errors, refusal.message)

    def refuse(self, refusal: DomainError) -> None:
        super().refuse(self.line_errors(refusal) if isinstance(refusal, InvalidInput) else refusal)


class OrderForm(LinesForm):
    """What may be entered of an order; its number only of a new one. A refund stays one."""

    customer = CustomerField(label=_("Customer"))
    number = forms.CharField(label=_("Number"), max_length=60)
    ordered_at = moment_field(_("Ordered"))
    status = forms.ChoiceField(label=_("Status"), choices=_ENTERED)
    currency = currency_field(_("Currency"))
    channel = forms.CharField(label=_("Channel"), max_length=40, required=False)
    total = _decimal(_("Total"), 4, help_text=_("Empty: the sum of the lines."))

    def __init__(self, *args: Any, order: Order | None = None, customer: Customer | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["customer"].actor = self.actor
        fields["customer"].chosen = (order and order.customer) or customer
        fields["customer"].offer("customer")
        self.order = order
        if order is not None:
            del fields["number"]
        if order is not None and order.status == OrderStatus.REFUND:
            del fields["status"]
        offered: list[str] = ["customer", "number", "ordered_at", "status", "currency", "channel", "total"]
        head = [name for name in offered if name in fields]
        groups: list[tuple[Any, list[str]]] = [("", head)]
        for row in range(self.row_count):
            made = self._row(row)
            fields.update(made)
            groups.append((_t("Line %(number)s") % {"number": row + 1}, list(made)))
        self.fieldsets = groups

    def _row(self, row: int) -> dict[str, forms.Field]:
        name = f"line_{row}"
        return {
            f"{name}_product": ProductField(f"{name}_product", label=_("Product")),
            f"{name}_description": forms.CharField(label=_("Description"), max_length=200, required=False),
            f"{name}_quantity": _decimal(_("Quantity"), 3, help_text=_("1 when left out.")),
            f"{name}_unit_price": _decimal(_("Unit price"), 4),
        }

    def clean(self) -> dict[str, Any]:
        """`lines` of the rows that are filled; absent where the order has none, or more than the page shows."""
        data = super().clean() or {}
        lines, values = [], {name: value for name, value in data.items() if not name.startswith("line_")}
        for row in range(self.row_count):
            line = {name: data.get(f"line_{row}_{name}") for name in LINE_FIELDS}
            if not (line["product"] or line["description"] or line["unit_price"] is not None):
                continue
            if line["unit_price"] is None and f"line_{row}_unit_price" not in self.errors:
                self.add_error(f"line_{row}_unit_price", _t("Say what one piece costs."))
            self.filled.append(row)
            lines.append({**line, "quantity": Decimal(1) if line["quantity"] is None else line["quantity"]})
        values.pop("rows", None)
        if values.get("total") is None:
            values.pop("total", None)
            if not lines and not self.errors and not (self.order and self.keeps_lines):
                self.add_error("total", _t("Give the total, or the lines that it is the sum of."))
        if lines or (self.order is not None and not self.keeps_lines):
            values["lines"] = lines
        return values

    @property
    def keeps_lines(self) -> bool:
        """Whether the lines of the order are left as they are: there are none, or more than the page shows."""
        if self.order is None:
            return False
        count = self.order.lines.count()
        return count == 0 or count > MOST_ROWS


def rows_of(order: Order) -> int:
    """How many rows the form of an order begins with; none where it has more lines than a page shows."""
    count: int = order.lines.count()
    return min(count + 1, MOST_ROWS) if count <= MOST_ROWS else 0


def order_initial(order: Order) -> dict[str, Any]:
    """What the form shows of an order that is there."""
    lines = list(order.lines.select_related("product").order_by("position")[: MOST_ROWS + 1])
    initial: dict[str, Any] = {
        "customer": order.customer, "ordered_at": to_the_second(order.ordered_at), "status": order.status, "currency": order.currency,
        "channel": order.channel,
        "total": _plain(order.total) if not lines or OrderFlag.TOTAL_DIFFERS in order.flags else None,
    }  # fmt: skip
    for row, line in enumerate(lines if len(lines) <= MOST_ROWS else ()):
        initial |= {
            f"line_{row}_product": product_reference(line.product) if line.product else "",
            f"line_{row}_description": line.description,
            f"line_{row}_quantity": _plain(line.quantity),
            f"line_{row}_unit_price": _plain(line.unit_price),
        }
    return initial


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


class RefundForm(LinesForm):
    """How much of an order is given back: an amount, or so many pieces of its lines."""

    number = forms.CharField(label=_("Number of the refund"), max_length=60)
    ordered_at = moment_field(_("Given back"))
    amount = _decimal(_("Amount"), 4, min_value=Decimal(0))

    def __init__(
        self, *args: Any, order: Order, left: Decimal, lines: list[OrderLine] | None = None, **kwargs: Any
    ) -> None:
        self.lines = (lines or [])[:MOST_ROWS]
        super().__init__(*args, rows=len(self.lines), **kwargs)
        fields: dict[str, Any] = self.fields
        money = {"left": formats.money(left, order.currency)}
        fields["amount"].help_text = _t("Empty: the sum of the pieces below. Left to give back: %(left)s.") % money
        self.fieldsets = [("", ["number", "ordered_at", "amount"])]
        pieces = []
        for row, line in enumerate(self.lines):
            name = f"line_{row}_quantity"
            label = line.description or str(line.product or line.position)
            fields[name] = _decimal(label, 3, min_value=Decimal(0), max_value=max(line.quantity, Decimal(0)))
            fields[name].help_text = _t("of %(quantity)s at %(price)s") % {
                "quantity": formats.number(line.quantity), "price": formats.money(line.unit_price, order.currency, exact=True),
            }  # fmt: skip
            pieces.append(name)
        if pieces:
            self.fieldsets.append((_("Pieces that came back"), pieces))

    def clean(self) -> dict[str, Any]:
        """`lines` of the pieces that came back, as negative quantities; `total` below zero where an amount is given."""
        data = super().clean() or {}
        values: dict[str, Any] = {name: data[name] for name in ("number", "ordered_at") if name in data}
        lines = []
        for row, line in enumerate(self.lines):
            quantity = data.get(f"line_{row}_quantity")
            if quantity:
                self.filled.append(row)
                lines.append(
                    {
                        "product": line.product.code if line.product else "", "description": line.description, "quantity": -quantity,
                        "unit_price": line.unit_price,
                    }
                )  # fmt: skip
        if lines:
            values["lines"] = lines
        amount = data.get("amount")
        if amount:
            values["total"] = -amount
        elif not lines and not self.errors:
            self.add_error("amount", _t("Say how much is given back, or which pieces came back."))
        return values

    def refuse(self, refusal: DomainError) -> None:
        """What is said of the total is said of the amount."""
        if isinstance(refusal, InvalidInput):
            errors = {"amount" if name == "total" else name: words for name, words in refusal.errors.items()}
            refusal = InvalidInput(errors, refusal.message)
        super().refuse(refusal)
