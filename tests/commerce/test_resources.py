"""Files of orders: taken over exactly, or refused whole with row, column and reason."""

import csv
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile, File

from commerce.models import Order, OrderLine, Product
from commerce.services import refresh_order_facts, refresh_revenue
from crm import work
from crm.actor import Actor
from crm.models import Activity, Business, ExchangeRate
from customers import services
from customers.models import Customer, CustomerFacts, ImportJob
from customers.services.files import UnreadableFile
from tests.factories import make_customer
from tests.real_data import real_file

SYSTEM = Actor.system("test")
ORDERS = "order_number,customer_external_id,ordered_at,status,currency,total\n"
LINES = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


def bring_in(business: Business, content: str | bytes | Path, resource: str = "") -> ImportJob:
    """Import a file the way the upload page does, its job included."""
    if isinstance(content, Path):
        with content.open("rb") as opened:
            record = services.start_import(
                actor=SYSTEM, business=business, file=File(opened, name=content.name), resource=resource
            )
    else:
        data = content.encode() if isinstance(content, str) else content
        record = services.start_import(
            actor=SYSTEM, business=business, file=ContentFile(data, name="file.csv"), resource=resource
        )
    work.run(str(record.job_id))
    record.refresh_from_db()
    return record


def _facts(external_id: str) -> CustomerFacts:
    return CustomerFacts.objects.get(customer__external_id=external_id)


def test_orders_make_up_their_customers_figures(in_scope: Business) -> None:
    known = make_customer(in_scope, external_id="7")
    done = bring_in(
        in_scope,
        ORDERS + "A1,7,2026-01-05 10:00,completed,GBP,10.10\n"
        "A2,7,2026-02-05,completed,,20\nC1,7,2026-02-06,refund,GBP,-5.05\nA3,8,2026-03-01,,GBP,1\nA4,7,2026-03-01,cancelled,GBP,99\n",
    )
    assert done.counts == {
        "orders_created": 5,
        "orders_updated": 0,
        "orders_unchanged": 0,
        "customers_created": 1,
        "unidentified_created": 0,
    }
    facts = _facts("7")
    assert (facts.customer_id, facts.total_spent, facts.order_count) == (known.pk, Decimal("25.05"), 2)
    assert facts.average_order_value == Decimal("12.525")
    assert (facts.first_order_at, facts.last_order_at) == (
        datetime(2026, 1, 5, 10, tzinfo=UTC),
        datetime(2026, 2, 5, tzinfo=UTC),
    )
    assert Customer.objects.get(external_id="8").display_name == "Customer 8"


def test_the_same_file_again_changes_nothing(in_scope: Business) -> None:
    content = LINES + "1,A,Apple,2,2026-01-05 10:00,1.25,7,Iceland\n1,B,Bread,1,2026-01-05 10:00,0.335,7,Iceland\n"
    first = bring_in(in_scope, content)
    rows = list(Order.objects.values()), list(OrderLine.objects.values()), list(CustomerFacts.objects.values())
    again = bring_in(in_scope, content)
    assert first.counts["orders_created"] == 1
    assert again.counts["orders_unchanged"] == 1
    assert (again.counts["lines_written"], again.counts["orders_updated"], again.counts["customers_created"]) == (
        0,
        0,
        0,
    )
    assert (
        list(Order.objects.values()),
        list(OrderLine.objects.values()),
        list(CustomerFacts.objects.values()),
    ) == rows


def test_lines_round_each_and_sum_to_their_order(in_scope: Business) -> None:
    bring_in(in_scope, LINES + "1,A,Apple,3,2026-01-05 10:00,0.335,7,\n1,B,Bread,1,2026-01-05 10:01,0.005,7,\n")
    order = Order.objects.get()
    assert [line.amount for line in order.lines.all()] == [Decimal("1.01"), Decimal("0.01")]
    assert (order.total, order.ordered_at) == (Decimal("1.02"), datetime(2026, 1, 5, 10, tzinfo=UTC))
    assert {p.code: p.name for p in Product.objects.all()} == {"A": "Apple", "B": "Bread"}


