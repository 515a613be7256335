"""Token buckets: counted alike by everybody, however many come at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from crm import limits
from crm.limits import Bucket, LimitsAway, Taken, take, take_all
from tests.timing import swiftly


@pytest.fixture
def no_buckets(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("truncate crm_bucket")


def _move_back(seconds: float) -> None:
    """As if that much time had passed."""
    with connection.cursor() as cursor:
        cursor.execute("update crm_bucket set at = at - %s * interval '1 second'", [seconds])


def test_a_bucket_is_full_at_first_and_empty_after_its_capacity(db: None) -> None:
    taken = [take("k", capacity=3, per_second=0.001) for _n in range(4)]
    assert [t.allowed for t in taken] == [True, True, True, False]
    assert [round(t.remaining) for t in taken] == [2, 1, 0, 0]
    assert taken[2].retry_after == 0
    assert 990 < taken[3].retry_after <= 1000


def test_it_fills_with_time_up_to_its_capacity(db: None) -> None:
    for _n in range(2):
        take("k", capacity=2, per_second=0.02)
    assert not take("k", capacity=2, per_second=0.02).allowed
    _move_back(50)
    assert take("k", capacity=2, per_second=0.02).allowed
    assert not take("k", capacity=2, per_second=0.02).allowed
    _move_back(3600)
    assert [take("k", capacity=2, per_second=0.02).allowed for _n in range(3)] == [True, True, False]


def test_a_clock_that_goes_back_takes_nothing_away(db: None) -> None:
    take("k", capacity=5, per_second=1)
    _move_back(-3600)
    assert round(take("k", capacity=5, per_second=1).remaining) == 3


def test_what_is_refused_costs_nothing(db: None) -> None:
    take("k", capacity=4, per_second=0.001, cost=3)
    assert not take("k", capacity=4, per_second=0.001, cost=2).allowed
    assert take("k", capacity=4, per_second=0.001, cost=1).allowed


def test_a_cost_above_the_capacity_takes_all_there_is(db: None) -> None:
    assert take("k", capacity=2, per_second=0.001, cost=100) == Taken(True, 0, 0)
    assert not take("k", capacity=2, per_second=0.001).allowed


def test_a_capacity_that_was_lowered_counts_at_once(db: None) -> None:
    take("k", capacity=100, per_second=0.001)
    assert [take("k", capacity=2, per_second=0.001).allowed for _n in range(3)] == [True, True, False]


def test_several_buckets_are_each_counted(db: None) -> None:
    mine, ours = Bucket("mine", 1, 0.001), Bucket("ours", 3, 0.001)
    assert [t.allowed for t in take_all([mine, ours])] == [True, True]
    assert [t.allowed for t in take_all([mine, ours])] == [False, True]
    assert [t.allowed for t in take_all([ours, mine])] == [True, False]


def test_one_statement_and_quick(no_buckets: None, django_assert_num_queries: Any) -> None:
    pair = [Bucket("a", 10_000, 100), Bucket("b", 10_000, 100)]
    take_all(pair)
    with django_assert_num_queries(1):
        take_all(pair)
    for _n in range(40):
        swiftly(lambda: [take_all(pair) for _n in range(5)], 0.05, time.perf_counter)


def test_fifty_at_once_get_no_more_than_there_is(no_buckets: None) -> None:
    pair = [Bucket("a", 10, 0.0001), Bucket("b", 20, 0.0001)]

    def once(number: int) -> bool:
        try:
            order = pair if number % 2 else pair[::-1]
            return all(taken.allowed for taken in take_all(order))
        finally:
            connection.close()

    with ThreadPoolExecutor(25) as pool:
        assert sum(pool.map(once, range(50))) == 10


def test_wiped_buckets_are_full_again(db: None) -> None:
    assert take("k", capacity=1, per_second=0.001).allowed
    with connection.cursor() as cursor:
        cursor.execute("truncate crm_bucket")
    assert take("k", capacity=1, per_second=0.001).allowed


def test_without_the_table_nothing_goes_through_uncounted(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("alter table crm_bucket rename to crm_bucket_away")
    with pytest.raises(LimitsAway) as refused, transaction.atomic():
        take("k", capacity=1, per_second=1)
    assert refused.value.status == 503


def test_a_database_that_takes_no_changes_lets_reads_through(no_buckets: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set default_transaction_read_only = on")
        try:
            assert take("k", capacity=1, per_second=0.001) == Taken(True, 1, 0)
        finally:
            cursor.execute("set default_transaction_read_only = off")


def test_unused_buckets_are_purged_after_a_day(no_buckets: None) -> None:
    take("old", capacity=1, per_second=1)
    _move_back(86_401)
    take("new", capacity=1, per_second=1)
    assert limits.purge() == 1
    assert limits.purge() == 0
