"""Limits on how often something may be done: token buckets in the database, counted alike by all processes."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from django.db import InternalError, ProgrammingError, connection
from django.utils.translation import gettext_lazy as _

from crm.errors import DomainError


class LimitsAway(DomainError):
    """The table of the buckets is gone: nothing is let through uncounted."""

    status = 503
    code = "limits_unavailable"
    message = _("The service is not available at the moment.")


@dataclass(frozen=True)
class Bucket:
    """Holds at most `capacity` tokens and gains `per_second`; what is done takes `cost` of them (never more than it can hold).

    `key` (at most 160 characters) holds nothing personal: hash it. A bucket must fill up within a day, then it may be purged.
    """

    key: str
    capacity: float
    per_second: float
    cost: float = 1


@dataclass(frozen=True)
class Taken:
    """Whether the tokens were there; how many are left; seconds until there will be enough (0 when there were)."""

    allowed: bool
    remaining: float
    retry_after: float


# Rows are locked in the order of their keys. What a bucket refuses writes nothing, so a flood of refused calls is cheap.
_TAKE = """
with asked as (
    select * from unnest(%(keys)s::text[], %(capacities)s::float8[], %(rates)s::float8[], %(costs)s::float8[])
        as a (key, capacity, rate, cost) order by key
), taken as (
    insert into crm_bucket as b (key, tokens, at)
    select key, capacity - cost, clock_timestamp() from asked
    on conflict (key) do update set at = clock_timestamp(), tokens = (
        select least(a.capacity, b.tokens + greatest(0, extract(epoch from clock_timestamp() - b.at)) * a.rate) - a.cost
        from asked a where a.key = b.key
    ) where (
        select least(a.capacity, b.tokens + greatest(0, extract(epoch from clock_timestamp() - b.at)) * a.rate) >= a.cost
        from asked a where a.key = b.key
    )
    returning key, tokens
)
select a.key, t.key is not null, case when t.key is not null then t.tokens when b.key is null then 0
    else least(a.capacity, b.tokens + greatest(0, extract(epoch from clock_timestamp() - b.at)) * a.rate) end
from asked a left join taken t using (key) left join crm_bucket b using (key)
"""


def take(key: str, *, capacity: float, per_second: float, cost: float = 1) -> Taken:
    """Take `cost` tokens out of one bucket; see `take_all`."""
    return take_all([Bucket(key, capacity, per_second, cost)])[0]


def take_all(buckets: Sequence[Bucket]) -> list[Taken]:
    """Take tokens out of each bucket, by one statement; buckets that don't exist yet are full. Raises LimitsAway.

    Call it before the work, outside of a transaction: inside one the buckets stay locked until its end, and its rollback
    gives the tokens back. A database that takes no changes counts nothing and lets everything through.
    """
    costs = {bucket.key: min(bucket.cost, bucket.capacity) for bucket in buckets}
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                _TAKE,
                {
                    "keys": [bucket.key for bucket in buckets],
                    "capacities": [bucket.capacity for bucket in buckets],
                    "rates": [bucket.per_second for bucket in buckets],
                    "costs": [costs[bucket.key] for bucket in buckets],
                },
            )
            found = {key: (allowed, float(tokens)) for key, allowed, tokens in cursor.fetchall()}
    except ProgrammingError as error:
        if isinstance(error.__cause__, psycopg.errors.UndefinedTable):
            raise LimitsAway from error
        raise
    except InternalError as error:
        if isinstance(error.__cause__, psycopg.errors.ReadOnlySqlTransaction):
            return [Taken(True, bucket.capacity, 0) for bucket in buckets]
        raise
    return [_taken(bucket, costs[bucket.key], *found[bucket.key]) for bucket in buckets]


def _taken(bucket: Bucket, cost: float, allowed: bool, tokens: float) -> Taken:
    missing = 0 if allowed else max(cost - tokens, 0)
    return Taken(allowed, tokens, missing / bucket.per_second)


def purge() -> int:
    """Remove the buckets that nobody has used for a day; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("delete from crm_bucket where at < clock_timestamp() - interval '1 day'")
        return int(cursor.rowcount)
