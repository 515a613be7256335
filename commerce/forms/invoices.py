"""Forms of invoices and payments."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from commerce.choices import Interval, InvoiceStatus, LtvBasis, PaymentMethod
from commerce.forms.fields import MOST_OFFERED, amount_field, currency_field, day_field, id_of
from commerce.models import Invoice, Opportunity, Order, Subscription
from crm.forms import VersionedForm
from customers.forms import CustomerField
from customers.models import Customer

_BEGINNINGS = [(status.value, status.label) for status in (InvoiceStatus.OPEN, InvoiceStatus.DRAFT)]
_LINKED: dict[str, tuple[Any, str, str]] = {
    "subscription": (Subscription, "-started_on", "commerce.view_subscriptions"),
    "opportunity": (Opportunity, "-stage_since", "commerce.view_deals"),
    "order": (Order, "-ordered_at", "commerce.view_orders"),
}


def _of_customer(model: Any, label: Any) -> Any:
    return forms.ModelChoiceField(
        label=label, queryset=model.objects.none(), required=False, empty_label=_("None"),
        help_text=_("One of the customer's."),
    )  # fmt: skip


class InvoiceForm(VersionedForm):
    """What may be entered of an invoice."""

    fieldsets = [
        ("", ["customer", "number", "status"]),
        (_("Amount"), ["amount", "currency", "recurs"]),
        (_("When"), ["issued_on", "due_on"]),
        (_("More"), ["subscription", "opportunity", "order", "note"]),
    ]
    customer = CustomerField(label=_("Customer"))
    number = forms.CharField(label=_("Number"), max_length=60)
    status = forms.ChoiceField(label=_("Status"), choices=_BEGINNINGS)
    amount = amount_field(_("Amount"))
    currency = currency_field(_("Currency"))
    recurs = forms.ChoiceField(
        label=_("Comes again"), required=False, choices=[("", _("No")), *Interval.choices],
        help_text=_("Counts as recurring revenue, unless it belongs to a subscription."),
    )  # fmt: skip
    issued_on = day_field(_("Issued on"), required=True)
    due_on = day_field(_("Due on"))
    subscription = _of_customer(Subscription, _("Subscription"))
    opportunity = _of_customer(Opportunity, _("Deal"))
    order = _of_customer(Order, _("Order"))
    note = forms.CharField(label=_("Note"), max_length=500, required=False)

    def __init__(
        self, *args: Any, invoice: Invoice | None = None, customer: Customer | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["customer"].actor = self.actor
        fields["customer"].chosen = (invoice and invoice.customer) or customer
        fields["customer"].offer("customer")
        owner = invoice.customer_id if invoice else customer.pk if customer else None
        for name in _LINKED:
            fields[name].queryset = self._linked(name, invoice, owner)
        if invoice is not None and invoice.status != InvoiceStatus.DRAFT:
            del fields["status"]

    def _linked(self, name: str, invoice: Invoice | None, owner: Any) -> Any:
        """Those of the customer that the form was opened with, who is chosen now, and who was chosen in the form."""
        model, order, permission = _LINKED[name]
        chosen = [pk for pk in (invoice and getattr(invoice, f"{name}_id"),) if pk]
        first: list[Any] = []
        if self.actor.may(permission, self.business):
            rows = model.objects.visible_to(self.actor)
            if owner:
                first = list(rows.filter(customer=owner).order_by(order).values_list("pk", flat=True)[:MOST_OFFERED])
            posted = id_of(self.data.get(self.add_prefix(name)))
            chosen += list(rows.filter(pk=posted).values_list("pk", flat=True)) if posted else []
        return model.objects.filter(pk__in=[*first, *chosen]).order_by(order, "pk")


def invoice_initial(invoice: Invoice) -> dict[str, Any]:
    """What the form shows of an invoice that is there."""
    names = [name for name in InvoiceForm.base_fields if name != "version" and name not in _LINKED]
    initial = {name: getattr(invoice, name) for name in names}
    return {**initial, **{name: getattr(invoice, f"{name}_id") for name in _LINKED}}


class SettledForm(VersionedForm):
    """What may be changed of an invoice once money has come in."""

    due_on = day_field(_("Due on"))
    note = forms.CharField(label=_("Note"), max_length=500, required=False)


class PaymentForm(VersionedForm):
    """Money that came in for an invoice."""

    amount = amount_field(_("Amount"))
    paid_on = day_field(_("Paid on"), required=True)
    method = forms.ChoiceField(label=_("Method"), choices=PaymentMethod.choices)
    reference = forms.CharField(label=_("Reference"), max_length=100, required=False)


class VoidForm(VersionedForm):
    """Why an invoice is not to be paid."""

    reason = forms.CharField(label=_("Reason"), max_length=500, required=False)


def ltv_basis_field() -> forms.ChoiceField:
    """The setting of a business: which of the three lifetime values is the headline."""
    return forms.ChoiceField(
        label=_t("Lifetime value is that of"), choices=LtvBasis.choices,
        help_text=_t("Lists and profiles show this one as “Lifetime value”; the three are never added together."),
    )  # fmt: skip
