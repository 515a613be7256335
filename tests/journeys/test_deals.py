"""Move a customer to Expansion: given an active customer, when its expansion deal is won on the board, then it is in Expansion."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import expect

from commerce.models import Opportunity
from crm.models import Membership
from crm.scope import scope
from tests.factories import make_customer, make_deal

pytestmark = pytest.mark.django_db(transaction=True)


def _stage_of(deal: Opportunity) -> str:
    with scope(deal.business_id):
        return str(Opportunity.objects.get(pk=deal.pk).stage)


def test_a_customer_is_moved_to_expansion_by_winning_a_deal(visit: Callable[..., Any], owner: Membership) -> None:
    acme = make_customer(
        owner.business, kind="company", display_name="Acme Corp", lifecycle_stage="active", acquired_on=date(2026, 1, 5)
    )
    deal = make_deal(acme, name="40 more seats", kind="expansion", amount="4800", stage="closing")
    it = visit(width=1800, height=1000)
    it.sign_in(owner)
    it.open("/deals/board")
    card = it.tab.locator(f"#deal-{deal.pk}")
    card.drag_to(it.tab.locator("[data-stage=won] .board-head"))
    expect(it.tab.locator("[data-stage=won]").get_by_role("link", name="40 more seats")).to_be_focused()
    expect(it.tab.get_by_text("40 more seats: Closed won")).to_be_visible()
    expect(it.tab.locator("[data-stage=won] .board-sums")).to_contain_text("£4,800.00")
    assert _stage_of(deal) == "won"
    it.open(f"/customers/{acme.pk}/history")
    expect(it.tab.get_by_text("Deal won").first).to_be_visible()
    it.open(f"/customers/{acme.pk}/timeline")
    change = it.tab.locator(".happening", has_text="Active → Expansion").first
    expect(change).to_contain_text(owner.user.name)
    expect(change).to_contain_text("The expansion deal “40 more seats” was won.")
    expect(change.locator("time")).to_be_visible()
    it.open("/reports/stages")
    row = it.tab.get_by_role("row").filter(has=it.tab.get_by_role("rowheader", name="Expansion"))
    expect(row.get_by_role("link", name="1", exact=True)).to_be_visible()
    assert it.complaints == []


def test_a_card_is_moved_by_its_menu_and_a_lost_one_says_why(visit: Callable[..., Any], owner: Membership) -> None:
    deal = make_deal(None, owner.business, name="Shelves", amount="100")
    it = visit()
    it.sign_in(owner)
    it.open("/deals/board")
    menu = it.tab.get_by_label("Move Shelves")
    menu.focus()
    menu.press("Enter")
    it.tab.get_by_role("button", name="Negotiation", exact=True).press("Enter")
    expect(it.tab.locator("[data-stage=negotiation]").get_by_role("link", name="Shelves")).to_be_focused()
    assert _stage_of(deal) == "negotiation"
    it.tab.get_by_label("Move Shelves").press("Enter")
    it.tab.get_by_role("button", name="Closed lost").press("Enter")
    expect(it.tab.get_by_role("heading", level=1, name="Where does Shelves go?")).to_be_visible()
    it.tab.get_by_role("button", name="Move", exact=True).click()
    expect(it.tab.get_by_text("Say why the deal was lost.").first).to_be_visible()
    it.tab.get_by_label("Reason").fill("Too dear")
    it.tab.get_by_role("button", name="Move", exact=True).click()
    expect(it.tab.get_by_text("Too dear").first).to_be_visible()
    assert _stage_of(deal) == "lost"
    assert [m for m in it.complaints if "422" not in m] == []
