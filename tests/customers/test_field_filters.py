"""Every field of a customer narrows the list and the API alike: exact, in part, and by whether anything is there."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from crm import clock
from crm.models import Business, Membership
from customers.filters import customer_filterset
from customers.models import CompetitorMention, Customer, CustomField, Signal, Technology
from customers.registry import fields
from tests.crm.api.calling import Caller, make_key
from tests.factories import make_customer, make_order

FILLED: dict[str, Any] = {
    "legal_name": "Filled Holdings GmbH", "street": "1 Long Lane", "postal_code": "SW1A 1AA", "country": "Germany", "region": "Bavaria",
    "city": "Munich", "website": "https://filled.example/shop", "domain": "filled.example", "linkedin_url": "https://linkedin.example/f",
    "facebook_url": "https://facebook.example/f", "instagram_url": "https://instagram.example/f", "industry": "Retail", "size": "small",
    "annual_revenue": "100", "employee_count": 7, "external_id": "EX-100%", "arr_manual": "5", "contract_start_on": date(2026, 1, 1),
    "contract_end_on": date(2026, 12, 31), "renewal_on": date(2026, 12, 1), "contract_terms": "Net thirty", "acquired_on": date(2025, 1, 1),
    "acquisition_source": "Fair", "acquisition_campaign": "Spring", "acquisition_cost": "12.50", "email": "unal@filled.example",
    "phone": "+44 20 7946 0018", "lifecycle_substep": "adoption", "preferred_language": "DE",
}  # fmt: skip
ALWAYS_THERE = {
    "display_name", "kind", "lifecycle_stage", "created_at", "updated_at", "total_spent", "order_count", "lifetime_value",
    "arr_source", "ltv_invoiced", "invoices_owed", "ltv_deals", "deals_won", "open_deal_value",
}  # fmt: skip


@pytest.fixture
def two(in_scope: Business) -> Business:
    """One of whom everything is known, and one of whom nothing is."""
    filled = make_customer(in_scope, kind="company", first_name="", last_name="", display_name="Café Filled", **FILLED)
    above = make_customer(in_scope, kind="company", first_name="", last_name="", display_name="Above", city="Above")
    Customer.objects.filter(pk=filled.pk).update(parent=above, referred_by=above)
    make_order(filled, total="30.00")
    make_customer(
        in_scope, kind="company", first_name="", last_name="", display_name="Empty", email="", preferred_language=""
    )
    return in_scope


def found(browser: Client, business: Business, **query: Any) -> set[str]:
    """The names of the page's rows, which are those of the API."""
    words = urlencode(query)
    page = browser.get(f"/customers?{words}")
    assert page.status_code == 200, page.content[:300]
    ids = {row.id for row in page.context["table"].rows}
    answer = Caller(make_key(business)).get(f"/customers?{words}")
    assert answer.status_code == 200, answer.content
    assert {row["id"] for row in answer.json()["data"]} == ids
    return set(Customer.objects.filter(pk__in=ids).values_list("display_name", flat=True))


@pytest.mark.parametrize("key", [field.key for field in fields if field.key in FILLED])
def test_what_is_filled_and_what_is_empty(two: Business, browser: Client, key: str) -> None:
    assert "Café Filled" in found(browser, two, **{f"{key}__isnull": "false"})
    empty = found(browser, two, **{f"{key}__isnull": "true"})
    assert "Empty" in empty
    assert "Café Filled" not in empty


def test_every_field_has_a_filter_and_says_whether_it_is_filled() -> None:
    lacking = [field.key for field in fields if not field.filters]
    mute = [field.key for field in fields if "isnull" not in field.filters and field.key not in ALWAYS_THERE]
    assert (lacking, [key for key in mute if not key.startswith("icp")]) == ([], [])


