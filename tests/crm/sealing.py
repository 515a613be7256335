"""Sealing in tests, on a server whose other databases may hold the horizon back for a moment."""

import time

from django.db import connection

from crm import seals
from crm.models import Business

_SETTLED = """
select coalesce(max(xid) < pg_snapshot_xmin(pg_current_snapshot()), true) from crm_activity where business_id = %s
and xid < pg_snapshot_xmax(pg_current_snapshot())
"""


def seal_all(business: Business) -> int:
    """Seal, once every row is below the horizon; returns how many rows were sealed."""
    deadline = time.monotonic() + 300
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_SETTLED, [business.pk])
            if cursor.fetchone()[0]:
                return seals.seal(business)
            assert time.monotonic() < deadline, "another transaction holds the horizon back"
            time.sleep(0.1)
