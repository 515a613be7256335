"""Where the pages of commerce are."""

from django.urls import path

from commerce import views

app_name = "commerce"
urlpatterns = [
    path("orders", views.OrderList.as_view(), name="order_list"),
    path("orders/<uuid:pk>", views.OrderDetail.as_view(), name="order_detail"),
    path("deals", views.DealList.as_view(), name="deal_list"),
    path("deals/board", views.DealBoard.as_view(), name="deal_board"),
    path("deals/new", views.DealCreate.as_view(), name="deal_create"),
    path("deals/<uuid:pk>", views.DealDetail.as_view(), name="deal_detail"),
    path("deals/<uuid:pk>/edit", views.DealUpdate.as_view(), name="deal_update"),
    path("deals/<uuid:pk>/move", views.DealMove.as_view(), name="deal_move"),
    path("deals/<uuid:pk>/card", views.DealCard.as_view(), name="deal_card"),
    path("deals/<uuid:pk>/delete", views.DealDelete.as_view(), name="deal_delete"),
    path("reports/pipeline", views.PipelineReport.as_view(), name="pipeline_report"),
]
