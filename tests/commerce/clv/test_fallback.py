"""What is predicted without a model."""

import numpy as np
import pytest
from scipy.stats import nbinom

from commerce.clv import Histories, Horizon, fallback


def known(recent: np.ndarray, average: float = 10.0) -> Histories:
    nothing = np.zeros(recent.size)
    return Histories(nothing, nothing, nothing + 400, nothing, recent, nothing + average)


def test_everybody_goes_on_as_lately() -> None:
    assert fallback.observed_orders(known(np.array([0.0, 4])), 365, 730).tolist() == [0, 8]


def test_refunds_make_no_negative_value() -> None:
    assert fallback.historic_value(known(np.array([1.0]), -3)).tolist() == [0]


def test_money_to_come_is_discounted_evenly() -> None:
    assert fallback.discount_factor(Horizon(52, 12)) == 1
    assert fallback.discount_factor(Horizon(52, 2, 0.25)) == pytest.approx(0.72)


def test_bounds_hold_as_often_as_is_said() -> None:
    dice = np.random.default_rng(4)
    rate = dice.gamma(1.0, 3.0, 20_000)
    low, high = fallback.order_bounds(known(dice.poisson(rate).astype(float)), 52, Horizon(52, level=0.8))
    coming = dice.poisson(rate)
    assert np.mean((low <= coming) & (coming <= high)) == pytest.approx(0.85, abs=0.05)
    assert np.all(low <= high)


def test_bounds_are_quantiles_of_the_negative_binomial() -> None:
    recent = np.arange(0.0, 2000)
    low, high = fallback.order_bounds(known(recent), 365, Horizon(30, level=0.8))
    assert (low == nbinom.ppf(0.1, recent + 0.5, 365 / 395)).all()
    assert (high == nbinom.ppf(0.9, recent + 0.5, 365 / 395)).all()


def test_nobody_has_no_bounds() -> None:
    low, high = fallback.order_bounds(known(np.array([])), 52, Horizon(52))
    assert low.size == high.size == 0
