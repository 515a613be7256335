"""On the public CDNOW sample the fit gives what was published."""

from dataclasses import astuple, replace

import numpy as np
import pytest

from commerce.clv import Horizon, OrderMethod, ValueMethod, backtest_orders, bgnbd, gamma_gamma
from tests.commerce.clv.cdnow import CALIBRATION, HOLDOUT, cdnow_histories, cdnow_orders


def test_the_sample_is_the_one_of_the_papers() -> None:
    histories = cdnow_histories()
    assert cdnow_orders().customer.size == 6919
    assert (len(histories), int(np.count_nonzero(histories.frequency))) == (2357, 946)
    assert histories.frequency.sum() == 2457


def test_orders_are_fitted_as_published() -> None:
    """As in Fader, Hardie, Lee (2005)."""
    fit = bgnbd.fit(cdnow_histories())
    assert fit.reasons == ()
    assert fit.model is not None
    found = [round(value, 3) for value in (fit.model.r, fit.model.alpha, fit.model.a, fit.model.b)]
    assert found == [0.243, 4.414, 0.793, 2.426]
    assert fit.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert (fit.customers, fit.repeat_customers) == (2357, 946)


def test_values_are_fitted_as_published() -> None:
    """As in Fader, Hardie (2013): 946 customers, and a correlation of next to nothing."""
    fit = gamma_gamma.fit(cdnow_histories())
    assert fit.reasons == ()
    assert fit.model is not None
    assert [round(value, 2) for value in (fit.model.p, fit.model.q, fit.model.v)] == [6.25, 3.74, 15.44]
    assert fit.customers == 946
    assert fit.correlation == pytest.approx(0.11, abs=0.005)


def test_the_unit_of_time_and_money_changes_nothing_but_the_unit() -> None:
    weeks = cdnow_histories()
    days = replace(weeks, recency=weeks.recency * 7, age=weeks.age * 7, repeat_value=weeks.repeat_value * 100)
    by_week, by_day = bgnbd.fit(weeks), bgnbd.fit(days)
    assert by_week.model is not None
    assert by_day.model is not None
    expected = replace(by_week.model, alpha=by_week.model.alpha * 7)
    assert astuple(by_day.model) == pytest.approx(astuple(expected), rel=1e-4)
    in_euros, in_cents = gamma_gamma.fit(weeks).model, gamma_gamma.fit(days).model
    assert in_euros is not None
    assert in_cents is not None
    assert in_cents.v == pytest.approx(in_euros.v * 100, rel=1e-4)
    each = bgnbd.log_likelihood(by_day.model, days.frequency, days.recency, days.age)
    assert by_day.log_likelihood == pytest.approx(each.sum())


def test_the_following_39_weeks_are_predicted() -> None:
    """The papers predict them well; our totals come within a sixth, and each customer far better than by going on as before."""
    orders = cdnow_orders()
    proof = backtest_orders(
        orders.customer, orders.week, orders.money, split=CALIBRATION, horizon=Horizon(HOLDOUT, 9), window=CALIBRATION
    )
    assert (proof.order_method, proof.value_method) == (OrderMethod.BG_NBD, ValueMethod.GAMMA_GAMMA)
    assert proof.orders.actual == 1882
    assert proof.orders.predicted == pytest.approx(1653, abs=1)
    assert proof.money.actual == pytest.approx(70976.39)
    assert abs(proof.money.relative_error or 1) < 1 / 6
    assert proof.beats_baseline
    assert proof.covered == pytest.approx(0.93, abs=0.01)
    assert sum(bucket.customers for bucket in proof.buckets) == 2357
