"""Pages and endpoints of products and categories, and files of them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from commerce.models import OrderLine, Product, ProductCategory, ProductSales
from crm.models import AccessRecord, Business
from crm.scope import scope
from customers.models import Customer
from tests.commerce.test_resources import bring_in
from tests.commerce.test_subscription_pages import _queries, _words
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key
from tests.factories import make_customer, make_membership, make_order


def _bought(customer: Customer, product: Product, total: str = "10.00", **fields: Any) -> Any:
    order = make_order(customer, total, **fields)
    with scope(customer.business_id):
        OrderLine.objects.create(
            business_id=customer.business_id, order=order, position=1, product=product, quantity=2,
            unit_price=Decimal(total) / 2, amount=Decimal(total),
        )  # fmt: skip
    return order


def _product(business: Business, code: str, **fields: Any) -> Product:
    return Product.unscoped.create(business=business, code=code, **fields)


def _table(answer: Any) -> str:
    words = _words(answer)
    return words[words.index("<tbody") : words.index("</tbody")]


def test_the_list_of_products_narrows_searches_and_sorts(browser: Client, business: Business) -> None:
    home = ProductCategory.unscoped.create(business=business, name="Home")
    lights = ProductCategory.unscoped.create(business=business, name="Lights", parent=home)
    lamp = _product(business, "L-1", name="Brass lamp", category=lights, price=Decimal("20"))
    _product(business, "T-9", name="Tea pot", is_active=False)
    ProductSales.unscoped.create(
        product=lamp, business=business, order_count=3, buyer_count=2, quantity=4, revenue=Decimal("1234.50")
    )
    shown = _queries(browser, "/products?sort=-revenue")
    assert shown.index("Brass lamp") < shown.index("Tea pot")
    assert "£1,234.50" in shown
    for query, hidden in (
        (f"category={home.pk}", "Tea pot"), ("is_active=true", "Tea pot"), ("is_active=false", "Brass lamp"), ("search=brass", "Tea pot"),
        ("search=t-9", "Brass lamp"), ("price__gte=5", "Tea pot"), ("sort=-price", "nothing"), ("sort=name", "nothing"),
    ):  # fmt: skip
        assert hidden not in _table(browser.get(f"/products?{query}")), query
    assert browser.get("/products?sort=colour").status_code == 400
    assert browser.get("/products?category=x").status_code == 400


def test_what_all_customers_bought_is_kept_from_those_who_see_only_their_own(
    sign_in: Callable[..., Client], business: Business
) -> None:
    member = make_membership(business, "agent", visibility="own")
    browser = sign_in(member)
    product = _product(business, "L-1", name="Brass lamp")
    ProductSales.unscoped.create(
        product=product, business=business, order_count=3, buyer_count=2, quantity=4, revenue=Decimal("1234.50")
    )
    mine = make_customer(business, display_name="Mine", owner=member.user)
    theirs = make_customer(business, display_name="Theirs")
    for customer in (mine, theirs):
        _bought(customer, product)
    assert "1,234.50" not in _words(browser.get("/products"))
    assert browser.get("/products?sort=-revenue").status_code == 400
    shown = _words(browser.get(f"/products/{product.pk}"))
    assert "Mine" in shown
    assert "Theirs" not in shown
    assert "1,234.50" not in shown


def test_a_product_shows_its_orders_and_top_customers(browser: Client, business: Business) -> None:
    product = _product(business, "L-1", name="Brass lamp", price=Decimal("2.5"))
    first, second = (make_customer(business, display_name=name) for name in ("Initech", "Hooli"))
    _bought(first, product, "10.00", number="SMALL")
    _bought(second, product, "30.00", number="LARGE")
    _bought(second, product, "99.00", number="GONE", status="cancelled")
    shown = _queries(browser, f"/products/{product.pk}")
    buyers = shown[shown.index('id="buyers"') :]
    assert buyers.index("Hooli") < buyers.index("Initech")
    assert "£30.00" in buyers
    assert "£99.00" not in buyers
    assert AccessRecord.unscoped.filter(customer_ids__contains=[second.pk]).exists()
    assert "SMALL" in _table(browser.get(f"/orders?product={product.pk}"))


def test_a_product_and_a_category_are_added_changed_and_archived(browser: Client, business: Business) -> None:
    assert browser.post("/product-categories/new", {"name": "Lights"}).status_code == 302
    assert browser.post("/product-categories/new", {"name": "Lights"}).status_code == 409
    lights = ProductCategory.unscoped.get()
    form = {"code": "L-1", "name": "Lamp", "category": str(lights.pk), "price": "2.5"}
    assert browser.post("/products/new", form | {"code": ""}).status_code == 422
    assert browser.post("/products/new", form).status_code == 302
    taken = browser.post("/products/new", form)
    assert taken.status_code == 409
    assert "There is a product with this code already." in _words(taken)
    product = Product.unscoped.get()
    page = f"/products/{product.pk}"
    assert browser.post(f"{page}/edit", form | {"name": "Brass lamp", "price": ""}).status_code == 302
    assert "Brass lamp" in _words(browser.get(page))
    assert browser.get(f"{page}/archive").status_code == 200
    assert browser.post(f"{page}/archive").status_code == 302
    assert "Archived" in _words(browser.get(page))
    assert browser.post(f"{page}/restore").status_code == 302
    category = f"/product-categories/{lights.pk}"
    assert browser.post(f"{category}/edit", {"name": "Lamps"}).status_code == 302
    assert "Lamps" in _table(browser.get("/product-categories"))
    assert browser.post(f"{category}/archive").status_code == 302
    assert browser.post(f"{category}/archive").status_code == 409
    assert browser.post(f"{category}/restore").status_code == 302


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


def test_programs_keep_products(caller: Caller, business: Business) -> None:
    category = caller.post("/product-categories", {"name": "Lights"})
    assert category.status_code == 201
    body = {"code": "L-1", "name": "Lamp", "category": category.json()["id"], "price": "2.50"}
    made = caller.post("/products", body, headers={"idempotency-key": "one"})
    assert made.status_code == 201
    again = caller.post("/products", body, headers={"idempotency-key": "one"})
    assert again.json() == made.json()
    assert_problem(caller.post("/products", body), 409)
    one = f"/products/{made.json()['id']}"
    assert caller.get(one, headers={"if-none-match": made["ETag"]}).status_code == 304
    changed = caller.patch(one, {"price": None}, headers={"if-match": made["ETag"]})
    assert changed.json()["price"] is None
    assert_problem(caller.patch(one, {"name": "x"}, headers={"if-match": made["ETag"]}), 412)
    assert fields_at_fault(assert_problem(caller.patch(one, {"revenue": "1"}), 400)) == {"revenue"}
    assert fields_at_fault(assert_problem(caller.patch(one, {"price": "-1"}), 422)) == {"price"}
    assert caller.post(f"{one}/archive", {}).json()["is_active"] is False
    assert_problem(caller.post(f"{one}/archive", {}), 409)
    assert caller.get("/products?is_active=true").json()["total"] == 0
    assert caller.post(f"{one}/restore", {}).json()["is_active"] is True
    ProductSales.unscoped.create(
        product_id=made.json()["id"],
        business=business,
        order_count=3,
        buyer_count=2,
        quantity=4,
        revenue=Decimal("12.5"),
    )
    listed = caller.get("/products?search=lam&sort=-price").json()
    assert listed["totals"] == {"revenue": "12.50", "currency": "GBP"}
    assert (listed["data"][0]["orders"], listed["data"][0]["revenue"]) == (3, "12.50")
    there = f"/product-categories/{category.json()['id']}"
    assert caller.patch(there, {"name": "Lamps"}).json()["name"] == "Lamps"
    assert fields_at_fault(assert_problem(caller.patch(there, {"parent": category.json()["id"]}), 422)) == {"parent"}
    assert caller.post(f"{there}/archive", {}).json()["is_active"] is False
    assert caller.post(f"{there}/restore", {}).json()["is_active"] is True
    assert caller.get("/product-categories?name=Lamps").json()["total"] == 1


def test_a_file_of_products_adds_and_changes_them(in_scope: Business) -> None:
    header = "product_code,product_name,category,list_price,active\n"
    first = bring_in(in_scope, header + "A1,Lamp,Lights,2.50,\nB2,Pot,,,no\n")
    assert (first.resource, first.counts["products_created"]) == ("products", 2)
    second = bring_in(in_scope, header + "A1,Lamp,,3.00,\nB2,Pot,,,\nC3,Cup,Lights,,yes\n")
    assert second.counts == {"products_created": 1, "products_updated": 1, "products_unchanged": 1}
    rows = Product.objects.order_by("code").values_list("code", "name", "category__name", "price", "is_active")
    assert list(rows) == [
        ("A1", "Lamp", "Lights", Decimal(3), True), ("B2", "Pot", None, None, False), ("C3", "Cup", "Lights", None, True),
    ]  # fmt: skip
    faulty = bring_in(in_scope, header + "A1,x,,-1,\nA1,y,,1,\n,z,,1,\nD,v,,1,perhaps\n")
    assert faulty.state == "failed"
    assert Product.objects.count() == 3
