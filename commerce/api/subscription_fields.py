"""A subscription in the API: how it and its ledger are shown, and the bodies by which programs start, change and end it."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from commerce.api.deal_fields import ProductId
from commerce.choices import Interval, SubscriptionEvent, SubscriptionStatus
from crm.api.fields import Amount, Choice, Day, Flag, Input, Text, Whole
from crm.api.patterns import AMOUNT, CURRENCY
from crm.api.representation import Representation, Shown
from crm.money import CURRENCIES
from customers.api.inputs import CustomerId

SUBSCRIPTION = Representation(
    "Subscription",
    [
        Shown("id", "id", "id"),
        Shown("customer", "customer", "id", _("Customer")),
        Shown("plan", "plan", "text", _("Plan"), example="Pro"),
        Shown("product", "product", "id", _("Product"), nullable=True),
        Shown("status", "status", "choice", _("Status"), choices=SubscriptionStatus.choices, example="active"),
        Shown("amount", "amount", "money", _("What is paid at each interval"), currency="currency"),
        Shown("currency", "currency", "text", _("Currency of the amount"), example="GBP"),
        Shown("interval", "interval", "choice", _("Interval"), choices=Interval.choices, example="month"),
        Shown("seats", "seats", "number", _("Seats"), nullable=True, example=12),
        Shown("mrr", "mrr", "money", _("Amount per month in the reporting currency, while it runs")),
        Shown("base_currency", "", "currency", _("Reporting currency of the business")),
        Shown("started_on", "started_on", "date", _("Started on")),
        Shown("renews_on", "renews_on", "date", _("Renews on"), nullable=True),
        Shown("auto_renews", "auto_renews", "boolean", _("Whether it renews by itself")),
        Shown("cancelled_on", "cancelled_on", "date", _("When it was cancelled"), nullable=True),
        Shown("ended_on", "ended_on", "date", _("First day without it"), nullable=True),
        Shown("cancel_reason", "cancel_reason", "text", _("Why it ends")),
        Shown("source", "source", "text", _("System that the subscription comes from"), example="billing"),
        Shown("external_id", "external_id", "text", _("Id that the subscription has there"), example="S-8cec59"),
        Shown("created_at", "created_at", "datetime", _("Added")),
        Shown("updated_at", "updated_at", "datetime", _("Changed")),
    ],
)
CHANGE = Representation(
    "SubscriptionChange",
    [
        Shown("id", "id", "number"),
        Shown("event", "event", "choice", _("What happened"), choices=SubscriptionEvent.choices, example="changed"),
        Shown("on", "on", "date", _("From this day")),
        Shown("mrr_before", "mrr_before", "money", _("Per month before, in the reporting currency")),
        Shown("mrr_after", "mrr_after", "money", _("Per month after, in the reporting currency")),
        Shown("seats_before", "seats_before", "number", _("Seats before"), nullable=True),
        Shown("seats_after", "seats_after", "number", _("Seats after"), nullable=True),
        Shown("actor", "actor_label", "text", _("By whom"), example="Riley Owen"),
        Shown("reason", "reason", "text", _("Reason")),
    ],
)


class RecurringTotals(serializers.Serializer):
    """What the subscriptions of a list that run today bring, in the reporting currency."""

    mrr = serializers.RegexField(AMOUNT, help_text=_("Sum per month"))
    arr = serializers.RegexField(AMOUNT, help_text=_("Twelve times that"))
    currency = serializers.RegexField(CURRENCY, help_text=_("Reporting currency of the business"))


RECURRING_TOTALS_SAMPLE = {"mrr": "1234.50", "arr": "14814.00", "currency": "GBP"}


def text_field(most: int, help_text: Any = "") -> Text:
    return Text(max_length=most, allow_blank=True, required=False, help_text=help_text)


def money_field(help_text: Any = "", *, required: bool = True) -> Amount:
    return Amount(max_digits=16, decimal_places=4, min_value=0, required=required, help_text=help_text)


def currency_choice() -> Choice:
    return Choice(
        choices=[(code, code) for code in CURRENCIES], required=False, help_text=_("The reporting currency when left out.")
    )  # fmt: skip


class TermsInput(Input):
    """What may be changed of a subscription. Plan, amount, currency, interval and seats hold from `on`."""

    computed = frozenset(SUBSCRIPTION.shown) - frozenset(
        {
            "plan",
            "product",
            "amount",
            "currency",
            "interval",
            "seats",
            "renews_on",
            "auto_renews",
            "source",
            "external_id",
        }
    )

    plan = Text(max_length=120)
    amount = money_field(_("What is paid at each interval."))
    currency = currency_choice()
    interval = Choice(choices=Interval.choices, required=False, help_text=_("Monthly when left out."))
    seats = Whole(min_value=0, max_value=2_000_000_000, allow_null=True, required=False)
    product = ProductId(allow_null=True, required=False, help_text=_("Id of a product."))
    renews_on = Day(allow_null=True, required=False, help_text=_("An interval after the start when left out."))
    auto_renews = Flag(required=False)
    source = text_field(40, _("System that the subscription comes from."))  # type: ignore[assignment]  # declared fields are no attributes
    external_id = text_field(
        100, _("Id that the subscription has there: the same subscription sent again is the one that is there.")
    )


class ChangeInput(TermsInput):
    """A change of a subscription, from a day on."""

    on = Day(required=False, help_text=_("From which day the terms hold; today when left out."))
    reason = text_field(200)


class NewSubscriptionInput(TermsInput):
    """A new subscription."""

    computed = TermsInput.computed - {"customer", "status", "started_on"}

    customer = CustomerId(help_text=_("Id of a customer."))
    status = Choice(
        choices=[(status.value, status.label) for status in (SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIAL)],
        required=False, help_text=_("Active when left out."),
    )  # fmt: skip
    started_on = Day(required=False, help_text=_("Today when left out."))


class FromDayInput(Input):
    """From which day something holds, and why."""

    on = Day(required=False, help_text=_("Today when left out."))
    reason = text_field(200)


class CancelInput(Input):
    """When a subscription ends, and why."""

    ended_on = Day(required=False, help_text=_("First day without it; today when left out."))
    at_renewal = Flag(required=False, help_text=_("It ends on the day on which it would renew."))
    reason = text_field(200)


class ReasonInput(Input):
    """Why something is done."""

    reason = text_field(200)
