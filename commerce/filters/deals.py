"""The filters of deals, shared by the page, the API and saved views."""

from typing import Any

import django_filters
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from commerce.choices import OPEN_STAGES, DealKind, DealStage
from commerce.filters.orders import MONTH
from commerce.models import Opportunity
from commerce.queries.deals import slipping, stale
from crm import clock
from crm.filters import MomentFilter, StrictFilterSet
from customers.filters import members

_STATES = [("open", _("Open")), ("closed", _("Closed"))]
_YES_NO = [("true", _("yes")), ("false", _("no"))]
_MOST = 10**12


def _day(label: Any, name: str, lookup: str) -> django_filters.DateFilter:
    return django_filters.DateFilter(label=label, field_name=name, lookup_expr=lookup)


def _amount(label: Any, lookup: str) -> django_filters.NumberFilter:
    return django_filters.NumberFilter(
        label=label, field_name="amount_base", lookup_expr=lookup, min_value=0, max_value=_MOST
    )


class DealFilterSet(StrictFilterSet):
    """The filters of deals. Amounts are in the reporting currency."""

    state = django_filters.ChoiceFilter(
        label=_("Open or closed"), choices=_STATES, empty_label=_("Any"), method="in_state"
    )
    stage = django_filters.MultipleChoiceFilter(label=_("Stage"), choices=DealStage.choices)
    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=DealKind.choices, empty_label=_("Any"))
    owner = django_filters.ChoiceFilter(
        label=_("Owner"), field_name="owner_id", choices=members, empty_label=_("Anybody")
    )
    customer = django_filters.UUIDFilter(label=_("Customer"), field_name="customer_id")
    contact = django_filters.UUIDFilter(label=_("Contact"), field_name="contact_id")
    product = django_filters.UUIDFilter(label=_("Product"), field_name="product_id")
    slipping = django_filters.ChoiceFilter(
        label=_("Slipping"), choices=_YES_NO, empty_label=_("Any"), method="that_slip"
    )
    stale = django_filters.ChoiceFilter(label=_("Stale"), choices=_YES_NO, empty_label=_("Any"), method="that_stand")
    expected_close_on__gte = _day(_("Expected close from"), "expected_close_on", "gte")
    expected_close_on__lte = _day(_("Expected close up to"), "expected_close_on", "lte")
    expected_close_on__month = django_filters.CharFilter(
        label=_("Expected close in"), method="in_month", validators=[MONTH]
    )
    expected_close_on__isnull = django_filters.ChoiceFilter(
        label=_("Without expected close"), choices=_YES_NO, empty_label=_("Any"), method="without_day"
    )
    opened_on__gte = _day(_("Opened from"), "opened_on", "gte")
    opened_on__lte = _day(_("Opened up to"), "opened_on", "lte")
    closed_at__gte = MomentFilter(label=_("Closed from"), field_name="closed_at", lookup_expr="gte")
    closed_at__lte = MomentFilter(label=_("Closed up to"), field_name="closed_at", lookup_expr="lte")
    amount__gte = _amount(_("Amount from"), "gte")
    amount__lte = _amount(_("Amount up to"), "lte")
    source = django_filters.CharFilter(label=_("Source"), max_length=40)
    external_id = django_filters.CharFilter(label=_("External id"), max_length=100)

    page_fields = frozenset({
        "state", "stage", "kind", "owner", "expected_close_on__gte", "expected_close_on__lte", "amount__gte", "amount__lte",
        "slipping", "stale",
    })  # fmt: skip

    class Meta:
        model = Opportunity
        fields: list[str] = []

    def in_state(self, queryset: Any, name: str, value: str) -> Any:
        open_ones = {"stage__in": OPEN_STAGES}
        return queryset.filter(**open_ones) if value == "open" else queryset.exclude(**open_ones)

    def that_slip(self, queryset: Any, name: str, value: str) -> Any:
        """Open deals whose expected close is over; or all others."""
        question = slipping(localdate())
        return queryset.filter(question) if value == "true" else queryset.exclude(question)

    def that_stand(self, queryset: Any, name: str, value: str) -> Any:
        """Open deals that have stood in their stage as long as the business has set; or all others."""
        question = stale(self.request.business, clock.now())
        return queryset.filter(question) if value == "true" else queryset.exclude(question)

    def in_month(self, queryset: Any, name: str, value: str) -> Any:
        """Deals expected to be closed in a calendar month (2026-01)."""
        year, month = (int(part) for part in value.split("-"))
        return queryset.filter(expected_close_on__year=year, expected_close_on__month=month)

    def without_day(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.filter(expected_close_on__isnull=value == "true")


class BoardFilterSet(DealFilterSet):
    """The filters of the board, which shows every stage."""

    state = None
    stage = None
    page_fields = frozenset({
        "kind", "owner", "expected_close_on__gte", "expected_close_on__lte", "amount__gte", "slipping", "stale",
    })  # fmt: skip
