"""Plain functions that make rows for tests, through the real services where there is one."""

from tests.factories.commerce import make_order
from tests.factories.crm import make_business, make_membership, make_session, make_user
from tests.factories.customers import make_customer

__all__ = ["make_business", "make_customer", "make_membership", "make_order", "make_session", "make_user"]
