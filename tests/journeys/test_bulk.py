"""Changing many customers in a real browser: pick, preview, do, look at the lines, take back."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from crm.models import Membership
from crm.scope import scope
from customers.models import CustomerTag, Tag
from tests.factories import make_customer
from tests.journeys.test_accessibility import RULES

pytestmark = pytest.mark.django_db(transaction=True)


def _violations(it: Any) -> list[str]:
    return [violation["id"] for violation in Axe().run(it.tab, options={"runOnly": RULES}).response["violations"]]


def test_picked_customers_get_a_tag_and_lose_it_again(
    visit: Callable[..., Any], owner: Membership, worker: None
) -> None:
    business = owner.business
    with scope(business):
        tag = Tag.objects.create(business=business, name="Spring fair")
    for number in range(4):
        make_customer(business, last_name=f"Guest {number}")
    it = visit()
    it.sign_in(owner)
    it.open("/customers")
    boxes = it.tab.locator("[data-pick]")
    boxes.nth(0).check()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(it.tab.locator("[data-picked]")).to_have_text("3 picked")
    boxes.nth(1).uncheck()
    expect(it.tab.locator("[data-picked]")).to_have_text("2 picked")
    assert _violations(it) == []
    it.tab.get_by_role("button", name="Add tags").click()
    it.tab.get_by_label("Spring fair").check()
    assert _violations(it) == []
    it.tab.get_by_role("button", name="Show what would change").click()
    expect(it.tab.get_by_role("heading", name="Some of them")).to_be_visible()
    assert _violations(it) == []
    it.tab.get_by_role("button", name="Change 2 customers").click()
    it.tab.get_by_role("link", name="Take it back").wait_for()
    assert _violations(it) == []
    assert CustomerTag.unscoped.filter(tag=tag).count() == 2
    it.tab.get_by_role("link", name="All lines").click()
    expect(it.tab.locator("#list tbody tr")).to_have_count(2)
    assert _violations(it) == []
    it.tab.go_back()
    it.tab.get_by_role("link", name="Take it back").click()
    it.tab.get_by_role("button", name="Take it back").click()
    expect(it.tab.get_by_text("Done", exact=True)).to_be_visible()
    assert CustomerTag.unscoped.filter(tag=tag).count() == 0
    assert it.complaints == []


def test_columns_are_chosen_and_moved(visit: Callable[..., Any], owner: Membership) -> None:
    make_customer(owner.business, city="Leeds")
    it = visit()
    it.sign_in(owner)
    it.open("/customers?columns=owner")
    it.tab.locator("summary", has_text="Columns").click()
    it.tab.locator(".columns-form").get_by_label("City").check()
    assert _violations(it) == []
    it.tab.get_by_role("button", name="Show these").click()
    heads = it.tab.locator("#list thead th")
    expect(it.tab.get_by_role("cell", name="Leeds")).to_be_visible()
    assert [text for text in heads.all_inner_texts() if text][:3] == ["Name", "Owner", "City"]
    it.tab.locator("summary", has_text="Columns").click()
    it.tab.get_by_role("button", name="Move City to the left").click()
    expect(heads.nth(1)).to_have_text("City")
    assert it.complaints == []
