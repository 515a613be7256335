"""Keeping the search rows and the words of names: one set-based statement for one customer as for a million."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from crm.scope import open_businesses
from customers.models.search import SEARCH_VECTOR

_REFRESH = """
insert into customers_customersearch as s (customer_id, business_id, is_live, sort_name, email_key, vector)
select c.id, c.business_id, c.is_live, c.sort_name, c.email_key,
       {vector}
from customers_customer c
where c.business_id = any(%s) {only}
on conflict (customer_id) do update
set is_live = excluded.is_live, sort_name = excluded.sort_name, email_key = excluded.email_key, vector = excluded.vector
where (s.is_live, s.sort_name, s.email_key, s.vector)
      is distinct from (excluded.is_live, excluded.sort_name, excluded.email_key, excluded.vector)
"""
_FACTS = """
insert into customers_customerfacts as f (customer_id, business_id, is_live, kind, lifecycle_stage)
select c.id, c.business_id, c.is_live, c.kind, c.lifecycle_stage from customers_customer c
where c.business_id = any(%s) {only}
on conflict (customer_id) do update
set is_live = excluded.is_live, kind = excluded.kind, lifecycle_stage = excluded.lifecycle_stage
where (f.is_live, f.kind, f.lifecycle_stage) is distinct from (excluded.is_live, excluded.kind, excluded.lifecycle_stage)
"""
# What is new is found first and added in one go, in order: who adds the same word meanwhile waits for a moment only.
_WORDS = """
with found as materialized (
    select distinct n.business_id, w collate "C" as w
    from (select c.business_id, c.id, c.display_name || ' ' || c.first_name || ' ' || c.last_name || ' ' || c.legal_name
          from customers_customer c where c.business_id = any(%(businesses)s) and c.is_live
          union all
          select c.business_id, c.customer_id, c.display_name from customers_contact c
          where c.business_id = any(%(businesses)s) and c.archived_at is null) n (business_id, customer_id, names),
         regexp_split_to_table(crm_fold(n.names), '[^[:alpha:]]+' collate pg_catalog.pg_unicode_fast) w
    where length(w) between 3 and 30 {only}
), lacking as materialized (
    select * from found f where not exists (
        select from customers_searchword s where s.business_id = f.business_id and s.word = f.w)
)
insert into customers_searchword (business_id, word) select business_id, w from lacking order by 1, 2
on conflict do nothing
"""
_FEW = 200


def learn_words(customer_ids: Sequence[UUID] | None = None) -> int:
    """Keep the words of names of the given customers and their contacts (None: all of the open businesses), by which misspelt
    ones are put right; returns how many were new."""
    params: dict[str, Any] = {"businesses": list(open_businesses()), "ids": list(customer_ids or ())}
    only = "" if customer_ids is None else "and n.customer_id = any(%(ids)s)"
    with connection.cursor() as cursor:
        cursor.execute(_WORDS.format(only=only), params)
        return int(cursor.rowcount)


def refresh_search(customer_ids: Sequence[UUID] | None = None) -> None:
    """Bring search rows and the facts' copies of the given customers (None: all of the open businesses) up to date.

    The words of a few are learned at once, those of many by whoever brings many in.
    """
    only = "" if customer_ids is None else "and c.id = any(%s)"
    params: list[Any] = [list(open_businesses())]
    if customer_ids is not None:
        params.append(list(customer_ids))
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH.format(only=only, vector=SEARCH_VECTOR), params)
        cursor.execute(_FACTS.format(only=only), params)
    if customer_ids is not None and len(customer_ids) <= _FEW:
        learn_words(customer_ids)
