"""Given a customer with a link to its own page, when it turns newsletters off there, then the gate refuses the next one at once."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from crm import clock
from crm.actor import Actor
from crm.models import Membership
from crm.scope import scope
from customers import services
from customers.services.preferences import Proof
from tests.factories import make_customer

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Actor.system("test")


def test_what_the_customer_turns_off_on_its_own_page_is_refused_at_once(
    visit: Callable[..., Any], owner: Membership
) -> None:
    customer = make_customer(owner.business, first_name="Jordan", last_name="Smith")
    with scope(owner.business):
        services.set_preferences(
            actor=SYSTEM, customer=customer, at=clock.now(), proof=Proof(evidence="Form"), newsletter_subscription=True
        )
        assert _ask(customer) == "allowed"
    it = visit()
    it.sign_in(owner)
    it.open(f"/customers/{customer.pk}/preferences")
    address = it.tab.get_by_role("link", name="Open the page").get_attribute("href")
    stranger = visit()
    stranger.tab.goto(address)
    expect(stranger.tab.get_by_role("heading", level=1, name="Messages from Acme Retail")).to_be_visible()
    stranger.tab.get_by_label("The newsletter").uncheck()
    stranger.tab.get_by_role("button", name="Save").click()
    expect(stranger.tab.get_by_text("Saved. It holds from now on.")).to_be_visible()
    with scope(owner.business):
        assert _ask(customer) == "flag_off:newsletter_subscription"
    stranger.tab.get_by_role("button", name="Unsubscribe from everything").click()
    expect(stranger.tab.get_by_text("You are unsubscribed.")).to_be_visible()
    it.tab.reload()
    expect(it.tab.get_by_text("The customer doesn't want it. (newsletter)").first).to_be_visible()


def _ask(customer: Any) -> str:
    decision = services.may_send(
        actor=SYSTEM, customer=customer, channel="email", category="newsletter", at=clock.now()
    )
    return str(decision.reason)
