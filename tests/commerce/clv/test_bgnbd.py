"""The model of orders: formulas against sums, integrals and played futures; the fit against what was drawn."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from scipy.special import roots_genlaguerre, roots_jacobi

from commerce.clv import BgNbd, Histories, Reason, bgnbd
from tests.commerce.clv.drawn import ORDERS, drawn_customers

MODELS = st.builds(
    BgNbd,
    r=st.floats(0.01, 50),
    alpha=st.floats(0.01, 1000),
    a=st.floats(0.01, 100),
    b=st.floats(0.01, 100),
)
FREQUENCIES = st.one_of(st.integers(0, 10), st.integers(0, 5000)).map(float)
TIMES = st.floats(0, 4000)


def one(value: float) -> np.ndarray:
    return np.array([value])


def histories(frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> Histories:
    nothing = np.zeros(len(frequency))
    return Histories(frequency, recency, age, nothing, nothing, nothing)


def test_the_likelihood_is_that_of_rates_and_dropout() -> None:
    """What one customer with a known rate and drop-out would do, averaged over all rates and drop-out probabilities."""
    model = BgNbd(1.6, 10, 1.8, 2.5)
    rate, rate_weight = roots_genlaguerre(80, model.r - 1)
    rate /= model.alpha
    stay, dropout_weight = roots_jacobi(80, model.a - 1, model.b - 1)
    p = (1 - stay[:, None]) / 2
    weight = dropout_weight[:, None] * rate_weight / (dropout_weight.sum() * rate_weight.sum())
    for x, t, age in ((0, 0.0, 20.0), (1, 5.0, 20.0), (4, 19.0, 20.0)):
        alive = (1 - p) ** x * rate**x * np.exp(-rate * age)
        gone = p * (1 - p) ** (x - 1) * rate**x * np.exp(-rate * t) if x else 0.0
        found = bgnbd.log_likelihood(model, one(x), one(t), one(age))
        assert found == pytest.approx(np.log(np.sum(weight * (alive + gone))), rel=1e-6)


@given(model=MODELS)
@settings(max_examples=30, deadline=None)
def test_the_slope_is_that_of_the_likelihood(model: BgNbd) -> None:
    drawn = drawn_customers(200).histories
    statistics = bgnbd.counted(drawn.frequency, drawn.recency, drawn.age)
    theta = np.log(astuple(model))
    value, slope = bgnbd.total_log_likelihood(statistics, theta)
    by_steps = approx_fprime(theta, lambda at: bgnbd.total_log_likelihood(statistics, at)[0], 1e-6)
    assert slope == pytest.approx(by_steps, rel=1e-3, abs=1e-6 * max(abs(value), 100))


def test_customers_who_are_alike_count_together() -> None:
    drawn = drawn_customers(2000).histories
    x, t, age = drawn.frequency, np.floor(drawn.recency), np.ceil(drawn.age)
    statistics = bgnbd.counted(x, t, age)
    assert statistics.weight.sum() == 2000
    assert statistics.weight.size < 1700
    total, _slope = bgnbd.total_log_likelihood(statistics, np.log(astuple(ORDERS)))
    assert total == pytest.approx(bgnbd.log_likelihood(ORDERS, x, t, age).sum())
    assert statistics.sample(100).weight.size == pytest.approx(100, rel=0.2)


def test_the_parameters_that_customers_were_drawn_from_are_found() -> None:
    fit = bgnbd.fit(drawn_customers(20_000).histories)
    assert fit.reasons == ()
    assert fit.model is not None
    assert fit.covariance is not None
    errors = np.sqrt(np.diag(fit.covariance))
    assert np.all(errors < 0.1)
    assert np.all(np.abs(np.log(astuple(fit.model)) - np.log(astuple(ORDERS))) < 3.5 * errors)


@given(model=MODELS, x=FREQUENCIES, age=TIMES, part=st.floats(0, 1))
@settings(deadline=None)
def test_being_alive_is_a_probability(model: BgNbd, x: float, age: float, part: float) -> None:
    recency = age * part if x else 0.0
    alive = bgnbd.probability_alive(model, one(x), one(recency), one(age))[0]
    assert 0 <= alive <= 1
    assert alive == 1 or x > 0
    assert bgnbd.probability_alive(model, one(x), one(recency), one(age + 10))[0] <= alive
    if x:
        assert bgnbd.probability_alive(model, one(x), one(age), one(age))[0] >= alive


def by_sum(r: float, alpha: float, a: float, b: float, time: float) -> float:
    """Expected orders as the sum over n of: the rate allows n orders, and the customer stays through n − 1."""
    z = time / (alpha + time)
    exactly, stays, more, total = (1 - z) ** r, 1.0, 1.0, 0.0
    for n in range(200_000):
        more -= exactly
        total += more * stays
        if more * stays < 1e-13 * total:
            break
        exactly *= (r + n) / (n + 1) * z
        stays *= (b + n) / (a + b + n)
    return total


@pytest.mark.parametrize("a", [0.05, 0.5, 1 - 1e-9, 1.0, 1 + 1e-9, 1.0001, 2.0, 3.7, 60.0])
@pytest.mark.parametrize("b", [0.05, 0.5, 1.0, 2.4, 40.0])
def test_expected_orders_are_the_sum_of_chances(a: float, b: float) -> None:
    for r, alpha, time in ((0.25, 4.4, 39.0), (0.6, 70.0, 365.0), (3.0, 20.0, 5.0), (30.0, 100.0, 52.0)):
        found = float(bgnbd.expected_of_new(r, alpha, a, b, time))
        assert found == pytest.approx(by_sum(r, alpha, a, b, time), rel=2e-5), (r, alpha, time)


@given(model=MODELS, x=FREQUENCIES, age=TIMES, part=st.floats(0, 1), time=st.floats(0.01, 1000))
@settings(deadline=None)
def test_expected_orders_are_finite_and_grow_with_time(
    model: BgNbd, x: float, age: float, part: float, time: float
) -> None:
    recency = age * part if x else 0.0
    soon, late = (
        bgnbd.expected_orders(model, one(x), one(recency), one(age), horizon)[0] for horizon in (time, time * 2)
    )
    assert np.isfinite([soon, late]).all()
    assert 0 <= soon <= late * (1 + 1e-4) + 1e-4
    assert soon <= (model.r + x) / (model.alpha + age) * time * (1 + 1e-9)


@given(x=st.integers(0, 200), age=st.floats(1, 500))
@settings(deadline=None)
def test_who_ordered_more_and_is_alive_will_order_more(x: int, age: float) -> None:
    few, more = bgnbd.expected_while_alive(ORDERS, np.array([x, x + 1.0]), np.array([age, age]), 52.0)
    assert more > few


@pytest.mark.parametrize("x", [5_000.0, 100_000.0])
def test_frequent_buyers_do_not_overflow(x: float) -> None:
    expected = bgnbd.expected_while_alive(BgNbd(0.5, 10, 0.001, 5), one(x), one(1000.0), 10.0)
    assert expected == pytest.approx(x / 101, rel=0.02)


def test_what_the_closed_form_cannot_is_integrated() -> None:
    model = BgNbd(0.227394, 0.0956554, 1.00004, 644.171)
    hard = float(bgnbd.expected_of_new(model.r + 3, 0.0248, model.a, model.b, 400.0))
    integrated = bgnbd._integrated(model.r + 3, 400.0 / 0.0248, model.a, model.b)
    assert hard == pytest.approx(integrated, rel=1e-6)
    assert bgnbd._integrated(0.25, 39 / 4.4, 0.8, 2.4) == pytest.approx(by_sum(0.25, 4.4, 0.8, 2.4, 39.0), rel=1e-9)


def test_expected_orders_come_to_what_was_drawn() -> None:
    drawn = drawn_customers(50_000)
    known = drawn.histories
    expected = bgnbd.expected_orders(ORDERS, known.frequency, known.recency, known.age, 52.0)
    assert expected.sum() == pytest.approx(drawn.orders.sum(), rel=0.03)
    for low, high in ((0, 0), (1, 2), (3, 8), (9, 10_000)):
        chosen = (known.frequency >= low) & (known.frequency <= high)
        assert expected[chosen].mean() == pytest.approx(drawn.orders[chosen].mean(), rel=0.06)


def test_nobody_and_the_newest_customers() -> None:
    nobody = np.array([])
    assert bgnbd.expected_orders(ORDERS, nobody, nobody, nobody, 52.0).size == 0
    assert bgnbd.log_likelihood(ORDERS, one(0), one(0), one(0)) == pytest.approx(0)
    assert bgnbd.probability_alive(ORDERS, one(0), one(0), one(0)) == 1
    new = bgnbd.expected_of_new(ORDERS.r, ORDERS.alpha, ORDERS.a, ORDERS.b, 52.0)
    assert bgnbd.expected_orders(ORDERS, one(0), one(0), one(0), 52.0) == pytest.approx(float(new))


def test_too_little_is_not_fitted() -> None:
    nobody = bgnbd.fit(histories(np.array([]), np.array([]), np.array([])))
    assert nobody.reasons == (Reason.TOO_FEW_CUSTOMERS, Reason.TOO_FEW_REPEAT_CUSTOMERS, Reason.HISTORY_TOO_SHORT)
    assert (nobody.model, nobody.parameters, nobody.log_likelihood, nobody.covariance) == (None,) * 4
    once = np.zeros(500)
    assert bgnbd.fit(histories(once, once, once + 20)).reasons == (Reason.TOO_FEW_REPEAT_CUSTOMERS,)
    known = drawn_customers(500).histories
    assert bgnbd.fit(known, shortest_history=300).reasons == (Reason.HISTORY_TOO_SHORT,)


def test_customers_who_are_all_alike_leave_the_rate_open() -> None:
    alike = bgnbd.fit(histories(np.full(300, 4.0), np.full(300, 40.0), np.full(300, 50.0)))
    assert Reason.RATE_NOT_IDENTIFIED in alike.reasons
    assert alike.model is None
    assert alike.parameters is not None


def test_customers_who_never_leave_leave_dropout_open() -> None:
    drawn = drawn_customers(2000, orders=BgNbd(2.0, 20.0, 0.001, 50.0)).histories
    assert Reason.DROPOUT_NOT_IDENTIFIED in bgnbd.fit(drawn).reasons


@given(seed=st.integers(0, 10_000), customers=st.integers(0, 300))
@settings(max_examples=15, deadline=None)
def test_a_fit_is_usable_or_says_why_not(seed: int, customers: int) -> None:
    dice = np.random.default_rng(seed)
    x = dice.poisson(dice.exponential(2), customers).astype(float)
    age = dice.integers(0, 100, customers).astype(float)
    fit = bgnbd.fit(histories(x, np.where(x > 0, np.floor(age * dice.random(customers)), 0), age))
    assert (fit.model is None) == bool(fit.reasons)
    if fit.model:
        assert np.isfinite(astuple(fit.model)).all()
        assert fit.covariance is not None
