"""Display lifetime value and ARR: given won deals of 200,000 and invoiced recurring revenue of 150,000 a year, when the profile is
opened, then it shows them; and it follows when the invoice is voided and the deal is opened again."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from crm.formats import NOTHING
from crm.models import Membership
from tests.factories import make_customer, make_deal

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_profile_shows_lifetime_value_and_arr(visit: Callable[..., Any], owner: Membership) -> None:
    acme = make_customer(owner.business, kind="company", display_name="Acme Corp", lifecycle_stage="active")
    deal = make_deal(acme, name="The whole plant", amount="200000", stage="closing")
    it = visit()
    it.sign_in(owner)
    tab = it.tab

    def figure(label: str) -> Any:
        return tab.locator("#figures .stat").filter(has=tab.get_by_text(label, exact=True))

    it.open("/settings/business")
    tab.get_by_label("Lifetime value").select_option("deals")
    tab.get_by_role("button", name="Save", exact=True).click()
    expect(tab.get_by_text("Saved.").first).to_be_visible()

    it.open(f"/deals/{deal.pk}/move?stage=won")
    tab.get_by_role("button", name="Move", exact=True).click()
    expect(tab.get_by_text("Closed won").first).to_be_visible()
    it.open(f"/invoices/new?customer={acme.pk}")
    tab.get_by_label("Number").fill("INV-1")
    tab.get_by_label("Amount").fill("150000")
    tab.get_by_label("Comes again").select_option("year")
    tab.get_by_role("button", name="Add invoice").click()
    expect(tab.get_by_role("heading", level=1, name="INV-1")).to_be_visible()
    invoice = tab.url

    it.open(f"/customers/{acme.pk}")
    expect(figure("Lifetime value")).to_contain_text("£200,000.00")
    expect(figure("ARR")).to_contain_text("£150,000.00")

    tab.goto(f"{invoice}/void")
    tab.get_by_role("button", name="Void invoice").click()
    expect(tab.get_by_text("The invoice is void.").first).to_be_visible()
    it.open(f"/customers/{acme.pk}")
    expect(figure("Lifetime value")).to_contain_text("£200,000.00")
    expect(figure("ARR").locator(".stat-value")).to_have_text(NOTHING)

    it.open(f"/deals/{deal.pk}/move?stage=negotiation")
    tab.get_by_role("button", name="Move", exact=True).click()
    expect(tab.get_by_text("Negotiation").first).to_be_visible()
    it.open(f"/customers/{acme.pk}")
    expect(figure("Lifetime value")).to_contain_text("£0.00")
    assert it.complaints == []
