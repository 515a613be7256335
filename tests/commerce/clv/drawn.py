"""Customers who are drawn from the models themselves, so that the true parameters and the true future are known."""

from dataclasses import dataclass

import numpy as np

from commerce.clv import BgNbd, GammaGamma, Histories

ORDERS = BgNbd(r=0.6, alpha=10.0, a=0.8, b=2.5)
VALUE = GammaGamma(p=6.0, q=4.0, v=15.0)


@dataclass(frozen=True)
class Drawn:
    """Histories, and the orders and money of the time after them."""

    histories: Histories
    orders: np.ndarray
    money: np.ndarray


def drawn_customers(
    customers: int, ahead: float = 52.0, seed: int = 1, orders: BgNbd = ORDERS, value: GammaGamma = VALUE
) -> Drawn:
    """Draw customers of up to four years, order by order, as the models tell the story."""
    dice = np.random.default_rng(seed)
    age = dice.uniform(1, 208, customers)
    rate = dice.gamma(orders.r, 1 / orders.alpha, customers)
    dropout = dice.beta(orders.a, orders.b, customers)
    frequency, recency, recent, later, now = (np.zeros(customers) for _ in range(5))
    recent += age <= 52
    who = np.arange(customers)
    while who.size:
        now[who] += dice.exponential(1 / rate[who])
        past = now[who] <= age[who]
        frequency[who] += past
        recency[who[past]] = now[who[past]]
        recent[who] += past & (now[who] > age[who] - 52)
        coming = now[who] <= age[who] + ahead
        later[who] += coming & ~past
        who = who[coming & (dice.random(who.size) >= dropout[who])]
    inverse_scale = dice.gamma(value.q, 1 / value.v, customers)

    def money(count: np.ndarray) -> np.ndarray:
        return dice.gamma(value.p * count) / inverse_scale

    repeat_money = money(frequency)
    histories = Histories(
        frequency=frequency,
        recency=recency,
        age=age,
        repeat_value=repeat_money / np.maximum(frequency, 1),
        recent_orders=recent,
        average_value=(repeat_money + money(np.ones(customers))) / (frequency + 1),
    )
    return Drawn(histories, later, money(later))
