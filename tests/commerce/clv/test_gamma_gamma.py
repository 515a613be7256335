"""The model of values: formulas against integrals; the fit against what was drawn; what makes it unusable."""

from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.stats import gamma

from commerce.clv import GammaGamma, Histories, Reason, gamma_gamma
from tests.commerce.clv.drawn import VALUE, drawn_customers

MODELS = st.builds(GammaGamma, p=st.floats(0.1, 50), q=st.floats(1.1, 50), v=st.floats(0.1, 1000))


def histories(frequency: np.ndarray, value: np.ndarray) -> Histories:
    time = np.where(frequency > 0, 10.0, 0.0)
    return Histories(frequency, time, time, value, frequency + 1, value)


def test_the_likelihood_is_that_of_averages() -> None:
    """The average of x orders is gamma distributed with (p·x, ν·x); averaged over all ν."""
    for x, value in ((1, 20.0), (3, 35.0), (12, 90.0)):

        def over_scale(nu: float, x: int = x, value: float = value) -> float:
            return gamma.pdf(value, 6 * x, scale=1 / (nu * x)) * gamma.pdf(nu, 4, scale=1 / 15)

        expected = quad(over_scale, 0, 5, limit=200)[0]
        found = gamma_gamma.log_likelihood(VALUE, np.array([float(x)]), np.array([value]))
        assert found == pytest.approx(np.log(expected), rel=1e-6)


@given(model=MODELS)
@settings(max_examples=30, deadline=None)
def test_the_slope_is_that_of_the_likelihood(model: GammaGamma) -> None:
    drawn = drawn_customers(200).histories
    chosen = gamma_gamma.has_value(drawn.frequency, drawn.repeat_value)
    statistics = gamma_gamma.spent(drawn.frequency[chosen], drawn.repeat_value[chosen])
    theta = np.log(astuple(model))
    value, slope = gamma_gamma.total_log_likelihood(statistics, theta)
    by_steps = approx_fprime(theta, lambda at: gamma_gamma.total_log_likelihood(statistics, at)[0], 1e-6)
    assert slope == pytest.approx(by_steps, rel=1e-3, abs=1e-6 * max(abs(value), 100))


def test_customers_who_are_alike_count_together() -> None:
    drawn = drawn_customers(2000).histories
    chosen = gamma_gamma.has_value(drawn.frequency, drawn.repeat_value)
    x, value = drawn.frequency[chosen], np.ceil(drawn.repeat_value[chosen])
    statistics = gamma_gamma.spent(x, value)
    assert statistics.weight.sum() == x.size > statistics.weight.size
    total, _slope = gamma_gamma.total_log_likelihood(statistics, np.log(astuple(VALUE)))
    assert total == pytest.approx(gamma_gamma.log_likelihood(VALUE, x, value).sum())
    assert statistics.sample(50).weight.size == pytest.approx(50, rel=0.3)


def test_the_parameters_that_customers_were_drawn_from_are_found() -> None:
    drawn = drawn_customers(20_000).histories
    fit = gamma_gamma.fit(drawn)
    assert fit.reasons == ()
    assert fit.model is not None
    assert fit.covariance is not None
    errors = np.sqrt(np.diag(fit.covariance))
    assert np.all(errors < 0.1)
    assert np.all(np.abs(np.log(astuple(fit.model)) - np.log(astuple(VALUE))) < 3.5 * errors)
    chosen = gamma_gamma.has_value(drawn.frequency, drawn.repeat_value)
    each = gamma_gamma.log_likelihood(fit.model, drawn.frequency[chosen], drawn.repeat_value[chosen])
    assert fit.log_likelihood == pytest.approx(each.sum())


def test_the_expected_value_lies_between_all_and_ones_own() -> None:
    everybody = VALUE.p * VALUE.v / (VALUE.q - 1)
    found = gamma_gamma.expected_value(VALUE, np.array([0.0, 1.0, 10.0, 1000.0]), np.array([0.0, 100, 100, 100]))
    assert found[0] == pytest.approx(everybody)
    assert everybody < found[1] < found[2] < found[3] < 100
    assert found[3] == pytest.approx(100, rel=0.01)


@given(model=MODELS, x=st.integers(0, 10_000), value=st.floats(0, 1e6))
def test_the_expected_value_is_above_nothing_and_grows_with_ones_own(model: GammaGamma, x: int, value: float) -> None:
    little, much = gamma_gamma.expected_value(model, np.array([x, x]), np.array([value, value * 2 + 1]))
    assert little > 0
    assert np.isfinite(much)
    assert little <= much or value == 0


def test_repeat_orders_that_were_all_given_back_say_nothing() -> None:
    nothing, unknown = gamma_gamma.expected_value(VALUE, np.array([3.0, 0.0]), np.array([0.0, 0.0]))
    assert nothing == unknown


def test_too_few_are_not_fitted() -> None:
    fit = gamma_gamma.fit(histories(np.array([]), np.array([])))
    assert (fit.customers, fit.reasons, fit.model) == (0, (Reason.TOO_FEW_VALUES,), None)
    assert gamma_gamma.fit(histories(np.full(100, 2.0), np.zeros(100))).reasons == (Reason.TOO_FEW_VALUES,)


def test_one_price_for_all_leaves_the_model_open() -> None:
    fit = gamma_gamma.fit(histories(np.arange(1.0, 201.0), np.full(200, 49.0)))
    assert Reason.VALUE_NOT_IDENTIFIED in fit.reasons
    assert fit.correlation is None
    assert fit.model is None


def test_values_without_an_average_are_refused() -> None:
    drawn = drawn_customers(3000, value=replace(VALUE, q=0.6)).histories
    assert Reason.VALUE_WITHOUT_MEAN in gamma_gamma.fit(drawn).reasons


def test_values_that_follow_frequency_are_refused() -> None:
    drawn = drawn_customers(3000).histories
    dependent = histories(drawn.frequency, drawn.repeat_value * (1 + drawn.frequency))
    fit = gamma_gamma.fit(dependent)
    assert fit.correlation is not None
    assert fit.correlation > 0.3
    assert Reason.VALUE_DEPENDS_ON_FREQUENCY in fit.reasons


def test_correlation() -> None:
    assert gamma_gamma.correlated(np.array([]), np.array([])) is None
    assert gamma_gamma.correlated(np.array([1.0, 1]), np.array([1.0, 2])) is None
    assert gamma_gamma.correlated(np.array([1.0, 2]), np.array([1.0, 1])) is None
    assert gamma_gamma.correlated(np.array([1.0, 2]), np.array([2.0, 1])) == pytest.approx(-1)
