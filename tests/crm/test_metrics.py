"""The figures for monitoring: who may read them, what is counted, what it costs."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from crm import activity, gauges, metrics, seals
from crm.actor import Actor
from crm.middleware import RequestIdentity
from crm.models import Business, Job, Membership, Worker
from crm.registry import gauges as plugged
from tests.factories import make_customer
from tests.timing import swiftly

TOKEN = "metrics-token-of-the-tests-0123456789"


@pytest.fixture(autouse=True)
def _token(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


def scrape(client: Client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(response.content.decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def of(found: dict[Any, float], name: str, **labels: str) -> float:
    return sum(value for (n, have), value in found.items() if n == name and have >= set(labels.items()))


@pytest.mark.parametrize(
    ("credential", "status"),
    [
        ("", 401),
        ("Bearer wrong", 401),
        (f"Basic {TOKEN}", 401),
        (f"Bearer {TOKEN}x", 401),
        ("Bearer é", 401),
        (f"bearer {TOKEN}", 200),
    ],
)
def test_only_those_who_know_the_token_read_them(db: None, client: Client, credential: str, status: int) -> None:
    assert client.get("/metrics", headers={"Authorization": credential}).status_code == status


@pytest.mark.parametrize("credential", ["", "Bearer ", f"Bearer {TOKEN}"])
def test_without_a_token_there_are_none(client: Client, settings: Any, credential: str) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": credential}).status_code == 404


def test_requests_are_counted_by_door_view_method_and_status(owner: Membership, browser: Client) -> None:
    labels = {"door": "page", "route": "customers:customer_list", "method": "GET", "status": "2xx"}
    before = of(scrape(browser), "crm_request_seconds_count", **labels)
    browser.get("/customers")
    browser.get("/customers?search=x")
    found = scrape(browser)
    assert of(found, "crm_request_seconds_count", **labels) == before + 2
    assert of(found, "crm_request_seconds_bucket", le="+Inf", **labels) == before + 2
    assert of(found, "crm_query_seconds_count") > 0


def test_nobody_can_make_new_labels(db: None, client: Client) -> None:
    client.generic("EVIL", "/no/such/page/1")
    client.get("/api/v1/no-such-endpoint-1")
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    assert "EVIL" not in text
    assert "such" not in text
    assert 'method="OTHER"' in text


def test_failures_and_refusals_are_counted(db: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    before = of(scrape(client), "crm_refused_total", door="api", status="503")
    request = RequestFactory().get("/api/v1/me")
    RequestIdentity(lambda _request: HttpResponse(status=503))(request)
    RequestIdentity(lambda _request: HttpResponse(status=429))(RequestFactory().get("/customers"))
    found = scrape(client)
    assert of(found, "crm_refused_total", door="api", status="503") == before + 1
    assert of(found, "crm_refused_total", door="page", status="429") >= 1


def test_every_plugged_gauge_can_be_read(owner: Membership, client: Client) -> None:
    found = scrape(client)
    assert of(found, "crm_gauges_failed") == 0
    names = {name for name, _labels in found}
    assert {gauge.name for gauge in plugged} - names <= {"crm_backup_age_seconds", "crm_jobs_slow"}
    for gauge in plugged:
        for labels, _value in gauge.read():
            assert set(labels) == set(gauge.labels), gauge.name


def job(state: str, lane: str = "fast", *, due: float = 0, begun: float = 0, task: str = "crm.tasks.clean_up") -> None:
    now = timezone.now()
    Job.unscoped.create(
        task=task, lane=lane, state=state, run_after=now - timedelta(seconds=due),
        started_at=now - timedelta(seconds=begun), actor_kind="system",
    )  # fmt: skip


def test_jobs_are_counted_by_lane_and_state(db: None) -> None:
    for state, lane in (
        ("queued", "fast"),
        ("queued", "fast"),
        ("running", "slow"),
        ("dead", "slow"),
        ("done", "fast"),
    ):
        job(state, lane, due=90)
    counts = {(labels["lane"], labels["state"]): value for labels, value in gauges.jobs()}
    assert counts == {
        ("fast", "queued"): 2, ("fast", "running"): 0, ("fast", "dead"): 0,
        ("slow", "queued"): 0, ("slow", "running"): 1, ("slow", "dead"): 1,
    }  # fmt: skip
    wait = {labels["lane"]: value for labels, value in gauges.job_wait()}
    assert wait["fast"] == pytest.approx(90, abs=5)
    assert wait["slow"] == 0


def test_jobs_that_run_too_long_are_counted_by_their_kind(db: None) -> None:
    task = "customers.tasks.import_file"
    job("running", "slow", begun=590, task=task)
    job("running", "slow", begun=620, task=task)
    job("running", begun=9000)
    assert ({"task": task}, 1) in gauges.slow_jobs()
    assert sum(value for _labels, value in gauges.slow_jobs()) == 1


def test_only_workers_that_live_are_counted(db: None) -> None:
    Worker.objects.create(name="alive")
    Worker.objects.create(name="gone", seen_at=timezone.now() - timedelta(seconds=70))
    assert gauges.workers() == [({}, 1)]


@pytest.mark.django_db(transaction=True)
def test_activity_without_a_seal_is_counted(business: Business) -> None:
    def deed() -> None:
        with transaction.atomic():
            activity.record("crm.business.updated", actor=Actor.system("test"), business=business, subject=business)

    deed()
    deed()
    assert gauges.unsealed() == [({"business": "acme"}, 2)]
    sealed, deadline = 0, time.monotonic() + 300
    while sealed < 2 and time.monotonic() < deadline:  # a transaction elsewhere on the server may be older
        sealed += seals.seal(business)
        time.sleep(0.1)
    assert gauges.unsealed() == [({"business": "acme"}, 0)]
    deed()
    assert gauges.unsealed() == [({"business": "acme"}, 1)]


def test_customers_added_today_are_counted_by_business(business: Business, other_business: Business) -> None:
    make_customer(business)
    make_customer(business)
    gauge = next(gauge for gauge in plugged if gauge.name == "crm_customers_created")
    assert {labels["business"]: value for labels, value in gauge.read()} == {"acme": 2, "globex": 0}


def test_a_gauge_that_fails_leaves_the_counted_figures(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/livez")
    broken = type(next(iter(plugged)))("crm_broken", "Broken.", lambda: gauges._rows("select no_such_column"))
    monkeypatch.setattr(metrics, "gauges", [broken])
    text = metrics.exposition().decode()
    assert "crm_gauges_failed 1.0" in text
    assert 'route="livez"' in text


@pytest.mark.parametrize(
    ("counts", "share", "seconds"),
    [
        ([(0.1, 10), (0.2, 10), (float("inf"), 10)], 0.5, 0.05),
        ([(0.1, 0), (0.2, 100), (float("inf"), 100)], 0.95, 0.195),
        ([(0.1, 50), (0.2, 100), (float("inf"), 100)], 0.5, 0.1),
        ([(0.1, 0), (0.2, 0), (float("inf"), 5)], 0.5, 0.2),
    ],
)
def test_percentiles_are_estimated_inside_their_bucket(
    counts: list[tuple[float, float]], share: float, seconds: float
) -> None:
    assert metrics.quantile(counts, share) == pytest.approx(seconds)


def test_percentiles_of_each_door_are_told(owner: Membership, browser: Client) -> None:
    browser.get("/customers")
    found = {latency.name: latency for latency in metrics.latencies()}
    assert {"page", "database"} <= set(found)
    page = found["page"]
    assert page.count > 0
    assert 0 < page.p50 <= page.p95 <= page.p99


def test_the_figures_hold_nothing_of_people(owner: Membership, browser: Client) -> None:
    customer = make_customer(owner.business, last_name="Canary", email="canary@quux.example")
    browser.get(f"/customers/{customer.pk}")
    text = browser.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    assert not re.search(r"(?i)canary|@", text)
    assert str(customer.pk) not in text


def a_thousand_times(work: Callable[[], Any]) -> None:
    for _ in range(1000):
        work()


def test_measuring_a_request_costs_less_than_a_tenth_of_a_millisecond() -> None:
    request, answer = RequestFactory().get("/customers"), HttpResponse()

    def count() -> None:
        with metrics.timed_queries():
            pass
        metrics.count_request(request, answer.status_code, 0.01)

    count()
    swiftly(partial(a_thousand_times, count), 0.1)


def test_measuring_a_statement_costs_microseconds() -> None:
    measured = partial(metrics._time_query, lambda *statement: None, "select 1", None, False, {})
    swiftly(partial(a_thousand_times, measured), 0.05)