def test_a_corrected_file_replaces_orders_and_lines(in_scope: Business) -> None:
    bring_in(in_scope, LINES + "1,A,Apple,3,2026-01-05,1,7,\n1,B,Bread,1,2026-01-05,1,7,\n")
    bring_in(in_scope, LINES + "1,A,Apple,1,2026-01-05,1,8,\n")
    assert Order.objects.get().total == 1
    assert OrderLine.objects.count() == 1
    assert [_facts("7").total_spent, _facts("8").total_spent] == [Decimal(0), Decimal(1)]


def test_buyers_without_a_name_become_one_unidentified_customer_per_order(in_scope: Business) -> None:
    content = LINES + "1,A,x,1,2026-01-05,2,,\n2,A,x,1,2026-01-05,3,,\n"
    done = bring_in(in_scope, content)
    assert done.counts["unidentified_created"] == 2
    assert bring_in(in_scope, content).counts["unidentified_created"] == 0
    assert Customer.objects.filter(is_unidentified=True, is_live=False).count() == 2
    assert not Customer.objects.live().exists()


def test_refunds_and_stock_adjustments_are_told_from_purchases(in_scope: Business) -> None:
    bring_in(in_scope, LINES + "C1,A,x,-2,2026-01-05,2,7,\n2,A,x,-5,2026-01-05,0,,\n3,A,x,1,2026-01-05,0,7,\n")
    assert dict(Order.objects.values_list("number", "status")) == {"C1": "refund", "2": "refund", "3": "completed"}
    assert (_facts("7").total_spent, _facts("7").order_count, _facts("7").average_order_value) == (
        Decimal(-4),
        1,
        Decimal(-4),
    )


def test_naive_times_are_in_the_zone_of_the_business(in_scope: Business) -> None:
    bring_in(
        in_scope,
        ORDERS + "1,7,2026-07-01 00:30,,GBP,1\n2,7,2026-07-01T00:30:00Z,,GBP,1\n3,7,2026-07-01 00:30:00+05:30,,GBP,1\n"
        "4,7,2026-03-29 01:30,,GBP,1\n5,7,2026-10-25 01:30,,GBP,1\n",
    )
    times = dict(Order.objects.values_list("number", "ordered_at"))
    assert times["1"] == datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    assert times["2"] == datetime(2026, 7, 1, 0, 30, tzinfo=UTC)
    assert times["3"] == datetime(2026, 6, 30, 19, 0, tzinfo=UTC)
    assert times["4"] == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert times["5"] == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_other_currencies_are_converted_at_the_dated_rate_or_refused(in_scope: Business) -> None:
    content = ORDERS + "1,7,2026-02-01,,EUR,100\n2,7,2026-03-01,,eur,100\n"
    refused = bring_in(in_scope, content)
    assert (refused.state, refused.fault_count) == ("failed", 2)
    assert not Order.objects.exists()
    for day, rate in ((date(2026, 1, 1), "0.8"), (date(2026, 2, 15), "0.9")):
        ExchangeRate.objects.create(business=in_scope, currency="EUR", valid_on=day, rate=Decimal(rate))
    assert bring_in(in_scope, content).state == "done"
    assert dict(Order.objects.values_list("number", "total_base")) == {"1": Decimal(80), "2": Decimal(90)}
    assert _facts("7").total_spent == 170


