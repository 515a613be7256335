"""The search palette: what each source finds, for whom, and that what it shows is recorded."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import AccessRecord, Business, Membership, SavedView
from tests.factories import make_customer, make_membership, make_order

SignIn = Callable[[Membership], Client]


def _groups(browser: Client, words: str) -> dict[str, list[str]]:
    """The labels that the answer shows, by source."""
    answer = browser.get("/search", {"words": words})
    assert answer.status_code == 200
    text = answer.content.decode()
    found = {}
    for part in text.split('role="group"')[1:]:
        key = re.search(r'aria-labelledby="palette-(\w+)"', part)
        assert key
        found[key[1]] = re.findall(r"<bdi>(.*?)</bdi>", part)
    return found


def test_customers_are_found_as_by_the_lists_search(in_scope: Business, browser: Client) -> None:
    make_customer(in_scope, first_name="Zoë", last_name="Quill", email="zq@acme.example", phone="+44 20 7946 0123")
    make_customer(in_scope, last_name="Other")
    for words in ("quill", "ZOE QU", "zq@acme.example", "7946 0123", "  zoe   quill "):
        assert _groups(browser, words)["customers"] == ["Zoë Quill"], words
    assert "customers" not in _groups(browser, "nobody")


def test_more_customers_than_are_shown_lead_to_the_list(in_scope: Business, browser: Client) -> None:
    for number in range(8):
        make_customer(in_scope, last_name=f"Quill {number}")
    labels = _groups(browser, "jordan quill")["customers"]
    assert (len(labels), labels[-1]) == (7, "All customers that fit")
    text = browser.get("/search", {"words": "jordan quill"}).content.decode()
    assert 'href="/customers?view=none&amp;search=jordan+quill"' in text


def test_orders_are_found_by_the_beginning_of_their_number(in_scope: Business, browser: Client) -> None:
    customer = make_customer(in_scope)
    for number in ("A-100", "A-1001", "A-2", "100"):
        make_order(customer, number=number)
    assert _groups(browser, "A-100")["orders"] == ["Order A-100", "Order A-1001"]
    assert _groups(browser, "#a-2")["orders"] == ["Order A-2"]
    assert "orders" not in _groups(browser, "%")


def test_pages_and_actions_are_those_of_the_role(in_scope: Business, browser: Client, sign_in: SignIn) -> None:
    analyst = sign_in(make_membership(in_scope, "analyst"))
    assert _groups(browser, "act")["pages"] == ["Activity"]
    assert "pages" not in _groups(analyst, "act")
    assert _groups(browser, "API keys")["pages"] == ["API keys"]
    assert _groups(browser, "add cust")["actions"] == ["Add customer"]
    assert "actions" not in _groups(analyst, "add cust")
    assert _groups(analyst, "dark")["actions"] == ["Switch to dark"]
    assert 'data-theme-set="dark"' in analyst.get("/search", {"words": "switch dark"}).content.decode()


def test_saved_views_are_those_that_one_sees(
    owner: Membership, in_scope: Business, browser: Client, sign_in: SignIn
) -> None:
    data: dict[str, Any] = {"business": in_scope, "owner": owner.user, "page": "customers:customer_list"}
    mine = SavedView.objects.create(**data, name="Big spenders", query="total_spent__gte=1000")
    SavedView.objects.create(**data, name="Big firms", audience="everyone")
    agent = sign_in(make_membership(in_scope, "agent"))
    assert _groups(browser, "big")["views"] == ["Big firms", "Big spenders"]
    assert _groups(agent, "big")["views"] == ["Big firms"]
    assert f'href="/customers?view={mine.pk}"' in browser.get("/search", {"words": "spenders"}).content.decode()


def test_without_words_it_offers_what_was_opened_last_and_the_actions(
    in_scope: Business, browser: Client, sign_in: SignIn
) -> None:
    first, second = make_customer(in_scope, last_name="First"), make_customer(in_scope, last_name="Second")
    assert set(_groups(browser, "")) == {"actions"}
    browser.get(f"/customers/{first.pk}")
    browser.get(f"/customers/{second.pk}")
    browser.get(f"/customers/{first.pk}")
    assert _groups(browser, "")["recent"] == ["Jordan First", "Jordan Second"]
    assert "recent" not in _groups(browser, "jordan")
    assert "recent" not in _groups(sign_in(make_membership(in_scope, "owner")), "")


def test_who_sees_the_own_customers_finds_no_others(in_scope: Business, sign_in: SignIn) -> None:
    agent = make_membership(in_scope, "agent", visibility="own")
    mine = make_customer(in_scope, last_name="Quill Mine", owner=agent.user)
    other = make_customer(in_scope, last_name="Quill Other")
    make_order(mine, number="Q-1")
    make_order(other, number="Q-2")
    browser = sign_in(agent)
    assert _groups(browser, "quill")["customers"] == ["Jordan Quill Mine"]
    assert _groups(browser, "Q-")["orders"] == ["Order Q-1"]


def test_nothing_of_another_business_is_found(other_business: Business, browser: Client) -> None:
    make_order(make_customer(other_business, last_name="Quill"), number="Q-1")
    assert _groups(browser, "quill") == {}
    assert _groups(browser, "Q-1") == {}


def test_each_answer_that_shows_customers_leaves_one_access_record(
    in_scope: Business, browser: Client, owner: Membership
) -> None:
    customer = make_customer(in_scope, last_name="Quill")
    make_order(customer, number="Quill-1")
    browser.get("/search", {"words": "Quill"})
    record = AccessRecord.objects.get()
    assert (record.customer_ids, record.what, record.actor_id) == ([customer.pk], "crm:search", str(owner.user.pk))
    browser.get("/search", {"words": "settings"})
    assert AccessRecord.objects.count() == 1


@pytest.mark.parametrize("words", ["'\\ & | ! <-> :* ()", "a" * 5000, "%", "\u202e", "<b>", "'; drop table"])
def test_odd_words_find_nothing_and_break_nothing(browser: Client, in_scope: Business, words: str) -> None:
    make_customer(in_scope)
    answer = browser.get("/search", {"words": words})
    assert answer.status_code == 200
    assert b"<b>" not in answer.content


def test_an_answer_costs_the_same_queries_whatever_it_finds(in_scope: Business, browser: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/search", {"words": "quill"}).status_code == 200
        return len(captured)

    make_order(make_customer(in_scope, last_name="Quill"), number="quill-1")
    queries()
    one = queries()
    for number in range(2, 6):
        make_order(make_customer(in_scope, last_name=f"Quill {number}"), number=f"quill-{number}")
    assert queries() == one
    # one of them for the names of deals
    assert one <= 16


def test_every_page_holds_the_palette_and_a_search_that_works_without_it(browser: Client) -> None:
    text = browser.get("/").content.decode()
    assert '<dialog class="dialog palette"' in text
    assert 'data-href="/search"' in text
    assert '<form class="search" role="search" action="/customers"' in text
