"""Forms of subscriptions."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from commerce.choices import Interval, SubscriptionStatus
from commerce.forms.fields import amount_field, currency_field, day_field, products
from commerce.models import Product, Subscription
from crm.forms import VersionedForm
from customers.forms import CustomerField
from customers.models import Customer

_BEGINNINGS = [(status.value, status.label) for status in (SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIAL)]


class TermsForm(VersionedForm):
    """What is paid, for what, and when it renews."""

    plan = forms.CharField(label=_("Plan"), max_length=120)
    amount = amount_field(_("Amount"), _("What is paid at each interval."))
    currency = currency_field(_("Currency"))
    interval = forms.ChoiceField(label=_("Interval"), choices=Interval.choices)
    seats = forms.IntegerField(label=_("Seats"), min_value=0, max_value=2_000_000_000, required=False)
    product: Any = forms.ModelChoiceField(
        label=_("Product"), queryset=Product.objects.none(), required=False, empty_label=_("None")
    )
    renews_on = day_field(_("Renews on"))
    auto_renews = forms.BooleanField(label=_("Renews by itself"), required=False)
    source = forms.CharField(label=_("Source"), max_length=40, required=False)
    external_id = forms.CharField(
        label=_("External id"), max_length=100, required=False,
        help_text=_("The id that this subscription has in the system it came from."),
    )  # fmt: skip

    def __init__(self, *args: Any, subscription: Subscription | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["product"]
        field.queryset = products(subscription.product_id if subscription else None)


class SubscriptionForm(TermsForm):
    """A new subscription."""

    fieldsets = [
        ("", ["customer", "plan", "status", "seats"]),
        (_("Price"), ["amount", "currency", "interval"]),
        (_("When"), ["started_on", "renews_on", "auto_renews"]),
        (_("More"), ["product", "source", "external_id"]),
    ]
    customer = CustomerField(label=_("Customer"))
    status = forms.ChoiceField(label=_("Begins as"), choices=_BEGINNINGS)
    started_on = day_field(_("Starts on"), required=True)

    def __init__(self, *args: Any, customer: Customer | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["customer"].actor = self.actor
        fields["customer"].chosen = customer
        fields["customer"].offer("customer")
        fields["renews_on"].help_text = _("Empty: an interval after the start.")


class ChangeForm(TermsForm):
    """Other terms from a day on, and other details at once."""

    fieldsets = [
        (_("Terms"), ["plan", "seats", "amount", "currency", "interval", "on", "reason"]),
        (_("More"), ["renews_on", "auto_renews", "product", "source", "external_id"]),
    ]
    on = day_field(_("The terms hold from"), _("Empty: today."))
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


def change_initial(subscription: Subscription) -> dict[str, Any]:
    """What the form shows of a subscription that is there."""
    names = [name for name in TermsForm.base_fields if name not in ("version", "product")]
    return {**{name: getattr(subscription, name) for name in names}, "product": subscription.product_id}


class FromDayForm(VersionedForm):
    """From which day something holds, and why."""

    on = day_field(_("From"), _("Empty: today."))
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


class CancelForm(VersionedForm):
    """When a subscription ends, and why."""

    at_renewal = forms.BooleanField(
        label=_("When it would renew"), required=False, help_text=_("It counts until then, and does not renew.")
    )
    ended_on = day_field(_("First day without it"), _("Empty: today, unless it ends when it would renew."))
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


class ReasonForm(VersionedForm):
    """Why something is done, for the history."""

    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)
