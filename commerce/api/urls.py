"""Where the endpoints of commerce are."""

from django.urls import path

from commerce.api.orders import OrderDetail, OrderList

urlpatterns = [
    path("orders", OrderList.as_view(), name="order_list"),
    path("orders/<uuid:id>", OrderDetail.as_view(), name="order_detail"),
]
