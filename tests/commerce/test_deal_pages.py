"""Pages of deals: the list, the board, one deal with its forms, and the report of the pipeline."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from commerce import services
from commerce.models import Opportunity
from commerce.queries.deals import CARDS
from crm import clock
from crm.actor import Actor
from crm.forms import version_of
from crm.models import AccessRecord, Business, Membership
from crm.scope import scope
from tests.factories import make_contact, make_customer, make_deal, make_membership, make_order

SYSTEM = Actor.system("test")


def _today() -> date:
    return clock.now().date()


def _words(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def _move(business: Business, deal: Opportunity, stage: str, at: datetime | None = None, **data: Any) -> None:
    with scope(business):
        services.move_deal(actor=SYSTEM, deal=deal, stage=stage, at=at or clock.now(), **data)


def test_the_list_narrows_and_sorts(browser: Client, business: Business) -> None:
    customer = make_customer(business, display_name="Initech")
    make_deal(customer, name="Late one", amount="500", expected_close_on=date(2020, 1, 1))
    make_deal(None, business, name="Early one", amount="900", kind="renewal", expected_close_on=date(2099, 1, 1))
    shown = _words(browser.get("/deals?sort=-amount"))
    assert shown.index("Early one") < shown.index("Late one")
    assert "£500.00" in shown and "Initech" in shown and "Slipping" in shown  # noqa: PT018
    for query, hidden in (
        ("slipping=true", "Early one"),
        ("kind=renewal", "Late one"),
        ("amount__gte=600", "Late one"),
    ):
        assert hidden not in _words(browser.get(f"/deals?{query}"))
    assert "Nothing matches" in _words(browser.get("/deals?state=closed"))
    assert browser.get("/deals?sort=name").status_code == 400
    assert browser.get("/deals?stage=nowhere").status_code == 400


def test_the_board_says_what_its_columns_come_to(browser: Client, business: Business) -> None:
    customer = make_customer(business, display_name="Initech")
    make_deal(
        customer, name="First", amount="1000", stage="negotiation", expected_close_on=_today() - timedelta(days=1)
    )
    old = make_deal(
        None, business, name="Second", amount="500", stage="negotiation", at=clock.now() - timedelta(days=40)
    )
    won = make_deal(customer, name="Just won", amount="70", stage="won")
    make_deal(
        customer,
        name="Long won",
        amount="70",
        stage="won",
        opened_on=date(2019, 1, 1),
        closed_at=datetime(2020, 1, 1, tzinfo=UTC),
    )
    shown = _words(browser.get("/deals/board"))
    assert "£1,500.00" in shown and "weighted £1,050.00" in shown  # noqa: PT018
    assert "Slipping" in shown and "Stale" in shown  # noqa: PT018
    assert "Just won" in shown and "Long won" not in shown  # noqa: PT018
    assert shown.index("First") < shown.index("Second")  # what is to be closed first stands on top
    assert AccessRecord.unscoped.latest("pk").customer_ids == [customer.pk]
    narrowed = _words(browser.get("/deals/board?slipping=true"))
    assert "First" in narrowed and "Second" not in narrowed  # noqa: PT018
    assert browser.get("/deals/board?colour=red").status_code == 400
    assert str(won.pk) in shown
    assert str(old.pk) in shown


def test_long_columns_are_cut_and_lead_on(browser: Client, business: Business) -> None:
    for _number in range(CARDS + 3):
        make_deal(None, business, amount="1")
    shown = _words(browser.get("/deals/board"))
    assert shown.count("data-card") == CARDS
    assert "Show all, 3 more" in shown
    assert "/deals?stage=discovery" in shown


def test_a_card_is_moved_without_scripts_and_with_them(browser: Client, business: Business) -> None:
    deal = make_deal(None, business, amount="100")
    sent = {"stage": "closing", "version": version_of(deal), "query": "kind=new&x=1"}
    answer = browser.post(f"/deals/{deal.pk}/card", sent)
    assert (answer.status_code, answer["Location"]) == (302, "/deals/board?kind=new")
    deal.refresh_from_db()
    assert deal.stage == "closing"
    stale = browser.post(f"/deals/{deal.pk}/card", {**sent, "stage": "won"}, headers={"HX-Request": "true"})
    assert (stale.status_code, stale["HX-Redirect"]) == (204, f"/deals/{deal.pk}/move?stage=won")
    won = browser.post(f"/deals/{deal.pk}/card", {"stage": "won"}, headers={"HX-Request": "true"})
    assert won.status_code == 204
    assert "deal-moved" in won["HX-Trigger"]
    lost = browser.post(f"/deals/{deal.pk}/card", {"stage": "lost"})
    assert lost["Location"] == f"/deals/{deal.pk}/move?stage=lost"  # it asks why
    odd = browser.post(f"/deals/{deal.pk}/card", {"stage": "nowhere"})
    assert odd["Location"] == f"/deals/{deal.pk}/move?stage=nowhere"
    assert browser.get(odd["Location"]).status_code == 200


def test_one_deal_with_its_way(browser: Client, business: Business) -> None:
    company = make_customer(business, kind="company", display_name="Initech")
    contact = make_contact(company, first_name="Milton", last_name="Waddams")
    at = clock.now() - timedelta(days=10)
    deal = make_deal(
        company,
        name="Staplers",
        contact=contact,
        next_step="Call him",
        at=at,
        opened_on=at.date(),
        competitor="Initrode",
    )
    _move(business, deal, "business_case", at=at + timedelta(days=4))
    with scope(business):
        make_order(company, opportunity=deal, number="SO-77")
    shown = _words(browser.get(f"/deals/{deal.pk}"))
    for words in (
        "Staplers", "Initech", "Milton Waddams", "Call him", "Initrode", "Discovery → Business case", "after 4.0 days",
        "SO-77", "£1,000.00",
    ):  # fmt: skip
        assert words in shown, words
    assert "£500.00" in shown  # weighted by the half that a business case gives


def test_adding_editing_closing_and_deleting(browser: Client, business: Business, owner: Membership) -> None:
    company = make_customer(business, kind="company")
    contact = make_contact(company)
    page = browser.get(f"/deals/new?customer={company.pk}")
    assert str(contact.pk) in page.content.decode()
    form = {
        "name": "Desks", "customer": str(company.pk), "contact": str(contact.pk), "kind": "new", "stage": "validation",
        "owner": str(owner.user_id),
        "amount": "1200", "currency": "GBP", "opened_on": str(_today()), "expected_close_on": str(_today()),
    }  # fmt: skip
    answer = browser.post("/deals/new", form)
    assert answer.status_code == 302, answer.content.decode()
    with scope(business):
        deal = Opportunity.objects.get()
    assert (deal.stage, deal.probability, deal.customer_id, deal.contact_id) == (
        "validation",
        30,
        company.pk,
        contact.pk,
    )
    assert answer["Location"] == f"/deals/{deal.pk}"
    refused = browser.post(f"/deals/{deal.pk}/edit", {**form, "customer": "", "version": version_of(deal)})
    assert refused.status_code == 422
    assert "Choose somebody who works at the customer" in _words(refused)
    later = str(_today() + timedelta(days=9))
    browser.post(
        f"/deals/{deal.pk}/edit", {**form, "expected_close_on": later, "probability": "30", "version": version_of(deal)}
    )
    deal.refresh_from_db()
    assert deal.push_count == 1
    unexplained = browser.post(f"/deals/{deal.pk}/move", {"stage": "lost"})
    assert unexplained.status_code == 422
    assert "Say why the deal was lost" in _words(unexplained)
    assert browser.post(f"/deals/{deal.pk}/move", {"stage": "lost", "reason": "Too dear"}).status_code == 302
    assert "Too dear" in _words(browser.get(f"/deals/{deal.pk}"))
    assert browser.post(f"/deals/{deal.pk}/move", {"stage": "negotiation"}).status_code == 302
    assert "2 steps" not in _words(browser.get(f"/deals/{deal.pk}/delete"))
    assert browser.post(f"/deals/{deal.pk}/delete").status_code == 302
    assert browser.get(f"/deals/{deal.pk}").status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "-1"), ("amount", "NaN"), ("amount", "1e30"), ("currency", "XXX"), ("currency", "EUR"), ("probability", "101"),
        ("stage", "won"), ("kind", "x"), ("opened_on", ""), ("opened_on", "2999-01-01"), ("expected_close_on", "0001-01-01"), ("name", ""),
        ("contact", "nobody"), ("customer", "nobody at all"), ("owner", "7"),
    ],
)  # fmt: skip
def test_bad_forms_keep_what_was_typed(browser: Client, business: Business, field: str, value: str) -> None:
    form = {
        "name": "Desks",
        "kind": "new",
        "stage": "discovery",
        "amount": "12",
        "currency": "GBP",
        "opened_on": str(_today()),
    }
    answer = browser.post("/deals/new", {**form, field: value})
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {field}


def test_the_report_says_what_the_rows_say(browser: Client, business: Business) -> None:
    customer = make_customer(business)
    make_deal(customer, amount="1000", stage="negotiation", expected_close_on=date(2020, 1, 31))
    make_deal(customer, amount="500", stage="discovery", at=clock.now() - timedelta(days=60))
    for amount, days in (("300", 10), ("700", 20)):
        opened = clock.now() - timedelta(days=days)
        deal = make_deal(customer, amount=amount, at=opened, opened_on=opened.date())
        _move(business, deal, "won")
    lost = make_deal(customer, amount="900")
    _move(business, lost, "lost", reason="No money")
    answer = browser.get("/reports/pipeline")
    figures = {str(figure["label"]): str(figure["value"]) for figure in answer.context["figures"]}
    assert figures == {
        "Weighted pipeline": "£750.00", "Open deals": "2", "Win rate": "66.7%", "Won": "£1,000.00", "Average deal": "£500.00",
        "Average days to close": "15",
    }  # fmt: skip
    assert all(figure["how"] and figure["href"] for figure in answer.context["figures"])
    assert [(item["key"], item["total"], len(item["rows"])) for item in answer.context["lists"]] == [
        ("slipping", 1, 1),
        ("stale", 1, 1),
    ]
    months = [(row["label"], row["sums"].count) for row in answer.context["months"]["rows"]]
    assert months == [("Jan 2020", 1), ("No day given", 1)]
    for href in [figure["href"] for figure in answer.context["figures"]] + [
        row["href"] for row in answer.context["months"]["rows"]
    ]:
        assert browser.get(href).status_code == 200, href
    for bad in ("since=never", "since=2999-01-01", "colour=red"):
        assert browser.get(f"/reports/pipeline?{bad}").status_code == 400


def test_the_profile_shows_deals_and_their_figures(browser: Client, business: Business) -> None:
    customer = make_customer(business)
    make_deal(customer, name="Open one", amount="400")
    won = make_deal(customer, name="Won one", amount="200000")
    _move(business, won, "won")
    tabs = f"/customers/{customer.pk}", reverse("commerce:customer_commerce", args=[customer.pk])
    shown = " ".join(_words(browser.get(tab)) for tab in tabs)
    for words in (
        "Open one",
        "Won one",
        "£400.00",
        "£200,000.00 won",
        "Value of deals won",
        f"/deals?customer={customer.pk}&amp;stage=won",
    ):
        assert words in shown, words
    told = _words(browser.get(f"/customers/{customer.pk}/timeline"))
    assert "Deal Won one: Closed won" in told
    assert "£200,000.00" in told


def test_who_sees_some_customers_sees_their_deals(business: Business, sign_in: Any) -> None:
    agent = make_membership(business, "agent", visibility="own")
    make_deal(make_customer(business, owner=agent.user), name="Mine", amount="10")
    hidden = make_deal(make_customer(business), name="Theirs", amount="900")
    browser = sign_in(agent)
    for address in ("/deals", "/deals/board", "/reports/pipeline"):
        shown = _words(browser.get(address))
        assert "Theirs" not in shown
        assert "£900" not in shown
    for address in ("", "/edit", "/move", "/card"):
        assert browser.get(f"/deals/{hidden.pk}{address}").status_code == 404
    assert browser.post(f"/deals/{hidden.pk}/card", {"stage": "won"}).status_code == 404


@pytest.mark.parametrize(
    "name", ["deal_list", "deal_board", "pipeline_report", "deal_detail", "deal_create", "deal_update", "deal_move"]
)
def test_pages_cost_few_queries_however_many_deals_there_are(browser: Client, business: Business, name: str) -> None:
    company = make_customer(business, kind="company")
    deals = [make_deal(company, name=f"Deal {n}", stage="discovery", owner=None) for n in range(6)]
    address = reverse(
        f"commerce:{name}",
        args=[deals[0].pk] if name not in ("deal_list", "deal_board", "pipeline_report", "deal_create") else [],
    )
    browser.get(address)
    with CaptureQueriesContext(
        connection,
    ) as made:
        assert browser.get(address).status_code == 200
    assert len(made) <= 15, [query["sql"][:120] for query in made]
