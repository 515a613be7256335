"""What is predicted where no model can be used: each customer goes on ordering as lately, at the average value so far.

Orders to come = orders in the window before today × horizon / window; their value is the customer's average of all
orders, never below 0. Nothing is learnt from other customers, and nobody drops out.
"""

import numpy as np
from scipy.special import nbdtrik

from commerce.clv.histories import Floats, Histories
from commerce.clv.horizon import Horizon


def observed_orders(histories: Histories, window: float, time: float) -> Floats:
    """Orders in the next `time` at the rate of the last `window`; both in the unit of the histories."""
    return histories.recent_orders * (time / window)


def historic_value(histories: Histories) -> Floats:
    """The average money of all orders of each customer; 0 where refunds left less."""
    return np.maximum(histories.average_value, 0)


def discount_factor(horizon: Horizon) -> float:
    """What money that comes evenly within the horizon is worth today, as a part of it."""
    return float(np.mean(horizon.weights))


def order_bounds(histories: Histories, window: float, horizon: Horizon) -> tuple[Floats, Floats]:
    """The bounds of the number of orders to come, by the horizon's level.

    Of a customer with n orders in the window the rate is gamma distributed with (n + ½, window), by Jeffreys' prior;
    the number to come is then negative binomial with n + ½ and window / (window + horizon). See Gelman and others
    (2013), "Bayesian Data Analysis", 3rd edition, chapter 2.
    """
    counts, place = np.unique(histories.recent_orders, return_inverse=True)
    share = window / (window + horizon.length)
    low, high = (np.ceil(np.maximum(nbdtrik(tail, counts + 0.5, share), 0)) for tail in horizon.tails)
    return low[place], high[place]
