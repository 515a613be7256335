"""How often a caller, a whole business or an address may call; said in the headers of every answer.

`RateLimit` and `RateLimit-Policy` are those of draft-ietf-httpapi-ratelimit-headers.
"""

from math import ceil
from typing import Any

from django.conf import settings
from rest_framework.throttling import BaseThrottle

from crm.attempts import network
from crm.limits import Bucket, Taken, take_all

CLASSES = ("read", "search", "write", "heavy", "sign-in", "anonymous")
"""Kinds of calls that are counted apart. `heavy`: bulk requests, imports, exports. `sign-in` and `anonymous` go by address."""
OF_METHOD = {"GET": "read", "HEAD": "read", "OPTIONS": "read"}
MINUTE = 60


class Limits(BaseThrottle):
    """Counts a call by its class: for the caller and its business, or for the address of one who isn't known."""

    def allow_request(self, request: Any, view: Any) -> bool:
        kind = view.limit_for(request)
        buckets = _of_caller(request, kind) if request.actor is not None else _of_address(request, kind)
        return self.count(request, buckets)

    def count(self, request: Any, buckets: dict[str, Bucket]) -> bool:
        """Take from each bucket, by policy, and keep for the headers what was left."""
        found = take_all(list(buckets.values()))
        request.limits = dict(zip(buckets, zip(buckets.values(), found, strict=True), strict=True))
        self.seconds = max(taken.retry_after for taken in found)
        return all(taken.allowed for taken in found)

    def wait(self) -> float:
        return self.seconds


def count_refused_credential(request: Any) -> float:
    """Count a credential that was not valid against the address that it came from; the seconds to wait when there were too many."""
    limits = Limits()
    return 0 if limits.count(request, _of_address(request, "sign-in")) else limits.wait()


def _of_caller(request: Any, kind: str) -> dict[str, Bucket]:
    actor, business = request.actor, request.business
    found = {kind: _bucket(f"api:{kind}:{actor.kind}:{actor.id}", kind)}
    if business is not None:
        found[f"business-{kind}"] = _bucket(f"api:{kind}:business:{business.pk}", kind, settings.API_BUSINESS_FACTOR)
    return found


def _of_address(request: Any, kind: str) -> dict[str, Bucket]:
    kind = kind if kind == "sign-in" else "anonymous"
    return {kind: _bucket(f"api:{kind}:address:{network(request)}", kind)}


def _bucket(key: str, kind: str, factor: int = 1) -> Bucket:
    amount = settings.API_LIMITS[kind] * factor
    return Bucket(key, amount, amount / MINUTE)


def headers(limits: dict[str, tuple[Bucket, Taken]]) -> dict[str, str]:
    """`RateLimit-Policy`: calls (q) per window (w, seconds). `RateLimit`: calls left (r), seconds until all are there again (t)."""
    if not limits:
        return {}
    policies = [f'"{name}";q={int(bucket.capacity)};w={MINUTE}' for name, (bucket, _taken) in limits.items()]
    states = [
        f'"{name}";r={int(taken.remaining)};t={ceil((bucket.capacity - taken.remaining) / bucket.per_second)}'
        for name, (bucket, taken) in limits.items()
    ]
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(states)}
