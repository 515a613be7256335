"""Where the pages of commerce are."""

from django.urls import path

from commerce import views

app_name = "commerce"
urlpatterns = [
    path("orders", views.OrderList.as_view(), name="order_list"),
    path("orders/<uuid:pk>", views.OrderDetail.as_view(), name="order_detail"),
]
