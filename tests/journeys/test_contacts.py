"""Given a company, when its people are added and mapped, then a click on the map leads to each of them."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from crm import clock
from crm.models import Membership
from tests.factories import make_contact, make_customer

pytestmark = pytest.mark.django_db(transaction=True)


def test_people_of_a_company_are_added_mapped_and_clicked(visit: Callable[..., Any], owner: Membership) -> None:
    company = make_customer(owner.business, kind="company", display_name="Acme Corp")
    boss = make_contact(company, first_name="Riva", last_name="Boss", role="decision_maker", influence=5, sentiment=0)
    it = visit()
    it.sign_in(owner)
    it.open(f"/customers/{company.pk}")
    it.tab.get_by_role("navigation").get_by_role("link", name="Contacts").last.click()
    it.tab.get_by_role("link", name="Add contact").click()
    it.tab.get_by_role("button", name="Add contact").click()
    expect(it.tab.get_by_text("Give the contact a name.").first).to_be_visible()
    it.tab.get_by_label("First name").fill("Dana")
    it.tab.get_by_label("Last name").fill("Reyes")
    it.tab.get_by_label("Role").select_option("champion")
    it.tab.get_by_label("Influence").select_option("4")
    it.tab.get_by_label("Sentiment").select_option("2")
    it.tab.get_by_label("Reports to").select_option(label="Riva Boss")
    it.tab.get_by_role("button", name="Add contact").click()
    expect(it.tab.get_by_text("Single-threaded", exact=True)).to_be_visible()
    mark = it.tab.get_by_role("link", name="Dana Reyes, Champion, influence 4, Advocate, reports to Riva Boss")
    expect(mark.first).to_be_attached()
    it.tab.locator("svg:visible").get_by_role("link", name="Dana Reyes").click()
    expect(it.tab.get_by_role("heading", level=1, name="Dana Reyes")).to_be_visible()
    it.tab.get_by_role("button", name="Spoke today").click()
    expect(it.tab.get_by_text("Noted.")).to_be_visible()
    it.tab.get_by_role("link", name="Make a customer").click()
    it.tab.get_by_role("button", name="Make a customer").click()
    expect(it.tab.get_by_text("Customer record")).to_be_visible()
    it.tab.get_by_role("main").get_by_role("link", name="Dana Reyes").last.click()
    expect(it.tab.get_by_text("Works at")).to_be_visible()
    it.open(f"/contacts/{boss.pk}")
    it.tab.get_by_role("link", name="Left the company").click()
    it.tab.get_by_label("Reason").fill("New job")
    it.tab.get_by_role("button", name="Left the company").click()
    expect(it.tab.get_by_role("link", name="Bring back")).to_be_visible()
    it.open(f"/customers/{company.pk}/history")
    expect(it.tab.get_by_text("Contact left the company").first).to_be_visible()
    assert [m for m in it.complaints if "422" not in m] == []


def test_contacts_are_found_in_their_list(visit: Callable[..., Any], owner: Membership) -> None:
    company = make_customer(owner.business, kind="company", display_name="Acme Corp")
    make_contact(company, first_name="Zoë", last_name="Ångström", role="champion", last_touched_at=clock.now())
    make_contact(company, first_name="Bea", last_name="Other")
    it = visit(width=390, height=844)
    it.sign_in(owner)
    it.open("/contacts?untouched=false")
    rows = it.tab.locator("#list tbody tr")
    expect(rows).to_have_count(1)
    it.open("/contacts")
    expect(rows).to_have_count(2)
    it.tab.get_by_label("Search this list").fill("angstrom")
    expect(rows).to_have_count(1)
    rows.first.get_by_role("link", name="Zoë").click()
    expect(it.tab.get_by_role("heading", level=1)).to_contain_text("Zoë Ångström")
    assert it.complaints == []
