"""Files of orders at their limits: amounts, currencies, buyers and statuses that change from one file to the next."""

from datetime import date
from decimal import Decimal

import pytest
from django.db.models import Sum

from commerce.models import Order
from crm.models import Business, ExchangeRate
from crm.scope import scope
from customers.models import Customer, CustomerFacts, ImportJob
from tests.commerce.test_resources import LINES, ORDERS, bring_in
from tests.factories import make_business, make_customer


def _faults(record: ImportJob) -> list[tuple[int, str]]:
    return [(fault.line, fault.column) for fault in record.faults.all()]


def _check_facts() -> None:
    """Every customer's figures equal an independent sum of their orders."""
    for facts in CustomerFacts.objects.all():
        counted = Order.objects.filter(customer=facts.customer_id, status__in=["completed", "refund"])
        assert facts.total_spent == (counted.aggregate(sum=Sum("total_base"))["sum"] or 0)
        assert facts.order_count == counted.filter(status="completed").count()


@pytest.mark.parametrize(
    ("currency", "given", "kept"), [("GBP", "10.005", "10.01"), ("JPY", "99.5", "100"), ("KWD", "1.0005", "1.001")]
)
def test_totals_are_rounded_half_up_to_their_own_currency(currency: str, given: str, kept: str, db: None) -> None:
    business = make_business(currency=currency)
    with scope(business):
        bring_in(business, ORDERS + f"1,7,2026-01-05,,,{given}\n2,7,2026-01-05,,,-{given}\n")
        totals = Order.objects.order_by("number").values_list("total", "total_base")
        assert list(totals) == [(Decimal(kept), Decimal(kept)), (-Decimal(kept), -Decimal(kept))]


def test_a_total_in_another_currency_is_rounded_to_that_one(in_scope: Business) -> None:
    ExchangeRate.objects.create(business=in_scope, currency="JPY", valid_on=date(2026, 1, 1), rate=Decimal("0.005"))
    bring_in(in_scope, ORDERS + "1,7,2026-01-05,,JPY,1000.5\n")
    assert Order.objects.values_list("total", "total_base").get() == (Decimal(1001), Decimal("5.01"))


@pytest.mark.parametrize("total", ["999999999999.99995", "-999999999999.99995"])
def test_a_total_that_does_not_fit_is_named(in_scope: Business, total: str) -> None:
    assert _faults(bring_in(in_scope, ORDERS + f"1,7,2026-01-05,,,{total}\n")) == [(2, "total")]


def test_a_total_that_does_not_fit_once_converted_is_named(in_scope: Business) -> None:
    ExchangeRate.objects.create(business=in_scope, currency="KWD", valid_on=date(2026, 1, 1), rate=Decimal(9))
    assert _faults(bring_in(in_scope, ORDERS + "1,7,2026-01-05,,KWD,900000000000\n")) == [(2, "total")]


@pytest.mark.parametrize(
    ("quantity", "price", "column"),
    [
        ("999999999999", "1", "quantity"), ("1.0005", "1", "quantity"), ("1", "0.00005", "unit_price"),
        ("99999999999", "99999999", "unit_price"),
    ],
)  # fmt: skip
def test_amounts_of_lines_that_do_not_fit_are_named(in_scope: Business, quantity: str, price: str, column: str) -> None:
    done = bring_in(in_scope, LINES + f"1,A,x,{quantity},2026-01-05,{price},7,\n")
    assert _faults(done) == [(2, column)]


def test_lines_whose_sum_does_not_fit_are_refused_in_words(in_scope: Business) -> None:
    row = "1,A,x,1,2026-01-05,900000000000,7,\n"
    done = bring_in(in_scope, LINES + row + row)
    assert done.state == "failed"
    assert done.faults.exists()


def test_figures_that_do_not_fit_are_refused_in_words(in_scope: Business) -> None:
    row = "{},7,2026-01-05,,,900000000000\n"
    done = bring_in(in_scope, ORDERS + row.format(1) + row.format(2))
    assert (done.state, Order.objects.count()) == ("failed", 0)
    assert "larger" in done.error


