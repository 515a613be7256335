"""Staff pages of customers."""

from customers.views.customers import (
    CustomerArchive,
    CustomerArchiveList,
    CustomerCreate,
    CustomerList,
    CustomerRestore,
    CustomerUpdate,
)
from customers.views.imports import ImportCreate, ImportDetail, ImportList, ImportProgress
from customers.views.profile import CustomerDetail, CustomerHistory

__all__ = [
    "CustomerArchive",
    "CustomerArchiveList",
    "CustomerCreate",
    "CustomerDetail",
    "CustomerHistory",
    "CustomerList",
    "CustomerRestore",
    "CustomerUpdate",
    "ImportCreate",
    "ImportDetail",
    "ImportList",
    "ImportProgress",
]
