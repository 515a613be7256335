"""Businesses and people."""

from itertools import count
from typing import Any

from crm.models import Business, Membership, User

PASSWORD = "correct horse battery staple"
_numbers = count(1)


def make_business(**fields: Any) -> Business:
    number = next(_numbers)
    defaults = {
        "name": f"Business {number}",
        "slug": f"business-{number}",
        "currency": "GBP",
        "time_zone": "Europe/London",
    }
    return Business.objects.create(**{**defaults, **fields})


def make_user(**fields: Any) -> User:
    number = next(_numbers)
    password = fields.pop("password", PASSWORD)
    return User.objects.create_user(
        **{"email": f"user{number}@example.com", "name": f"User {number}", "password": password, **fields}
    )


def make_membership(business: Business, role: str = "owner", user: User | None = None, **fields: Any) -> Membership:
    user = user or make_user(name=f"{role.capitalize()} of {business.name}")
    return Membership.unscoped.create(business=business, user=user, role=role, **fields)