@pytest.mark.parametrize("total", ["1e5", "NaN", "Infinity", "1,5", "£5", "--1", "٣"])
def test_what_is_no_plain_number_is_refused(in_scope: Business, total: str) -> None:
    assert _faults(bring_in(in_scope, ORDERS + f'1,7,2026-01-05,,,"{total}"\n')) == [(2, "total")]


@pytest.mark.parametrize("total", ["0", "-0", "-0.00", "0.004", "-0.004"])
def test_nothing_is_an_amount_too(in_scope: Business, total: str) -> None:
    assert bring_in(in_scope, ORDERS + f"1,7,2026-01-05,,,{total}\n").state == "done"
    assert Order.objects.get().total == 0
    _check_facts()


@pytest.mark.parametrize("at", ["2026-01-01 00:00+99:99", "2026-02-30", "0000-01-01", "2026-01-01T25:00", "01/02/2026"])
def test_moments_that_are_none_are_refused(in_scope: Business, at: str) -> None:
    assert _faults(bring_in(in_scope, ORDERS + f"1,7,{at},,,1\n")) == [(2, "ordered_at")]


def test_the_rate_is_that_of_the_day_in_the_business_zone(in_scope: Business) -> None:
    """Half past midnight on the other side of the world is still the day before here."""
    ExchangeRate.objects.create(business=in_scope, currency="EUR", valid_on=date(2026, 1, 2), rate=Decimal("0.5"))
    assert _faults(bring_in(in_scope, ORDERS + "1,7,2026-01-02 00:30+14:00,,EUR,100\n")) == [(2, "currency")]
    done = bring_in(in_scope, ORDERS + "1,7,2026-01-01 23:30-11:00,,EUR,100\n")
    assert (done.state, Order.objects.get().total_base) == ("done", Decimal(50))


def test_lines_of_an_order_in_another_currency_are_refused(in_scope: Business) -> None:
    ExchangeRate.objects.create(business=in_scope, currency="EUR", valid_on=date(2026, 1, 1), rate=Decimal("0.5"))
    bring_in(in_scope, ORDERS + "1,7,2026-01-05,,EUR,100\n")
    assert _faults(bring_in(in_scope, LINES + "1,A,x,1,2026-01-05,100,7,\n")) == [(2, "order_number")]
    assert Order.objects.get().currency == "EUR"


@pytest.mark.parametrize("status", ["cancelled", "pending"])
def test_lines_leave_the_status_of_an_order_that_does_not_count(in_scope: Business, status: str) -> None:
    bring_in(in_scope, ORDERS + f"1,7,2026-01-05,{status},,100\n")
    bring_in(in_scope, LINES + "1,A,x,1,2026-01-05,100,7,\n")
    assert Order.objects.get().status == status
    _check_facts()


def test_a_buyer_once_named_stays_the_buyer(in_scope: Business) -> None:
    unnamed, named = ORDERS + "1,,2026-01-05,,,10\n", ORDERS + "1,7,2026-01-05,,,10\n"
    bring_in(in_scope, unnamed)
    bring_in(in_scope, named)
    _check_facts()
    assert bring_in(in_scope, unnamed).counts["orders_unchanged"] == 1
    assert Order.objects.get().customer.external_id == "7"
    _check_facts()


def test_the_buyer_before_loses_what_moves_to_another(in_scope: Business) -> None:
    bring_in(in_scope, ORDERS + "1,7,2026-01-05,,,10\n2,7,2026-01-05,,,5\n")
    bring_in(in_scope, ORDERS + "1,8,2026-01-05,,,10\n")
    _check_facts()
    assert dict(CustomerFacts.objects.values_list("customer__external_id", "total_spent")) == {"7": 5, "8": 10}


def test_an_id_that_stands_for_an_unidentified_buyer_names_nobody(in_scope: Business) -> None:
    make_customer(in_scope, external_id="order:1")
    assert _faults(bring_in(in_scope, ORDERS + "1,,2026-01-05,,,10\n")) == [(2, "order_number")]
    bring_in(in_scope, ORDERS + "2,,2026-01-05,,,10\n")
    assert _faults(bring_in(in_scope, ORDERS + "3,order:2,2026-01-05,,,10\n")) == [(2, "customer_external_id")]
    assert Customer.objects.filter(is_unidentified=True).count() == 1
