"""The home dashboard: figures of the business, and the steps into real use while it is new."""

from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm import clock
from crm.actor import Actor
from crm.models import Business, Membership
from crm.registry import HomeVisit
from tests.factories import make_customer, make_membership, make_order


def _steps(browser: Client) -> tuple[int, int]:
    """(steps to do, steps done) that the page shows."""
    page = browser.get("/").content.decode()
    return page.count("happening-neutral"), page.count("happening-good")


def test_a_new_business_is_told_what_to_do_first(owner: Membership, browser: Client) -> None:
    assert _steps(browser) == (3, 0)
    page = browser.get("/").content.decode()
    assert "Bring your customers in" in page
    assert 'class="chart' not in page
    customer = make_customer(owner.business)
    assert _steps(browser) == (2, 1)
    make_order(customer)
    assert _steps(browser) == (1, 2)
    make_membership(owner.business, "agent")
    assert _steps(browser) == (0, 0)
    assert "First steps" not in browser.get("/").content.decode()


def test_steps_are_shown_to_those_who_may_take_them(owner: Membership, sign_in: Any) -> None:
    assert _steps(sign_in(make_membership(owner.business, "analyst"))) == (0, 0)


def test_the_stages_are_counted_once_and_anew_at_each_look(owner: Membership, browser: Client) -> None:
    def counted() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/").status_code == 200
        asked = [query["sql"] for query in captured if "GROUP BY" in query["sql"]]
        return sum('"customers_customer"."lifecycle_stage"' in statement for statement in asked)

    make_customer(owner.business)
    browser.get("/")
    assert [counted(), counted()] == [1, 1]


def test_a_question_is_asked_once_a_visit(in_scope: Business, actor: Actor) -> None:
    asked = []

    def question(who: Actor, where: Business) -> int:
        asked.append((who, where))
        return len(asked)

    for number in (1, 2):
        visit = HomeVisit(actor, in_scope, clock.now())
        assert [visit.ask(question), visit.ask(question)] == [number, number]
    assert asked == [(actor, in_scope)] * 2
