"""Files of subscriptions: taken over exactly with their ledger, or refused whole with row, column and reason."""

import csv
from datetime import date
from decimal import Decimal

import pytest
from django.db.models import Sum

from commerce.models import Subscription, SubscriptionChange
from commerce.queries import RECURRING_FACTS, SUBSCRIPTION_STEPS
from crm import clock
from crm.models import Business, ExchangeRate
from crm.scope import scope
from customers.models import Customer, CustomerFacts, ImportJob
from tests.commerce.test_resources import bring_in
from tests.factories import make_business, make_customer
from tests.real_data import real_file

HEADER = "subscription_id,account_id,start_date,end_date,plan_tier,seats,mrr_amount,billing_frequency,auto_renew_flag,is_trial,currency\n"


def _faults(record: ImportJob) -> list[tuple[int, str]]:
    return [(fault.line, fault.column) for fault in record.faults.all()]


def test_rows_become_subscriptions_with_a_ledger(in_scope: Business) -> None:
    customer = make_customer(in_scope, external_id="A-1")
    rows = HEADER + (
        "S-1,A-1,2024-01-31,,Pro,10,83.3333,annual,TRUE,FALSE,\nS-2,A-1,2024-02-01,2024-06-01,Basic,2,50,monthly,FALSE,FALSE,\n"
        "S-3,A-1,2024-03-01,,Trial,,20,monthly,,TRUE,\n"
    )
    assert bring_in(in_scope, rows).counts["subscriptions_created"] == 3
    one = Subscription.objects.get(external_id="S-1")
    assert [one.amount, one.interval, one.mrr, one.seats] == [Decimal(1000), "year", Decimal("83.3333"), 10]
    assert list(Subscription.objects.order_by("external_id").values_list("status", flat=True)) == [
        "active",
        "ended",
        "trial",
    ]
    lines = SubscriptionChange.objects.order_by("subscription__external_id", "id")
    assert list(lines.values_list("subscription__external_id", "event", "on", "mrr_after")) == [
        ("S-1", "started", date(2024, 1, 31), Decimal("83.3333")), ("S-2", "started", date(2024, 2, 1), 50),
        ("S-2", "ended", date(2024, 6, 1), 0), ("S-3", "started", date(2024, 3, 1), 0),
    ]  # fmt: skip
    assert CustomerFacts.objects.get(customer=customer).mrr == Decimal("83.3333")
    assert bring_in(in_scope, rows).counts["subscriptions_unchanged"] == 3
    today = clock.today(in_scope.time_zone)
    changed = HEADER + "S-1,A-1,2024-01-31,,Pro,12,100,monthly,TRUE,FALSE,\n"
    assert bring_in(in_scope, changed).counts["subscriptions_updated"] == 1
    line = SubscriptionChange.objects.latest("id")
    assert [line.event, line.on, line.mrr_before, line.mrr_after, line.seats_after] == [
        "changed",
        today,
        Decimal("83.3333"),
        100,
        12,
    ]
    assert RECURRING_FACTS().broken == 0
    assert SUBSCRIPTION_STEPS().broken == 0


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("S-1,A-9,2024-01-31,,Pro,1,5,monthly,,,", "customer_external_id"),
        ("S-1,A-1,2024-01-31,2024-01-30,Pro,1,5,monthly,,,", "end_date"),
        ("S-1,A-1,2024-01-31,,Pro,1,-5,monthly,,,", "mrr"), ("S-1,A-1,2024-01-31,,Pro,1,,monthly,,,", "amount"),
        ("S-1,A-1,2024-01-31,,Pro,-1,5,monthly,,,", "seats"), ("S-1,A-1,2024-01-31,,Pro,1,5,weekly,,,", "interval"),
        ("S-1,A-1,2024-01-31,,Pro,1,5,monthly,,,XXX", "currency"), ("S-1,A-1,2024-01-31,,Pro,1,5,monthly,,,USD", "currency"),
        ("S-1,A-1,soon,,Pro,1,5,monthly,,,", "start_date"), ("S-1,A-1,2024-01-31,,Pro,1,999999999999,annual,,,", "amount"),
    ],
)  # fmt: skip
def test_a_faulty_row_is_named(in_scope: Business, row: str, column: str) -> None:
    make_customer(in_scope, external_id="A-1")
    assert set(_faults(bring_in(in_scope, HEADER + row + "\n"))) == {(2, column)}
    assert not Subscription.objects.exists()


def test_another_currency_counts_at_the_rate_of_the_first_day(in_scope: Business) -> None:
    make_customer(in_scope, external_id="A-1")
    ExchangeRate.objects.create(business=in_scope, currency="EUR", valid_on=date(2024, 1, 1), rate=Decimal("0.8"))
    bring_in(in_scope, HEADER + "S-1,A-1,2024-01-31,,Pro,1,10,annual,,,eur\n")
    one = Subscription.objects.get()
    assert [one.currency, one.amount, one.mrr] == ["EUR", 120, 8]


def test_the_real_subscriptions_come_to_their_open_revenue(db: None) -> None:
    """Open annual recurring revenue of the public data, summed here without the product."""
    accounts, file = (
        real_file("ravenstack/ravenstack_accounts.csv"),
        real_file("ravenstack/ravenstack_subscriptions.csv"),
    )
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    expected = sum(
        (12 * Decimal(row["mrr_amount"]) for row in rows if not row["end_date"] and row["is_trial"] != "TRUE"),
        Decimal(0),
    )
    assert expected == 121_915_296
    business = make_business(currency="USD")
    with scope(business):
        with accounts.open(encoding="utf-8", newline="") as opened:
            companies = [f"{row['account_id']},company,{row['account_name']}" for row in csv.DictReader(opened)]
        bring_in(business, "external_id,kind,name\n" + "\n".join(companies) + "\n", resource="customers")
        assert Customer.objects.filter(kind="company").count() == len(companies)
        assert bring_in(business, file).counts["subscriptions_created"] == len(rows)
        assert CustomerFacts.objects.aggregate(sum=Sum("arr"))["sum"] == expected
        assert RECURRING_FACTS().broken == 0
        assert SUBSCRIPTION_STEPS().broken == 0