FAULTY: dict[str, tuple[str, int, str, str]] = {
    "no date": (ORDERS + "1,7,,,GBP,1\n", 2, "ordered_at", "A value is needed."),
    "not a date": (ORDERS + "1,7,2026-01-05,,GBP,1\n2,7,tomorrow,,GBP,1\n", 3, "ordered_at", "Not a date and time"),
    "no such day": (ORDERS + "1,7,2026-02-30,,GBP,1\n", 2, "ordered_at", "Not a date and time"),
    "far date": (ORDERS + "1,7,9999-01-01,,GBP,1\n", 2, "ordered_at", "Outside the years"),
    "total": (ORDERS + '1,7,2026-01-05,,GBP,"1,50"\n', 2, "total", "Not a decimal number"),
    "not a number": (ORDERS + "1,7,2026-01-05,,GBP,NaN\n", 2, "total", "Not a decimal number"),
    "status": (
        ORDERS + "1,7,2026-01-05,lost,GBP,1\n",
        2,
        "status",
        "Not one of: pending, completed, cancelled, refund.",
    ),
    "twice": (ORDERS + "1,7,2026-01-05,,GBP,1\n1,7,2026-01-05,,GBP,1\n", 3, "order_number", "stands in an earlier row"),
    "currency": (ORDERS + "1,7,2026-01-05,,XXX,1\n", 2, "currency", "Not a currency code"),
    "positive refund": (ORDERS + "1,7,2026-01-05,refund,GBP,1\n", 2, "total", "must be negative"),
    "negative order": (ORDERS + "1,7,2026-01-05,completed,GBP,-1\n", 2, "total", "Only a refund's total"),
    "short row": (ORDERS + "1,7\n", 2, "(row)", "The row has 2 values, the header names 6."),
    "long row": (ORDERS + "1,7,2026-01-05,,GBP,1,9\n", 2, "(row)", "The row has 7 values"),
    "long number": (ORDERS + "9" * 61 + ",7,2026-01-05,,GBP,1\n", 2, "order_number", "Longer than 60 characters."),
    "two buyers": (
        LINES + "1,A,x,1,2026-01-05,1,7,\n1,B,x,1,2026-01-05,1,8,\n",
        3,
        "customer_external_id",
        "names another customer",
    ),
    "quantity": (LINES + "1,A,x,two,2026-01-05,1,7,\n", 2, "quantity", "Not a decimal number"),
    "quote": (ORDERS + '1,7,2026-01-05,,"GB"P,1\n', 2, "(row)", "not valid CSV"),
    "line after quoted break": (
        ORDERS + '1,"7\n",2026-01-05,,GBP,1\n2,7,x,,GBP,1\n',
        4,
        "ordered_at",
        "Not a date and time",
    ),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_row_is_named_and_nothing_is_half_done(in_scope: Business, fault: str) -> None:
    content, line, column, reason = FAULTY[fault]
    record = bring_in(in_scope, content)
    row = record.faults.all()[0]
    assert record.state == "failed"
    assert (row.line, row.column) == (line, column)
    assert reason in row.reason
    assert not Order.objects.exists()
    assert not Customer.objects.exists()
    assert Activity.objects.latest("id").verb == "customers.import.refused"


def test_text_that_is_not_utf8_is_refused(in_scope: Business) -> None:
    record = bring_in(in_scope, ORDERS.encode() + "1,Jos\xe9,2026-01-05,,GBP,1\n".encode("latin-1"))
    assert record.state == "failed"
    assert "UTF-8" in record.faults.get().reason


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"), (b"\n\n", "empty"), (b"a,b,c\n1,2,3\n", "header is not one of a known kind"), (b"PK\x03\x04....", "Excel workbook"),
        (b"order_number\0,x\n", "not a text file"), (b"order_number,total\n", "Orders: order_number, ordered_at, total"),
    ],
)  # fmt: skip
def test_a_file_that_can_not_be_read_is_refused_at_once(in_scope: Business, content: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        services.start_import(actor=SYSTEM, business=in_scope, file=ContentFile(content, name="x.csv"))
    assert not ImportJob.objects.exists()


def test_a_named_kind_tells_which_columns_are_missing(in_scope: Business) -> None:
    with pytest.raises(UnreadableFile, match="lacks: ordered_at, total"):
        services.start_import(
            actor=SYSTEM, business=in_scope, file=ContentFile(b"order_number\n1\n", name="x.csv"), resource="orders"
        )


def test_headers_are_recognized_without_case_spaces_and_order_mark(in_scope: Business) -> None:
    content = "\ufeffOrder Number;".replace(";", ",") + "ORDERED AT,Total,Customer-External-ID\n1,2026-01-05,5,7\n"
    assert bring_in(in_scope, content).state == "done"
    assert Order.objects.get().customer.external_id == "7"


def test_orders_of_another_business_are_left_alone(in_scope: Business, other_business: Business) -> None:
    from crm.scope import scope

    content = ORDERS + "1,7,2026-01-05,,,5\n"
    with scope(other_business):
        bring_in(other_business, content)
    bring_in(in_scope, ORDERS + "1,7,2026-01-05,,,9\n")
    assert Order.objects.get().total == 9
    with scope(other_business):
        assert Order.objects.get().total == 5
        assert CustomerFacts.objects.get().total_spent == 5


def _sums(path: Path, number: str, customer: str, amount: Any) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    with path.open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            if row[customer]:
                totals[row[customer]] += amount(row)
    return totals


def _stored() -> dict[str, Decimal]:
    return dict(CustomerFacts.objects.filter(is_live=True).values_list("customer__external_id", "total_spent"))


def test_the_orders_of_a_real_shop_sum_to_the_file(in_scope: Business) -> None:
    customers, orders = (
        real_file("online_retail_orders_dev/customers.csv"),
        real_file("online_retail_orders_dev/orders.csv"),
    )
    assert bring_in(in_scope, customers).counts["customers_created"] == 948
    assert bring_in(in_scope, orders).counts["orders_created"] == 1708
    assert _stored() == _sums(orders, "order_number", "customer_external_id", lambda row: Decimal(row["total"]))
    lines = real_file("online_retail_dev/online_retail_2010-12.csv")
    done = bring_in(in_scope, lines)
    assert (done.counts["orders_unchanged"], done.counts["unidentified_created"]) == (1708, 317)
    assert _stored() == _sums(
        lines, "InvoiceNo", "CustomerID", lambda row: Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])
    )
    assert OrderLine.objects.count() == 42_481


