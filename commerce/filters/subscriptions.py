"""The filters of subscriptions, shared by the page, the API and saved views."""

from typing import Any

import django_filters
from django.db.models import Q
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from commerce.choices import Interval, SubscriptionStatus
from commerce.filters.orders import MONTH
from commerce.models import Subscription, SubscriptionChange
from crm.filters import StrictFilterSet

_YES_NO = [("true", _("yes")), ("false", _("no"))]


def _day(label: Any, name: str, lookup: str) -> django_filters.DateFilter:
    return django_filters.DateFilter(label=label, field_name=name, lookup_expr=lookup)


class SubscriptionFilterSet(StrictFilterSet):
    """The filters of subscriptions. `counts`: whether it brings recurring revenue today."""

    status = django_filters.MultipleChoiceFilter(label=_("Status"), choices=SubscriptionStatus.choices)
    plan = django_filters.CharFilter(label=_("Plan"), max_length=120)
    interval = django_filters.ChoiceFilter(label=_("Interval"), choices=Interval.choices, empty_label=_("Any"))
    customer = django_filters.UUIDFilter(label=_("Customer"), field_name="customer_id")
    product = django_filters.UUIDFilter(label=_("Product"), field_name="product_id")
    counts = django_filters.ChoiceFilter(
        label=_("Counts in the revenue"), choices=_YES_NO, empty_label=_("Any"), method="that_count"
    )
    is_cancelled = django_filters.ChoiceFilter(
        label=_("Cancelled"), choices=_YES_NO, empty_label=_("Any"), method="that_end"
    )
    renews_on__gte = _day(_("Renews from"), "renews_on", "gte")
    renews_on__lte = _day(_("Renews up to"), "renews_on", "lte")
    started_on__gte = _day(_("Started from"), "started_on", "gte")
    started_on__lte = _day(_("Started up to"), "started_on", "lte")
    ended_on__gte = _day(_("Ends from"), "ended_on", "gte")
    ended_on__lte = _day(_("Ends up to"), "ended_on", "lte")
    changed__month = django_filters.CharFilter(label=_("Changed in"), method="changed_in", validators=[MONTH])
    source = django_filters.CharFilter(label=_("Source"), max_length=40)
    external_id = django_filters.CharFilter(label=_("External id"), max_length=100)

    page_fields = frozenset({"status", "plan", "interval", "renews_on__gte", "renews_on__lte", "is_cancelled"})

    class Meta:
        model = Subscription
        fields: list[str] = []

    def that_count(self, queryset: Any, name: str, value: str) -> Any:
        """Active ones that have begun and not ended; or all others."""
        today = localdate()
        running = Q(status=SubscriptionStatus.ACTIVE, started_on__lte=today) & (
            Q(ended_on__isnull=True) | Q(ended_on__gt=today)
        )
        return queryset.filter(running) if value == "true" else queryset.exclude(running)

    def that_end(self, queryset: Any, name: str, value: str) -> Any:
        """Those that have an end, over or to come; or all others."""
        return queryset.filter(ended_on__isnull=value == "false")

    def changed_in(self, queryset: Any, name: str, value: str) -> Any:
        """Subscriptions of whose ledger a line lies in a calendar month (2026-01)."""
        year, month = (int(part) for part in value.split("-"))
        lines = SubscriptionChange.objects.filter(on__year=year, on__month=month)
        return queryset.filter(pk__in=lines.values("subscription"))
