"""Histories of customers: what is refused, and how they follow from orders."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce.clv import BadHistory, Histories, histories_from_orders, outcomes_from_orders
from commerce.clv.histories import alike

GOOD = Histories(*(np.array(column) for column in ([0, 2], [0, 5.5], [3, 9], [0, 20], [1, 3], [30, 22])))


def test_columns_are_floats_and_can_be_chosen_from() -> None:
    assert GOOD.frequency.dtype == np.float64
    assert len(GOOD) == 2
    assert GOOD.take(np.array([False, True])).recency.tolist() == [5.5]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"frequency": [0]}, "as long as the others"),
        ({"frequency": [[0, 2]]}, "one-dimensional"),
        ({"age": [3, float("nan")]}, "age must be finite"),
        ({"average_value": [3, float("inf")]}, "average_value must be finite"),
        ({"frequency": [0, -2]}, "frequency must not be negative"),
        ({"recency": [0, 10]}, "between 0 and age"),
        ({"recency": [0, -1]}, "between 0 and age"),
        ({"recency": [1, 5]}, "0 without repeat orders"),
        ({"recent_orders": [1, -1]}, "recent_orders must not be negative"),
    ],
)
def test_what_is_no_history_is_refused(change: dict[str, list[float]], fault: str) -> None:
    with pytest.raises(BadHistory, match=fault):
        replace(GOOD, **{name: np.array(values) for name, values in change.items()})


def test_histories_follow_from_orders() -> None:
    customer = np.array([7, 7, 7, 7, 3, 3, 9])
    time = [1.0, 4, 4, 20, 2, 9, 11]
    money = [10.0, 20, 5, 99, 8, -9, 1]
    ids, found = histories_from_orders(customer, time, money, until=10, window=7)
    assert ids.tolist() == [3, 7]
    assert found.frequency.tolist() == [1, 1]
    assert found.recency.tolist() == [7, 3]
    assert found.age.tolist() == [8, 9]
    assert found.repeat_value.tolist() == [0, 25]
    assert found.recent_orders.tolist() == [1, 1]
    assert found.average_value.tolist() == [-0.5, 17.5]
    orders, brought = outcomes_from_orders(ids, customer, time, money, after=10, until=20)
    assert (orders.tolist(), brought.tolist()) == ([0, 1], [0, 99])


def test_no_orders_are_no_customers() -> None:
    nothing = np.array([])
    ids, found = histories_from_orders(nothing, nothing, nothing, until=10, window=7)
    assert (ids.size, len(found)) == (0, 0)
    assert outcomes_from_orders(ids, nothing, nothing, nothing, 0, 10)[0].size == 0
    with pytest.raises(BadHistory):
        histories_from_orders(np.array([1]), nothing, nothing, until=10, window=7)


@given(
    st.lists(
        st.tuples(st.integers(1, 5), st.integers(0, 30), st.integers(1, 100)),
        min_size=1,
        max_size=60,
    )
)
def test_histories_are_those_of_a_plain_count(orders: list[tuple[int, int, int]]) -> None:
    customer, time, money = (np.array(column) for column in zip(*orders, strict=True))
    ids, found = histories_from_orders(customer, time, money, until=20, window=10)
    days: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for who, when, amount in orders:
        days[who][when] += amount
    known = {who: {d: m for d, m in sorted(of.items()) if d <= 20} for who, of in sorted(days.items())}
    known = {who: of for who, of in known.items() if of}
    assert ids.tolist() == list(known)
    assert found.frequency.tolist() == [len(of) - 1 for of in known.values()]
    assert found.recency.tolist() == [max(of) - min(of) for of in known.values()]
    assert found.age.tolist() == [20 - min(of) for of in known.values()]
    assert found.recent_orders.tolist() == [sum(d > 10 for d in of) for of in known.values()]
    repeat = [(sum(of.values()) - of[min(of)]) / max(len(of) - 1, 1) for of in known.values()]
    assert found.repeat_value == pytest.approx(np.array(repeat))
    came, brought = outcomes_from_orders(ids, customer, time, money, after=20, until=25)
    assert came.tolist() == [sum(20 < d <= 25 for d in days[who]) for who in known]
    assert brought.tolist() == [sum(m for d, m in days[who].items() if 20 < d <= 25) for who in known]


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1), st.integers(0, 2)), max_size=50))
def test_rows_that_are_alike_are_gathered(rows: list[tuple[int, float, int]]) -> None:
    columns = [np.array([row[place] for row in rows], dtype=float) for place in range(3)]
    found = alike(*columns)
    assert found.count.sum() == len(rows)
    assert found.first.size == len(set(rows))
    for column in columns:
        assert (column[found.first][found.group] == column).all()
