"""What the models know of a customer: how often, how lately and for how long; and how customers who are alike are counted together."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]


class BadHistory(ValueError):
    """The arrays can't be histories of customers; the message names the fault."""


@dataclass(frozen=True)
class Histories:
    """Customers up to a day, as equally long arrays of floats. Times are in one unit throughout: days or weeks.

    - `frequency`: repeat orders, that is, times at which the customer ordered after the first;
    - `recency`: time from the first to the last order, 0 without repeat orders;
    - `age`: time from the first order to the day;
    - `repeat_value`: average money of a repeat order; 0 where there is none, or where refunds left nothing;
    - `recent_orders`: orders in the window before the day, the first included;
    - `average_value`: average money of all orders.

    The last two are for the fallback. Raises BadHistory.
    """

    frequency: Floats
    recency: Floats
    age: Floats
    repeat_value: Floats
    recent_orders: Floats
    average_value: Floats

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, np.asarray(getattr(self, field.name), dtype=np.float64))
        check_columns(**{field.name: getattr(self, field.name) for field in fields(self)})
        check_order_times(self.frequency, self.recency, self.age)
        if np.any(self.recent_orders < 0):
            raise BadHistory("recent_orders must not be negative")

    def __len__(self) -> int:
        return self.frequency.size

    def take(self, chosen: NDArray[Any]) -> "Histories":
        """Those that a mask or an array of places chooses."""
        return Histories(*(getattr(self, field.name)[chosen] for field in fields(self)))


def check_columns(**columns: Floats) -> None:
    """Raise BadHistory unless all are one-dimensional, of one length, and finite."""
    for name, column in columns.items():
        if column.ndim != 1 or column.size != next(iter(columns.values())).size:
            raise BadHistory(f"{name} must be one-dimensional and as long as the others")
        if not np.all(np.isfinite(column)):
            raise BadHistory(f"{name} must be finite")


def check_order_times(frequency: Floats, recency: Floats, age: Floats) -> None:
    """Raise BadHistory unless 0 ≤ recency ≤ age, frequency ≥ 0, and recency is 0 where frequency is."""
    if np.any(frequency < 0):
        raise BadHistory("frequency must not be negative")
    if np.any(recency < 0) or np.any(recency > age):
        raise BadHistory("recency must lie between 0 and age")
    if np.any((frequency == 0) & (recency > 0)):
        raise BadHistory("recency must be 0 without repeat orders")


@dataclass(frozen=True)
class Alike:
    """Rows that are equal: `first` is the place of one row of each group, `group` the group of each row, `count` rows in each."""

    first: Indexes
    group: Indexes
    count: Floats


def alike(*columns: ArrayLike) -> Alike:
    """Gather the rows whose values are the same in all columns."""
    group = np.zeros(np.size(columns[0]), dtype=np.int64)
    for column in columns:
        values, place = np.unique(column, return_inverse=True)
        group = np.unique(group * max(values.size, 1) + place, return_inverse=True)[1]
    _, first, count = np.unique(group, return_index=True, return_counts=True)
    return Alike(first, group, count.astype(np.float64))


def histories_from_orders(
    customer: NDArray[Any], time: ArrayLike, money: ArrayLike, until: float, window: float
) -> tuple[NDArray[Any], Histories]:
    """The customers who ordered up to and including `until`, in the order of their ids, and their histories.

    `customer`, `time` and `money` are arrays with one element an order. Orders of a customer at the same time count
    as one. `window` is the time before `until` in which orders are recent. Raises BadHistory.
    """
    times, moneys = np.asarray(time, dtype=np.float64), np.asarray(money, dtype=np.float64)
    check_columns(customer=np.zeros(np.shape(customer)), time=times, money=moneys)
    known = times <= until
    visits = alike(customer[known], times[known])
    spent = np.bincount(visits.group, weights=moneys[known], minlength=visits.first.size)
    who, when = customer[known][visits.first], times[known][visits.first]
    ids, index = np.unique(who, return_inverse=True)

    def total(values: Any) -> Floats:
        return np.bincount(index, weights=values, minlength=ids.size).astype(np.float64)

    orders, all_money = total(np.ones(who.size)), total(spent)
    first, last = np.full(ids.size, np.inf), np.full(ids.size, -np.inf)
    np.minimum.at(first, index, when)
    np.maximum.at(last, index, when)
    repeat_money = all_money - total(np.where(when == first[index], spent, 0.0))
    repeats = orders - 1
    return ids, Histories(
        frequency=repeats,
        recency=last - first,
        age=until - first,
        repeat_value=np.maximum(repeat_money / np.maximum(repeats, 1), 0),
        recent_orders=total(when > until - window),
        average_value=all_money / np.maximum(orders, 1),
    )


def outcomes_from_orders(
    ids: NDArray[Any], customer: NDArray[Any], time: ArrayLike, money: ArrayLike, after: float, until: float
) -> tuple[Floats, Floats]:
    """Orders and money of each of `ids` (sorted) later than `after` and not later than `until`; orders at the same time count as one."""
    times, moneys = np.asarray(time, dtype=np.float64), np.asarray(money, dtype=np.float64)
    counted = (times > after) & (times <= until) & np.isin(customer, ids)
    visits = alike(customer[counted], times[counted])
    index = np.searchsorted(ids, customer[counted])
    orders = np.bincount(index[visits.first], minlength=ids.size).astype(np.float64)
    return orders, np.bincount(index, weights=moneys[counted], minlength=ids.size).astype(np.float64)
