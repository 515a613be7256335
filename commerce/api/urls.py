"""Where the endpoints of orders are."""

from django.urls import path

from commerce.api.views import OrderDetail, OrderList

urlpatterns = [
    path("orders", OrderList.as_view(), name="order_list"),
    path("orders/<uuid:id>", OrderDetail.as_view(), name="order_detail"),
]
