"""The time ahead for which value is predicted, and what is expected in it."""

from dataclasses import dataclass

import numpy as np

from commerce.clv.bgnbd import BgNbd, expected_while_alive
from commerce.clv.histories import Floats


@dataclass(frozen=True)
class Horizon:
    """The next `length` (in the unit of the histories) in `periods` equal periods, as a year in 12 months.

    `discount` is the rate of interest per period; money of a period is discounted from its end. `level` is the
    probability with which what comes is to lie in the interval. Raises ValueError.
    """

    length: float
    periods: int = 12
    discount: float = 0.0
    level: float = 0.9

    def __post_init__(self) -> None:
        if not (self.length > 0 and self.periods >= 1 and self.discount > -1 and 0 < self.level < 1):
            raise ValueError("length above 0, periods from 1, discount above -1 and level between 0 and 1 are needed")

    @property
    def ends(self) -> Floats:
        """When the periods end."""
        return np.arange(1.0, self.periods + 1) * self.length / self.periods

    @property
    def weights(self) -> Floats:
        """What money at the end of each period is worth today."""
        return np.asarray((1 + self.discount) ** -np.arange(1.0, self.periods + 1), dtype=np.float64)

    @property
    def tails(self) -> tuple[float, float]:
        """The two probabilities between which the interval lies."""
        return (1 - self.level) / 2, (1 + self.level) / 2


def expected_and_discounted(model: BgNbd, frequency: Floats, age: Floats, horizon: Horizon) -> tuple[Floats, Floats]:
    """Orders that are expected within the horizon of customers who are alive today, and the same discounted.

    The second is Σₖ (E(tₖ) − E(tₖ₋₁)) / (1 + d)ᵏ over the periods k, as in Fader, Hardie, Lee (2005), "RFM and CLV:
    Using Iso-Value Curves for Customer Base Analysis", Journal of Marketing Research 42 (4), 415–430, for a horizon
    that ends.
    """
    before = discounted = np.zeros(frequency.size)
    for end, weight in zip(horizon.ends, horizon.weights, strict=True):
        until = expected_while_alive(model, frequency, age, float(end))
        discounted = discounted + (until - before) * weight
        before = until
    return before, discounted
