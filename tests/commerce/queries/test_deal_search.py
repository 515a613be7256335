"""Deals found by the words of their names: on the list, by the API and in the palette, by those who may see them."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from commerce.models import Opportunity
from commerce.queries import deal_search
from commerce.queries.deal_search import deals_by_name, deals_matching
from crm.actor import Actor
from crm.models import Business
from crm.scope import scope
from tests.crm.api.calling import Caller, make_key
from tests.factories import make_customer, make_deal, make_membership

NAMES = ("Spring renewal", "Renewal of Café/Größe", "40 more seats (Q3-2026)", "springboard")


@pytest.fixture
def deals(in_scope: Business) -> dict[str, Opportunity]:
    customer = make_customer(in_scope)
    return {name: make_deal(customer, name=name) for name in NAMES}


def _found(words: str) -> set[str]:
    ids = deals_matching(Opportunity.objects.all(), words)
    return set(Opportunity.objects.filter(pk__in=ids).values_list("name", flat=True))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("spring", {0, 3}), ("SPRING ren", {0}), ("renewal spring", {0}), ("cafe", {1}), ("grosse", {1}), ("q3", {2}),
        ("Q3-2026", {2}), ("40", {2}), ("newal", set()), ("", set()), ("  ", set()), ("&|!'\\:*", set()), ("%", set()),
        ("spring & renewal", {0}), ("seats spring", set()),
    ],
)  # fmt: skip
def test_each_word_begins_a_word_of_the_name(deals: Any, words: str, names: set[int]) -> None:
    assert _found(words) == {NAMES[number] for number in names}


def test_people_find_only_the_deals_that_they_may_see(in_scope: Business, other_business: Business) -> None:
    agent = make_membership(in_scope, "agent", visibility="own")
    make_deal(make_customer(in_scope), name="Spring of others")
    mine = make_deal(make_customer(in_scope, owner=agent.user), name="Spring of mine")
    with scope(other_business):
        make_deal(make_customer(other_business), name="Spring elsewhere")
    actor = Actor.for_user(agent.user)
    assert deals_by_name(actor, "spring", 6) == [mine]
    browser = Client()
    browser.force_login(agent.user)
    assert "Spring of others" not in browser.get("/search", {"words": "spring"}).content.decode()
    page = browser.get("/deals?search=spring").content.decode()
    assert ("Spring of mine" in page, "Spring of others" in page) == (True, False)


def test_the_palette_asks_one_question_and_shows_the_newest_first(in_scope: Business, system: Actor) -> None:
    made = [make_deal(make_customer(in_scope), name=f"Spring {number}") for number in range(8)]
    deals_by_name(system, "spring", 6)
    with CaptureQueriesContext(connection) as captured:
        found = deals_by_name(system, "spring", 6)
    assert found == made[:1:-1]
    assert len(captured) == 1


def test_the_palette_leads_to_a_deal_that_two_letters_begin(deals: Any, browser: Client) -> None:
    text = browser.get("/search", {"words": "sp"}).content.decode()
    assert f"/deals/{deals['Spring renewal'].pk}" in text
    assert "Spring renewal" not in browser.get("/search", {"words": "s"}).content.decode()


def test_the_list_is_searched_together_with_its_filters(deals: Any, in_scope: Business) -> None:
    caller = Caller(make_key(in_scope))
    make_deal(make_customer(in_scope), name="Spring that was won", stage="won")
    answer = caller.get("/deals?search=spring&state=open").json()
    assert {row["name"] for row in answer["data"]} == {"Spring renewal", "springboard"}
    assert (answer["total"], answer["total_is_estimate"]) == (2, False)
    found = caller.get("/search?search=springb").json()["data"]
    assert [(row["type"], row["name"], row["matched"]) for row in found] == [("deal", "springboard", "name")]


def test_more_matches_than_are_looked_at_are_told(
    deals: Any, in_scope: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("commerce.queries.deal_search.MATCHES", "commerce.api.deals.MATCHES"):
        monkeypatch.setattr(place, 1)
    assert deal_search.MATCHES == 1
    answer = Caller(make_key(in_scope)).get("/deals?search=spring").json()
    assert (answer["total"], answer["total_is_estimate"]) == (1, True)


def test_the_words_of_names_stand_in_an_index(deals: Any) -> None:
    asked = deal_search.fitting_deals(Opportunity.unscoped.all(), "spring").order_by().values("pk")
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
    assert "commerce_deal_words" in asked.explain()
