"""The home dashboard: figures of the business, and the steps into real use while it is new."""

from typing import Any

from django.test import Client

from crm.models import Membership
from tests.factories import make_customer, make_membership, make_order


def _steps(browser: Client) -> tuple[int, int]:
    """(steps to do, steps done) that the page shows."""
    page = browser.get("/").content.decode()
    return page.count("happening-neutral"), page.count("happening-good")


def test_a_new_business_is_told_what_to_do_first(owner: Membership, browser: Client) -> None:
    assert _steps(browser) == (3, 0)
    page = browser.get("/").content.decode()
    assert "Bring your customers in" in page
    assert 'class="chart' not in page
    customer = make_customer(owner.business)
    assert _steps(browser) == (2, 1)
    make_order(customer)
    assert _steps(browser) == (1, 2)
    make_membership(owner.business, "agent")
    assert _steps(browser) == (0, 0)
    assert "First steps" not in browser.get("/").content.decode()


def test_steps_are_shown_to_those_who_may_take_them(owner: Membership, sign_in: Any) -> None:
    assert _steps(sign_in(make_membership(owner.business, "analyst"))) == (0, 0)
