"""Keeping the search rows: one set-based statement for one customer as for a million."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from crm.scope import open_businesses

_REFRESH = """
insert into customers_customersearch as s (customer_id, business_id, is_live, sort_name, email_key, vector)
select c.id, c.business_id, c.is_live, c.sort_name, c.email_key,
       crm_search_vector(c.display_name, c.email, c.phone, c.external_id)
from customers_customer c
where c.business_id = any(%s) {only}
on conflict (customer_id) do update
set is_live = excluded.is_live, sort_name = excluded.sort_name, email_key = excluded.email_key, vector = excluded.vector
where (s.is_live, s.sort_name, s.email_key, s.vector)
      is distinct from (excluded.is_live, excluded.sort_name, excluded.email_key, excluded.vector)
"""
_FACTS = """
insert into customers_customerfacts as f (customer_id, business_id, is_live, lifecycle_stage)
select c.id, c.business_id, c.is_live, c.lifecycle_stage from customers_customer c
where c.business_id = any(%s) {only}
on conflict (customer_id) do update set is_live = excluded.is_live, lifecycle_stage = excluded.lifecycle_stage
where (f.is_live, f.lifecycle_stage) is distinct from (excluded.is_live, excluded.lifecycle_stage)
"""


def refresh_search(customer_ids: Sequence[UUID] | None = None) -> None:
    """Bring search rows and the facts' copies of the given customers (None: all of the open businesses) up to date."""
    only = "" if customer_ids is None else "and c.id = any(%s)"
    params: list[Any] = [list(open_businesses())]
    if customer_ids is not None:
        params.append(list(customer_ids))
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH.format(only=only), params)
        cursor.execute(_FACTS.format(only=only), params)
