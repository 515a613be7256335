"""Checkpoints of the activity trail: lines in a file outside the database, by which one sees that seals were rewritten or
cut off at the end by somebody who may do anything in the database.

A line names a business, its latest seal and that seal's hash, and carries an HMAC over itself and the line before.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from crm.models import Business
from crm.setup.locks import FileLock

FILE = "audit-checkpoints.jsonl"

_LATEST = """
select distinct on (s.business_id) s.business_id::text, b.is_demo, s.id, encode(s.root_hash, 'hex')
from crm_activityseal s join crm_business b on b.id = s.business_id order by s.business_id, s.id desc
"""


def path() -> Path:
    return Path(settings.DATA_DIR) / FILE


def write(at: datetime) -> int:
    """Add a line for each business whose latest seal has no line yet; returns how many."""
    with FileLock(path().with_suffix(".lock")):
        known = {line["business"]: line["seal"] for line, _sound in _lines() if line["kind"] == "checkpoint"}
        with connection.cursor() as cursor:
            cursor.execute(_LATEST)
            due = [
                {
                    "kind": "checkpoint",
                    "at": at.isoformat(),
                    "business": business,
                    "demo": demo,
                    "seal": seal,
                    "root": root,
                }
                for business, demo, seal, root in cursor.fetchall()
                if known.get(business) != seal
            ]
        _append(due)
    return len(due)


def write_restored(at: datetime) -> None:
    """Add a line that says up to which seal the older checkpoints still hold, after a backup was restored."""
    with FileLock(path().with_suffix(".lock")), connection.cursor() as cursor:
        cursor.execute(_LATEST)
        last = {business: seal for business, _demo, seal, _root in cursor.fetchall()}
        _append([{"kind": "restored", "at": at.isoformat(), "last": last}])


def faults(business: Business, until: datetime | None = None) -> list[str]:
    """Where the seals of the business are not those of the checkpoints (up to `until`), or the file itself was changed."""
    found = []
    expected: dict[int, tuple[str, str]] = {}
    for number, (line, sound) in enumerate(_lines(), start=1):
        if not sound:
            found.append(f"line {number} of {path().name} was changed, or a line before it is missing")
        if until is not None and "at" in line and datetime.fromisoformat(line["at"]) > until:
            continue
        if line["kind"] == "restored":
            last = line["last"].get(str(business.pk), 0)
            expected = {seal: value for seal, value in expected.items() if seal <= last}
        elif line["business"] == str(business.pk):
            expected[line["seal"]] = (line["root"], line["at"])
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, encode(root_hash, 'hex') from crm_activityseal where business_id = %s and id = any(%s)",
            [business.pk, list(expected)],
        )
        there = dict(cursor.fetchall())
    for seal, (root, at) in sorted(expected.items()):
        if there.get(seal) != root:
            what = "is missing" if seal not in there else "is not the one"
            found.append(f"seal {seal} {what} of the checkpoint of {at}: seals were cut off or rewritten")
    return found


def missing_businesses() -> list[str]:
    """Ids of businesses, other than demo businesses, that checkpoints name and that are gone."""
    named = {line["business"] for line, _sound in _lines() if line["kind"] == "checkpoint" and not line["demo"]}
    with connection.cursor() as cursor:
        cursor.execute("select id::text from crm_business where id = any(%s::uuid[])", [list(named)])
        return sorted(named - {row[0] for row in cursor.fetchall()})


def _lines() -> Iterator[tuple[dict[str, Any], bool]]:
    """Each line, and whether its HMAC is right; one that can't be read, or was written with another key, counts as changed."""
    try:
        texts = path().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    before = ""
    for text in texts:
        try:
            line = json.loads(text)
            mac = line.pop("mac")
        except (ValueError, KeyError, AttributeError):
            yield {"kind": "unreadable", "business": ""}, False
            continue
        yield line, hmac.compare_digest(mac, _mac(before, line))
        before = mac


def _append(lines: list[dict[str, Any]]) -> None:
    if not lines:
        return
    before = ""
    if path().exists():
        last = path().read_text(encoding="utf-8").splitlines()[-1:]
        before = json.loads(last[0])["mac"] if last else ""
    descriptor = os.open(path(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        for line in lines:
            before = _mac(before, line)
            file.write(json.dumps(line | {"mac": before}, sort_keys=True) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _mac(before: str, line: dict[str, Any]) -> str:
    key = hashlib.sha256(b"audit checkpoints\0" + settings.BACKUP_KEY).digest()
    return hmac.new(key, (before + json.dumps(line, sort_keys=True)).encode(), hashlib.sha256).hexdigest()
