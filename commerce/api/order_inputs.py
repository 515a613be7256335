"""Bodies of orders."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from commerce.api.subscription_fields import currency_choice
from commerce.choices import OrderStatus
from crm.api.fields import Amount, Choice, Id, Input, Moment, Text

MOST_LINES = 500
MOST_ORDERS = 10_000


def _text(most: int, help_text: Any = "") -> Text:
    return Text(max_length=most, allow_blank=True, required=False, help_text=help_text)


class OrderLineInput(Input):
    """A line; its amount is quantity times unit price, rounded."""

    product = _text(60, _("Code of the product; one that is not known is made."))
    category = _text(100, _("Category of the product, given to one that has none."))
    description = _text(200)
    quantity = Amount(
        max_digits=14, decimal_places=3, required=False, help_text=_("1 when left out; negative for what came back.")
    )
    unit_price = Amount(max_digits=16, decimal_places=4)


class OrderChange(Input):
    """What may be corrected of an order."""

    customer = Id(required=False, help_text=_("Who has ordered."))
    customer_external_id = _text(
        100, _("Instead of the customer: an id that you know it by. An unknown one makes a customer.")
    )
    country = _text(80, _("Of a customer that is made."))
    status = Choice(
        choices=OrderStatus.choices, required=False, help_text=_("Completed, or refund for a negative total.")
    )
    ordered_at = Moment(required=False)
    currency = currency_choice()
    total = Amount(max_digits=16, decimal_places=4, required=False, help_text=_("The sum of the lines when left out."))
    lines = OrderLineInput(many=True, required=False, max_length=MOST_LINES)  # type: ignore[call-arg]  # a list's
    refund_of = Id(required=False, allow_null=True, help_text=_("Of a refund: the order."))
    refund_of_number = _text(60, _("Of a refund: the order's number, also of one that has not come in yet."))
    channel = _text(40)
    source = _text(40)  # type: ignore[assignment]  # the name of an attribute that declared fields don't touch
    external_id = _text(100)
    opportunity = Id(required=False, allow_null=True, help_text=_("The deal that it came from."))


class OrderInput(OrderChange):
    """An order. Its number or its external id is needed, a total or lines, and the moment."""

    number = _text(60, _("What it is known by; the external id when left out."))
    ordered_at = Moment()

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """Of number and external id, and of total and lines, one is needed."""
        faults = {}
        if not (values.get("number") or values.get("external_id")):
            faults["number"] = [ErrorDetail(str(_("Give the order's number or its external id.")), code="one_of")]
        if values.get("total") is None and values.get("lines") is None:
            faults["total"] = [
                ErrorDetail(str(_("Give the total, or the lines that it is the sum of.")), code="one_of")
            ]
        if faults:
            raise ValidationError(faults)
        return values
