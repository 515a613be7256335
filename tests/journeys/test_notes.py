"""Given a customer, when somebody names a colleague in a note, then the colleague is told at the bell and comes to the note."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from crm.models import Membership
from tests.factories import make_customer, make_membership, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_note_with_a_mention_reaches_the_colleague(visit: Callable[..., Any], owner: Membership) -> None:
    dana = make_membership(owner.business, "agent", make_user(email="dana.reyes@acme.example", name="Dana Reyes"))
    customer = make_customer(owner.business, first_name="Jordan", last_name="Smith")
    it = visit()
    it.sign_in(owner)
    it.open(f"/customers/{customer.pk}/notes")
    field = it.tab.locator(".note-new textarea")
    field.press_sequentially("Please call **today**, @dan")
    option = it.tab.get_by_role("option", name="Dana Reyes")
    expect(option).to_be_visible()
    field.press("Enter")
    expect(field).to_have_value("Please call **today**, @dana.reyes ")
    expect(option).to_be_hidden()
    it.tab.get_by_role("button", name="Add note").click()
    note = it.tab.locator(".note")
    expect(note.locator("strong", has_text="today")).to_be_visible()

    note.get_by_role("link", name="Edit").click()
    it.tab.locator("#in-place textarea").fill("Please call **now**, @dana.reyes")
    it.tab.locator("#in-place").get_by_role("button", name="Save").click()
    expect(note.locator("strong", has_text="now")).to_be_visible()
    expect(it.tab.locator("#in-place")).to_have_count(0)
    note.get_by_role("button", name="Remove").click()
    expect(note).to_have_count(0)
    it.tab.get_by_role("link", name="Bring it back").click()
    it.tab.get_by_role("button", name="Bring back").click()
    expect(note.locator("strong", has_text="now")).to_be_visible()
    assert it.complaints == []

    hers = visit(width=390, height=844, dark=True)
    hers.sign_in(dana)
    expect(hers.tab.locator("#bell-count")).to_have_text("1 unread")
    hers.tab.locator("details.bell > summary").click()
    hers.tab.locator("#bell-list").get_by_role("link", name="named you in a note on Jordan Smith").click()
    hers.tab.wait_for_url("**/notes#note-*")
    expect(hers.tab.locator(".note strong", has_text="now")).to_be_in_viewport()
    assert hers.complaints == []
