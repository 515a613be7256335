"""The whole prediction, with models and without."""

import json
from dataclasses import replace

import numpy as np
import pytest

from commerce.clv import Histories, Horizon, Model, OrderMethod, Reason, ValueMethod, fit, predict, restored, stored
from commerce.clv.bgnbd import BgNbdFit
from commerce.clv.gamma_gamma import GammaGammaFit
from tests.commerce.clv.drawn import ORDERS, VALUE, drawn_customers

YEAR = Horizon(52.0)
FEW = Histories(*(np.array(column) for column in ([0.0, 3], [0, 40], [20, 50], [0, 30], [0, 3], [-5.0, 25])))


def test_a_fitted_model_predicts_what_was_drawn() -> None:
    drawn = drawn_customers(20_000)
    model = fit(drawn.histories, YEAR)
    assert (model.reasons, model.order_method, model.value_method) == ((), OrderMethod.BG_NBD, ValueMethod.GAMMA_GAMMA)
    prediction = predict(model, drawn.histories, YEAR, 52)
    assert prediction.orders.sum() == pytest.approx(drawn.orders.sum(), rel=0.05)
    assert prediction.value.sum() == pytest.approx(drawn.money.sum(), rel=0.07)
    assert prediction.probability_alive is not None
    assert prediction.value == pytest.approx(prediction.orders * prediction.order_value)
    discounted = predict(model, drawn.histories, Horizon(52, 12, 0.01), 52)
    assert np.all(discounted.value < prediction.value)
    assert discounted.orders == pytest.approx(prediction.orders)
    assert np.all(discounted.high <= prediction.high)


def test_too_little_history_goes_on_as_lately() -> None:
    model = fit(FEW, YEAR)
    assert model.reasons == (Reason.TOO_FEW_CUSTOMERS, Reason.TOO_FEW_REPEAT_CUSTOMERS, Reason.TOO_FEW_VALUES)
    assert model.order_method == OrderMethod.OBSERVED_RATE
    assert model.value_method == ValueMethod.HISTORIC_AVERAGE
    prediction = predict(model, FEW, Horizon(26, 2, 0.25), 52)
    assert prediction.orders.tolist() == [0, 1.5]
    assert prediction.order_value.tolist() == [0, 25]
    assert prediction.value == pytest.approx(np.array([0, 1.5 * 25 * (0.8 + 0.64) / 2]))
    assert prediction.probability_alive is None
    assert prediction.low[1] < prediction.value[1] < prediction.high[1]


def test_a_history_much_shorter_than_the_horizon_is_too_short() -> None:
    drawn = drawn_customers(1000).histories
    assert Reason.HISTORY_TOO_SHORT in fit(drawn, Horizon(1000)).reasons


def test_without_a_model_of_value_orders_are_worth_the_average_so_far() -> None:
    known = drawn_customers(500).histories
    model = Model("test", BgNbdFit(500, 300, (), ORDERS), GammaGammaFit(300, 0.5, (Reason.VALUE_DEPENDS_ON_FREQUENCY,)))
    assert (model.order_method, model.value_method) == (OrderMethod.BG_NBD, ValueMethod.HISTORIC_AVERAGE)
    prediction = predict(model, known, YEAR, 52)
    assert prediction.order_value == pytest.approx(known.average_value)
    assert np.all(prediction.high >= prediction.low)


def test_refunds_and_free_orders_are_predicted() -> None:
    """Who gave everything back is valued like a new customer, with an interval that belongs to that value."""
    model = Model("test", BgNbdFit(1, 1, (), ORDERS), GammaGammaFit(1, None, (), VALUE))
    refunded = replace(FEW, repeat_value=np.zeros(2))
    prediction = predict(model, refunded, YEAR, 52)
    assert prediction.order_value == pytest.approx(np.full(2, VALUE.p * VALUE.v / (VALUE.q - 1)))
    assert np.all(prediction.high > prediction.value)


def test_a_model_survives_being_stored() -> None:
    for known in (FEW, drawn_customers(3000).histories):
        model = fit(known, YEAR)
        assert restored(json.loads(json.dumps(stored(model)))) == model
    with pytest.raises(KeyError):
        restored({"version": "1"})
