"""Figures for monitoring: how long requests and statements take, what was refused, and what the plugged gauges read.

Each web process counts for itself, into files of the folder that PROMETHEUS_MULTIPROC_DIR names; a scrape adds them up. Labels come
from closed lists (names of views, not addresses), so that no visitor can make new ones.
"""

import logging
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from crm.log import METHODS, route_of
from crm.registry import gauges

log = logging.getLogger(__name__)
CONTENT_TYPE = CONTENT_TYPE_LATEST
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 1.0, 2.0, 5.0, 10.0)
QUERY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
DOORS = {
    "api": "api",
    "admin": "admin",
    "static": "static",
    "livez": "service",
    "readyz": "service",
    "metrics": "service",
}

_own = CollectorRegistry()
REQUESTS = Histogram(
    "crm_request_seconds",
    "Time that a request took on the server.",
    ["door", "route", "method", "status"],
    buckets=BUCKETS,
    registry=_own,
)
REFUSED = Counter(
    "crm_refused", "Requests that were held back (429) or that failed (5xx).", ["door", "status"], registry=_own
)
QUERIES = Histogram(
    "crm_query_seconds", "Time that a statement of a request took.", buckets=QUERY_BUCKETS, registry=_own
)


def door_of(request: Any) -> str:
    return DOORS.get(request.path.split("/", 2)[1], "page")


def count_request(request: Any, status: int, seconds: float) -> None:
    """Count an answered request."""
    door = door_of(request)
    method = request.method if request.method in METHODS else "OTHER"
    REQUESTS.labels(door, route_of(request), method, f"{status // 100}xx").observe(seconds)
    if status == 429 or status >= 500:
        REFUSED.labels(door, str(status)).inc()


def timed_queries() -> AbstractContextManager[None]:
    """Count the statements of this thread's connection inside the block."""
    return connection.execute_wrapper(_time_query)


def _time_query(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    started = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        QUERIES.observe(time.perf_counter() - started)


def exposition() -> bytes:
    """Everything in the text format of Prometheus."""
    read = CollectorRegistry()
    read.register(_Counted())
    read.register(_Gauges())
    return generate_latest(read)


class _Counted(Collector):
    """What all processes have counted."""

    def collect(self) -> Iterable[Metric]:
        return _counted()


def _counted() -> Iterable[Metric]:
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder is None:
        return _own.collect()
    found: Iterable[Metric] = MultiProcessCollector(None, path=folder).collect()
    return found


class _Gauges(Collector):
    """The plugged gauges, asked now; once the database fails, the others aren't asked any more."""

    def collect(self) -> Iterator[Metric]:
        failed = 0
        for gauge in gauges:
            family = GaugeMetricFamily(gauge.name, gauge.text, labels=gauge.labels)
            if not failed:
                try:
                    for labels, value in gauge.read():
                        family.add_metric([labels[name] for name in gauge.labels], value)
                except DatabaseError as error:
                    log.warning("the gauge %s can't be read: %s", gauge.name, error)
                    failed += 1
                else:
                    yield family
        yield GaugeMetricFamily("crm_gauges_failed", "1 while gauges can't be read.", value=failed)


@dataclass(frozen=True)
class Latency:
    """How many requests or statements there were since the start, and their percentiles in seconds."""

    name: str
    count: int
    p50: float
    p95: float
    p99: float


def latencies() -> list[Latency]:
    """Percentiles of the requests through each door, and of the statements (named `database`); estimated inside buckets."""
    sums: dict[str, dict[float, float]] = {}
    for family in _counted():
        for sample in family.samples:
            if sample.name in ("crm_request_seconds_bucket", "crm_query_seconds_bucket"):
                counts = sums.setdefault(sample.labels.get("door", "database"), {})
                bound = float(sample.labels["le"])
                counts[bound] = counts.get(bound, 0) + sample.value
    found = []
    for name, counts in sorted(sums.items()):
        buckets = sorted(counts.items())
        if buckets[-1][1]:
            found.append(Latency(name, int(buckets[-1][1]), *(quantile(buckets, share) for share in (0.5, 0.95, 0.99))))
    return found


def quantile(buckets: list[tuple[float, float]], share: float) -> float:
    """The value below which `share` of the observations lie; `buckets` are (bound, cumulative count), the last bound infinite."""
    wanted = buckets[-1][1] * share
    for (low, before), (high, after) in pairwise([(0.0, 0.0), *buckets]):
        if after >= wanted and after > before:
            return low if math.isinf(high) else low + (high - low) * (wanted - before) / (after - before)
    return 0.0
