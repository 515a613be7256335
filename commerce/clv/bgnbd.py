"""How many orders will come: the BG/NBD model.

Fader, P. S., Hardie, B. G. S., Lee, K. L. (2005), "“Counting Your Customers” the Easy Way: An Alternative to the
Pareto/NBD Model", Marketing Science 24 (2), 275–284; below *FHL*. While alive, a customer orders at random at a rate
of their own; after each order they may drop out for good, with a probability of their own. Rates vary over customers
by a gamma distribution (r, α), drop-out by a beta distribution (a, b).

A customer is known by x repeat orders (`frequency`), the last of them t after the first order (`recency`), T after
which is today (`age`).
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import betaln, digamma, expit, gammaln, hyp2f1, log_expit

from commerce.clv.histories import Floats, Histories, alike
from commerce.clv.maximum import ROUGHLY, Covariance, Maximum, maximize
from commerce.clv.reasons import Reason

FEWEST_CUSTOMERS = 100
FEWEST_REPEAT_CUSTOMERS = 30
# A standard error of 1 on the log scale: the average rate, or the odds of dropping out, could as well be 2.7 times as large.
LARGEST_ERROR = 1.0
# The closed form of the expected orders divides by a − 1 and by a + b − 1.
NEAREST_TO_A_POLE = 1e-6


@dataclass(frozen=True)
class BgNbd:
    """The four parameters; `alpha` is in the unit of time of the histories. The average rate is r / α."""

    r: float
    alpha: float
    a: float
    b: float


@dataclass(frozen=True)
class BgNbdFit:
    """What a fit came to. `parameters` is None when there was too little to fit; it must not be used while there are `reasons`.

    `covariance` is that of the logarithms of r, α, a and b, row by row.
    """

    customers: int
    repeat_customers: int
    reasons: tuple[Reason, ...]
    parameters: BgNbd | None = None
    log_likelihood: float | None = None
    covariance: Covariance | None = None

    @property
    def model(self) -> BgNbd | None:
        """The parameters to use: none as long as there are reasons."""
        return None if self.reasons else self.parameters


@dataclass(frozen=True)
class Counted:
    """Sufficient statistics: how many customers (`weight`) have the same frequency, recency and age. `levels[level]` is the frequency."""

    levels: Floats
    level: np.ndarray
    recency: Floats
    age: Floats
    weight: Floats

    def sample(self, rows: int) -> "Counted":
        """About so many rows, spread evenly."""
        some = slice(None, None, max(self.weight.size // rows, 1))
        return Counted(self.levels, self.level[some], self.recency[some], self.age[some], self.weight[some])


def counted(frequency: Floats, recency: Floats, age: Floats) -> Counted:
    """Gather customers with the same history; in whole days or weeks these are far fewer than customers."""
    rows = alike(frequency, recency, age)
    levels, level = np.unique(frequency[rows.first], return_inverse=True)
    return Counted(levels, level, recency[rows.first], age[rows.first], rows.count)


def log_likelihood(model: BgNbd, frequency: Floats, recency: Floats, age: Floats) -> Floats:
    """The logarithm of the likelihood of each customer's history: FHL equation 6."""
    theta = np.log([model.r, model.alpha, model.a, model.b])
    levels, level = np.unique(frequency, return_inverse=True)
    statistics = Counted(levels, level, recency, age, np.ones(frequency.size))
    return _terms(statistics, theta)[0]


