"""Businesses and people."""

from itertools import count
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from crm.models import Business, Membership, User
from crm.sessions import SessionStore

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


def make_session(user: User, **fields: Any) -> UserSession:
    """A browser elsewhere in which the user is signed in."""
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.begin()
    store.create()
    defaults = {
        "ip": "192.0.2.7",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    }
    return UserSession.objects.create(user=user, session_key=store.session_key, **{**defaults, **fields})
