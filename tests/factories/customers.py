"""Customers."""

from itertools import count
from typing import Any

from crm.actor import Actor
from crm.models import Business
from crm.scope import scope
from customers import services
from customers.models import Customer

_numbers = count(1)


def make_customer(business: Business, **fields: Any) -> Customer:
    number = next(_numbers)
    defaults = {
        "kind": "person",
        "first_name": "Jordan",
        "last_name": f"Smith {number}",
        "email": f"jordan{number}@acme.example",
    }
    if fields.get("kind") == "company":
        defaults = {"display_name": f"Acme Corp {number}", "email": f"office{number}@acme.example"}
    with scope(business):
        customer = services.create_customer(actor=Actor.system("test"), business=business, **{**defaults, **fields})
        return Customer.objects.select_related("facts", "business").get(pk=customer.pk)
