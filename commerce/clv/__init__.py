"""Predicted lifetime value: arithmetic on arrays, which knows neither database nor web.

    histories = Histories(frequency=…, recency=…, age=…, repeat_value=…, recent_orders=…, average_value=…)
    horizon = Horizon(length=52, periods=12, discount=0.01)
    model = fit(histories, horizon)                  # model.reasons: why the fallback predicts, if so
    prediction = predict(model, histories, horizon, window=52)
    proof = backtest(histories_then, orders_since, money_since, horizon, window=52)

Times are in one unit throughout; whole weeks or days let customers who are alike be counted together. See
docs/decisions/0032-predicted-value.md.
"""

from commerce.clv.backtest import BackTest, Bucket, Comparison, backtest, backtest_orders
from commerce.clv.bgnbd import BgNbd, BgNbdFit
from commerce.clv.gamma_gamma import GammaGamma, GammaGammaFit
from commerce.clv.histories import BadHistory, Histories, histories_from_orders, outcomes_from_orders
from commerce.clv.horizon import Horizon
from commerce.clv.model import VERSION, Model, OrderMethod, Prediction, ValueMethod, fit, predict, restored, stored
from commerce.clv.reasons import Reason

__all__ = [
    "VERSION",
    "BackTest",
    "BadHistory",
    "BgNbd",
    "BgNbdFit",
    "Bucket",
    "Comparison",
    "GammaGamma",
    "GammaGammaFit",
    "Histories",
    "Horizon",
    "Model",
    "OrderMethod",
    "Prediction",
    "Reason",
    "ValueMethod",
    "backtest",
    "backtest_orders",
    "fit",
    "histories_from_orders",
    "outcomes_from_orders",
    "predict",
    "restored",
    "stored",
]
