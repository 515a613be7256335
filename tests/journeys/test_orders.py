"""An order is taken on its page with two lines and refunded; the profile's figures follow."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from commerce.models import Product
from crm.models import Membership
from tests.factories import make_customer

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_order_of_two_lines_is_taken_and_refunded(visit: Callable[..., Any], owner: Membership) -> None:
    Product.unscoped.create(business=owner.business, code="L-1", name="Brass lamp")
    Product.unscoped.create(business=owner.business, code="T-2", name="Tea pot")
    acme = make_customer(owner.business, kind="company", display_name="Acme Corp", external_id="ACME")
    it = visit(width=390, height=800)
    it.sign_in(owner)
    it.open(f"/orders/new?customer={acme.pk}")
    tab = it.tab
    tab.get_by_label("Number").fill("SO-1")
    first = tab.get_by_role("group", name="Line 1", exact=True)
    first.get_by_label("Product").fill("brass")
    expect(first.locator("datalist option")).to_have_attribute("value", "L-1 · Brass lamp")
    first.get_by_label("Product").fill("L-1 · Brass lamp")
    first.get_by_label("Quantity").fill("2")
    first.get_by_label("Unit price").fill("10.25")
    tab.get_by_role("button", name="More lines").click()
    fourth = tab.get_by_role("group", name="Line 4", exact=True)
    expect(fourth).to_be_visible()
    fourth.get_by_label("Product").fill("Tea pot")
    tab.get_by_role("button", name="Add order").click()
    expect(tab.get_by_text("Say what one piece costs.").first).to_be_visible()
    expect(first.get_by_label("Unit price")).to_have_value("10.25")
    tab.get_by_role("group", name="Line 4", exact=True).get_by_label("Unit price").fill("1.50")
    tab.get_by_role("button", name="Add order").click()
    expect(tab.get_by_role("heading", level=1, name="Order SO-1")).to_be_visible()
    expect(tab.get_by_text("£22.00").first).to_be_visible()
    it.open(f"/customers/{acme.pk}")
    expect(tab.locator(".stat").filter(has=tab.get_by_text("Total spent", exact=True)).first).to_contain_text("£22.00")
    tab.get_by_role("link", name="SO-1").first.click()
    tab.get_by_role("link", name="Refund", exact=True).click()
    tab.get_by_label("Brass lamp").or_(tab.get_by_label("L-1")).first.fill("1")
    tab.get_by_role("button", name="Refund", exact=True).click()
    expect(tab.get_by_role("heading", level=1, name="Order SO-1-R1")).to_be_visible()
    it.open(f"/customers/{acme.pk}")
    expect(tab.locator(".stat").filter(has=tab.get_by_text("Total spent", exact=True)).first).to_contain_text("£11.75")
    assert [message for message in it.complaints if "422" not in message] == []
