"""The whole prediction: both models, or what stands in for them, and each customer's value within a horizon."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from commerce.clv import bgnbd, fallback, gamma_gamma, interval
from commerce.clv.bgnbd import BgNbd, BgNbdFit
from commerce.clv.gamma_gamma import GammaGamma, GammaGammaFit
from commerce.clv.histories import Floats, Histories, alike
from commerce.clv.horizon import Horizon, expected_and_discounted
from commerce.clv.reasons import Reason

# Raised with every change by which the same histories would be given other figures.
VERSION = "bgnbd-gg-1"
# A history shorter than this part of the horizon says too little about it.
SHORTEST_HISTORY = 0.25


class OrderMethod(StrEnum):
    """How the number of orders is predicted."""

    BG_NBD = "bg_nbd"
    OBSERVED_RATE = "observed_rate"


class ValueMethod(StrEnum):
    """How the value of an order is predicted."""

    GAMMA_GAMMA = "gamma_gamma"
    HISTORIC_AVERAGE = "historic_average"


@dataclass(frozen=True)
class Model:
    """What was learnt from the histories of a business, and in which version of the method. Its parts say why they are not used, if so."""

    version: str
    orders: BgNbdFit
    value: GammaGammaFit

    @property
    def order_method(self) -> OrderMethod:
        return OrderMethod.OBSERVED_RATE if self.orders.model is None else OrderMethod.BG_NBD

    @property
    def value_method(self) -> ValueMethod:
        """The average so far goes with the observed rate: a fallback is told in one sentence."""
        usable = self.orders.model is not None and self.value.model is not None
        return ValueMethod.GAMMA_GAMMA if usable else ValueMethod.HISTORIC_AVERAGE

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why one of the models, or both, are not used."""
        return self.orders.reasons + self.value.reasons


@dataclass(frozen=True)
class Prediction:
    """What is expected of each customer within the horizon, as arrays.

    `orders` are not discounted; `order_value` is the money of one; `value` is the discounted money, which lies
    between `low` and `high` with the horizon's probability. `probability_alive` is None where the fallback predicts.
    """

    orders: Floats
    order_value: Floats
    value: Floats
    low: Floats
    high: Floats
    probability_alive: Floats | None


def fit(histories: Histories, horizon: Horizon) -> Model:
    """Fit both models. Never raises for what the data lacks; the parts name their reasons."""
    return Model(VERSION, bgnbd.fit(histories, SHORTEST_HISTORY * horizon.length), gamma_gamma.fit(histories))


def predict(model: Model, histories: Histories, horizon: Horizon, window: float) -> Prediction:
    """The value of each customer within the horizon, and between what bounds it will lie.

    Value = discounted expected orders × expected value of an order: Fader, Hardie, Lee (2005), "RFM and CLV: Using
    Iso-Value Curves for Customer Base Analysis". `window` is the time in which `recent_orders` were counted, in the
    unit of the histories; only the fallback looks at it.
    """
    if model.orders.model is None:
        return _predict_by_fallback(histories, horizon, window)
    return _predict_by_model(model.orders.model, model, histories, horizon)


def _predict_by_fallback(histories: Histories, horizon: Horizon, window: float) -> Prediction:
    orders = fallback.observed_orders(histories, window, horizon.length)
    order_value = fallback.historic_value(histories)
    worth = order_value * fallback.discount_factor(horizon)
    low, high = fallback.order_bounds(histories, window, horizon)
    return Prediction(orders, order_value, orders * worth, low * worth, high * worth, None)


def _predict_by_model(orders_model: BgNbd, model: Model, histories: Histories, horizon: Horizon) -> Prediction:
    x, age = histories.frequency, histories.age
    alive = bgnbd.probability_alive(orders_model, x, histories.recency, age)
    pairs = alike(x, age)  # recency matters to who is alive, not to what the living do
    each = expected_and_discounted(orders_model, x[pairs.first], age[pairs.first], horizon)
    expected, discounted = (part[pairs.group] for part in each)
    order_value = expected_order_value(model.value.model, histories)
    value = discounted * order_value
    futures = interval.play(
        orders_model, model.orders.covariance, model.value.model, model.value.covariance, x, age, horizon.length
    )
    low, high = (futures.quantile(alive, tail) * value for tail in horizon.tails)
    return Prediction(alive * expected, order_value, alive * value, low, high, alive)


def expected_order_value(model: GammaGamma | None, histories: Histories) -> Floats:
    """What an order of each customer is expected to be worth; without a model the average so far."""
    if model is None:
        return fallback.historic_value(histories)
    return gamma_gamma.expected_value(model, histories.frequency, histories.repeat_value)


def stored(model: Model) -> dict[str, Any]:
    """The model as values that JSON has."""
    return asdict(model)


def restored(values: Mapping[str, Any]) -> Model:
    """The model that `stored` was given. Raises KeyError, TypeError or ValueError for anything else."""
    orders, value = dict(values["orders"]), dict(values["value"])
    for part, parameters in ((orders, BgNbd), (value, GammaGamma)):
        part["reasons"] = tuple(Reason(reason) for reason in part["reasons"])
        part["parameters"] = part["parameters"] and parameters(**part["parameters"])
        part["covariance"] = part["covariance"] and tuple(tuple(row) for row in part["covariance"])
    return Model(values["version"], BgNbdFit(**orders), GammaGammaFit(**value))
