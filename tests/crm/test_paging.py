"""Keyset paging: every row once, in order, forwards and backwards, empty values last when descending."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import BooleanField, Func, QuerySet
from django.test import Client
from django.urls import include, path

from crm import paging
from crm.models import Business
from crm.paging import BadCursor, Sort, TooWide
from customers.api.views import CustomerList as CustomerEndpoint
from customers.models import Customer, CustomerFacts
from customers.views.lists import CustomerList
from tests.crm.api.calling import Caller, assert_problem, make_key
from tests.factories import make_customer

LAST_ORDER = Sort("last_order_at", "facts__last_order_at", "facts__customer_id", nullable=True)
NAME = Sort("name", "sort_name")


@pytest.fixture
def customers(in_scope: Business) -> list[Customer]:
    made = [make_customer(in_scope, last_name=name) for name in ("Ab", "Ab", "Éa", "Zed", "aa", "Bo", "bo")]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number, customer in enumerate(made[:4]):
        CustomerFacts.objects.filter(pk=customer.pk).update(last_order_at=start + timedelta(days=number // 2))
    return made


def _walk(sort: Sort, descending: bool, limit: int) -> tuple[list[Customer], list[Customer]]:
    """All rows forwards, and again backwards from the last page."""
    rows = Customer.objects.with_facts()
    forwards: list[Customer] = []
    cursor, last = "", None
    while True:
        last = paging.page(rows, sort, descending=descending, cursor=cursor, limit=limit)
        forwards += last.rows
        if not last.next:
            break
        cursor = last.next
    backwards = list(last.rows)
    while last.previous:
        last = paging.page(rows, sort, descending=descending, cursor=last.previous, limit=limit)
        backwards = last.rows + backwards
    return forwards, backwards


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("sort", [NAME, LAST_ORDER], ids=lambda s: s.key)
def test_a_walk_meets_every_row_once_both_ways(
    customers: list[Customer], sort: Sort, descending: bool, limit: int
) -> None:
    forwards, backwards = _walk(sort, descending, limit)
    assert sorted(forwards, key=lambda c: c.pk) == customers
    assert forwards == backwards


def test_empty_values_come_last_when_descending_and_first_when_ascending(customers: list[Customer]) -> None:
    down, _ = _walk(LAST_ORDER, True, 2)
    up, _ = _walk(LAST_ORDER, False, 2)
    assert [c.facts.last_order_at is None for c in down] == [False] * 4 + [True] * 3
    assert up == down[::-1]


def test_names_are_ordered_without_case_and_accents(customers: list[Customer]) -> None:
    rows, _ = _walk(NAME, False, 3)
    assert [c.sort_name.split()[-1] for c in rows] == ["aa", "ab", "ab", "bo", "bo", "ea", "zed"]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "e30",
        "bnVsbA",
        "WyJuYW1lIiwgImEiLCAibm90LWEtdXVpZCIsIGZhbHNlXQ",
        "WyJvdGhlciIsICJhIiwgImIiLCBmYWxzZV0",
        "A" * 5000,
        "é",
    ],
)
def test_a_made_up_cursor_is_refused(customers: list[Customer], cursor: str) -> None:
    with pytest.raises(BadCursor):
        paging.page(Customer.objects.all(), NAME, descending=False, cursor=cursor, limit=2)


def test_a_count_is_exact_up_to_its_cap_and_estimated_beyond(customers: list[Customer]) -> None:
    assert paging.count(Customer.objects.all()) == (7, False)
    total, is_estimate = paging.count(Customer.objects.all(), cap=3)
    assert is_estimate
    assert total >= 4


def test_an_estimate_holds_for_half_a_minute(
    customers: list[Customer], monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    moment = [1000.0]
    monkeypatch.setattr("crm.paging.time.monotonic", lambda: moment[0])
    rows = Customer.objects.filter(country="")
    first = paging.count(rows, cap=3)
    with django_assert_num_queries(0):
        assert paging.count(rows, cap=3) == first
    assert paging.count(rows.filter(kind="person"), cap=100) == (7, False)
    moment[0] += paging.ESTIMATES_HOLD + 1
    with django_assert_num_queries(2):
        paging.count(rows, cap=3)


def test_an_exact_count_is_made_anew_each_time(customers: list[Customer], in_scope: Business) -> None:
    assert paging.count(Customer.objects.all()) == (7, False)
    make_customer(in_scope)
    assert paging.count(Customer.objects.all()) == (8, False)
    assert paging.count(Customer.objects.none()) == (0, False)


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("sort", [NAME, LAST_ORDER], ids=lambda s: s.key)
def test_rows_read_by_their_keys_stand_in_the_same_order(
    customers: list[Customer], sort: Sort, descending: bool
) -> None:
    whole = paging.page(Customer.objects.with_facts(), sort, descending=descending, cursor="", limit=4)
    gone = whole.rows[1].pk
    by_keys = paging.page(
        Customer.objects.all(), sort, descending=descending, cursor="", limit=4,
        read=lambda keys: Customer.objects.filter(pk__in=keys).exclude(pk=gone).order_by("-id"),
    )  # fmt: skip
    assert by_keys.rows == [row for row in whole.rows if row.pk != gone]
    assert (by_keys.next, by_keys.previous) == (whole.next, whole.previous)


def _slowly(rows: QuerySet[Customer]) -> QuerySet[Customer]:
    """The same rows; each takes the database a second to find."""
    pause = Func(template="(pg_sleep(1) is null)", output_field=BooleanField())
    return rows.annotate(has_paused=pause).filter(has_paused=False)


class SlowEndpoint(CustomerEndpoint):
    def rows(self) -> QuerySet[Customer]:
        return _slowly(super().rows())


class SlowList(CustomerList):
    permission = "customers.view"

    def rows(self) -> QuerySet[Customer]:
        return _slowly(super().rows())


urlpatterns = [
    path("slow-customers", SlowList.as_view(), name="slow"),
    path("api/v1/slow-customers", SlowEndpoint.as_view()),
    path("", include("crm.urls")),
]


def _time_limit() -> str:
    with connection.cursor() as cursor:
        cursor.execute("show statement_timeout")
        return str(cursor.fetchone()[0])


def _refused_in_time(rows: QuerySet[Customer]) -> None:
    before = _time_limit()
    with pytest.raises(TooWide), paging.within(50):
        paging.page(_slowly(rows), NAME, descending=False, cursor="", limit=2)
    assert _time_limit() == before
    with paging.within(50):
        total, is_estimate = paging.count(_slowly(rows))
    assert is_estimate
    assert total >= 1
    assert len(paging.page(rows, NAME, descending=False, cursor="", limit=2).rows) == 2


def test_rows_that_take_too_long_to_find_are_refused_and_the_transaction_goes_on(customers: list[Customer]) -> None:
    _refused_in_time(Customer.objects.all())


@pytest.mark.django_db(transaction=True)
def test_the_limit_ends_with_the_list_also_without_a_transaction(customers: list[Customer]) -> None:
    _refused_in_time(Customer.objects.all())


@pytest.mark.urls(__name__)
def test_a_list_that_takes_too_long_asks_for_a_narrower_one(
    customers: list[Customer], browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "LIMIT_MS", 50)
    answer = browser.get("/slow-customers?kind=person")
    assert answer.status_code == 400
    assert "Finding these rows takes too long" in answer.content.decode()


@pytest.mark.urls(__name__)
def test_an_endpoint_that_takes_too_long_asks_for_a_narrower_question(
    customers: list[Customer], in_scope: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "LIMIT_MS", 50)
    caller = Caller(make_key(in_scope))
    answer = caller.get("/slow-customers?kind=person&limit=1")
    assert assert_problem(answer, 400, "too_wide")["detail"].startswith("Finding these rows takes too long")
    assert caller.get("/customers?kind=person&limit=1").status_code == 200
