"""Sealing and verifying the activity trail.

A seal covers the rows of one business written by transactions below the xid horizon (older than any that still runs), so that
no later commit can slip behind it. root = SHA-256(previous root || SHA-256(row) || SHA-256(row) …), rows by (xid, id).

Numbers of transactions are those of one PostgreSQL. A database that is restored into another goes on with smaller ones, so an
empty seal (count 0, transaction 0) then begins a new epoch: what comes after it has ids above its `last_id`, and its
transactions are compared among themselves only.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from crm import checkpoints
from crm.models import Business

ROWS_PER_SEAL = 500
"""A fault is named by its seal, so a seal covers few rows."""
GENESIS = b"\0" * 32
DETAILS_AT_ONCE = 5_000

# Every column but the detail, as one unambiguous text.
_ROW = """jsonb_build_array(a.id, a.xid::text, a.business_id, a.verb, extract(epoch from a.at)::text, a.actor_kind, a.actor_id,
    a.actor_label, a.door, a.subject_type, a.subject_id, a.about, a.batch, a.counts, a.request_id, encode(a.digest, 'hex'))"""

_SEAL = f"""
with latest as (
    select last_xid, last_id, root_hash from crm_activityseal where business_id = %(business)s order by id desc limit 1
), epoch as (
    select last_id from crm_activityseal where business_id = %(business)s and count = 0 order by id desc limit 1
), due as (
    select a.xid, a.id, sha256(convert_to(({_ROW})::text, 'UTF8')) as hash
    from crm_activity a
    where a.business_id = %(business)s
      and (a.xid < pg_snapshot_xmin(pg_current_snapshot()) or %(all)s)
      and (a.xid, a.id) > (coalesce((select last_xid from latest), '0'::xid8), coalesce((select last_id from latest), 0))
      and a.id + 0 > coalesce((select last_id from epoch), 0)
    order by a.xid, a.id limit %(rows)s
), sealed as (
    select count(*) as count, string_agg(hash, ''::bytea order by xid, id) as hashes from due
)
insert into crm_activityseal (business_id, last_xid, last_id, count, previous_hash, root_hash)
select %(business)s, last.xid, last.id, sealed.count, previous.hash, sha256(previous.hash || sealed.hashes)
from sealed, (select xid, id from due order by xid desc, id desc limit 1) last,
     (select coalesce((select root_hash from latest), %(genesis)s) as hash) previous
returning count
"""

_BEGIN_EPOCH = """
insert into crm_activityseal (business_id, last_xid, last_id, count, previous_hash, root_hash)
select %(business)s, '0', (select coalesce(max(id), 0) from crm_activity), 0, previous.hash, sha256(previous.hash)
from (select root_hash as hash from crm_activityseal where business_id = %(business)s order by id desc limit 1) previous
"""

_VERIFY = f"""
with seals as (
    select id, last_xid, last_id, count, root_hash, previous_hash,
           lag(last_xid, 1, '0'::xid8) over w as from_xid, lag(last_id, 1, 0::bigint) over w as from_id,
           lag(root_hash, 1, %(genesis)s) over w as expected_previous,
           coalesce(max(last_id) filter (where count = 0) over (w rows between unbounded preceding and 1 preceding), 0) as above,
           min(last_id) filter (where count = 0) over (w rows between current row and unbounded following) as up_to
    from crm_activityseal where business_id = %(business)s window w as (order by id)
)
select s.id, s.count, s.previous_hash = s.expected_previous as chained, rows.count, rows.first, rows.last,
       s.root_hash = sha256(s.previous_hash || coalesce(rows.hashes, ''::bytea)) as intact,
       s.count = 0 or rows.ends as ends_as_said
