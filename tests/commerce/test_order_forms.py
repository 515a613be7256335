"""Taking, correcting, refunding and deleting orders on pages: by the same services as programs, with errors beside the fields."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from commerce.models import Order, OrderLine, Product
from crm.forms import version_of
from crm.models import AccessRecord, Business, ExchangeRate
from crm.scope import scope
from customers.models import Customer, CustomerFacts
from tests.commerce.test_subscription_pages import _words
from tests.factories import make_customer, make_membership, make_order

LINES = {
    "rows": "3", "line_0_product": "L-1 · Brass lamp", "line_0_quantity": "2", "line_0_unit_price": "10.25",
    "line_1_description": "Gift wrap", "line_1_unit_price": "1.50",
}  # fmt: skip


@pytest.fixture
def customer(business: Business) -> Customer:
    Product.unscoped.create(business=business, code="L-1", name="Brass lamp")
    return make_customer(business, display_name="Initech", external_id="INI")


def _form(**more: Any) -> dict[str, Any]:
    return {
        "customer": "INI", "number": "SO-1", "ordered_at": "2026-07-01T12:00:00", "status": "completed", "currency": "GBP",
        "channel": "shop", "total": "", **more,
    }  # fmt: skip


def _order(business: Business, number: str = "SO-1") -> Order:
    with scope(business):
        found: Order = Order.objects.get(number=number)
        return found


def _lines(order: Order) -> list[tuple[Any, ...]]:
    rows = OrderLine.unscoped.filter(order=order).order_by("position")
    return list(rows.values_list("product__code", "description", "quantity", "unit_price", "amount"))


def test_an_order_with_lines_is_taken(browser: Client, business: Business, customer: Customer) -> None:
    assert "Initech" in _words(browser.get(f"/orders/new?customer={customer.pk}"))
    assert browser.post("/orders/new", _form(**LINES)).status_code == 302
    order = _order(business)
    assert (order.total, order.customer_id, order.channel, order.flags) == (Decimal(22), customer.pk, "shop", [])
    # the business is in London, an hour ahead of UTC in summer
    assert order.ordered_at == datetime(2026, 7, 1, 11, tzinfo=UTC)
    assert _lines(order) == [
        ("L-1", "", Decimal(2), Decimal("10.25"), Decimal("20.5")), (None, "Gift wrap", Decimal(1), Decimal("1.5"), Decimal("1.5")),
    ]  # fmt: skip
    assert CustomerFacts.unscoped.get(customer=customer).total_spent == 22


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({}, "total", "Give the total"), ({"total": "-5"}, "total", "Only a refund"), ({"total": "x"}, "total", "Enter a number"),
        ({"total": "5", "customer": "nobody"}, "customer", "no such customer"), ({"total": "5", "number": ""}, "number", "required"),
        ({"total": "5", "currency": "USD"}, "currency", "no exchange rate"), ({"total": "5", "ordered_at": "soon"}, "ordered_at", "valid"),
        ({"total": "5", "ordered_at": "2026-03-29T01:30:00"}, "ordered_at", "does not exist|couldn’t be interpreted"),
        ({"rows": "3", "line_2_product": "unknown", "line_2_unit_price": "1"}, "line_2_product", "no such product"),
        ({"rows": "3", "line_2_product": "L-1"}, "line_2_unit_price", "Say what one piece costs"),
        ({"rows": "3", "line_2_description": "x", "line_2_unit_price": "99999999999", "line_2_quantity": "99999999999"},
         "line_2_unit_price", "more than can be stored"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_beside_its_field(
    browser: Client, business: Business, customer: Customer, typed: dict[str, str], field: str, words: str
) -> None:
    answer = browser.post("/orders/new", _form(**typed))
    assert answer.status_code == 422
    shown = _words(answer)
    start = shown.index(f'id="id_{field}_error"')
    assert any(part in shown[start : start + 600] for part in words.split("|")), shown[start : start + 600]
    with scope(business):
        assert not Order.objects.exists()


def test_a_number_that_is_taken_is_refused(browser: Client, business: Business, customer: Customer) -> None:
    make_order(customer, number="SO-1")
    answer = browser.post("/orders/new", _form(total="5"))
    assert answer.status_code == 409
    assert "other content" in _words(answer)


def test_more_lines_come_without_losing_what_was_typed(browser: Client, business: Business, customer: Customer) -> None:
    answer = browser.post("/orders/new", _form(**LINES, more_lines="yes"))
    shown = _words(answer)
    assert answer.status_code == 200
    assert 'name="line_5_product"' in shown
    assert 'value="Gift wrap"' in shown
    assert "field-error" not in shown
    far = browser.post("/orders/new", _form(rows="99999", more_lines="yes"))
    assert 'name="line_199_product"' in _words(far)
    assert 'name="line_200_product"' not in _words(far)
    assert browser.post("/orders/new", _form(rows="x", total="5")).status_code in (302, 422)


def test_an_order_is_corrected(browser: Client, business: Business, customer: Customer) -> None:
    browser.post("/orders/new", _form(**LINES))
    order = _order(business)
    with scope(business):
        Order.objects.filter(pk=order.pk).update(ordered_at=order.ordered_at.replace(microsecond=5))
        order = Order.objects.get(pk=order.pk)
    page = f"/orders/{order.pk}/edit"
    shown = _words(browser.get(page))
    assert "L-1 · Brass lamp" in shown
    assert 'name="number"' not in shown
    changed = _form(**LINES | {"line_0_quantity": "4"}, version=version_of(order))
    assert browser.post(page, {name: value for name, value in changed.items() if name != "number"}).status_code == 302
    order = _order(business)
    assert (order.total, order.ordered_at.microsecond) == (Decimal("42.5"), 5)
    assert browser.post(page, changed).status_code == 412
    gone = _form(total="7", rows="3", version=version_of(order))
    assert browser.post(page, gone).status_code == 302
    assert _order(business).total == 7
    assert _lines(order) == []
    assert CustomerFacts.unscoped.get(customer=customer).total_spent == 7


def test_an_order_of_another_currency_keeps_its_total_without_lines(
    browser: Client, business: Business, customer: Customer
) -> None:
    ExchangeRate.unscoped.create(business=business, currency="EUR", valid_on="2026-01-01", rate="0.5")
    assert browser.post("/orders/new", _form(total="10", currency="EUR")).status_code == 302
    order = _order(business)
    assert order.total_base == 5
    shown = _words(browser.get(f"/orders/{order.pk}/edit"))
    assert 'value="10"' in shown
    body = _form(currency="EUR", total="12", version=version_of(order))
    assert browser.post(f"/orders/{order.pk}/edit", body).status_code == 302
    assert _order(business).total_base == 6


def test_money_is_given_back_by_amount_or_by_pieces(browser: Client, business: Business, customer: Customer) -> None:
    browser.post("/orders/new", _form(**LINES))
    order = _order(business)
    page = f"/orders/{order.pk}/refund"
    assert "£22.00" in _words(browser.get(page))
    when = {"ordered_at": "2026-07-05T12:00:00"}
    assert browser.post(page, {"number": "R-0", **when}).status_code == 422
    too_much = browser.post(page, {"number": "R-0", "amount": "22.01", **when})
    assert too_much.status_code == 422
    assert "id_amount_error" in _words(too_much)
    assert browser.post(page, {"number": "R-0", "line_0_quantity": "3", **when}).status_code == 422
    assert browser.post(page, {"number": "R-1", "line_0_quantity": "1", **when}).status_code == 302
    refund = _order(business, "R-1")
    assert (refund.total, refund.status, refund.refund_of_id) == (Decimal("-10.25"), "refund", order.pk)
    assert [line[2] for line in _lines(refund)] == [Decimal(-1)]
    assert "£11.75" in _words(browser.get(page))
    assert browser.post(page, {"number": "R-2", "amount": "11.75", **when}).status_code == 302
    assert _order(business).is_refunded
    assert CustomerFacts.unscoped.get(customer=customer).total_spent == 0
    assert "Refund order" not in _words(browser.get(f"/orders/{order.pk}"))
    assert browser.post(f"/orders/{refund.pk}/refund", {"number": "R-3", "amount": "1", **when}).status_code == 409


def test_a_refund_is_corrected_and_stays_one(browser: Client, business: Business, customer: Customer) -> None:
    make_order(customer, "-5.00", number="R-9")
    refund = _order(business, "R-9")
    body = _form(total="-4", version=version_of(refund))
    assert browser.post(f"/orders/{refund.pk}/edit", body).status_code == 302
    again = _order(business, "R-9")
    assert (again.total, again.status) == (Decimal(-4), "refund")


def test_an_order_is_deleted_by_typing_its_number(browser: Client, business: Business, customer: Customer) -> None:
    order = make_order(customer, number="SO-7")
    page = f"/orders/{order.pk}/delete"
    assert browser.post(page, {"confirm": "no"}).status_code == 422
    assert browser.post(page, {"confirm": "SO-7"}).status_code == 302
    with scope(business):
        assert not Order.objects.exists()
    assert AccessRecord.unscoped.filter(customer_ids__contains=[customer.pk]).exists()


def test_buttons_follow_the_rights(sign_in: Callable[..., Client], business: Business, customer: Customer) -> None:
    order = make_order(customer)
    for role, seen in (("owner", True), ("agent", False)):
        shown = _words(sign_in(make_membership(business, role)).get(f"/orders/{order.pk}"))
        assert all((f"/orders/{order.pk}/{deed}" in shown) == seen for deed in ("edit", "refund", "delete"))


def test_products_are_offered_while_typing(browser: Client, business: Business, customer: Customer) -> None:
    Product.unscoped.create(business=business, code="L-2", name="Old lamp", is_active=False)
    shown = _words(browser.get("/products/options?of=line_0_product&line_0_product=lamp"))
    assert "L-1 · Brass lamp" in shown
    assert "L-2" not in shown
    assert _words(browser.get("/products/options?of=line_0_product&line_0_product=")) == ""
