"""Phone numbers that several customers share, and whether a business wants that."""

from django.db import connection
from django.db.models import Count

from crm.models import Business
from customers.models import Customer

BLOCK, UNIQUE = "customers", "unique_phones"
"""Where the setting stands among those of a business."""

_MOST_SHARED = 1_000


def phones_are_unique(business: Business) -> bool:
    return bool(business.settings.get(BLOCK, {}).get(UNIQUE, False))


def shared_phones() -> list[str]:
    """The international numbers that more than one live customer has, the first thousand: read from the index alone."""
    rows = Customer.objects.live().exclude(phone_e164="").order_by("phone_e164").values("phone_e164")
    shared = rows.annotate(holders=Count("*")).filter(holders__gt=1)
    return list(shared.values_list("phone_e164", flat=True)[:_MOST_SHARED])


def customers_sharing_phones(business: Business) -> int:
    """How many live customers share their number with another."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARING, {"business": business.pk})
        return int(cursor.fetchone()[0])


_SHARING = """
select coalesce(sum(n), 0) from (
    select count(*) as n from customers_customer where business_id = %(business)s and is_live and phone_e164 <> ''
    group by phone_e164 having count(*) > 1
) shared
"""