@pytest.mark.parametrize(
    "query",
    [
        {"display_name": "CAFE filled"}, {"display_name__contains": "fe fil"}, {"legal_name": "Filled Holdings GmbH"},
        {"legal_name__contains": "holdings"}, {"street": "1 Long Lane"}, {"street__contains": "long"}, {"postal_code": "SW1A 1AA"},
        {"postal_code__contains": "sw1a"}, {"region": "Bavaria"}, {"region__in": "Bavaria,Bremen"}, {"city": "Munich"},
        {"city__in": "Munich,Berlin"}, {"city__contains": "UNI"}, {"industry": "Retail"}, {"industry__in": "Retail,Mining"},
        {"industry__contains": "tai"}, {"website": "https://filled.example/shop"}, {"website__contains": "/shop"},
        {"linkedin_url__contains": "linkedin"}, {"facebook_url": "https://facebook.example/f"}, {"instagram_url__contains": "instagram"},
        {"contract_terms__contains": "THIRTY"}, {"acquisition_cost__gte": "12.5"}, {"acquisition_cost__lte": "12.50"},
        {"phone": "+44 20 7946 0018"}, {"phone": "+44 (20) 79460018"}, {"phone__contains": "7946"}, {"email": "UNAL@filled.example"},
        {"email__contains": "unal@"}, {"external_id__contains": "100%"}, {"acquisition_campaign__contains": "spr"},
        {"average_order_value__gte": "30"}, {"average_order_value__lte": "30"}, {"average_order_value__isnull": "false"},
        {"first_order_at__gte": "2000-01-01"}, {"first_order_at__isnull": "false"}, {"parent__isnull": "false"},
        {"referred_by__isnull": "false"}, {"domain__contains": "filled."},
    ],
    ids=lambda query: next(iter(query)),
)  # fmt: skip
def test_one_is_found_by_each_of_its_values(two: Business, browser: Client, query: dict[str, str]) -> None:
    assert found(browser, two, **query) == {"Café Filled"}


@pytest.mark.parametrize(
    "query",
    [
        {"display_name": "cafe"}, {"display_name__contains": "c%d"}, {"external_id__contains": "E_"}, {"city": "Mun"}, {"phone": "7946"},
        {"acquisition_cost__gte": "12.51"}, {"average_order_value__gte": "31"}, {"first_order_at__lte": "2000-01-01"},
        {"updated_at__lte": "2000-01-01"},
    ],
    ids=lambda query: next(iter(query)),
)  # fmt: skip
def test_what_fits_nobody_finds_nobody(two: Business, browser: Client, query: dict[str, str]) -> None:
    assert found(browser, two, **query) == set()


def test_what_was_changed_since(two: Business, browser: Client) -> None:
    Customer.objects.exclude(display_name="Empty").update(updated_at="2020-01-01T12:00Z")
    assert found(browser, two, updated_at__gte="2020-01-02") == {"Empty"}
    assert found(browser, two, updated_at__lte="2020-01-01") == {"Above", "Café Filled"}


def test_texts_of_custom_fields_are_found_in_part(in_scope: Business, browser: Client) -> None:
    CustomField.objects.create(business=in_scope, key="note", label="Note", type="text")
    make_customer(in_scope, last_name="One", custom_values={"note": "Likes green tea"})
    make_customer(in_scope, last_name="Two", custom_values={"note": "Likes coffee"})
    make_customer(in_scope, last_name="Three")
    assert {name.split()[-1] for name in found(browser, in_scope, custom_note__contains="GREEN")} == {"One"}
    assert found(browser, in_scope, custom_note__contains="g%n") == set()


@pytest.fixture
def noted(two: Business, other_business: Business) -> Business:
    """A technology, an open and a closed signal and a competitor of one customer, and the like of another business's."""
    today = clock.now().date()
    filled, empty = Customer.objects.get(display_name="Café Filled"), Customer.objects.get(display_name="Empty")
    for customer in (filled, make_customer(other_business)):
        of = {"business": customer.business, "customer": customer, "source": "Call"}
        Technology.unscoped.create(**of, name="PostgreSQL", first_seen_on=today, last_seen_on=today)
        Signal.unscoped.create(**of, kind="buying", text="Asked for prices", seen_on=today)
        CompetitorMention.unscoped.create(**of, name="Initech", seen_on=today)
    Signal.objects.create(
        business=two, customer=empty, source="Call", kind="buying", text="Old", seen_on=today, closed_on=today
    )
    return two


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"technology": "postgresql"}, {"Café Filled"}), ({"technology": "Postgre"}, set()), ({"signal": "buying"}, {"Café Filled"}),
        ({"signal": "risk"}, set()), ({"competitor": " INITECH"}, {"Café Filled"}), ({"competitor": "Globex"}, set()),
        ({"technology": "PostgreSQL", "signal": "buying", "competitor": "Initech", "kind": "person"}, set()),
    ],
)  # fmt: skip
def test_customers_are_found_by_what_was_found_out(
    noted: Business, browser: Client, query: dict[str, str], expected: set[str]
) -> None:
    assert found(browser, noted, **query) == expected


def test_an_unknown_kind_of_signal_is_refused(noted: Business, browser: Client) -> None:
    assert browser.get("/customers?signal=luck").status_code == 400


def test_add_a_filter_offers_all_of_them(owner: Membership, browser: Client) -> None:
    content = browser.get("/customers?filters=open").content.decode()
    for name in customer_filterset().base_filters:
        assert f'filters=open,{name}"' in content or f'name="{name}"' in content, name
