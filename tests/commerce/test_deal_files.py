"""Files of deals: taken over exactly, or refused whole with row, column and reason; among them a public one."""

import csv
import io
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from commerce.models import Opportunity, OpportunityStageChange, Product
from commerce.queries import DEAL_FACTS, DEAL_STEPS
from commerce.queries.deals import pipeline
from crm import clock
from crm.models import Business, ExchangeRate
from customers.models import Customer, CustomerFacts, ImportRow, LifecycleChange
from tests.commerce.test_resources import bring_in
from tests.factories import make_customer, make_membership, make_user
from tests.real_data import real_file

HEAD = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"


def _counts(record: Any) -> tuple[int, ...]:
    return tuple(
        record.counts[name] for name in ("deals_created", "deals_updated", "deals_unchanged", "customers_created")
    )


def test_deals_with_their_customers_products_and_owners(in_scope: Business) -> None:
    known = make_customer(in_scope, kind="company", display_name="Initech")
    dana = make_membership(in_scope, "agent", user=make_user(name="Dana Reyes"))
    rows = (
        "A1,Dana Reyes,GTX,INITECH,Won,2016-10-20,2017-03-01,1054\nA2,Nobody Known,gtx,Globex Corp,Lost,2016-10-25,2017-03-11,0\n"
        "A3,Dana Reyes,MG,,Prospecting,,,\nA4,,MG,Globex Corp,Engaging,2017-01-05,,\n"
    )
    assert _counts(bring_in(in_scope, HEAD + rows)) == (4, 0, 0, 1)
    deals = {deal.external_id: deal for deal in Opportunity.objects.select_related("customer", "product")}
    won = deals["A1"]
    assert (won.customer_id, won.owner_id, won.amount_base, won.probability) == (known.pk, dana.user_id, 1054, 100)
    assert (won.opened_on, won.closed_at, won.stage_since) == (date(2016, 10, 20), won.stage_since, won.closed_at)
    lost = deals["A2"]
    assert (lost.stage, lost.product_id, lost.owner_id, lost.name) == (
        "lost",
        won.product_id,
        None,
        "Globex Corp – gtx",
    )
    assert lost.customer is not None
    assert (lost.customer.kind, lost.customer.lifecycle_stage) == ("company", "opportunity")
    assert (deals["A3"].customer, deals["A3"].stage, deals["A4"].stage) == (None, "discovery", "validation")
    assert Product.objects.count() == 2
    assert OpportunityStageChange.objects.count() == 4
    facts = CustomerFacts.objects.get(customer=known)
    assert (facts.deals_won, facts.ltv_deals) == (1, 1054)
    assert LifecycleChange.objects.filter(customer=lost.customer).count() == 1
    assert _counts(bring_in(in_scope, HEAD + rows)) == (0, 0, 4, 0)
    corrected = rows.replace("A4,,MG,Globex Corp,Engaging,2017-01-05,,", "A4,,MG,Initech,Won,2017-01-05,2017-02-05,50")
    assert _counts(bring_in(in_scope, HEAD + corrected)) == (0, 1, 3, 0)
    steps = list(
        OpportunityStageChange.objects.filter(opportunity=deals["A4"])
        .order_by("id")
        .values_list("before", "after", "days")
    )
    assert steps == [("", "validation", None), ("validation", "won", Decimal("31.00"))]
    facts.refresh_from_db()
    assert (facts.deals_won, facts.ltv_deals, facts.average_deal_size) == (2, 1104, 552)
    assert (DEAL_FACTS().broken, DEAL_STEPS().broken) == (0, 0)


