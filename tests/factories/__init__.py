"""Plain functions that make rows for tests, through the real services where there is one."""

from tests.factories.commerce import make_deal, make_invoice, make_order, make_subscription
from tests.factories.crm import make_business, make_membership, make_session, make_user
from tests.factories.customers import make_contact, make_custom_field, make_customer, make_file, make_note, make_tag

__all__ = [
    "make_business",
    "make_contact",
    "make_custom_field",
    "make_customer",
    "make_deal",
    "make_file",
    "make_invoice",
    "make_membership",
    "make_note",
    "make_order",
    "make_session",
    "make_subscription",
    "make_tag",
    "make_user",
]
