"""The search for the parameters under which what was seen is likeliest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from commerce.clv.histories import Floats

# of log parameters: the value and the slope of the log-likelihood
LogLikelihood = Callable[[Floats], tuple[float, Floats]]
# of the logarithms of the parameters, row by row
Covariance = tuple[tuple[float, ...], ...]

# Parameters are sought between e^-9 and e^9 of the scale of the data; what ends nearer to a bound than this is at the bound.
LOWEST, HIGHEST = -9.0, 9.0
AT_BOUND = 0.05
STEP = 1e-4
# Where to start from is found on so many rows.
ROUGHLY = 10_000
# How steep the likelihood of one observation may still be at its maximum.
FLAT = 1e-5


@dataclass(frozen=True)
class Maximum:
    """The best log parameters, their log-likelihood and covariance; `covariance` is None where the likelihood has no peak."""

    log_parameters: Floats
    log_likelihood: float
    covariance: Floats | None
    converged: bool

    def at_bound(self, *places: int) -> bool:
        """Whether any of the parameters at these places ended at a bound of the search."""
        chosen = self.log_parameters[list(places)]
        return bool(np.any((chosen < LOWEST + AT_BOUND) | (chosen > HIGHEST - AT_BOUND)))

    def error_of_ratio(self, above: int, below: int) -> float:
        """The standard error of the logarithm of one parameter divided by another; infinite where the likelihood has no peak."""
        if self.covariance is None:
            return float("inf")
        c = self.covariance
        return float(np.sqrt(c[above, above] + c[below, below] - 2 * c[above, below]))

    def covariance_rows(self) -> Covariance | None:
        """The covariance as plain numbers."""
        return None if self.covariance is None else tuple(tuple(map(float, row)) for row in self.covariance)


def maximize(
    log_likelihood: LogLikelihood, rough: LogLikelihood, starts: Sequence[Sequence[float]], size: float
) -> Maximum:
    """Climb from each of the starts (log parameters) by L-BFGS-B, and from the highest end once more.

    The first climbs are on `rough`, the likelihood of a sample, the last on that of all. `size` is the number of
    observations: likelihoods are divided by it, so that the same tolerance serves ten customers and ten million.
    """
    ends = [_climb(rough, start, size) for start in starts]
    best = _climb(log_likelihood, min(ends, key=lambda end: float(end.fun)).x, size)
    return Maximum(
        log_parameters=np.asarray(best.x, dtype=np.float64),
        log_likelihood=float(-best.fun * size),
        covariance=covariance(log_likelihood, best.x),
        # a search that can't improve the last digit calls that a failure; it isn't one where the likelihood is flat
        converged=bool(best.success or np.max(np.abs(best.jac)) < FLAT),
    )


def _climb(log_likelihood: LogLikelihood, start: Sequence[float], size: float) -> OptimizeResult:
    def descent(theta: Floats) -> tuple[float, Floats]:
        value, slope = log_likelihood(theta)
        return -value / size, -slope / size

    return minimize(
        descent,
        np.asarray(start, dtype=np.float64),
        jac=True,
        method="L-BFGS-B",
        bounds=[(LOWEST, HIGHEST)] * len(start),
        options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-7},
    )


def covariance(log_likelihood: LogLikelihood, theta: Floats) -> Floats | None:
    """The inverse of the observed information, from central differences of the slope; None where that is not positive definite."""
    steps = np.eye(theta.size) * STEP
    information = np.array(
        [(log_likelihood(theta - step)[1] - log_likelihood(theta + step)[1]) / (2 * STEP) for step in steps]
    )
    information = (information + information.T) / 2
    try:
        np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(np.linalg.inv(information), dtype=np.float64)
