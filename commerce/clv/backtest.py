"""How well the prediction would have done: fitted on the time up to a day, held against what came after it."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commerce.clv import fallback, model
from commerce.clv.gamma_gamma import correlated
from commerce.clv.histories import Floats, Histories, histories_from_orders, outcomes_from_orders
from commerce.clv.horizon import Horizon
from commerce.clv.model import Model, OrderMethod, Prediction, ValueMethod
from commerce.clv.reasons import Reason

# The lowest frequency of each bucket; the last is open.
BUCKETS = (0, 1, 2, 3, 4, 7, 10)


@dataclass(frozen=True)
class Comparison:
    """Predicted and actual figures of all customers together, of orders or of money.

    `relative_error` is (predicted − actual) / actual, None where nothing came; `mean_absolute_error` is per customer;
    `correlation` is None where one side doesn't vary.
    """

    predicted: float
    actual: float
    relative_error: float | None
    mean_absolute_error: float
    correlation: float | None


@dataclass(frozen=True)
class Bucket:
    """Customers whose frequency was `lowest` to `highest` (None: open) before the day, and averages of each after it."""

    lowest: int
    highest: int | None
    customers: int
    predicted_orders: float
    actual_orders: float
    baseline_orders: float
    predicted_money: float
    actual_money: float


@dataclass(frozen=True)
class BackTest:
    """What came out. The baseline is the fallback: each customer goes on as lately.

    `covered` is the share of customers whose money lay within the interval, None without customers; it is to be
    compared with the horizon's level.
    """

    customers: int
    order_method: OrderMethod
    value_method: ValueMethod
    reasons: tuple[Reason, ...]
    orders: Comparison
    money: Comparison
    baseline_orders: Comparison
    baseline_money: Comparison
    covered: float | None
    buckets: tuple[Bucket, ...]

    @property
    def beats_baseline(self) -> bool:
        """Whether the error per customer is smaller than that of the baseline, in orders and in money."""
        return (
            self.orders.mean_absolute_error < self.baseline_orders.mean_absolute_error
            and self.money.mean_absolute_error < self.baseline_money.mean_absolute_error
        )


def backtest_orders(
    customer: NDArray[Any], time: ArrayLike, money: ArrayLike, *, split: float, horizon: Horizon, window: float
) -> BackTest:
    """Fit on orders up to and including `split`, and predict those of the horizon after it. One element an order.

    Money is held against money: a horizon with a discount is taken without it. Raises BadHistory.
    """
    ids, histories = histories_from_orders(customer, time, money, split, window)
    orders, brought = outcomes_from_orders(ids, customer, time, money, split, split + horizon.length)
    return backtest(histories, orders, brought, horizon, window)


def backtest(histories: Histories, orders: Floats, money: Floats, horizon: Horizon, window: float) -> BackTest:
    """The same from histories up to the day, and the orders and money of each within the horizon after it."""
    undiscounted = Horizon(horizon.length, horizon.periods, 0.0, horizon.level)
    fitted = model.fit(histories, undiscounted)
    return compared(fitted, histories, orders, money, undiscounted, window)


def compared(
    fitted: Model, histories: Histories, orders: Floats, money: Floats, horizon: Horizon, window: float
) -> BackTest:
    """Hold the predictions of a model against what came."""
    prediction = model.predict(fitted, histories, horizon, window)
    baseline = fallback.observed_orders(histories, window, horizon.length)
    return BackTest(
        customers=len(histories),
        order_method=fitted.order_method,
        value_method=fitted.value_method,
        reasons=fitted.reasons,
        orders=comparison(prediction.orders, orders),
        money=comparison(prediction.value, money),
        baseline_orders=comparison(baseline, orders),
        baseline_money=comparison(baseline * fallback.historic_value(histories), money),
        covered=float(np.mean((prediction.low <= money) & (money <= prediction.high))) if len(histories) else None,
        buckets=buckets(histories.frequency, prediction, baseline, orders, money),
    )


def comparison(predicted: Floats, actual: Floats) -> Comparison:
    """Totals, errors and correlation of two arrays with one element a customer."""
    total, came = float(np.sum(predicted)), float(np.sum(actual))
    return Comparison(
        predicted=total,
        actual=came,
        relative_error=(total - came) / came if came else None,
        mean_absolute_error=float(np.mean(np.abs(predicted - actual))) if actual.size else 0.0,
        correlation=correlated(predicted, actual),
    )


def buckets(
    frequency: Floats, prediction: Prediction, baseline: Floats, orders: Floats, money: Floats
) -> tuple[Bucket, ...]:
    """Averages by how often customers had ordered before; buckets without customers are left out."""
    edges = [*BUCKETS, np.inf]
    found = []
    for low, next_low in pairwise(edges):
        chosen = (frequency >= low) & (frequency < next_low)
        if chosen.any():
            columns = (prediction.orders, orders, baseline, prediction.value, money)
            averages = (float(np.mean(column[chosen])) for column in columns)
            highest = None if np.isinf(next_low) else int(next_low) - 1
            found.append(Bucket(int(low), highest, int(np.sum(chosen)), *averages))
    return tuple(found)
