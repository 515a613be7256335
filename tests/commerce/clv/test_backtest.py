"""Predictions held against what came."""

from dataclasses import asdict

import numpy as np
import pytest

from commerce.clv import Histories, Horizon, OrderMethod, Reason, backtest, backtest_orders
from commerce.clv.backtest import comparison
from tests.commerce.clv.drawn import drawn_customers

YEAR = Horizon(52.0)


def test_a_model_beats_going_on_as_lately() -> None:
    drawn = drawn_customers(10_000)
    proof = backtest(drawn.histories, drawn.orders, drawn.money, Horizon(52, 12, 0.01), 52)
    assert proof.beats_baseline
    assert proof.reasons == ()
    assert proof.orders.relative_error == pytest.approx(0, abs=0.08)
    assert proof.money.relative_error == pytest.approx(0, abs=0.1)
    assert (proof.orders.correlation or 0) > 0.5
    assert proof.covered == pytest.approx(0.95, abs=0.03)
    assert sum(bucket.customers for bucket in proof.buckets) == 10_000
    for bucket in proof.buckets[:-1]:
        assert bucket.predicted_orders == pytest.approx(bucket.actual_orders, abs=0.25)


def test_the_fallback_is_its_own_baseline() -> None:
    customer = np.array([1, 1, 2, 2, 3])
    proof = backtest_orders(
        customer, [1.0, 5, 2, 12, 3], [10.0, 20, 5, 7, 8], split=10, horizon=Horizon(10, 1), window=10
    )
    assert proof.order_method == OrderMethod.OBSERVED_RATE
    assert Reason.TOO_FEW_CUSTOMERS in proof.reasons
    assert proof.orders == proof.baseline_orders
    assert not proof.beats_baseline
    assert (proof.customers, proof.orders.predicted, proof.orders.actual) == (3, 4, 1)
    assert (proof.money.predicted, proof.money.actual) == (2 * 15 + 5 + 8, 7)
    assert [(bucket.lowest, bucket.highest, bucket.customers) for bucket in proof.buckets] == [(0, 0, 2), (1, 1, 1)]
    assert proof.buckets[0].actual_money == 3.5
    assert asdict(proof)["orders"]["actual"] == 1


def test_the_last_bucket_is_open() -> None:
    dice = np.random.default_rng(1)
    customer, time = np.repeat(np.arange(5), 40), dice.uniform(0, 50, 200)
    proof = backtest_orders(customer, time, np.ones(200), split=40, horizon=Horizon(10), window=40)
    assert [(bucket.lowest, bucket.highest) for bucket in proof.buckets] == [(10, None)]


def test_nobody_is_compared_with_nothing() -> None:
    nobody = Histories(*(np.array([]) for _ in range(6)))
    proof = backtest(nobody, np.array([]), np.array([]), YEAR, 52)
    assert (proof.customers, proof.covered, proof.buckets) == (0, None, ())
    assert proof.orders.relative_error is proof.orders.correlation is None


def test_comparison() -> None:
    found = comparison(np.array([1.0, 3]), np.array([2.0, 0]))
    assert (found.predicted, found.actual, found.relative_error, found.mean_absolute_error) == (4, 2, 1, 2)
    assert found.correlation == pytest.approx(-1)
