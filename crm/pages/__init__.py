"""Generic staff pages over Django's class-based views."""

from crm.pages.confirm import DeedPage
from crm.pages.deeds import Unstorable, carry_out
from crm.pages.form import FormPage
from crm.pages.lists import ListPage
from crm.pages.page import MEMBER, SIGNED_IN, Page

__all__ = ["MEMBER", "SIGNED_IN", "DeedPage", "FormPage", "ListPage", "Page", "Unstorable", "carry_out"]
