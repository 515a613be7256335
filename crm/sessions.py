"""Sessions: how long they last, who is signed in where, and whether somebody has just proven who they are.

The end of a session stands in its own row, so that the server ends it whatever the cookie says: SESSION_IDLE_MINUTES after
its last use, and SESSION_HOURS after the sign-in. Sessions of the API's tokens live as long as their refresh token.
"""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import User

STARTED = "started_at"
"""Key of a session: when the person signed in, in seconds of Unix time."""
TOKENS = "token_version"
"""Key of a session that was made for tokens of the API: the user's token version then."""
ASKED_IN = "asked_in"
"""Key of a session: the business in which a page was asked for whose person has to prove first who they are."""
NOTED_EVERY = timedelta(minutes=1)


class SessionStore(DatabaseStore):
    """A session of the database that ends by itself when it isn't used, and after a day's work at the latest."""

    ends_at: datetime | None = None

    def get_session_cookie_age(self) -> int:
        """Seconds after which the session ends if nobody uses it from now on."""
        idle = settings.SESSION_IDLE_MINUTES * 60
        started = self.get(STARTED)
        if started is None:
            return idle
        return max(0, min(idle, int(started + settings.SESSION_HOURS * 3600 - time.time())))

    def _get_session_from_db(self) -> Any:
        row = super()._get_session_from_db()  # type: ignore[misc]  # the stubs leave it out
        self.ends_at = row.expire_date if row else None
        return row

    def begin(self) -> None:
        """Note that somebody has signed in now; a session that knows when it began is left alone."""
        if STARTED not in self:
            self[STARTED] = int(time.time())

    def keep_alive(self) -> bool:
        """Put the end of the session off, as it is in use; False when that was done within the last minute."""
        if self.ends_at is None or self.session_key is None or self.modified:
            return False
        ends_at = self.get_expiry_date()
        if ends_at - self.ends_at < NOTED_EVERY:
            return False
        Session.objects.filter(session_key=self.session_key, expire_date__lt=ends_at).update(expire_date=ends_at)
        return True


def proven_at(request: Any) -> float:
    """When the person last proved who they are in this session, by signing in or by doing so once more; Unix time."""
    times = [record.get("at", 0) for record in get_authentication_records(request, request.user)]
    return float(max([request.session.get(STARTED, 0), *times]))


def is_fresh(proven: float) -> bool:
    """Was the proof given within the last REAUTHENTICATION_MINUTES?"""
    return time.time() - proven < settings.REAUTHENTICATION_MINUTES * 60


@dataclass(frozen=True)
class OpenSession:
    """One place where a person is signed in now."""

    pk: int
    device: str
    address: str
    started_at: datetime
    seen_at: datetime
    is_program: bool
    is_current: bool


def open_sessions(user: User, current: str, at: datetime) -> list[OpenSession]:
    """Where the user is signed in at `at`, the last used first; `current` is the key of the session that asks."""
    rows = {row.session_key: row for row in UserSession.objects.filter(user=user)}
    live = Session.objects.filter(session_key__in=rows, expire_date__gt=at)
    found = []
    for session in live:
        row, data = rows[session.session_key], session.get_decoded()
        if data.get(HASH_SESSION_KEY) != user.get_session_auth_hash():
            continue
        is_program = TOKENS in data
        is_current = session.session_key == current
        started = data.get(STARTED)
        found.append(
            OpenSession(
                pk=row.pk,
                device=_("A program, by a token of the API") if is_program else device(row.user_agent),
                address=row.ip,
                started_at=datetime.fromtimestamp(started, UTC) if started else row.created_at,
                seen_at=at if is_current else row.last_seen_at,
                is_program=is_program,
                is_current=is_current,
            )
        )
    return sorted(found, key=lambda one: (not one.is_current, -one.seen_at.timestamp()))


def note_use(request: Any) -> None:
    """Keep the browser's session alive, and remember when and from where it was used; writes at most once a minute."""
    if request.session.keep_alive():
        known = UserSession.objects.filter(session_key=request.session.session_key)
        if not known.update(last_seen_at=timezone.now(), ip=request.META.get("REMOTE_ADDR") or "0.0.0.0"):  # noqa: S104
            UserSession.objects.create_from_request(request)


# The first that matches names it: many programs carry the names of others.
_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/"), ("Opera", r"OPR/|Opera"), ("Samsung Internet", r"SamsungBrowser/"), ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/|Chromium/"), ("Safari", r"Safari/"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", r"iPhone"), ("iPad", r"iPad"), ("Android", r"Android"), ("Windows", r"Windows"), ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"), ("Linux", r"Linux|X11"),
)  # fmt: skip


def device(user_agent: str) -> str:
    """What a browser calls itself, in words: “Firefox on Windows”."""
    browser = next((name for name, pattern in _BROWSERS if re.search(pattern, user_agent)), "")
    system = next((name for name, pattern in _SYSTEMS if re.search(pattern, user_agent)), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown device")
