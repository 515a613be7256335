"""The search for the likeliest parameters."""

import numpy as np
import pytest

from commerce.clv.histories import Floats
from commerce.clv.maximum import HIGHEST, covariance, maximize


def hill(theta: Floats) -> tuple[float, Floats]:
    """Highest at 1 and 2, with variances 1 and 4."""
    off = theta - np.array([1.0, 2.0])
    return float(-(off**2 / [2, 8]).sum()), -off / [1, 4]


def slope_without_end(theta: Floats) -> tuple[float, Floats]:
    return float(theta.sum()), np.ones(theta.size)


def untrue_slope(theta: Floats) -> tuple[float, Floats]:
    return float(-(theta**2).sum()), theta + 1


def test_the_top_and_its_width_are_found() -> None:
    top = maximize(hill, hill, [[0, 0], [-5, 8]], 1)
    assert top.converged
    assert top.log_parameters == pytest.approx(np.array([1, 2]), abs=1e-5)
    assert top.log_likelihood == pytest.approx(0, abs=1e-9)
    assert top.covariance == pytest.approx(np.diag([1, 4]), abs=1e-6)
    assert top.error_of_ratio(0, 1) == pytest.approx(np.sqrt(5))
    rows = top.covariance_rows()
    assert rows is not None
    assert rows[1] == pytest.approx((0, 4), abs=1e-6)
    assert not top.at_bound(0, 1)


def test_a_likelihood_without_a_top_ends_at_the_bound() -> None:
    end = maximize(slope_without_end, slope_without_end, [[0, 0]], 1)
    assert end.log_parameters.tolist() == [HIGHEST, HIGHEST]
    assert end.at_bound(1)
    assert (end.covariance, end.covariance_rows()) == (None, None)
    assert end.error_of_ratio(0, 1) == float("inf")


def test_a_search_that_fails_says_so() -> None:
    assert not maximize(untrue_slope, untrue_slope, [[1, 1]], 1).converged


def test_a_valley_has_no_covariance() -> None:
    assert covariance(lambda theta: (0.0, theta), np.zeros(2)) is None
