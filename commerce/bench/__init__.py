"""Benchmarks of commerce: what people and programs read, and what is written."""

from commerce.bench.reading import (
    cross_sell_report,
    figures,
    order_api,
    order_gaps,
    order_page,
    product_page,
    retention_api,
    retention_page,
    suggestions,
)
from commerce.bench.writing import batches, order_file, prediction, rebuild, single_orders, slide

__all__ = [
    "batches",
    "cross_sell_report",
    "figures",
    "order_api",
    "order_file",
    "order_gaps",
    "order_page",
    "prediction",
    "product_page",
    "rebuild",
    "retention_api",
    "retention_page",
    "single_orders",
    "slide",
    "suggestions",
]
