"""The one clock: what time it is, which day it is for a business, and time-ordered ids."""

import secrets
import time
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from django.db.models import Func, UUIDField


def now() -> datetime:
    """The present moment, aware, in UTC. Doors call it and pass the result on; rules take the time as an argument."""
    return datetime.now(UTC)


def today(time_zone: str, at: datetime | None = None) -> date:
    """The calendar day that `at` (default: now) is in `time_zone`."""
    return (at or now()).astimezone(ZoneInfo(time_zone)).date()


def is_time_zone(name: str) -> bool:
    return name in available_timezones() and not name.startswith(("posix/", "right/"))


def uuid7() -> UUID:
    """A version-7 UUID (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits; the twin of PostgreSQL's `uuidv7()`."""
    value = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


class Uuid7(Func):
    """The database's own `uuidv7()`, for rows that SQL inserts."""

    function = "uuidv7"
    arity = 0
    output_field = UUIDField()
