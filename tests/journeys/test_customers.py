"""Given an account manager, when she adds, edits, archives and restores a customer, then each page says what has happened."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from crm.models import Membership
from crm.scope import scope
from customers.models import Customer
from tests.factories import make_customer, make_membership, make_order

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_customer_is_added_edited_archived_and_restored(visit: Callable[..., Any], owner: Membership) -> None:
    it = visit()
    it.sign_in(owner)
    it.open("/customers")
    it.tab.get_by_role("link", name="Add Customer").first.click()
    it.tab.get_by_role("button", name="Add customer").click()
    expect(it.tab.get_by_text("Give the customer a name.").first).to_be_visible()
    it.tab.get_by_label("First name").fill("Jordan")
    it.tab.get_by_label("Last name").fill("Smith")
    it.tab.get_by_label("E-mail").fill("jordan@acme.example")
    it.tab.get_by_role("button", name="Add customer").click()
    expect(it.tab.get_by_role("heading", level=1, name="Jordan Smith")).to_be_visible()
    it.tab.get_by_role("link", name="Edit").first.click()
    it.tab.get_by_label("City").fill("Leeds")
    it.tab.get_by_role("button", name="Save").click()
    expect(it.tab.get_by_text("Leeds").first).to_be_visible()
    it.tab.get_by_role("link", name="History").click()
    expect(it.tab.get_by_text("Customer changed")).to_be_visible()
    it.tab.get_by_role("link", name="Overview").click()
    it.tab.get_by_label("More").click()
    it.tab.get_by_role("link", name="Archive", exact=True).click()
    it.tab.get_by_role("button", name="Archive", exact=True).click()
    expect(it.tab.get_by_role("link", name="Restore")).to_be_visible()
    it.tab.get_by_role("link", name="Restore").click()
    it.tab.get_by_role("button", name="Restore").click()
    it.open("/customers?search=jordan")
    expect(it.tab.locator("a.row-link", has_text="Jordan Smith")).to_be_visible()
    assert [m for m in it.complaints if "422" not in m] == []


def test_a_lost_update_is_refused_and_what_was_typed_is_kept(visit: Callable[..., Any], owner: Membership) -> None:
    customer = make_customer(owner.business)
    it = visit()
    it.sign_in(owner)
    it.open(f"/customers/{customer.pk}/edit")
    other = visit()
    other.sign_in(make_membership(owner.business, "manager"))
    other.open(f"/customers/{customer.pk}/edit")
    other.tab.get_by_label("City").fill("Bath")
    other.tab.get_by_role("button", name="Save").click()
    expect(other.tab.get_by_text("Bath").first).to_be_visible()
    it.tab.get_by_label("City").fill("York")
    it.tab.get_by_role("button", name="Save").click()
    expect(it.tab.get_by_text("Somebody else has changed this record").first).to_be_visible()
    expect(it.tab.get_by_role("textbox", name="City")).to_have_value("York")
    with scope(owner.business):
        assert Customer.objects.get(pk=customer.pk).city == "Bath"


def test_the_list_is_searched_filtered_sorted_and_paged_with_everything_in_the_address(
    visit: Callable[..., Any], owner: Membership
) -> None:
    for number in range(30):
        customer = make_customer(
            owner.business,
            first_name="Person",
            last_name=f"{number:02}",
            lifecycle_stage="active" if number % 2 else "churned",
        )
        if number in (3, 4):
            make_order(customer, total=f"{number}00.00")
    it = visit()
    it.sign_in(owner)
    it.open("/customers")
    rows = it.tab.locator("#list tbody tr")
    expect(rows).to_have_count(25)
    it.tab.get_by_role("link", name="Next").click()
    expect(rows).to_have_count(5)
    it.tab.get_by_role("link", name="Previous").click()
    expect(rows).to_have_count(25)
    it.tab.get_by_role("link", name="Total spent").click()
    expect(rows.first).to_contain_text("£400.00")
    it.open("/customers?lifecycle_stage=churned")
    expect(rows).to_have_count(15)
    it.tab.get_by_label("Search this list").fill("person 04")
    expect(rows).to_have_count(1)
    assert "search=person" in it.tab.url
    assert "lifecycle_stage=churned" in it.tab.url
    assert it.complaints == []


def test_everything_is_reached_by_keyboard(visit: Callable[..., Any], owner: Membership) -> None:
    customer = make_customer(owner.business, first_name="Ada", last_name="Keys")
    it = visit()
    it.sign_in(owner)
    it.open("/")
    it.tab.keyboard.press("/")
    it.tab.keyboard.type("ada keys")
    it.tab.keyboard.press("Enter")
    it.tab.wait_for_url("**/customers?search=ada+keys")
    it.tab.locator("body").click(position={"x": 700, "y": 5})
    it.tab.keyboard.press("j")
    it.tab.keyboard.press("Enter")
    it.tab.wait_for_url(f"**/customers/{customer.pk}")
    it.open("/customers")
    it.tab.keyboard.press("Tab")
    expect(it.tab.get_by_role("link", name="Skip to the content")).to_be_focused()
