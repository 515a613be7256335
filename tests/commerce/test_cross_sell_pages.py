"""The report of what is bought together, what to suggest to a customer, and the customers who bought one thing and not another."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from commerce import services
from commerce.models import Order, Product, ProductCategory
from commerce.queries.cross_sell import Suggestion, suggestions_for
from crm import clock
from crm.actor import Actor
from crm.models import AccessRecord, Business, Job
from crm.scope import scope
from customers.models import Customer
from tests.commerce.services.test_cross_sell import _buy, _customers
from tests.commerce.test_subscription_pages import _queries, _words
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key
from tests.factories import make_customer, make_membership

NOW = clock.now()


class Shop:
    """Ten buyers of a lamp: six of them bought a bulb, five of these a week later a chandelier; four others bought a pot.

    The lamp costs 20, the chandelier 90, both are lights; the bulb is none. The customer has bought the lamp alone.
    """

    def __init__(self, business: Business) -> None:
        self.business = business
        with scope(business):
            self.lights = ProductCategory.objects.create(business=business, name="Lights")
            make = Product.objects.create
            self.lamp = make(business=business, code="LAMP", name="Lamp", category=self.lights, price=Decimal(20))
            self.chandelier = make(
                business=business, code="CHAN", name="Chandelier", category=self.lights, price=Decimal(90)
            )
            self.bulb = make(
                business=business,
                code="BULB",
                name="Bulb",
                category=ProductCategory.objects.create(business=business, name="Parts"),
            )
            self.pot = make(business=business, code="POT", name="Pot")
            buyers = _customers(business, 10)
            others = _customers(business, 4)
            self.customer = make_customer(business, display_name="Initech")
            for place, buyer in enumerate([*buyers[:9], self.customer]):
                _buy(buyer, [self.lamp], NOW - timedelta(days=30))
                if place < 6:
                    _buy(buyer, [self.bulb], NOW - timedelta(days=30))
                if place < 5:
                    _buy(buyer, [self.chandelier], NOW - timedelta(days=20))
            for other in others:
                _buy(other, [self.pot], NOW - timedelta(days=20))

    def compute(self) -> None:
        with scope(self.business):
            services.compute_cross_sell(actor=Actor.system("test"), business=self.business, at=clock.now())

    def suggestions(self, customer: Customer | None = None) -> list[Suggestion]:
        with scope(self.business):
            return suggestions_for(customer or self.customer)


@pytest.fixture
def shop(business: Business) -> Shop:
    return Shop(business)


def test_what_a_customer_has_not_bought_is_suggested_with_its_reason(shop: Shop) -> None:
    assert shop.suggestions() == []
    shop.compute()
    bulb, chandelier = shop.suggestions()
    assert (bulb.kind, bulb.product_id, bulb.because_id) == ("cross_sell", shop.bulb.pk, shop.lamp.pk)
    # 6 of the 10 who bought the lamp, against 6 of all 14
    assert (bulb.confidence, bulb.lift) == pytest.approx((0.6, 0.6 / (6 / 14)))
    assert (chandelier.kind, chandelier.product_id, chandelier.because_id) == (
        "upsell",
        shop.chandelier.pk,
        shop.lamp.pk,
    )
    assert chandelier.went_on == pytest.approx(0.5)


def test_what_is_archived_or_bought_meanwhile_is_not_suggested(shop: Shop) -> None:
    shop.compute()
    with scope(shop.business):
        services.archive_product(actor=Actor.system("test"), product=shop.bulb)
        _buy(shop.customer, [shop.chandelier], clock.now())
    assert shop.suggestions() == []
    assert shop.suggestions(make_customer(shop.business)) == []


@pytest.mark.parametrize("change", ["cheaper", "other category", "no price"])
def test_an_upsell_is_dearer_and_of_the_same_category(shop: Shop, change: str) -> None:
    values: dict[str, Any] = {
        "cheaper": {"price": Decimal(19)}, "other category": {"category": shop.bulb.category}, "no price": {"price": None},
    }[change]  # fmt: skip
    Product.unscoped.filter(pk=shop.chandelier.pk).update(**values)
    shop.compute()
    # without a price of its own it is the average that was paid, which is 10
    assert [one.kind for one in shop.suggestions()] == ["cross_sell", "cross_sell"]


def test_a_wholly_refunded_purchase_is_none(shop: Shop) -> None:
    shop.compute()
    Order.unscoped.filter(customer=shop.customer).update(is_refunded=True)
    assert shop.suggestions() == []


def test_the_profile_shows_suggestions_to_whoever_sees_the_customer(
    browser: Client, sign_in: Callable[..., Client], shop: Shop
) -> None:
    shop.compute()
    page = f"/customers/{shop.customer.pk}/commerce"
    shown = _words(browser.get(page))
    assert "Bought by 60% of those who bought “Lamp”; 1.4 times as often as by all customers." in shown
    assert "50% of those who bought “Lamp” went on to it" in shown
    member = make_membership(shop.business, "agent", visibility="own")
    Customer.unscoped.filter(pk=shop.customer.pk).update(owner=member.user)
    assert "60% of those" in _words(sign_in(member).get(page))


def test_the_report_lists_pairs_and_leads_to_those_who_lack_the_second(browser: Client, shop: Shop) -> None:
    assert "Nothing to show yet" in _words(browser.get("/reports/cross-sell"))
    shop.compute()
    shown = _queries(browser, "/reports/cross-sell?sort=-lift")
    assert "of 14 customers" in shown
    for query, count in (
        ("", 6), (f"category={shop.lights.pk}", 4), (f"product={shop.lamp.pk}", 2), ("lift__gte=2", 2), ("both__gte=6", 2),
        ("confidence__gte=100", 3), ("sort=confidence", 6), ("sort=-both", 6),
    ):  # fmt: skip
        assert _words(browser.get(f"/reports/cross-sell?{query}")).count("<tr data-href") == count, query
    assert browser.get("/reports/cross-sell?sort=support").status_code == 400
    assert "Lights" in _queries(browser, "/reports/cross-sell/categories")
    since = clock.today("Europe/London", clock.now()) - timedelta(days=365)
    row = f"/customers?bought={shop.lamp.pk}&amp;not_bought={shop.bulb.pk}&amp;bought__gte={since}"
    assert row in shown
    listed = _words(browser.get(row.replace("&amp;", "&")))
    assert "Initech" in listed
    assert "Bought: Lamp" in listed
    assert listed.count("<tr data-href") == 4


def test_customers_are_found_by_what_they_bought(browser: Client, shop: Shop) -> None:
    def found(query: str) -> int:
        return _words(browser.get(f"/customers?{query}")).count("<tr data-href")

    assert found("bought=POT") == 4
    assert found(f"bought={shop.lamp.pk}&not_bought=CHAN") == 5
    assert found("bought_category=Lights") == 10
    assert found("bought=LAMP&not_bought_category=Parts") == 4
    assert found(f"bought=LAMP&bought__gte={NOW + timedelta(days=1):%Y-%m-%d}") == 0
    Order.unscoped.filter(customer=shop.customer).update(status="cancelled")
    assert found("bought=LAMP") == 9
    assert browser.get("/customers?bought=nothing").status_code == 400


def test_the_report_is_of_all_customers_and_kept_from_those_who_see_their_own(
    sign_in: Callable[..., Client], shop: Shop
) -> None:
    shop.compute()
    own = sign_in(make_membership(shop.business, "manager", visibility="own"))
    for page in ("/reports/cross-sell", "/reports/cross-sell/categories", "/reports/cross-sell/compute"):
        assert own.get(page).status_code == 403
    assert 'id="partners"' not in _words(own.get(f"/products/{shop.lamp.pk}"))
    analyst = sign_in(make_membership(shop.business, "analyst"))
    assert analyst.get("/reports/cross-sell").status_code == 200
    assert analyst.post("/reports/cross-sell/compute").status_code == 403
    assert 'id="partners"' in _words(analyst.get(f"/products/{shop.lamp.pk}"))


def test_the_report_is_asked_for_and_queued(browser: Client, business: Business) -> None:
    assert browser.get("/reports/cross-sell/compute").status_code == 200
    answer = browser.post("/reports/cross-sell/compute")
    job = Job.unscoped.get(task="commerce.tasks.compute_cross_sell")
    assert answer["Location"].endswith(f"/{job.pk}")
    assert browser.post("/reports/cross-sell/compute")["Location"] == "/reports/cross-sell"


def test_programs_read_pairs_and_suggestions(business: Business, shop: Shop) -> None:
    caller = Caller(make_key(business))
    nothing = caller.get("/reports/cross-sell").json()
    assert (nothing["data"], nothing["totals"]["customers"]) == ([], None)
    shop.compute()
    answer = caller.get(f"/reports/cross-sell?product={shop.lamp.pk}&sort=-lift").json()
    assert [pair["partner_code"] for pair in answer["data"]] == ["CHAN", "BULB"] or answer["total"] == 2
    assert answer["totals"]["customers"] == 14
    assert caller.get("/reports/cross-sell/categories").json()["total"] == 2
    assert fields_at_fault(assert_problem(caller.get("/reports/cross-sell?color=red"), 400)) == {"color"}
    found = caller.get(f"/customers/{shop.customer.pk}/suggestions").json()
    assert [(one["kind"], one["code"]) for one in found["data"]] == [("cross_sell", "BULB"), ("upsell", "CHAN")]
    assert AccessRecord.unscoped.latest("id").customer_ids == [shop.customer.pk]
    assert caller.get("/customers?bought=LAMP&not_bought=BULB").json()["total"] == 4
    assert datetime.fromisoformat(found["calculated_at"]) <= datetime.now(UTC)
    empty = caller.get(f"/customers/{make_customer(business).pk}/suggestions").json()
    assert empty == {"data": [], "calculated_at": None}
