"""Horizons, and the bounds between which money is to lie."""

import numpy as np
import pytest

from commerce.clv import BgNbd, Histories, Horizon, Model, bgnbd, interval, model
from commerce.clv.bgnbd import BgNbdFit
from commerce.clv.gamma_gamma import GammaGammaFit
from commerce.clv.horizon import expected_and_discounted
from tests.commerce.clv.drawn import ORDERS, VALUE, drawn_customers

TRUE = Model("test", BgNbdFit(1, 1, (), ORDERS), GammaGammaFit(1, None, (), VALUE))
YEAR = Horizon(52.0)


@pytest.mark.parametrize(
    "wrong", [{"length": 0}, {"length": 1, "periods": 0}, {"length": 1, "discount": -1}, {"length": 1, "level": 1}]
)
def test_horizons_that_are_none(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="length above 0"):
        Horizon(**wrong)  # type: ignore[arg-type]


def test_periods_and_their_weights() -> None:
    horizon = Horizon(52, periods=4, discount=0.25, level=0.8)
    assert horizon.ends.tolist() == [13, 26, 39, 52]
    assert horizon.weights == pytest.approx(np.array([0.8, 0.64, 0.512, 0.4096]))
    assert horizon.tails == pytest.approx((0.1, 0.9))


def test_discounted_orders() -> None:
    x, age = np.array([0.0, 4.0]), np.array([10.0, 30.0])
    orders, same = expected_and_discounted(ORDERS, x, age, Horizon(52, 12))
    assert orders == pytest.approx(bgnbd.expected_while_alive(ORDERS, x, age, 52.0))
    assert same == pytest.approx(orders)
    _orders, less = expected_and_discounted(ORDERS, x, age, Horizon(52, 2, 0.1))
    half = bgnbd.expected_while_alive(ORDERS, x, age, 26.0)
    assert less == pytest.approx(half / 1.1 + (orders - half) / 1.21)


def test_money_lies_in_the_interval_as_often_as_is_said() -> None:
    drawn = drawn_customers(20_000)
    prediction = model.predict(TRUE, drawn.histories, YEAR, 52)
    assert np.mean(drawn.money > prediction.high) == pytest.approx(0.05, abs=0.01)
    assert np.mean(drawn.money < prediction.low) < 0.055
    frequent = drawn.histories.frequency >= 10
    assert np.mean(drawn.money[frequent] > prediction.high[frequent]) == pytest.approx(0.05, abs=0.02)
    assert np.all(prediction.low <= prediction.high)


def test_futures_agree_with_the_expectation() -> None:
    x, age = np.array([0.0, 3, 40]), np.array([30.0, 60, 90])
    futures = interval.play(ORDERS, None, VALUE, None, x, age, 52.0)
    alive = np.ones(3)
    levels = np.linspace(0.0025, 0.9975, 200)
    average = np.mean([futures.quantile(alive, level) for level in levels], axis=0)
    assert average == pytest.approx(np.ones(3), rel=0.1)


def test_who_has_surely_left_brings_nothing() -> None:
    futures = interval.play(ORDERS, None, VALUE, None, np.array([20.0]), np.array([200.0]), 52.0)
    assert futures.quantile(np.array([0.0]), 0.95) == 0
    assert futures.quantile(np.array([0.04]), 0.95) == 0
    half, whole = (futures.quantile(np.array([alive]), 0.95)[0] for alive in (0.5, 1.0))
    assert 0 < half < whole
    assert futures.quantile(np.array([1.0]), 1.0) >= whole


def test_an_uncertain_fit_has_wider_intervals() -> None:
    x, age = np.array([0.0, 2.0]), np.array([30.0, 60.0])
    spread = tuple(tuple(0.5 * (row == column) for column in range(4)) for row in range(4))
    sure = interval.play(ORDERS, None, None, None, x, age, 52.0)
    unsure = interval.play(ORDERS, spread, None, None, x, age, 52.0)
    assert np.all(unsure.quantile(np.ones(2), 0.95) > sure.quantile(np.ones(2), 0.95))


def test_the_same_customers_have_the_same_interval_every_time() -> None:
    known = drawn_customers(2000).histories
    one, other = (model.predict(TRUE, known, YEAR, 52) for _ in range(2))
    assert (one.high == other.high).all()


def test_groups_are_few_whatever_the_number_of_customers() -> None:
    dice = np.random.default_rng(1)
    x = np.floor(dice.pareto(0.8, 100_000))
    near = interval.nearly_alike(ORDERS, x, dice.uniform(0, 1500, x.size))
    assert near.first.size < 10_000
    group_size = np.bincount(near.group, weights=ORDERS.r + x) / near.count
    assert np.all(np.abs((ORDERS.r + x) / group_size[near.group] - 1) < interval.NEAR * 1.01)


def test_nobody_has_no_interval() -> None:
    nobody = Histories(*(np.array([]) for _ in range(6)))
    prediction = model.predict(TRUE, nobody, YEAR, 52)
    assert prediction.low.size == prediction.high.size == prediction.value.size == 0


def test_extreme_customers_have_finite_intervals() -> None:
    x = np.array([0.0, 1, 100_000, 100_000])
    age = np.array([0.0, 4000, 4000, 4000])
    recency = np.array([0.0, 0, 4000, 10])
    known = Histories(x, recency, age, np.array([0, 1e-6, 1e9, 0]), x + 1, np.ones(4))
    for orders in (ORDERS, BgNbd(0.01, 1e-3, 1e-3, 1e3), BgNbd(1e3, 1e4, 1e3, 1e-3)):
        extreme = Model("test", BgNbdFit(1, 1, (), orders), TRUE.value)
        prediction = model.predict(extreme, known, YEAR, 52)
        for column in (prediction.orders, prediction.value, prediction.low, prediction.high):
            assert np.isfinite(column).all()
            assert np.all(column >= 0)
