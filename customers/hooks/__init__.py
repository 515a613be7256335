"""What the customers app plugs into the sockets below it and into its own: a module for each capability.

Where a socket has no order of its own, things stand in the order in which they are plugged.
"""

# ruff: noqa: I001
from customers.hooks import (
    customers,
    fields,
    imports,
    bulk,
    tags,
    contacts,
    lifecycle,
    qualification,
    preferences,
    notes,
)

__all__ = [
    "bulk",
    "contacts",
    "customers",
    "fields",
    "imports",
    "lifecycle",
    "notes",
    "preferences",
    "qualification",
    "tags",
]