def test_faulty_rows_are_named_and_nothing_is_taken(in_scope: Business) -> None:
    rows = [
        "A1,,,,Winning,,,", "A2,,,,Won,2017-01-01,2017-02-01,", "A3,,,,Lost,2017-01-01,,", "A4,,,,Won,2017-03-01,2017-02-01,5",
        "A5,,,,Engaging,,,-5", "A5,,,,Engaging,,,5", "A6,,,,Won,2017-01-01,2199-01-01,5", "A7,,,,Engaging,2199-01-01,,5",
    ]  # fmt: skip
    record = bring_in(in_scope, HEAD + "\n".join(rows) + "\n")
    assert record.state == "failed"
    found = {(row.line, row.column) for row in ImportRow.objects.filter(import_job=record)}
    assert found == {
        (2, "stage"), (3, "close_value"), (4, "close_date"), (5, "close_date"), (6, "close_value"), (7, "opportunity_id"),
        (8, "close_date"), (9, "engage_date"),
    }  # fmt: skip
    assert not Opportunity.objects.exists()
    assert not Customer.objects.exists()


def test_other_currencies_need_a_rate_of_the_day(in_scope: Business) -> None:
    text = "deal_id,stage,amount,currency,close_date\nD1,won,100,eur,2026-02-01\n"
    refused = bring_in(in_scope, text)
    assert [(row.line, row.column) for row in ImportRow.objects.filter(import_job=refused)] == [(2, "currency")]
    ExchangeRate.objects.create(business=in_scope, currency="EUR", valid_on=date(2026, 1, 15), rate=Decimal("0.8"))
    bring_in(in_scope, text)
    deal = Opportunity.objects.get()
    assert (deal.amount, deal.currency, deal.amount_base) == (100, "EUR", 80)
    odd = bring_in(in_scope, text.replace("eur", "xyz"))
    assert {row.column for row in ImportRow.objects.filter(import_job=odd)} == {"currency"}


def test_a_public_file_of_deals_comes_to_what_an_independent_count_says(in_scope: Business) -> None:
    folder = real_file("maven_crm")
    accounts, deals = folder / "accounts.csv", folder / "sales_pipeline.csv"
    _take_accounts(in_scope, accounts)
    bring_in(in_scope, deals)

    # the count: csv and Decimal, nothing of the product
    won: dict[str, Decimal] = defaultdict(Decimal)
    stages: dict[str, int] = defaultdict(int)
    with deals.open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            stages[row["deal_stage"]] += 1
            if row["deal_stage"] == "Won":
                won[row["account"]] += Decimal(row["close_value"])
    assert (sum(won.values()), stages["Won"], won["Kan-code"]) == (Decimal(10_005_534), 4_238, Decimal(341_455))

    found = pipeline(Opportunity.objects.all(), in_scope, clock.now(), None)
    assert (found.won.amount, found.won.count, found.lost.count) == (sum(won.values()), stages["Won"], stages["Lost"])
    assert found.open.count == stages["Prospecting"] + stages["Engaging"]
    assert found.win_rate is not None
    assert (
        round(found.win_rate / 100, 4)
        == round(Decimal(stages["Won"]) / (stages["Won"] + stages["Lost"]), 4)
        == Decimal("0.6315")
    )
    facts = CustomerFacts.objects.exclude(ltv_deals=0).values_list("customer__display_name", "ltv_deals")
    assert dict(facts) == {account: total for account, total in won.items() if total and account}
    assert CustomerFacts.objects.get(customer__display_name="Kan-code").ltv_deals == Decimal(341_455)
    assert Customer.objects.count() == 85
    assert (DEAL_FACTS().broken, DEAL_STEPS().broken) == (0, 0)


def _take_accounts(business: Business, path: Path) -> None:
    """The companies, under the names of our columns; revenue is in millions there."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["external_id", "company", "kind", "sector", "revenue", "employees", "country"])
    with path.open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            revenue = Decimal(row["revenue"]) * 1_000_000
            rows.writerow(
                [
                    row["account"],
                    row["account"],
                    "company",
                    row["sector"],
                    revenue,
                    row["employees"],
                    row["office_location"],
                ]
            )
    record = bring_in(business, text.getvalue(), "customers")
    assert record.counts["customers_created"] == 85