def _terms(s: Counted, theta: Floats) -> tuple[Floats, Floats]:
    """The log-likelihood of each row, and its slopes by r, α, a and b, as 4 rows.

    FHL equation 6 as A₁·A₂·(A₃ + A₄), where A₃ stands for the customer who is still alive and A₄ for the one who
    dropped out at the last order. In logarithms throughout, as Fader, Hardie (2013), "Overcoming the BG/NBD Model's
    #NUM! Error Problem", advise.
    """
    r, alpha, a, b = np.exp(theta)
    x = s.levels[s.level]
    at_end, at_last = np.log(alpha + s.age), np.log(alpha + s.recency)
    rate = gammaln(r + s.levels) - gammaln(r) + r * np.log(alpha)
    stay = betaln(a, b + s.levels) - betaln(a, b)
    repeats = s.levels > 0
    # of those who have not ordered again nobody can have dropped out: their A₄ is 0
    leave = np.log(a) - np.log(np.where(repeats, b + s.levels - 1, 1))
    alive = -(r + x) * at_end
    gone = np.where(repeats[s.level], leave[s.level] - (r + x) * at_last, -np.inf)
    either = np.logaddexp(alive, gone)
    is_alive = np.exp(alive - either)
    is_gone = 1 - is_alive

    spread = digamma(a + b) - digamma(a + b + s.levels)
    slopes = np.empty((4, x.size))
    slopes[0] = (digamma(r + s.levels) - digamma(r) + np.log(alpha))[s.level] - is_alive * at_end - is_gone * at_last
    slopes[1] = r / alpha - (r + x) * (is_alive / (alpha + s.age) + is_gone / (alpha + s.recency))
    slopes[2] = spread[s.level] + is_gone / a
    slopes[3] = (spread + digamma(b + s.levels) - digamma(b))[s.level]
    slopes[3] -= is_gone / np.where(repeats, b + s.levels - 1, 1)[s.level]
    return (rate + stay)[s.level] + either, slopes


def total_log_likelihood(s: Counted, theta: Floats) -> tuple[float, Floats]:
    """The log-likelihood of all customers, and its slope by the logarithms of r, α, a and b."""
    each, slopes = _terms(s, theta)
    return float(each @ s.weight), (slopes @ s.weight) * np.exp(theta)


def fit(histories: Histories, shortest_history: float = 0.0) -> BgNbdFit:
    """Fit by maximum likelihood. The oldest customer must be at least `shortest_history` old, in the unit of the histories.

    Never raises for what the data lacks: the result names the reasons for which it must not be used.
    """
    customers, repeat_customers = len(histories), int(np.count_nonzero(histories.frequency))
    lacking = _lacking(histories, repeat_customers, shortest_history)
    if lacking:
        return BgNbdFit(customers, repeat_customers, lacking)
    unit = float(np.mean(histories.age))
    statistics = counted(histories.frequency, histories.recency / unit, histories.age / unit)
    found = maximize(
        partial(total_log_likelihood, statistics),
        partial(total_log_likelihood, statistics.sample(ROUGHLY)),
        _starts(histories, unit),
        customers,
    )
    r, alpha, a, b = (float(value) for value in np.exp(found.log_parameters))
    return BgNbdFit(
        customers,
        repeat_customers,
        _reasons(found),
        BgNbd(r, alpha * unit, a, b),
        # a rate per unit of time enters the likelihood once with every repeat order
        found.log_likelihood - float(np.sum(histories.frequency)) * float(np.log(unit)),
        found.covariance_rows(),
    )


def _starts(histories: Histories, unit: float) -> list[list[float]]:
    """Rates that are spread widely or little around the average one, with little, much or mixed drop-out; as logarithms."""
    rate = float(np.sum(histories.frequency) / np.sum(histories.age)) * unit
    guesses = [(0.3, 0.8, 2.5), (1.0, 0.3, 3.0), (3.0, 2.0, 2.0)]
    return [[np.log(r), np.log(r / rate), np.log(a), np.log(b)] for r, a, b in guesses]


def _lacking(histories: Histories, repeat_customers: int, shortest_history: float) -> tuple[Reason, ...]:
    oldest = float(np.max(histories.age, initial=0))
    found = {
        Reason.TOO_FEW_CUSTOMERS: len(histories) < FEWEST_CUSTOMERS,
        Reason.TOO_FEW_REPEAT_CUSTOMERS: repeat_customers < FEWEST_REPEAT_CUSTOMERS,
        Reason.HISTORY_TOO_SHORT: oldest <= 0 or oldest < shortest_history,
    }
    return tuple(reason for reason, is_so in found.items() if is_so)


def _reasons(found: Maximum) -> tuple[Reason, ...]:
    reasons = {
        Reason.NOT_CONVERGED: not found.converged,
        Reason.RATE_NOT_IDENTIFIED: found.at_bound(0, 1) or found.error_of_ratio(0, 1) > LARGEST_ERROR,
        Reason.DROPOUT_NOT_IDENTIFIED: found.at_bound(2, 3) or found.error_of_ratio(2, 3) > LARGEST_ERROR,
    }
    return tuple(reason for reason, is_so in reasons.items() if is_so)


