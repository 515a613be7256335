"""Given a long job, when the person who asked for it goes elsewhere, then the bell tells them, without a reload, and leads to it."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from crm import services
from crm.actor import Actor
from crm.models import Membership

pytestmark = pytest.mark.django_db(transaction=True)
FILE = b"external_id,first_name,last_name\n1,Jordan,Smith\n2,Alex,Moore\n"


def _look(tab: Any) -> None:
    """What a page does every fifteen seconds."""
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_who_leaves_an_import_is_told_when_it_is_done(
    visit: Callable[..., Any], owner: Membership, request: pytest.FixtureRequest
) -> None:
    it = visit()
    it.sign_in(owner)
    bell = it.tab.locator("#bell-count")
    expect(bell).to_be_hidden()
    it.open("/imports/new")
    it.tab.get_by_label("CSV file").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": FILE})
    it.tab.get_by_role("button", name="Start import").click()
    it.tab.wait_for_url("**/imports/*-*")
    it.open("/orders")
    expect(it.tab.get_by_role("link", name="1 jobs under way")).to_be_visible()
    it.tab.evaluate("window.isTheSamePage = true")

    request.getfixturevalue("worker")
    toast = it.tab.locator(".toast", has_text="Done: Import of a file")
    for _ in range(240):
        _look(it.tab)
        if toast.count():
            break
        it.tab.wait_for_timeout(250)
    expect(toast).to_be_visible()
    expect(bell).to_have_text("1 unread")
    expect(it.tab.locator("#under-way")).to_be_hidden()
    assert it.tab.evaluate("window.isTheSamePage")

    it.tab.locator("details.bell > summary").click()
    it.tab.locator("#bell-list").get_by_role("link", name="Done: Import of a file").click()
    expect(it.tab.get_by_role("heading", level=1, name="people.csv")).to_be_visible()
    expect(it.tab.get_by_role("heading", name="Result")).to_be_visible()
    expect(it.tab.locator("#bell-count")).to_be_hidden()
    assert it.complaints == []


def test_all_are_marked_as_read_without_leaving_the_page(visit: Callable[..., Any], owner: Membership) -> None:
    it = visit(width=390, height=844)
    it.sign_in(owner)
    for title in ("First", "Second"):
        services.notify(
            actor=Actor.system("test"), business=owner.business, to=[owner.user_id], kind="crm.job_done", title=title
        )
    _look(it.tab)
    expect(it.tab.locator("#bell-count")).to_have_text("2 unread")
    it.tab.locator("details.bell > summary").click()
    it.tab.get_by_role("button", name="Mark all read").click()
    expect(it.tab.locator("#bell-count")).to_be_hidden()
    expect(it.tab.locator("#bell-list").get_by_text("Second")).to_be_visible()
    assert it.complaints == []


def test_new_activity_is_announced_and_shown_when_asked_for(visit: Callable[..., Any], owner: Membership) -> None:
    it = visit()
    it.sign_in(owner)
    it.open("/activity")
    services.create_team(actor=Actor.for_user(owner.user), business=owner.business, name="North")
    _look(it.tab)
    it.tab.get_by_role("link", name="1 new entry – show").click()
    expect(it.tab.get_by_role("cell", name="Team created")).to_be_visible()
    assert it.complaints == []
