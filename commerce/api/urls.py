"""Where the endpoints of commerce are."""

from django.urls import path

from commerce.api.deals import CustomerDeals, DealDetail, DealList, DealMove, DealStages
from commerce.api.order_batch import OrderBatch
from commerce.api.orders import OrderDetail, OrderList, OrderSteps

urlpatterns = [
    path("orders", OrderList.as_view(), name="order_list"),
    path("orders/batch", OrderBatch.as_view(), name="order_batch"),
    path("orders/<uuid:id>", OrderDetail.as_view(), name="order_detail"),
    path("orders/<uuid:id>/steps", OrderSteps.as_view(), name="order_steps"),
    path("deals", DealList.as_view(), name="deal_list"),
    path("deals/<uuid:id>", DealDetail.as_view(), name="deal_detail"),
    path("deals/<uuid:id>/move", DealMove.as_view(), name="deal_move"),
    path("deals/<uuid:id>/stages", DealStages.as_view(), name="deal_stages"),
    path("customers/<uuid:id>/deals", CustomerDeals.as_view(), name="customer_deals"),
]
