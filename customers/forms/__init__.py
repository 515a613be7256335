"""Forms of the staff pages of customers."""

from customers.forms.customers import CustomerForm, customer_initial
from customers.forms.imports import ImportForm

__all__ = ["CustomerForm", "ImportForm", "customer_initial"]
