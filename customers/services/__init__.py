"""Deeds on customers."""

from customers.services.customers import archive_customer, create_customer, restore_customer, update_customer
from customers.services.imports import close_abandoned_imports, fail_import, run_import, start_import
from customers.services.search import refresh_search

__all__ = [
    "archive_customer",
    "close_abandoned_imports",
    "create_customer",
    "fail_import",
    "refresh_search",
    "restore_customer",
    "run_import",
    "start_import",
    "update_customer",
]