def test_refunds_are_linked_by_the_number_of_their_order_whichever_comes_first(in_scope: Business) -> None:
    header = "order_number,customer_external_id,ordered_at,total,refund_of\n"
    bring_in(in_scope, header + "R1,C1,2026-01-03,-40.00,A1\nR2,C1,2026-01-04,-5.00,gone\nR3,C1,2026-01-05,-1.00,\n")
    unlinked = {number: ["unlinked_refund"] for number in ("R1", "R2", "R3")}
    assert dict(Order.objects.values_list("number", "flags")) == unlinked
    bring_in(in_scope, header + "A1,C1,2026-01-01,40.00,\nA2,C1,2026-01-02,7.00,\n")
    original, refund = Order.objects.get(number="A1"), Order.objects.get(number="R1")
    assert (refund.refund_of_id, refund.flags, original.is_refunded) == (original.pk, [], True)
    assert Order.objects.get(number="R2").flags == ["unlinked_refund"]
    assert (_facts("C1").total_spent, _facts("C1").order_count) == (Decimal("1.00"), 1)
    assert (refresh_order_facts(), refresh_revenue()) == (0, 0)


def test_refunds_of_a_file_are_never_linked_for_more_than_the_order(in_scope: Business) -> None:
    header = "order_number,customer_external_id,ordered_at,total,refund_of\n"
    bring_in(in_scope, header + "A1,C1,2026-01-01,40.00,\nR1,C1,2026-01-03,-40.01,A1\n")
    refund = Order.objects.get(number="R1")
    assert (refund.refund_of_id, refund.flags) == (None, ["unlinked_refund"])
    assert _facts("C1").total_spent == Decimal("-0.01")
