"""The filters of orders, shared by the page and the API."""

from datetime import datetime
from typing import Any

import django_filters
from django.core.validators import RegexValidator
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext_lazy as _

from commerce.choices import OrderFlag, OrderStatus
from commerce.models import Order, OrderLine
from crm.filters import MomentFilter, StrictFilterSet

MONTH = RegexValidator(r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])\Z", _("Give the month as in 2026-01."))


class OrderFilterSet(StrictFilterSet):
    status = django_filters.ChoiceFilter(label=_("Status"), choices=OrderStatus.choices, empty_label=_("Any"))
    customer = django_filters.UUIDFilter(label=_("Customer"), field_name="customer_id")
    product = django_filters.UUIDFilter(label=_("Product"), method="with_product")
    number = django_filters.CharFilter(label=_("Number"), max_length=60)
    ordered_at__gte = MomentFilter(label=_("Ordered from"), field_name="ordered_at", lookup_expr="gte")
    ordered_at__lte = MomentFilter(label=_("Ordered up to"), field_name="ordered_at", lookup_expr="lte")
    ordered_at__month = django_filters.CharFilter(label=_("Month"), method="in_month", validators=[MONTH])
    total__gte = django_filters.NumberFilter(
        label=_("Total from"), field_name="total", lookup_expr="gte", max_value=10**12
    )
    total__lte = django_filters.NumberFilter(
        label=_("Total up to"), field_name="total", lookup_expr="lte", max_value=10**12
    )

    flag = django_filters.ChoiceFilter(
        label=_("What is odd"), choices=OrderFlag.choices, method="with_flag", empty_label=_("Anything")
    )
    is_refunded = django_filters.ChoiceFilter(
        label=_("Wholly refunded"),
        choices=[("true", _("yes")), ("false", _("no"))],
        method="refunded",
        empty_label=_("Any"),
    )

    page_fields = frozenset(
        {"status", "flag", "number", "ordered_at__gte", "ordered_at__lte", "total__gte", "total__lte"}
    )

    class Meta:
        model = Order
        fields: list[str] = []

    def with_product(self, queryset: Any, name: str, value: Any) -> Any:
        """Orders by which the product was bought."""
        return queryset.filter(pk__in=OrderLine.objects.filter(product=value, quantity__gt=0).values("order"))

    def refunded(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.filter(is_refunded=value == "true")

    def with_flag(self, queryset: Any, name: str, value: str) -> Any:
        """Orders that carry the flag; those with any have an index of their own."""
        return queryset.exclude(flags=[]).filter(flags__contains=[value])

    def in_month(self, queryset: Any, name: str, value: str) -> Any:
        """Orders of a calendar month (2026-01) in the business's zone."""
        start = datetime.strptime(value, "%Y-%m").replace(tzinfo=get_current_timezone())
        end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
        return queryset.filter(ordered_at__gte=start, ordered_at__lt=end)
