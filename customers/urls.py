"""Where the pages of customers are."""

from django.urls import path

from customers import views

app_name = "customers"
urlpatterns = [
    path("customers", views.CustomerList.as_view(), name="customer_list"),
    path("customers/new", views.CustomerCreate.as_view(), name="customer_create"),
    path("customers/archived", views.CustomerArchiveList.as_view(), name="customer_archive_list"),
    path("customers/<uuid:pk>", views.CustomerDetail.as_view(), name="customer_detail"),
    path("customers/<uuid:pk>/history", views.CustomerHistory.as_view(), name="customer_history"),
    path("customers/<uuid:pk>/edit", views.CustomerUpdate.as_view(), name="customer_update"),
    path("customers/<uuid:pk>/archive", views.CustomerArchive.as_view(), name="customer_archive"),
    path("customers/<uuid:pk>/restore", views.CustomerRestore.as_view(), name="customer_restore"),
    path("imports", views.ImportList.as_view(), name="import_list"),
    path("imports/new", views.ImportCreate.as_view(), name="import_create"),
    path("imports/<uuid:pk>", views.ImportDetail.as_view(), name="import_detail"),
    path("imports/<uuid:pk>/progress", views.ImportProgress.as_view(), name="import_progress"),
]
