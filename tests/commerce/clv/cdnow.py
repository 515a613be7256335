"""The public CDNOW sample: one customer in ten of those who first bought in the first quarter of 1997, and all they bought until June 1998.

It comes with the package lifetimes, of which only this file is read; the package itself is not imported.
"""

from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from commerce.clv import Histories, histories_from_orders

# The 39 weeks to the end of September 1997 are those to which the published values were fitted.
CALIBRATION, HOLDOUT = 39.0, 39.0


@dataclass(frozen=True)
class Orders:
    customer: np.ndarray
    week: np.ndarray
    money: np.ndarray


def cdnow_orders() -> Orders:
    """Customer, time in weeks (day 1 is the 1st of January 1997) and money of 6,919 orders."""
    package = find_spec("lifetimes")
    assert package is not None
    assert package.submodule_search_locations is not None
    text = (Path(package.submodule_search_locations[0]) / "datasets" / "CDNOW_sample.txt").read_text(encoding="ascii")
    rows = [line.split() for line in text.splitlines() if line.strip()]
    days = [date.fromisoformat(row[2]).toordinal() - date(1996, 12, 31).toordinal() for row in rows]
    return Orders(
        np.array([int(row[0]) for row in rows]), np.array(days) / 7, np.array([float(row[4]) for row in rows])
    )


def cdnow_histories() -> Histories:
    """The 2,357 customers as they stood at the end of the calibration period."""
    orders = cdnow_orders()
    return histories_from_orders(orders.customer, orders.week, orders.money, CALIBRATION, CALIBRATION)[1]
