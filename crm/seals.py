"""Sealing and verifying the activity trail.

A seal covers the rows of one business written by transactions below the xid horizon (older than any that still runs), so that
no later commit can slip behind it. root = SHA-256(previous root || SHA-256(row) || SHA-256(row) …), rows by (xid, id).
"""

import json
from dataclasses import dataclass

from django.db import connection, transaction

from crm.activity import detail_digest
from crm.models import Business

ROWS_PER_SEAL = 20_000
GENESIS = b"\0" * 32

# Every column but the detail, as one unambiguous text.
_ROW = """jsonb_build_array(a.id, a.xid::text, a.business_id, a.verb, extract(epoch from a.at)::text, a.actor_kind, a.actor_id,
    a.actor_label, a.door, a.subject_type, a.subject_id, a.about, a.batch, a.counts, a.request_id, encode(a.digest, 'hex'))"""

_SEAL = f"""
with latest as (
    select last_xid, last_id, root_hash from crm_activityseal where business_id = %(business)s order by id desc limit 1
), due as (
    select a.xid, a.id, sha256(convert_to(({_ROW})::text, 'UTF8')) as hash
    from crm_activity a
    where a.business_id = %(business)s
      and a.xid < pg_snapshot_xmin(pg_current_snapshot())
      and (a.xid, a.id) > (coalesce((select last_xid from latest), '0'::xid8), coalesce((select last_id from latest), 0))
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

_VERIFY = f"""
with seals as (
    select id, last_xid, last_id, count, root_hash, previous_hash,
           lag(last_xid, 1, '0'::xid8) over w as from_xid, lag(last_id, 1, 0::bigint) over w as from_id,
           lag(root_hash, 1, %(genesis)s) over w as expected_previous
    from crm_activityseal where business_id = %(business)s window w as (order by id)
)
select s.id, s.count, s.previous_hash = s.expected_previous as chained, rows.count,
       s.root_hash = sha256(s.previous_hash || coalesce(rows.hashes, ''::bytea)) as intact
from seals s, lateral (
    select count(*) as count, string_agg(sha256(convert_to(({_ROW})::text, 'UTF8')), ''::bytea order by a.xid, a.id) as hashes
    from crm_activity a
    where a.business_id = %(business)s and (a.xid, a.id) > (s.from_xid, s.from_id) and (a.xid, a.id) <= (s.last_xid, s.last_id)
) rows
order by s.id
"""

_DETAILS = """
select a.id, a.digest, d.salt, d.changes, d.payload, host(d.ip)
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
            cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"seal:{business.pk}"])
            cursor.execute(_SEAL, {"business": business.pk, "rows": ROWS_PER_SEAL, "genesis": GENESIS})
            row = cursor.fetchone()
        if row is None:
            return sealed
        sealed += int(row[0])
        if row[0] < ROWS_PER_SEAL:
            return sealed


def verify(business: Business) -> Verdict:
    """Recompute every seal and every detail's digest of the business."""
    faults: list[str] = []
    sealed = 0
    with connection.cursor() as cursor:
        cursor.execute(_VERIFY, {"business": business.pk, "genesis": GENESIS})
        for seal_id, count, chained, found, intact in cursor.fetchall():
            sealed += count
            if not chained:
                faults.append(f"seal {seal_id} does not continue the seal before it: a seal is missing or was changed")
            if found != count:
                faults.append(f"seal {seal_id} covers {count} rows, {found} are there: rows were removed or added")
            elif not intact:
                faults.append(f"seal {seal_id}: a row under it was changed")
        cursor.execute("select count(*) from crm_activity where business_id = %s", [business.pk])
        total = cursor.fetchone()[0]
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_DETAILS, [business.pk])
        for activity_id, digest, salt, changes, payload, ip in cursor:
            details = {"changes": _loaded(changes), "payload": _loaded(payload), "ip": ip}
            if detail_digest(bytes(salt), details) != bytes(digest):
                faults.append(f"the details of activity {activity_id} were changed")
    return Verdict(sealed, total - sealed, faults)


def _loaded(value: object) -> object:

    return json.loads(value) if isinstance(value, str) else value
