"""A deal in the API: how it and its steps are shown, and the bodies by which programs make, change and move it."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from commerce.choices import DealKind, DealStage
from commerce.models import Product
from crm.api.fields import Amount, Choice, Day, Id, Input, Member, Moment, Text, Whole
from crm.api.patterns import AMOUNT, CURRENCY
from crm.api.representation import Representation, Shown
from crm.money import CURRENCIES
from customers.api.contact_fields import ContactId
from customers.api.inputs import CustomerId

DEAL = Representation(
    "Deal",
    [
        Shown("id", "id", "id"),
        Shown("name", "name", "text", _("Name"), example="40 more seats"),
        Shown("kind", "kind", "choice", _("Kind"), choices=DealKind.choices, example="expansion"),
        Shown("stage", "stage", "choice", _("Stage"), choices=DealStage.choices, example="negotiation"),
        Shown("stage_since", "stage_since", "datetime", _("In the stage since")),
        Shown("customer", "customer", "id", _("Customer; null while nobody knows who it is"), nullable=True),
        Shown("contact", "contact", "id", _("Somebody who works at the customer"), nullable=True),
        Shown("owner", "owner", "user", _("Member who looks after the deal"), nullable=True),
        Shown("product", "product", "id", _("Product"), nullable=True),
        Shown("amount", "amount", "money", _("Amount; null while it is unknown"), nullable=True, currency="currency"),
        Shown("currency", "currency", "text", _("Currency of the deal"), example="GBP"),
        Shown("amount_base", "amount_base", "money", _("Amount in the reporting currency"), nullable=True),
        Shown("base_currency", "", "currency", _("Reporting currency of the business")),
        Shown("probability", "probability", "number", _("Percent that it is won"), example=70),
        Shown("opened_on", "opened_on", "date", _("Opened on")),
        Shown("expected_close_on", "expected_close_on", "date", _("Expected close"), nullable=True),
        Shown("closed_at", "closed_at", "datetime", _("When it was won or lost"), nullable=True),
        Shown("lost_reason", "lost_reason", "text", _("Why it was lost")),
        Shown("competitor", "competitor", "text", _("Competitor")),
        Shown("next_step", "next_step", "text", _("Next step"), example="Send the contract"),
        Shown("next_step_on", "next_step_on", "date", _("Next step on"), nullable=True),
        Shown("push_count", "push_count", "number", _("How often the expected close was put off"), example=0),
        Shown("source", "source", "text", _("System that the deal comes from"), example="crm"),
        Shown("external_id", "external_id", "text", _("Id that the deal has there"), example="D-1042"),
        Shown("created_at", "created_at", "datetime", _("Added")),
        Shown("updated_at", "updated_at", "datetime", _("Changed")),
    ],
)
_STAGE_BEFORE: Any = [("", ""), *DealStage.choices]
STEP = Representation(
    "DealStep",
    [
        Shown("id", "id", "number"),
        Shown(
            "before", "before", "choice", _("Stage before; empty at the beginning"), choices=_STAGE_BEFORE, example=""
        ),
        Shown("after", "after", "choice", _("Stage that was entered"), choices=DealStage.choices, example="discovery"),
        Shown("at", "at", "datetime", _("When")),
        Shown("days", "days", "decimal", _("Days in the stage before"), nullable=True),
        Shown(
            "amount_base", "amount_base", "money", _("Amount at that time, in the reporting currency"), nullable=True
        ),
        Shown("actor", "actor_label", "text", _("By whom"), example="Riley Owen"),
        Shown("reason", "reason", "text", _("Reason")),
    ],
)


class DealTotals(serializers.Serializer):
    """What the deals of a list come to, in the reporting currency."""

    amount = serializers.RegexField(AMOUNT, help_text=_("Sum of the amounts"))
    weighted = serializers.RegexField(AMOUNT, help_text=_("Sum of the amounts, each times its probability"))
    currency = serializers.RegexField(CURRENCY, help_text=_("Reporting currency of the business"))


TOTALS_SAMPLE = {"amount": "1234.50", "weighted": "864.15", "currency": "GBP"}


class ProductId(Id):
    """The id of a product of the business; becomes the product."""

    default_error_messages = {"unknown_id": _("There is no such product in this business.")}

    def to_internal_value(self, data: Any) -> Any:
        pk = super().to_internal_value(data)
        return Product.objects.filter(pk=pk).first() or self.fail("unknown_id")


def _text(most: int, help_text: Any = "") -> Text:
    return Text(max_length=most, allow_blank=True, required=False, help_text=help_text)


def _amount(help_text: Any = "") -> Amount:
    return Amount(max_digits=16, decimal_places=4, min_value=0, allow_null=True, required=False, help_text=help_text)


def _percent() -> Whole:
    return Whole(min_value=0, max_value=100, required=False, help_text=_("That of the stage when it is left out."))


class DealInput(Input):
    """What may be entered of a deal; the stage is changed by moving it."""

    computed = frozenset(DEAL.shown) - frozenset(
        {
            "name", "kind", "customer", "contact", "owner", "product", "amount", "currency", "probability", "opened_on",
            "expected_close_on", "lost_reason", "competitor", "next_step", "next_step_on", "source", "external_id",
        }
    )  # fmt: skip

    name = Text(max_length=200)
    kind = Choice(choices=DealKind.choices, required=False)
    customer = CustomerId(allow_null=True, required=False, help_text=_("Id of a customer."))
    contact = ContactId(allow_null=True, required=False, help_text=_("Id of a contact of the customer."))
    owner = Member(allow_null=True, required=False, help_text=_("Id of a member of the business."))
    product = ProductId(allow_null=True, required=False, help_text=_("Id of a product."))
    amount = _amount(_("Of a deal that is won it is needed."))
    currency = Choice(
        choices=[(code, code) for code in CURRENCIES], required=False, help_text=_("The reporting currency when left out.")
    )  # fmt: skip
    probability = _percent()
    opened_on = Day(required=False, help_text=_("Today when left out."))
    expected_close_on = Day(allow_null=True, required=False)
    lost_reason = _text(200, _("Of a lost deal it is needed."))
    competitor = _text(120)
    next_step = _text(200)
    next_step_on = Day(allow_null=True, required=False)
    source = _text(40, _("System that the deal comes from."))  # type: ignore[assignment]  # declared fields are no attributes
    external_id = _text(100, _("Id that the deal has there: the same deal sent again is the one that is there."))


class NewDealInput(DealInput):
    """What may be entered of a new deal, which may have been closed already."""

    computed = DealInput.computed - {"stage", "closed_at"}

    stage = Choice(choices=DealStage.choices, required=False, help_text=_("Discovery when left out."))
    closed_at = Moment(required=False, help_text=_("When it was won or lost; now when left out."))


class MoveInput(Input):
    """Where a deal goes from here."""

    stage = Choice(choices=DealStage.choices)
    reason = _text(200, _("Needed when the deal is lost."))
    amount = _amount(_("For how much it was won; as it is when left out."))
    probability = _percent()
