"""Staff pages of commerce."""

from commerce.views.deal_board import DealBoard, DealCard
from commerce.views.deal_report import PipelineReport
from commerce.views.deals import DealCreate, DealDelete, DealDetail, DealList, DealMove, DealUpdate
from commerce.views.orders import OrderDetail, OrderList

__all__ = [
    "DealBoard",
    "DealCard",
    "DealCreate",
    "DealDelete",
    "DealDetail",
    "DealList",
    "DealMove",
    "DealUpdate",
    "OrderDetail",
    "OrderList",
    "PipelineReport",
]
