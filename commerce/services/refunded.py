"""Orders of which refunds have given back everything."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.db import connection

from crm.models import Business

# An order is wholly refunded when the refunds linked to it give back as much as it has brought.
_MARK = """
update commerce_order o set is_refunded = n.is_refunded
from (
    select x.id, x.status = 'completed' and x.total > 0 and x.total + coalesce(
        (select sum(r.total) from commerce_order r where r.refund_of_id = x.id and r.status = 'refund'), 0) <= 0 as is_refunded
    from commerce_order x where x.business_id = %(business)s and ({which})
) n
where o.id = n.id and o.is_refunded <> n.is_refunded
returning o.customer_id, (o.ordered_at at time zone %(zone)s)::date
"""
_THESE = "x.id = any(%(ids)s)"


def mark_refunded(business: Business, ids: Sequence[UUID] = (), *, which: str = _THESE) -> list[tuple[UUID, date]]:
    """Mark orders as wholly refunded or not: those of these ids, or `which` as SQL says of the order x. Returns the buyer and the day
    of each that has changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            _MARK.format(which=which), {"business": business.pk, "ids": list(ids), "zone": business.time_zone}
        )
        return list(cursor.fetchall())
