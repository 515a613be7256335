"""The filters of invoices and payments, shared by pages, the API and saved views."""

from typing import Any

import django_filters
from django.db.models import Q
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from commerce.choices import Interval, InvoiceStatus, PaymentMethod
from commerce.models import Invoice, Payment
from commerce.queries.invoices import OWED, overdue
from crm.filters import StrictFilterSet

_YES_NO = [("true", _("yes")), ("false", _("no"))]
_MOST = 10**12


def _day(label: Any, name: str, lookup: str) -> django_filters.DateFilter:
    return django_filters.DateFilter(label=label, field_name=name, lookup_expr=lookup)


def _yes_no(label: Any, method: str) -> django_filters.ChoiceFilter:
    return django_filters.ChoiceFilter(label=label, choices=_YES_NO, empty_label=_("Any"), method=method)


def _amount(label: Any, name: str, lookup: str) -> django_filters.NumberFilter:
    return django_filters.NumberFilter(label=label, field_name=name, lookup_expr=lookup, min_value=0, max_value=_MOST)


class InvoiceFilterSet(StrictFilterSet):
    """The filters of invoices. Amounts are in the reporting currency."""

    status = django_filters.MultipleChoiceFilter(label=_("Status"), choices=InvoiceStatus.choices)
    overdue = _yes_no(_("Overdue"), "that_are_late")
    is_owed = _yes_no(_("Owed"), "that_are_owed")
    has_payments = _yes_no(_("With payments"), "that_were_paid")
    customer = django_filters.UUIDFilter(label=_("Customer"), field_name="customer_id")
    subscription = django_filters.UUIDFilter(label=_("Subscription"), field_name="subscription_id")
    order = django_filters.UUIDFilter(label=_("Order"), field_name="order_id")
    opportunity = django_filters.UUIDFilter(label=_("Deal"), field_name="opportunity_id")
    number = django_filters.CharFilter(label=_("Number"), max_length=60)
    recurs = django_filters.ChoiceFilter(label=_("Comes again"), choices=Interval.choices, empty_label=_("Any"))
    issued_on__gte = _day(_("Issued from"), "issued_on", "gte")
    issued_on__lte = _day(_("Issued up to"), "issued_on", "lte")
    due_on__gte = _day(_("Due from"), "due_on", "gte")
    due_on__lte = _day(_("Due up to"), "due_on", "lte")
    amount__gte = _amount(_("Amount from"), "amount_base", "gte")
    amount__lte = _amount(_("Amount up to"), "amount_base", "lte")

    page_fields = frozenset({
        "status", "overdue", "number", "issued_on__gte", "issued_on__lte", "due_on__gte", "due_on__lte",
    })  # fmt: skip

    class Meta:
        model = Invoice
        fields: list[str] = []

    def that_are_late(self, queryset: Any, name: str, value: str) -> Any:
        """Owed, and due before today; or all others."""
        question = overdue(localdate())
        return queryset.filter(question) if value == "true" else queryset.exclude(question)

    def that_are_owed(self, queryset: Any, name: str, value: str) -> Any:
        """Open or partly paid; or all others."""
        question = Q(status__in=OWED)
        return queryset.filter(question) if value == "true" else queryset.exclude(question)

    def that_were_paid(self, queryset: Any, name: str, value: str) -> Any:
        """Those for which money came in, in part or whole; or all others."""
        return queryset.filter(paid__gt=0) if value == "true" else queryset.filter(paid=0)


class PaymentFilterSet(StrictFilterSet):
    """The filters of payments."""

    invoice = django_filters.UUIDFilter(label=_("Invoice"), field_name="invoice_id")
    customer = django_filters.UUIDFilter(label=_("Customer"), field_name="invoice__customer_id")
    method = django_filters.ChoiceFilter(label=_("Method"), choices=PaymentMethod.choices, empty_label=_("Any"))
    reference = django_filters.CharFilter(label=_("Reference"), max_length=100)
    paid_on__gte = _day(_("Paid from"), "paid_on", "gte")
    paid_on__lte = _day(_("Paid up to"), "paid_on", "lte")

    class Meta:
        model = Payment
        fields: list[str] = []
