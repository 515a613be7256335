"""The filters of contacts, shared by the page and the API."""

from datetime import datetime, time, timedelta
from typing import Any

import django_filters
from django.db.models import Q, Value
from django.utils.timezone import get_current_timezone, localdate
from django.utils.translation import gettext_lazy as _

from crm.filters import StrictFilterSet
from crm.folding import Fold
from customers.choices import ContactRole, Influence, Sentiment
from customers.models import Contact
from customers.queries.contacts import untouched_after_days

_YES_NO = [("true", _("yes")), ("false", _("no"))]


class ContactFilterSet(StrictFilterSet):
    """The filters of contacts."""

    role = django_filters.ChoiceFilter(label=_("Role"), choices=ContactRole.choices, empty_label=_("Any"))
    influence = django_filters.ChoiceFilter(label=_("Influence"), choices=Influence.choices, empty_label=_("Any"))
    sentiment = django_filters.ChoiceFilter(label=_("Sentiment"), choices=Sentiment.choices, empty_label=_("Any"))
    untouched = django_filters.ChoiceFilter(
        label=_("Untouched"), choices=_YES_NO, empty_label=_("Any"), method="in_time"
    )
    customer = django_filters.UUIDFilter(label=_("Company"), field_name="customer_id")
    email = django_filters.CharFilter(label=_("E-mail"), max_length=254, method="of_address")
    is_primary = django_filters.ChoiceFilter(
        label=_("First person to speak to"), choices=_YES_NO, empty_label=_("Any"), method="marked"
    )

    page_fields = frozenset({"role", "influence", "sentiment", "untouched", "is_primary"})

    class Meta:
        model = Contact
        fields: list[str] = []

    def in_time(self, queryset: Any, name: str, value: str) -> Any:
        """Those whose last touch lies as many days back as the business has set, or who were never touched; or the others."""
        first_day = localdate() - timedelta(days=untouched_after_days(self.request.business) - 1)
        since = datetime.combine(first_day, time(), tzinfo=get_current_timezone())
        if value == "true":
            return queryset.filter(Q(last_touched_at__lt=since) | Q(last_touched_at__isnull=True))
        return queryset.filter(last_touched_at__gte=since)

    def of_address(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.filter(email_key=Fold(Value(value)))

    def marked(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.filter(is_primary=value == "true")
