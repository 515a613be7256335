"""Between what bounds a customer's money will lie: by playing the fitted model forward many times.

A future of a customer who is alive today: a rate is drawn from gamma(r + x, α + T) and a drop-out probability from
beta(a, b + x), what the history leaves possible of them; the orders are the smaller of a Poisson number of that rate
and the geometric number after which the customer drops out. The money of n orders is gamma(p·n, ν), with ν drawn from
gamma(p·x + q, v + x·m). Each future has its own parameters, drawn from the normal distribution of their logarithms,
so that a model fitted to few customers has wider intervals.

The futures depend on frequency and age alone, apart from the factor v + x·m, which is the customer's own. So they are
played once for all customers who are nearly alike in these two, not for each of a million. That a customer may have
dropped out already is not drawn but reckoned: of the futures of the living, shrunk to the probability of being alive,
the same quantile is taken that is asked of all.
"""

from dataclasses import astuple, dataclass

import numpy as np

from commerce.clv.bgnbd import BgNbd, expected_while_alive
from commerce.clv.gamma_gamma import GammaGamma
from commerce.clv.histories import Alike, Floats, alike
from commerce.clv.maximum import Covariance

FUTURES = 1000
QUANTILES = 201
# Customers are nearly alike when r + x and α + T differ by no more than this part.
NEAR = 0.03
# So many groups are played at a time, which bounds the memory.
AT_A_TIME = 500
SEED = 2005


@dataclass(frozen=True)
class Futures:
    """Quantiles of what those bring who are alive today, as multiples of what is expected of them.

    `group` is the row of each customer; a row is for customers who are nearly alike.
    """

    group: np.ndarray
    quantiles: Floats

    def quantile(self, probability_alive: Floats, level: float) -> Floats:
        """The quantile of each customer: 0 as long as `level` is used up by having dropped out, else that of the living."""
        among_alive = (level - (1 - probability_alive)) / np.maximum(probability_alive, 1e-300)
        place = np.clip(among_alive, 0, 1) * (QUANTILES - 1)
        below = np.minimum(place.astype(np.intp), QUANTILES - 2)
        low, high = self.quantiles[self.group, below], self.quantiles[self.group, below + 1]
        return np.where(among_alive <= 0, 0.0, low + (place - below) * (high - low))


def play(
    model: BgNbd,
    covariance: Covariance | None,
    value: GammaGamma | None,
    value_covariance: Covariance | None,
    frequency: Floats,
    age: Floats,
    time: float,
) -> Futures:
    """Play the next `time` of all customers; where `value` is None every order is worth the same."""
    dice = np.random.default_rng(SEED)
    near = nearly_alike(model, frequency, age)
    x = np.bincount(near.group, weights=frequency) / near.count
    t = np.bincount(near.group, weights=age) / near.count
    expected = np.maximum(expected_while_alive(model, x, t, time), 1e-300)
    drawn = drawn_parameters(dice, astuple(model), covariance)
    drawn_value = value and drawn_parameters(dice, astuple(value), value_covariance)
    kept = np.linspace(0, FUTURES - 1, QUANTILES).astype(np.intp)
    quantiles = np.empty((x.size, QUANTILES))
    for start in range(0, x.size, AT_A_TIME):
        some = slice(start, start + AT_A_TIME)
        brought = played_orders(dice, drawn, x[some, None], t[some, None], time)
        if value and drawn_value:
            brought = played_money(dice, value, drawn_value, x[some, None], brought)
        quantiles[some] = np.sort(brought, axis=1)[:, kept] / expected[some, None]
    return Futures(near.group, quantiles)


def nearly_alike(model: BgNbd, frequency: Floats, age: Floats) -> Alike:
    """Gather customers of whom the model expects nearly the same as long as they are alive."""
    return alike(
        np.round(np.log(model.r + frequency) / NEAR),
        np.round(np.log(model.alpha + age) / NEAR),
    )


def drawn_parameters(
    dice: np.random.Generator, parameters: tuple[float, ...], covariance: Covariance | None
) -> tuple[Floats, ...]:
    """The parameters of each future: around the fitted ones as widely as the fit leaves open; the fitted ones where that isn't known."""
    spread = np.zeros((len(parameters), len(parameters))) if covariance is None else np.asarray(covariance)
    drawn = dice.multivariate_normal(np.log(parameters), spread, size=FUTURES)
    return tuple(np.exp(np.clip(drawn, -25, 25)).T)


def played_orders(dice: np.random.Generator, drawn: tuple[Floats, ...], x: Floats, t: Floats, time: float) -> Floats:
    """The numbers of orders in the futures of those who are alive; `x` and `t` stand in a column, a future is a column of the result."""
    r, alpha, a, b = drawn
    rate = dice.gamma(r + x) / (alpha + t)
    dropout = np.maximum(dice.beta(a, b + x), 1e-12)
    return np.minimum(dice.poisson(np.minimum(rate * time, 1e12)), dice.geometric(dropout)).astype(np.float64)


def played_money(
    dice: np.random.Generator, model: GammaGamma, drawn: tuple[Floats, ...], x: Floats, orders: Floats
) -> Floats:
    """The money of so many orders, as a multiple of what one order of the customer is expected to be worth.

    `model` gives that expectation; by how far the drawn parameters miss it is reckoned at the average value of all.
    """
    p, q, v = drawn
    average = model.p * model.v / (model.q - 1)
    off = (v + x * average) / (model.v + x * average)
    one = model.p / (model.p * x + model.q - 1)
    return dice.gamma(p * orders) / np.maximum(dice.gamma(p * x + q), 1e-300) * off / one
