"""Filters of customers by how they order: whether they are overdue, their scores and groups, and the months in which they ordered."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext_lazy as _

from commerce.choices import OrderStatus
from commerce.filters.orders import MONTH
from commerce.models import Order
from commerce.queries.gaps import not_overdue, overdue
from commerce.queries.rfm import GROUPS, SCORES, latest_quintiles
from crm import clock
from crm.models import Business
from crm.scope import open_businesses

_LABELS = {
    "recency": _("Score of recency"), "frequency": _("Score of frequency"), "monetary": _("Score of money spent"),
}  # fmt: skip


def overdue_filter() -> django_filters.Filter:
    """Customers who are overdue to order, or the others."""
    choices = [("true", _("yes")), ("false", _("no"))]
    return django_filters.ChoiceFilter(
        label=_("Overdue to order"), choices=choices, empty_label=_("Any"), method=_overdue
    )


def score_filter(measure: str) -> django_filters.Filter:
    """Customers of one score, from 1 to 5; nobody before the scores were computed."""

    def narrow(rows: QuerySet, name: str, value: str) -> QuerySet:
        quintiles = latest_quintiles()
        return quintiles.narrowed(rows, measure, int(value), int(value)) if quintiles else rows.none()

    choices = [(str(score), str(score)) for score in SCORES]
    return django_filters.ChoiceFilter(label=_LABELS[measure], choices=choices, empty_label=_("Any"), method=narrow)


def group_filter() -> django_filters.Filter:
    """Customers of one of the named groups; nobody before the scores were computed."""
    choices = [(group.key, group.label) for group in GROUPS]
    return django_filters.ChoiceFilter(
        label=_("Group by recency and frequency"), choices=choices, empty_label=_("Any"), method=_of_group
    )


def ordered_in_filter() -> django_filters.Filter:
    """Customers with a completed order, not wholly refunded, in a calendar month of the business's zone."""
    ordered_in: Callable[..., QuerySet] = _ordered_in
    return django_filters.CharFilter(label=_("Ordered in the month"), method=ordered_in, validators=[MONTH])


def _overdue(rows: QuerySet, name: str, value: str) -> QuerySet:
    business = Business.objects.get(pk__in=open_businesses())
    return (overdue if value == "true" else not_overdue)(rows, business, clock.now())


def _of_group(rows: QuerySet, name: str, value: str) -> QuerySet:
    quintiles = latest_quintiles()
    if quintiles is None:
        return rows.none()
    group = next(group for group in GROUPS if group.key == value)
    for measure in ("recency", "frequency"):
        rows = quintiles.narrowed(rows, measure, *getattr(group, measure))
    return rows


def _ordered_in(rows: QuerySet, name: str, value: str) -> QuerySet:
    start = datetime.strptime(value, "%Y-%m").replace(tzinfo=get_current_timezone())
    end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    orders: Any = Order.objects.filter(
        customer=OuterRef("pk"),
        status=OrderStatus.COMPLETED,
        is_refunded=False,
        ordered_at__gte=start,
        ordered_at__lt=end,
    )
    return rows.filter(Exists(orders))
