"""Happenings that have a day and no time, in the timeline: each stands at the start of its day in the active time zone."""

from datetime import date, datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone

from crm.paging import BadCursor


def start_of(day: date) -> datetime:
    """The first moment of the day in the active time zone."""
    return datetime.combine(day, time(), tzinfo=timezone.get_current_timezone())


def behind_day(rows: QuerySet[Any], before: tuple[datetime, str] | None, day: str, tie: str) -> QuerySet[Any]:
    """The rows behind a place of the timeline, newest first by (`day`, `tie`). Raises BadCursor."""
    rows = rows.order_by(f"-{day}", f"-{tie}")
    if before is None:
        return rows
    moment, key = before
    last = timezone.localtime(moment).date()
    if moment > start_of(last):
        return rows.filter(**{f"{day}__lte": last})
    earlier = Q(**{f"{day}__lt": last})
    if not key:
        return rows.filter(earlier)
    try:
        value = rows.model._meta.get_field(tie).to_python(key)
    except ValidationError as error:
        raise BadCursor from error
    return rows.filter(earlier | Q(**{day: last, f"{tie}__lt": value}))