def probability_alive(model: BgNbd, frequency: Floats, recency: Floats, age: Floats) -> Floats:
    """The probability that a customer has not dropped out, 0 to 1.

    Fader, Hardie (2008), "Computing P(alive) Using the BG/NBD Model": 1 / (1 + [x > 0] · a / (b + x − 1) · ((α + T) /
    (α + t))^(r + x)). It is not the opposite of a risk of leaving: whoever ordered once only can't have dropped out
    in this model, so that theirs is 1.
    """
    repeats = frequency > 0
    odds = np.log(model.a) - np.log(np.where(repeats, model.b + frequency - 1, 1))
    odds += (model.r + frequency) * (np.log(model.alpha + age) - np.log(model.alpha + recency))
    return np.where(repeats, expit(-odds), 1.0)


def expected_orders(model: BgNbd, frequency: Floats, recency: Floats, age: Floats, time: float) -> Floats:
    """Orders that are expected of a customer in the next `time`, given the history: FHL equation 10."""
    return probability_alive(model, frequency, recency, age) * expected_while_alive(model, frequency, age, time)


def expected_while_alive(model: BgNbd, frequency: Floats, age: Floats, time: float) -> Floats:
    """Orders that are expected in the next `time` of a customer who is known to be alive today.

    Of such a customer the rate is gamma distributed with (r + x, α + T), drop-out beta distributed with (a, b + x):
    they are like a new customer under these parameters. Recency plays no part, so it is enough to compute each pair
    of frequency and age once.
    """
    return expected_of_new(model.r + frequency, model.alpha + age, model.a, model.b + frequency, time)


def expected_of_new(r: Floats | float, alpha: Floats | float, a: float, b: Floats | float, time: float) -> Floats:
    """Orders that are expected in `time` of a customer of whom nothing is known: FHL equation 9, elementwise.

    (a + b − 1) / (a − 1) · [1 − (α / (α + t))^r · ₂F₁(r, b; a + b − 1; t / (α + t))]. As it stands ₂F₁ overflows for
    large r, that is, for frequent buyers. Euler's transformation ₂F₁(A, B; C; z) = (1 − z)^(C−A−B) · ₂F₁(C − A, C −
    B; C; z) makes the power and ₂F₁ meet at moderate size: (α / (α + t))^(a − 1) · ₂F₁(a + b − 1 − r, a − 1; a + b −
    1; z). What is still not finite is integrated.
    """
    r, alpha, b = np.broadcast_arrays(np.asarray(r, dtype=np.float64), alpha, b)
    reach = time / alpha
    less = _off_the_pole(np.asarray(a - 1))
    top = _off_the_pole(less + b)
    with np.errstate(over="ignore", invalid="ignore"):
        remaining = np.exp(-less * np.log1p(reach)) * hyp2f1(top - r, less, top, reach / (1 + reach))
        expected = np.atleast_1d(top / less * (1 - remaining))
    for place in np.flatnonzero(~np.isfinite(expected)):
        expected[place] = _integrated(r.flat[place], reach.flat[place], a, b.flat[place])
    # no more orders than there would be without drop-out; and what rounding left below nothing is nothing
    return np.asarray(np.clip(expected, 0, np.atleast_1d(r * reach)).reshape(r.shape), dtype=np.float64)


def _off_the_pole(value: Floats) -> Floats:
    return np.where(np.abs(value) < NEAREST_TO_A_POLE, NEAREST_TO_A_POLE, value)


def _integrated(r: float, reach: float, a: float, b: float) -> float:
    """The same expectation over the drop-out p of customers: ∫ (1 − (1 + p·t/α)^−r) / p · Beta(p; a, b) dp.

    What stands before Beta is what a customer with drop-out p is expected to order (FHL equation 5, averaged
    over rates). With p = 1 / (1 + e^−u) and u = sinh(v) the integrand falls off at both ends so fast that equal steps of v
    are as exact as the numbers.
    """
    v = np.linspace(-14, 14, 20_001)
    u = np.sinh(v)
    log_p, log_rest = log_expit(u), log_expit(-u)
    p = np.maximum(np.exp(log_p), 1e-300)
    density = np.exp(a * log_p + b * log_rest - betaln(a, b) + np.log(np.cosh(v)))
    return float(np.sum(-np.expm1(-r * np.log1p(p * reach)) / p * density) * (v[1] - v[0]))
