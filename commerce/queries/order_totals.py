"""What a list of orders comes to, at a cost that doesn't grow with the list."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet, Sum

from commerce.choices import ZERO
from commerce.models import RevenueDay
from crm.models import Business
from crm.paging import COUNT_CAP, TooWide, within


@dataclass(frozen=True)
class Totals:
    """In the reporting currency: completed orders less refunds, how many completed orders were not wholly refunded, and what the
    refunds have given back."""

    revenue: Decimal = ZERO
    orders: int = 0
    refunded: Decimal = ZERO


_OF_ROWS = """
select count(*), coalesce(sum(total_base) filter (where status in ('completed', 'refund')), 0),
       count(*) filter (where status = 'completed' and not is_refunded),
       coalesce(-sum(total_base) filter (where status = 'refund'), 0)
from ({rows} limit %s) t(status, is_refunded, total_base)
"""


def totals_of_business(business: Business) -> Totals:
    """Of all orders of the business, from its revenue by day."""
    found = RevenueDay.objects.filter(business=business).aggregate(
        revenue=Sum("revenue"), orders=Sum("order_count"), refunded=Sum("refunded")
    )
    return Totals(found["revenue"] or ZERO, found["orders"] or 0, found["refunded"] or ZERO)


def totals_of(rows: QuerySet[Any], most: int = COUNT_CAP) -> Totals | None:
    """Of the rows; None where there are more than `most`, or finding them takes longer than a list may."""
    try:
        sql, parameters = rows.order_by().values_list("status", "is_refunded", "total_base").query.sql_with_params()
    except EmptyResultSet:
        return Totals()
    try:
        with within(0), connection.cursor() as cursor:
            cursor.execute(_OF_ROWS.format(rows=sql), [*parameters, most + 1])
            count, *sums = cursor.fetchone()
    except TooWide:
        return None
    return Totals(*sums) if count <= most else None
