"""What an order will be worth: the Gamma-Gamma model.

Fader, P. S., Hardie, B. G. S. (2013), "The Gamma-Gamma Model of Monetary Value"; below *FH*. The money of a
customer's orders varies by a gamma distribution (p, ν) around an average of their own, and ν varies over customers by
a gamma distribution (q, v); *FH* write γ for v. How much a customer spends is taken to be independent of how often
they order. `v` is in the unit of money.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import digamma, gammaln

from commerce.clv.histories import Floats, Histories, alike
from commerce.clv.maximum import ROUGHLY, Covariance, Maximum, maximize
from commerce.clv.reasons import Reason

FEWEST_VALUES = 30
LARGEST_ERROR = 1.0
# Where frequency and average value of customers correlate more than this, either way, they are not independent.
LARGEST_CORRELATION = 0.3


@dataclass(frozen=True)
class GammaGamma:
    """The three parameters. The average over customers is p·v / (q − 1)."""

    p: float
    q: float
    v: float


@dataclass(frozen=True)
class GammaGammaFit:
    """What a fit came to. `parameters` is None when there was too little to fit; it must not be used while there are `reasons`.

    `customers` are those with repeat orders that are worth something, `correlation` is that of their frequency and
    average value, `covariance` that of the logarithms of p, q and v, row by row.
    """

    customers: int
    correlation: float | None
    reasons: tuple[Reason, ...]
    parameters: GammaGamma | None = None
    log_likelihood: float | None = None
    covariance: Covariance | None = None

    @property
    def model(self) -> GammaGamma | None:
        """The parameters to use: none as long as there are reasons."""
        return None if self.reasons else self.parameters


@dataclass(frozen=True)
class Spent:
    """How many customers (`weight`) have the same average `value` in as many orders. `levels[level]` is the number of orders."""

    levels: Floats
    level: np.ndarray
    value: Floats
    weight: Floats

    def sample(self, rows: int) -> "Spent":
        """About so many rows, spread evenly."""
        some = slice(None, None, max(self.weight.size // rows, 1))
        return Spent(self.levels, self.level[some], self.value[some], self.weight[some])


def spent(frequency: Floats, value: Floats) -> Spent:
    """Gather customers with the same number of repeat orders and the same average value; both must be above 0."""
    rows = alike(frequency, value)
    levels, level = np.unique(frequency[rows.first], return_inverse=True)
    return Spent(levels, level, value[rows.first], rows.count)


def has_value(frequency: Floats, value: Floats) -> np.ndarray:
    """Whom the model can learn from: repeat orders whose average is above 0. Of others it knows no more than of a new customer."""
    return (frequency > 0) & (value > 0)


def log_likelihood(model: GammaGamma, frequency: Floats, value: Floats) -> Floats:
    """The logarithm of the likelihood of each customer's average value, as in FH. Both arrays must be above 0."""
    levels, level = np.unique(frequency, return_inverse=True)
    return _terms(Spent(levels, level, value, np.ones(value.size)), np.log([model.p, model.q, model.v]))[0]


def _terms(s: Spent, theta: Floats) -> tuple[Floats, Floats]:
    """The log-likelihood of each row, and its slopes by p, q and v, as 3 rows.

    Γ(px + q) / (Γ(px) Γ(q)) · v^q · m^(px − 1) · x^px / (v + x·m)^(px + q)
    """
    p, q, v = np.exp(theta)
    x = s.levels
    shape = p * x + q
    scale = np.log(v + x[s.level] * s.value)
    alone = gammaln(shape) - gammaln(p * x) - gammaln(q) + q * np.log(v) + p * x * np.log(x)
    each = alone[s.level] + (p * x - 1)[s.level] * np.log(s.value) - shape[s.level] * scale

    slopes = np.empty((3, s.value.size))
    slopes[0] = (digamma(shape) - digamma(p * x) + np.log(x))[s.level] + np.log(s.value) - scale
    slopes[0] *= x[s.level]
    slopes[1] = (digamma(shape) - digamma(q) + np.log(v))[s.level] - scale
    slopes[2] = q / v - shape[s.level] / (v + x[s.level] * s.value)
    return each, slopes


def total_log_likelihood(s: Spent, theta: Floats) -> tuple[float, Floats]:
    """The log-likelihood of all customers, and its slope by the logarithms of p, q and v."""
    each, slopes = _terms(s, theta)
    return float(each @ s.weight), (slopes @ s.weight) * np.exp(theta)


def fit(histories: Histories) -> GammaGammaFit:
    """Fit by maximum likelihood to the customers with repeat orders.

    Never raises for what the data lacks: the result names the reasons for which it must not be used.
    """
    chosen = has_value(histories.frequency, histories.repeat_value)
    frequency, value = histories.frequency[chosen], histories.repeat_value[chosen]
    if value.size < FEWEST_VALUES:
        return GammaGammaFit(value.size, None, (Reason.TOO_FEW_VALUES,))
    unit = float(np.mean(value))
    statistics = spent(frequency, value / unit)
    starts = np.log([(1.0, 3.0, 2.0), (5.0, 4.0, 0.6), (20.0, 2.0, 0.05)]).tolist()
    found = maximize(
        partial(total_log_likelihood, statistics),
        partial(total_log_likelihood, statistics.sample(ROUGHLY)),
        starts,
        value.size,
    )
    correlation = correlated(frequency, value)
    p, q, v = (float(each) for each in np.exp(found.log_parameters))
    return GammaGammaFit(
        value.size,
        correlation,
        _reasons(found, correlation),
        GammaGamma(p, q, v * unit),
        # the density of a value in the unit of money
        found.log_likelihood - value.size * float(np.log(unit)),
        found.covariance_rows(),
    )


def _reasons(found: Maximum, correlation: float | None) -> tuple[Reason, ...]:
    reasons = {
        Reason.VALUE_NOT_CONVERGED: not found.converged,
        Reason.VALUE_NOT_IDENTIFIED: found.at_bound(0, 1, 2) or found.error_of_ratio(2, 1) > LARGEST_ERROR,
        Reason.VALUE_WITHOUT_MEAN: found.log_parameters[1] <= 0,
        Reason.VALUE_DEPENDS_ON_FREQUENCY: correlation is not None and abs(correlation) > LARGEST_CORRELATION,
    }
    return tuple(reason for reason, is_so in reasons.items() if is_so)


def correlated(one: Floats, other: Floats) -> float | None:
    """Pearson's correlation; None where either doesn't vary."""
    if one.size == 0 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def expected_value(model: GammaGamma, frequency: Floats, value: Floats) -> Floats:
    """The money that a customer's order is expected to be worth: p·(v + x·m) / (p·x + q − 1), as in FH.

    Between the average of all and the customer's own, nearer to the latter the more orders there were. `q` must be
    above 1.
    """
    x = np.where(has_value(frequency, value), frequency, 0.0)
    return model.p * (model.v + x * value) / (model.p * x + model.q - 1)
