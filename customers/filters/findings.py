"""The filters of customers by what was found out about them: technologies, open signals, competitors."""

from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from customers.choices import SignalKind
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
