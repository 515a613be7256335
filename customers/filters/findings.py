"""What was found out about customers: the filters of customers by it, and those of its own lists."""

from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from crm.filters import StrictFilterSet
from customers.choices import CompetitorStanding, SignalKind
from customers.models import CompetitorMention, Signal, Technology


def named(rows: QuerySet, name: str) -> QuerySet:
    """Findings of this name, in capitals or not: looked up in the index of lower-case names."""
    return rows.alias(lower_name=Lower("name")).filter(lower_name=Lower(Value(name.strip())))


def finding_filters() -> dict[str, django_filters.Filter]:
    """Filters of customers, by name of the parameter."""
    return {
        "technology": django_filters.CharFilter(label=_("Technology"), max_length=80, method=_works_with),
        "signal": django_filters.ChoiceFilter(
            label=_("Open signal"), choices=SignalKind.choices, empty_label=_("Any"), method=_signals
        ),
        "competitor": django_filters.CharFilter(label=_("Competitor"), max_length=120, method=_has_competitor),
    }


def _of(model: Any) -> QuerySet:
    return model.objects.filter(customer=OuterRef("pk"))


def _works_with(rows: QuerySet, name: str, value: str) -> QuerySet:
    return rows.filter(Exists(named(_of(Technology), value)))


def _signals(rows: QuerySet, name: str, value: str) -> QuerySet:
    return rows.filter(Exists(_of(Signal).filter(kind=value, closed_on__isnull=True)))


def _has_competitor(rows: QuerySet, name: str, value: str) -> QuerySet:
    return rows.filter(Exists(named(_of(CompetitorMention), value)))


def _called(rows: QuerySet, name: str, value: str) -> QuerySet:
    return named(rows, value)


class FindingFilterSet(StrictFilterSet):
    """What the filters of all findings have in common."""

    customer = django_filters.UUIDFilter(label=_("Customer"), field_name="customer_id")

    class Meta:
        fields: list[str] = []


def _day(label: Any, field: str, lookup: str) -> django_filters.Filter:
    return django_filters.DateFilter(label=label, field_name=field, lookup_expr=lookup)


class TechnologyFilterSet(FindingFilterSet):
    """The filters of technologies."""

    name = django_filters.CharFilter(label=_("Name"), max_length=80, method=_called)
    category = django_filters.CharFilter(label=_("Category"), max_length=80)
    first_seen_on__gte = _day(_("First seen from"), "first_seen_on", "gte")
    first_seen_on__lte = _day(_("First seen up to"), "first_seen_on", "lte")
    last_seen_on__gte = _day(_("Last seen from"), "last_seen_on", "gte")
    last_seen_on__lte = _day(_("Last seen up to"), "last_seen_on", "lte")

    class Meta(FindingFilterSet.Meta):
        model = Technology


class SignalFilterSet(FindingFilterSet):
    """The filters of signals."""

    kind = django_filters.ChoiceFilter(label=_("What it speaks for"), choices=SignalKind.choices)
    open = django_filters.ChoiceFilter(
        label=_("Still true"), choices=[("true", _("yes")), ("false", _("no"))], method="is_open"
    )
    strength__gte = django_filters.NumberFilter(
        label=_("Strength from"), field_name="strength", lookup_expr="gte", max_value=5
    )
    seen_on__gte = _day(_("Seen from"), "seen_on", "gte")
    seen_on__lte = _day(_("Seen up to"), "seen_on", "lte")

    class Meta(FindingFilterSet.Meta):
        model = Signal

    def is_open(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(closed_on__isnull=value == "true")


class CompetitorFilterSet(FindingFilterSet):
    """The filters of competitors."""

    name = django_filters.CharFilter(label=_("Competitor"), max_length=120, method=_called)
    standing = django_filters.ChoiceFilter(label=_("Standing"), choices=CompetitorStanding.choices)
    seen_on__gte = _day(_("Seen from"), "seen_on", "gte")
    seen_on__lte = _day(_("Seen up to"), "seen_on", "lte")

    class Meta(FindingFilterSet.Meta):
        model = CompetitorMention
