"""Attempts to get in, counted before any password is hashed: by address, by account, and by both together.

An account's own count stops guessing from many addresses at once. It does not count addresses from which the person is
signed in or was the last time, so that strangers can't lock anybody out.
"""

import hashlib
import ipaddress
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from allauth.usersessions.models import UserSession
from django.utils.translation import gettext_lazy as _

from crm.errors import DomainError
from crm.limits import Bucket, Taken, take_all

ADDRESS = (30, 1 / 2)
"""Tries at once from one address, and how many come back each second."""
ACCOUNT_AND_ADDRESS = (5, 1 / 60)
ACCOUNT = (50, 1 / 30)
LINKS = (30, 1 / 2)
"""Openings of links of invitations and resets from one address."""
RESETS = (20, 1 / 30)
"""Requests for a reset link from one address."""
RESETS_OF_ACCOUNT = (3, 1 / 300)
"""Reset links that one account is sent."""


class TooManyAttempts(DomainError):
    """`retry_after`: seconds until another try is counted."""

    status = 429
    code = "too_many_attempts"
    message = _("Too many attempts. Wait a moment before you try again.")

    def __init__(self, retry_after: float) -> None:
        super().__init__()
        self.retry_after = max(1, math.ceil(retry_after))


@dataclass(frozen=True)
class Attempt:
    """A try that was counted."""

    buckets: tuple[Bucket, ...]

    def succeeded(self) -> None:
        """Give back what the try took: only failures use a limit up."""
        take_all([Bucket(bucket.key, bucket.capacity, bucket.per_second, -1) for bucket in self.buckets])


def begin(request: Any, email: str) -> Attempt:
    """Count a try to sign in to the account of `email`. Raises TooManyAttempts."""
    address, account = network(request), digest(email)
    first = (
        Bucket(f"sign-in:address:{address}", *ADDRESS),
        Bucket(f"sign-in:pair:{account}:{address}", *ACCOUNT_AND_ADDRESS),
    )
    _refuse(take_all(first))
    if UserSession.objects.filter(user__email=email.strip().lower(), ip=request.META.get("REMOTE_ADDR")).exists():
        return Attempt(first)
    second = Bucket(f"sign-in:account:{account}", *ACCOUNT)
    _refuse(take_all([second]))
    return Attempt((*first, second))


def count(request: Any, what: str, limit: tuple[float, float]) -> None:
    """Count something that anybody may do, by address. Raises TooManyAttempts."""
    _refuse(take_all([Bucket(f"{what}:address:{network(request)}", *limit)]))


def may_send_reset(email: str) -> bool:
    """Is there a reset link left for the account? Counted alike whether there is such an account or not."""
    return take_all([Bucket(f"reset:account:{digest(email)}", *RESETS_OF_ACCOUNT)])[0].allowed


def network(request: Any) -> str:
    """The caller's address; of IPv6 the network, as one caller has many addresses in it."""
    value = request.META.get("REMOTE_ADDR") or ""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((address, 64), strict=False).network_address)
    return str(address)


def digest(email: str) -> str:
    """What stands for an account in the name of a bucket."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]


def _refuse(taken: Iterable[Taken]) -> None:
    waits = [one.retry_after for one in taken if not one.allowed]
    if waits:
        raise TooManyAttempts(max(waits))
