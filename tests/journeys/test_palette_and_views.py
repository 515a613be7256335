"""Given a person who works by keyboard and comes back to the same lists every day, when she searches, narrows and saves, then each
way is short and says where it led."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from crm.models import AccessRecord, Membership, SavedView
from tests.factories import make_customer, make_membership, make_order
from tests.factories.crm import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


def _violations(it: Any) -> list[str]:
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(it.tab, options=rules).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def test_the_palette_finds_by_keyboard_what_somebody_looks_for(visit: Callable[..., Any], owner: Membership) -> None:
    customer = make_customer(owner.business, first_name="Ada", last_name="Quill")
    order = make_order(make_customer(owner.business), number="Q-74810")
    it = visit()
    it.sign_in(owner)
    field, entries = it.tab.get_by_role("combobox", name="Search customers, orders"), it.tab.get_by_role("option")
    it.tab.keyboard.press("Control+k")
    expect(field).to_be_focused()
    it.tab.keyboard.type("ada q")
    expect(entries).to_have_text(["Ada Quill" + customer.email])
    expect(it.tab.locator("#palette-status")).to_have_text("1 entry")
    it.tab.keyboard.press("ArrowDown")
    expect(entries.first).to_have_attribute("aria-selected", "true")
    chosen = entries.first.get_attribute("id")
    assert chosen
    expect(field).to_have_attribute("aria-activedescendant", chosen)
    assert _violations(it) == []
    it.tab.keyboard.press("Enter")
    it.tab.wait_for_url(f"**/customers/{customer.pk}")
    it.tab.keyboard.press("/")
    it.tab.keyboard.type("Q-748")
    expect(entries).to_have_count(1)
    it.tab.keyboard.press("ArrowUp")
    it.tab.keyboard.press("Enter")
    it.tab.wait_for_url(f"**/orders/{order.pk}")
    it.tab.keyboard.press("Control+k")
    expect(it.tab.get_by_role("group", name="Opened last")).to_contain_text("Ada Quill")
    it.tab.keyboard.type("nothing of the kind")
    expect(it.tab.get_by_text("Nothing fits “nothing of the kind”")).to_be_visible()
    assert _violations(it) == []
    it.tab.keyboard.press("Escape")
    expect(field).to_be_hidden()
    assert AccessRecord.unscoped.filter(what="crm:search", customer_ids__contains=[customer.pk]).exists()
    assert it.complaints == []


def test_the_palette_goes_to_pages_and_switches_the_theme(visit: Callable[..., Any], owner: Membership) -> None:
    it = visit(width=390, height=844, dark=True)
    it.sign_in(owner)
    it.tab.get_by_role("searchbox", name="Search customers").click()
    it.tab.keyboard.type("switch to li")
    it.tab.get_by_role("option", name="Switch to light").click()
    expect(it.tab.locator("html")).to_have_attribute("data-theme", "light")
    expect(it.tab.get_by_role("dialog")).to_have_count(0)
    it.tab.keyboard.press("Control+k")
    it.tab.keyboard.type("api k")
    it.tab.get_by_role("option", name="API keys").click()
    it.tab.wait_for_url("**/settings/api-keys")
    assert it.complaints == []


def test_a_list_is_saved_changed_shared_begun_with_and_deleted(visit: Callable[..., Any], owner: Membership) -> None:
    for number in range(3):
        make_customer(owner.business, kind="company", display_name=f"Firm {number}", lifecycle_stage="active")
    make_customer(owner.business, last_name="Person")
    agent = make_membership(owner.business, "agent")
    it = visit()
    it.sign_in(owner)
    it.open("/customers")
    rows, strip = it.tab.locator("#list tbody tr"), it.tab.get_by_role("navigation", name="Views")
    expect(strip).to_have_count(0)
    it.tab.get_by_role("button", name=re.compile("^Filters")).click()
    it.tab.locator("#id_kind").select_option("company")
    expect(rows).to_have_count(3)
    it.tab.locator("summary", has_text="Save view").click()
    it.tab.locator(".views-form").get_by_label("Name").fill("Firms")
    it.tab.get_by_role("button", name="Save view").click()
    expect(strip.get_by_role("link", name="Firms")).to_have_attribute("aria-current", "page")
    assert _violations(it) == []
    it.tab.get_by_role("button", name=re.compile("^Filters")).click()
    it.tab.locator("#id_kind").select_option("")
    expect(rows).to_have_count(4)
    it.tab.locator("#id_lifecycle_stage").select_option("active")
    expect(strip).to_contain_text("changed")
    it.tab.get_by_role("button", name="Update view").click()
    expect(it.tab.get_by_text("The view was updated.")).to_be_visible()
    assert SavedView.unscoped.get().query == "lifecycle_stage=active"
    it.tab.get_by_label("More on the view Firms").click()
    it.tab.get_by_role("link", name="Rename or share").click()
    it.tab.get_by_label("Name").fill("Active ones")
    it.tab.get_by_label("Who sees it").select_option("everyone")
    it.tab.get_by_role("button", name="Save").click()
    it.tab.get_by_label("More on the view Active ones").click()
    it.tab.get_by_role("button", name="Begin with this view").click()
    it.open("/customers")
    expect(strip.get_by_role("link", name="Active ones")).to_have_attribute("aria-current", "page")
    strip.get_by_role("link", name="All").click()
    it.tab.wait_for_url("**/customers?view=none")
    other = visit(width=390, height=844)
    other.sign_in(agent)
    other.open("/customers")
    other.tab.get_by_role("navigation", name="Views").get_by_role("link", name="Active ones").click()
    other.tab.get_by_label("More on the view Active ones").click()
    expect(other.tab.get_by_role("button", name="Begin with this view")).to_be_visible()
    expect(other.tab.get_by_role("link", name="Delete view")).to_have_count(0)
    assert other.tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert _violations(other) == []
    strip.get_by_role("link", name="Active ones").click()
    it.tab.get_by_label("More on the view Active ones").click()
    it.tab.get_by_role("link", name="Delete view").click()
    it.tab.get_by_role("button", name="Delete view").click()
    it.tab.wait_for_url("**/customers")
    expect(strip).to_have_count(0)
    assert it.complaints == []
    assert other.complaints == []


def test_views_and_search_work_without_javascript(chromium: Any, live_server: Any, owner: Membership) -> None:
    make_customer(owner.business, kind="company", display_name="Firm")
    make_customer(owner.business, last_name="Person")
    context = chromium.new_context(java_script_enabled=False, reduced_motion="reduce")
    tab = context.new_page()
    tab.goto(f"{live_server.url}/account/sign-in")
    tab.get_by_label("E-mail").fill(owner.user.email)
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    tab.goto(f"{live_server.url}/customers?kind=company")
    tab.locator("summary", has_text="Save view").click()
    tab.locator(".views-form").get_by_label("Name").fill("Firms")
    tab.get_by_role("button", name="Save view").click()
    expect(tab.locator("#list tbody tr")).to_have_count(1)
    expect(tab.get_by_role("link", name="Firms", exact=True)).to_have_attribute("aria-current", "page")
    tab.get_by_role("searchbox", name="Search customers").fill("person")
    tab.get_by_role("searchbox", name="Search customers").press("Enter")
    tab.wait_for_url("**/customers?search=person")
    expect(tab.locator("#list tbody tr")).to_have_count(1)
    context.close()
