"""From what is bought together to the customers to whom it is to be offered, and to the reason on their profile."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from crm.models import Membership
from tests.commerce.test_cross_sell_pages import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_pair_leads_to_who_lacks_the_second_and_their_profile_says_why(
    visit: Callable[..., Any], owner: Membership, worker: None
) -> None:
    Shop(owner.business)
    it = visit(width=1440, height=1000)
    it.sign_in(owner)
    it.open("/reports/cross-sell")
    tab = it.tab
    expect(tab.get_by_text("Nothing to show yet")).to_be_visible()
    tab.get_by_role("link", name="Compute now").click()
    tab.get_by_role("button", name="Compute now").click()
    expect(tab.get_by_role("heading", name="Result")).to_be_visible(timeout=60_000)
    it.open("/reports/cross-sell?sort=-confidence")
    expect(tab.get_by_text("of 14 customers")).to_be_visible()
    tab.get_by_role("row").filter(has_text="Lamp").filter(has_text="60%").first.get_by_role("link").first.click()
    expect(tab.get_by_text("Bought: Lamp")).to_be_visible()
    expect(tab.get_by_text("Did not buy: Bulb")).to_be_visible()
    tab.get_by_role("link", name="Initech").first.click()
    tab.get_by_role("navigation").get_by_role("link", name="Commerce", exact=True).or_(
        tab.get_by_role("link", name="Commerce", exact=True)
    ).first.click()
    box = tab.locator("#suggestions")
    expect(box).to_contain_text("Bought by 60% of those who bought “Lamp”")
    box.get_by_role("link", name="Chandelier").click()
    expect(tab.get_by_role("heading", level=1, name="Chandelier")).to_be_visible()
    expect(tab.locator("#partners")).to_contain_text("Lamp")
    assert it.complaints == []