from seals s, lateral (
    select count(*) as count, min(a.id) as first, max(a.id) as last, bool_or((a.xid, a.id) = (s.last_xid, s.last_id)) as ends,
           string_agg(sha256(convert_to(({_ROW})::text, 'UTF8')), ''::bytea order by a.xid, a.id) as hashes
    from crm_activity a
    where a.business_id = %(business)s and (a.xid, a.id) > (s.from_xid, s.from_id) and (a.xid, a.id) <= (s.last_xid, s.last_id)
      and a.id + 0 > s.above and a.id + 0 <= coalesce(s.up_to, a.id)  -- "+ 0": by the index of (xid, id)
) rows
order by s.id
"""

# Rows that no seal covers: those that wait for the next, those that no seal will ever cover, those of no transaction that was.
_UNSEALED = """
with latest as (
    select last_xid, last_id from crm_activityseal where business_id = %(business)s order by id desc limit 1
), epoch as (
    select coalesce(max(last_id), 0) as id from crm_activityseal where business_id = %(business)s and count = 0
)
select count(*), count(*) filter (where passed), min(id) filter (where impossible)
from (
    select a.id, a.id <= epoch.id or coalesce((a.xid, a.id) <= (latest.last_xid, latest.last_id), false) as passed,
           a.id > epoch.id and a.xid >= pg_snapshot_xmax(pg_current_snapshot())
               and a.xid is distinct from pg_current_xact_id_if_assigned() as impossible
    from epoch left join latest on true join crm_activity a on a.business_id = %(business)s
) r
"""

_DETAILS = """
select a.id, a.digest, d.salt, d.changes::text, d.payload::text, host(d.ip), d.business_id = a.business_id
from crm_activity a join crm_activitydetail d on d.activity_id = a.id
where a.business_id = %s
"""


@dataclass(frozen=True)
class Verdict:
    """What `verify` found in one business: rows under seals, rows not yet sealed, and each fault in words."""

    sealed: int
    unsealed: int
    faults: list[str]


def seal(business: Business) -> int:
    """Seal what is due in the business; returns how many rows were sealed."""
    sealed = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            _lock(cursor, business)
            count = _seal_next(cursor, business, everything=False)
        sealed += count
        if count < ROWS_PER_SEAL:
            return sealed


@transaction.atomic
def begin_epoch(business: Business) -> None:
    """Seal every row and begin a new epoch, in a database that was moved into another PostgreSQL.

    To be called while nothing else writes. A business without any row has no seal to go on from and needs none.
    """
    with connection.cursor() as cursor:
        _lock(cursor, business)
        while _seal_next(cursor, business, everything=True) == ROWS_PER_SEAL:
            pass
        cursor.execute(_BEGIN_EPOCH, {"business": business.pk})


def _lock(cursor: Any, business: Business) -> None:
    cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"seal:{business.pk}"])


def _seal_next(cursor: Any, business: Business, *, everything: bool) -> int:
    parameters: dict[str, Any] = {"business": business.pk, "rows": ROWS_PER_SEAL, "genesis": GENESIS, "all": everything}
    cursor.execute(_SEAL, parameters)
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def verify(business: Business, until: datetime | None = None) -> Verdict:
    """Recompute every seal and every detail's digest of the business, and compare the seals with the checkpoints that are
    kept outside the database (those up to `until`, if given). One snapshot, memory for a few thousand rows."""
    faults: list[str] = []
    sealed = covered = 0
    parameters: dict[str, Any] = {"business": business.pk, "genesis": GENESIS}
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read, read only")
        with connection.chunked_cursor() as cursor:
            cursor.execute(_VERIFY, parameters)
            for row in cursor:
                sealed, covered = sealed + row[1], covered + row[3]
                faults += _faults_of_seal(*row)
        with connection.cursor() as cursor:
            cursor.execute(_UNSEALED, parameters)
            total, passed, impossible = cursor.fetchone()
            if passed > covered:
                faults.append(
                    f"{passed - covered} rows lie under no seal, though later ones are sealed: they were slipped in"
                )
            if impossible is not None:
                faults.append(
                    f"activity {impossible} names a transaction that has not been yet: it was slipped in, or the database was "
                    "moved from another PostgreSQL without 'seal_audit --moved'"
                )
        faults += _faults_of_details(business)
        faults += checkpoints.faults(business, until)
    return Verdict(sealed, total - covered, faults)


def _faults_of_seal(
    seal_id: int,
    count: int,
    chained: bool,
    found: int,
    first: int | None,
    last: int | None,
    intact: bool,
    ends: bool | None,
) -> list[str]:
    faults = []
    where = f"activity {first} to {last}" if first is not None else "no row is left"
    if not chained:
        faults.append(f"seal {seal_id} does not continue the seal before it: a seal is missing or was changed")
    if found != count:
        faults.append(f"seal {seal_id} covers {count} rows, {found} are there ({where}): rows were removed or added")
    elif not intact:
        faults.append(f"seal {seal_id}: a row under it was changed ({where})")
    elif not ends:
        faults.append(f"seal {seal_id} does not end with the row that it names: the seal was changed")
    return faults


def _faults_of_details(business: Business) -> list[str]:
    faults = []
    canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
    read: Callable[[str], Any] = json.loads
    with connection.chunked_cursor() as cursor:
        cursor.execute(_DETAILS, [business.pk])
        while rows := cursor.fetchmany(DETAILS_AT_ONCE):
            for activity_id, digest, salt, changes, payload, ip, at_home in rows:
                details = canonical({"changes": read(changes), "ip": ip, "payload": read(payload)})
                if not at_home or hashlib.sha256(bytes(salt) + details.encode()).digest() != bytes(digest):
                    faults.append(f"the details of activity {activity_id} were changed")
    return faults
