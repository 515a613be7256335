"""An invoice and a payment in the API: how they are shown, and the bodies by which programs write and pay them."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from commerce.api.subscription_fields import currency_choice, money_field, text_field
from commerce.choices import Interval, InvoiceStatus, PaymentMethod
from commerce.models import Opportunity, Order, Subscription
from crm.api.fields import Choice, Day, Id, Input, Text
from crm.api.patterns import AMOUNT, CURRENCY
from crm.api.representation import Representation, Shown
from customers.api.inputs import CustomerId

_RECURS: Any = [("", ""), *Interval.choices]
INVOICE = Representation(
    "Invoice",
    [
        Shown("id", "id", "id"),
        Shown("number", "number", "text", _("Number"), example="INV-1042"),
        Shown("status", "status", "choice", _("Status"), choices=InvoiceStatus.choices, example="partial"),
        Shown("customer", "customer", "id", _("Customer")),
        Shown("issued_on", "issued_on", "date", _("Issued on")),
        Shown("due_on", "due_on", "date", _("Due on"), nullable=True),
        Shown("paid_on", "paid_on", "date", _("When the last of it was paid"), nullable=True),
        Shown("amount", "amount", "money", _("Amount"), currency="currency"),
        Shown("paid", "paid", "money", _("Sum of the payments"), currency="currency", example="200.00"),
        Shown("currency", "currency", "text", _("Currency of the invoice"), example="GBP"),
        Shown("amount_base", "amount_base", "money", _("Amount in the reporting currency")),
        Shown("paid_base", "paid_base", "money", _("What was paid, in the reporting currency"), example="200.00"),
        Shown("base_currency", "", "currency", _("Reporting currency of the business")),
        Shown("recurs", "recurs", "choice", _("At which interval it comes again"), choices=_RECURS, example="month"),
        Shown("subscription", "subscription", "id", _("Subscription that it belongs to"), nullable=True),
        Shown("order", "order", "id", _("Order that it belongs to"), nullable=True),
        Shown("opportunity", "opportunity", "id", _("Deal that it belongs to"), nullable=True),
        Shown("note", "note", "text", _("Note")),
        Shown("created_at", "created_at", "datetime", _("Added")),
        Shown("updated_at", "updated_at", "datetime", _("Changed")),
    ],
)
PAYMENT = Representation(
    "Payment",
    [
        Shown("id", "id", "id"),
        Shown("invoice", "invoice", "id", _("Invoice")),
        Shown("customer", "invoice__customer", "id", _("Customer")),
        Shown("paid_on", "paid_on", "date", _("Paid on")),
        Shown("amount", "amount", "money", _("Amount"), currency="invoice__currency", example="200.00"),
        Shown("currency", "invoice__currency", "text", _("Currency of the invoice"), example="GBP"),
        Shown("method", "method", "choice", _("Method"), choices=PaymentMethod.choices, example="transfer"),
        Shown("reference", "reference", "text", _("Reference"), example="R-77"),
        Shown("created_at", "created_at", "datetime", _("Added")),
        Shown("updated_at", "updated_at", "datetime", _("Changed")),
    ],
)


class BilledTotals(serializers.Serializer):
    """What the invoices of a list come to, in the reporting currency; drafts and void ones left out."""

    amount = serializers.RegexField(AMOUNT, help_text=_("Sum of the amounts"))
    paid = serializers.RegexField(AMOUNT, help_text=_("What was paid"))
    owed = serializers.RegexField(AMOUNT, help_text=_("What open and partly paid ones lack"))
    currency = serializers.RegexField(CURRENCY, help_text=_("Reporting currency of the business"))


BILLED_TOTALS_SAMPLE = {"amount": "1234.50", "paid": "200.00", "owed": "1034.50", "currency": "GBP"}


class _LinkedId(Id):
    """The id of a record of a customer that the caller sees; becomes the record."""

    model: Any = None

    def to_internal_value(self, data: Any) -> Any:
        pk = super().to_internal_value(data)
        rows = self.model.objects.visible_to(self.context["view"].actor)
        return rows.filter(pk=pk).first() or self.fail("unknown_id")


class SubscriptionId(_LinkedId):
    model = Subscription
    default_error_messages = {"unknown_id": _("There is no such subscription.")}


class OrderId(_LinkedId):
    model = Order
    default_error_messages = {"unknown_id": _("There is no such order.")}


class DealId(_LinkedId):
    model = Opportunity
    default_error_messages = {"unknown_id": _("There is no such deal.")}


class InvoiceInput(Input):
    """What may be entered of an invoice. Once money has come in, only the day on which it is due and the note change."""

    computed = frozenset(INVOICE.shown) - frozenset(
        {"number", "status", "customer", "issued_on", "due_on", "amount", "currency", "recurs", "subscription", "order", "opportunity",
         "note"}
    )  # fmt: skip

    customer = CustomerId(help_text=_("Id of a customer."))
    number = Text(max_length=60)
    status = Choice(
        choices=[(status.value, status.label) for status in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN)],
        required=False, help_text=_("Open when left out; a draft is issued by “open”."),
    )  # fmt: skip
    amount = money_field()
    currency = currency_choice()
    recurs = Choice(choices=Interval.choices, allow_blank=True, required=False)
    issued_on = Day(required=False, help_text=_("Today when left out."))
    due_on = Day(allow_null=True, required=False)
    subscription = SubscriptionId(allow_null=True, required=False, help_text=_("Id of a subscription of the customer."))
    order = OrderId(allow_null=True, required=False, help_text=_("Id of an order of the customer."))
    opportunity = DealId(allow_null=True, required=False, help_text=_("Id of a deal of the customer."))
    note = text_field(500)


class VoidInput(Input):
    """Why an invoice is not to be paid."""

    reason = text_field(500)


class PaymentInput(Input):
    """Money that came in for an invoice, in its currency."""

    amount = money_field(_("All that is owed when left out."), required=False)
    paid_on = Day(required=False, help_text=_("Today when left out."))
    method = Choice(choices=PaymentMethod.choices, required=False)
    reference = text_field(100)
