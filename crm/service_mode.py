"""Whether the service takes changes now: an operator may have switched to read-only mode, or the database itself refuses them.

Each process asks at most every two seconds. Switching is `crm.services.set_service_mode`.
"""

import threading
import time
from typing import NamedTuple

import psycopg
from django.db import connection
from django.utils.translation import gettext as _

FRESH_SECONDS = 2.0
REFUSAL_SECONDS = 5.0
"""How long a refusal of the database counts, before it is asked again."""
RETRY_SECONDS = 30
CODE = "read_only"
# Read-only, and out of space: reading goes on, changes can't be made.
_REFUSES_CHANGES = ("25006", "53100")
# Addresses that stay open in our own read-only mode, by the names of their views: coming, going, looking at another business,
# and switching the mode off. They write sessions, not customers.
STAYS_OPEN = frozenset(
    [
        "account_login", "account_logout", "account_reauthenticate", "mfa_authenticate", "mfa_login_webauthn",
        "mfa_reauthenticate", "mfa_reauthenticate_webauthn",
        "crm:switch_business", "crm:view_as_leave", "api:token", "api:token_refresh", "api:token_revoke",
        "admin:logout", "admin:choose_businesses", "admin:crm_servicemode_change",
    ]
)  # fmt: skip


class Mode(NamedTuple):
    """`is_ours`: an operator has switched it on, so sessions, access records and the jobs that run can still be written."""

    is_read_only: bool = False
    is_ours: bool = False
    reason: str = ""

    @property
    def words(self) -> str:
        """What people are told."""
        if not self.is_ours:
            return _("Changes can't be saved at the moment. What is stored can be read.")
        because = f" {self.reason}" if self.reason else ""
        return _("Changes are switched off for now; everything can be read.") + because


_lock = threading.Lock()
_NEVER = float("-inf")
_mode: Mode | None = None
_asked_at = _refused_at = _NEVER


def current() -> Mode:
    """The mode now, at most two seconds old. Raises DatabaseError when it isn't known."""
    global _mode, _asked_at
    now, known = time.monotonic(), _mode
    if known is None or now - _asked_at > FRESH_SECONDS:
        with connection.cursor() as cursor:
            cursor.execute(
                "select coalesce(bool_or(is_read_only), false), coalesce(max(reason), ''), "
                "current_setting('transaction_read_only')::bool from crm_servicemode"
            )
            is_ours, reason, is_refused = cursor.fetchone()
        known = Mode(is_ours or is_refused, is_ours and not is_refused, reason)
        with _lock:
            _mode, _asked_at = known, now
    return Mode(is_read_only=True) if now - _refused_at < REFUSAL_SECONDS else known


def remember(mode: Mode) -> None:
    """Take `mode` for the current one until it is asked for anew."""
    global _mode, _asked_at, _refused_at
    with _lock:
        _mode, _asked_at, _refused_at = mode, time.monotonic(), _NEVER


def forget() -> None:
    """Ask again at the next call."""
    global _mode, _refused_at
    with _lock:
        _mode, _refused_at = None, _NEVER


def refuses_changes(error: BaseException) -> bool:
    """Does the error say that the database takes no changes? Then this process remembers it for a while."""
    global _refused_at
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if getattr(cause, "sqlstate", None) not in _REFUSES_CHANGES:
        return False
    with _lock:
        _refused_at = time.monotonic()
    return True
