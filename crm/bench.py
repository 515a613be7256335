"""What benchmarks share: the bench's own database, clients that are signed in, and samples made into figures."""

import os
import platform
import statistics
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.urls import reverse

from crm import clock
from crm.actor import Actor
from crm.middleware import BUSINESS_KEY
from crm.models import Business, Membership
from crm.scope import scope
from crm.services.api_keys import create_api_key

WARM_UPS = 3


@dataclass(frozen=True)
class Figure:
    """One line of the result: milliseconds of `n` samples."""

    benchmark: str
    what: str
    n: int
    p50: float
    p95: float
    highest: float
    target: float

    @property
    def reached(self) -> bool:
        return self.p95 <= self.target


def figures(benchmark: str, samples: Iterable[tuple[str, float]], target: float) -> list[Figure]:
    """Percentiles per kind of sample, in the order in which the kinds came."""
    kinds: dict[str, list[float]] = {}
    for what, seconds in samples:
        kinds.setdefault(what, []).append(seconds * 1000)
    return [
        Figure(benchmark, what, len(found), statistics.median(found), percentile(found, 95), max(found), target)
        for what, found in kinds.items()
    ]


def percentile(values: list[float], rank: int) -> float:
    """The smallest value that at least `rank` percent of the values don't exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * rank // 100) - 1)]


def as_json(found: Figure) -> dict[str, Any]:
    return asdict(found) | {"reached": found.reached}


def use_database(name: str) -> None:
    """From here on this process works in the database `name` of the same server."""
    if connection.settings_dict["NAME"] != name:
        connection.close()
        connection.settings_dict["NAME"] = name


def create_database(name: str) -> bool:
    """Make an empty database beside the one in use; False when it is there already."""
    with connection.cursor() as cursor:
        cursor.execute("select exists (select from pg_database where datname = %s)", [name])
        if cursor.fetchone()[0]:
            return False
        cursor.execute(
            f"create database {connection.ops.quote_name(name)} template template0 encoding 'UTF8' "
            "locale_provider builtin builtin_locale 'PG_UNICODE_FAST'"
        )
    return True


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    import psutil

    with connection.cursor() as cursor:
        cursor.execute(
            "select current_setting('server_version'), current_setting('shared_buffers'), "
            "pg_size_pretty(pg_database_size(current_database()))"
        )
        version, buffers, size = cursor.fetchone()
    return {
        "cores": os.cpu_count(), "memory_gb": round(psutil.virtual_memory().total / 1024**3), "python": platform.python_version(),
        "postgresql": version, "shared_buffers": buffers, "database_size": size,
    }  # fmt: skip


def timed(call: Any, *args: Any) -> float:
    """Seconds that the call takes."""
    began = time.perf_counter()
    call(*args)
    return time.perf_counter() - began


class Visitor:
    """Somebody who opens addresses in this process, through all of the middleware: a member with a session, or a key of the API."""

    def __init__(self, business: Business, *, api: bool = False, role: str = "owner") -> None:
        from django.test import Client  # only a bench loads the test tools

        self.client = Client(raise_request_exception=True)
        self.headers = {"host": settings.ALLOWED_HOSTS[0].lstrip(".").replace("*", "localhost")}
        if api:
            with scope(business):
                actor = Actor.system("Bench", door="command")
                name = f"Bench {clock.uuid7()}"
                self.key = create_api_key(actor=actor, business=business, name=name, role="integration", at=clock.now())
            self.headers["authorization"] = f"Bearer {self.key.key}"
        else:
            member = (
                Membership.unscoped.filter(business=business, role=role, is_active=True).select_related("user").first()
            )
            if member is None:
                raise LookupError(f"{business} has no {role}")
            self.client.force_login(member.user)
            session = self.client.session
            session[BUSINESS_KEY] = str(business.pk)
            session.save()

    def open(self, address: str) -> Any:
        response = self.client.get(address, headers=self.headers)
        if response.status_code != 200:
            raise RuntimeError(f"{address} answered {response.status_code}")
        return response

    def send(self, address: str, body: Any) -> Any:
        """Post `body` as JSON."""
        response = self.client.post(address, body, content_type="application/json", headers=self.headers)
        if response.status_code not in (200, 201):
            raise RuntimeError(f"{address} answered {response.status_code}: {response.content[:300]!r}")
        return response

    def visits(self, what: str, addresses: Iterable[str]) -> Iterator[tuple[str, float]]:
        """A sample per address; the first few are opened before, untimed."""
        listed = list(addresses)
        for address in listed[:WARM_UPS]:
            self.open(address)
        for address in listed:
            yield what, timed(self.open, address)


def home(business: Business) -> Iterator[tuple[str, float]]:
    """The home dashboard of an owner."""
    yield from Visitor(business).visits("home page", [reverse("crm:home")] * 30)
