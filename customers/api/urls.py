"""Where the endpoints of customers and imports are."""

from django.urls import path

from customers.api.imports import ImportDetail, ImportList
from customers.api.views import CustomerArchive, CustomerBulk, CustomerDetail, CustomerList, CustomerRestore

urlpatterns = [
    path("customers", CustomerList.as_view(), name="customer_list"),
    path("customers/bulk", CustomerBulk.as_view(), name="customer_bulk"),
    path("customers/<uuid:id>", CustomerDetail.as_view(), name="customer_detail"),
    path("customers/<uuid:id>/archive", CustomerArchive.as_view(), name="customer_archive"),
    path("customers/<uuid:id>/restore", CustomerRestore.as_view(), name="customer_restore"),
    path("imports", ImportList.as_view(), name="import_list"),
    path("imports/<uuid:id>", ImportDetail.as_view(), name="import_detail"),
]
