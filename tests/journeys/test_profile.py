"""Given a company with a history, when its profile is opened, one field is edited in place and the timeline is read, then all is there."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from crm import clock
from crm.actor import Actor
from crm.models import Membership
from crm.scope import scope
from customers import services
from customers.models import CustomerVisit, Signal
from tests.factories import make_customer, make_membership, make_order

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_profile_is_read_and_one_field_edited_in_place(visit: Callable[..., Any], owner: Membership) -> None:
    business = owner.business
    company = make_customer(
        business, kind="company", display_name="Acme Industries", city="Rotterdam", country="NL", owner=owner.user
    )
    make_customer(business, kind="company", display_name="Acme Logistics", parent=company)
    make_order(company, "180.00", number="A-20418", ordered_at=clock.now() - timedelta(days=100))
    today = clock.now().date()
    with scope(business):
        Signal.objects.create(
            business=business, customer=company, kind="risk", text="Cut the budget", source="call", seen_on=today
        )
        before = clock.now() - timedelta(days=3)
        CustomerVisit.objects.create(business=business, customer=company, user=owner.user, seen_at=before)
        colleague = Actor.for_user(make_membership(business, "agent").user)
        services.update_customer(actor=colleague, customer=company, at=clock.now(), phone="+31 10 555 0134")
    it = visit()
    it.sign_in(owner)
    it.open(f"/customers/{company.pk}")
    expect(it.tab.locator("[aria-current=step]")).to_have_text("Active")
    it.tab.get_by_text("since you last looked").click()
    expect(it.tab.locator(".news").get_by_text("+31 10 555 0134")).to_be_visible()
    it.tab.get_by_text("At risk").first.click()
    expect(it.tab.get_by_text("A risk signal is open: Cut the budget")).to_be_visible()

    it.tab.get_by_role("link", name="Edit City").focus()
    it.tab.keyboard.press("Enter")
    field = it.tab.locator("#in-place input[name=city]")
    expect(field).to_be_focused()
    it.tab.keyboard.press("Escape")
    expect(field).to_have_count(0)
    expect(it.tab.get_by_role("link", name="Edit City")).to_be_focused()
    it.tab.keyboard.press("Enter")
    field.fill("Utrecht")
    it.tab.keyboard.press("Enter")
    expect(it.tab.locator(".profile-line")).to_contain_text("Utrecht")
    expect(it.tab.locator("#in-place")).to_have_count(0)
    it.tab.get_by_role("link", name="Edit E-mail").click()
    it.tab.locator("#in-place input[name=email]").fill("nonsense")
    it.tab.keyboard.press("Enter")
    expect(it.tab.locator("#in-place .field-faulty")).to_be_visible()

    it.open(f"/customers/{company.pk}?family=1")
    expect(it.tab.locator("#family").get_by_role("link", name="Acme Logistics")).to_be_visible()
    it.tab.get_by_role("link", name="Timeline").click()
    expect(it.tab.get_by_text("Order A-20418")).to_be_visible()
    it.tab.get_by_role("navigation", name="Sections").get_by_role("link", name="History").click()
    expect(it.tab.get_by_text("Utrecht").first).to_be_visible()
    assert [complaint for complaint in it.complaints if "422" not in complaint] == []
