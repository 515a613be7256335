"""What the addresses of other systems show of recurring revenue and lifetime value."""

from decimal import Decimal
from typing import Any

import pytest

from crm.models import Business
from customers.models import Customer
from tests.crm.api.calling import Caller, make_key
from tests.factories import make_customer, make_deal, make_invoice, make_order, make_subscription


@pytest.fixture
def caller(in_scope: Business) -> Caller:
    return Caller(make_key(in_scope))


def _arr(caller: Caller, account: Customer) -> tuple[Any, Any]:
    shown = caller.get(f"/api/accounts/{account.pk}").json()
    assert [row["arr"] for row in caller.get("/api/accounts").json()["data"]] == [shown["arr"]]
    return shown["arr"], shown["arr_source"]


def test_the_revenue_of_an_account_is_that_of_its_subscriptions_else_what_was_entered(
    caller: Caller, in_scope: Business
) -> None:
    account = make_customer(in_scope, kind="company")
    assert _arr(caller, account) == (None, None)
    put = caller.put(f"/api/accounts/{account.pk}", {"arr": "5000.25"})
    assert (put.json()["arr"], put.json()["arr_source"]) == (5000.25, "manual")
    assert _arr(caller, account) == (5000.25, "manual")
    make_subscription(account, amount=Decimal("100"), interval="year")
    assert _arr(caller, account) == (100.0, "subscriptions")
    put = caller.put(f"/api/accounts/{account.pk}", {"arr": 7})
    assert (put.json()["arr"], put.json()["arr_source"]) == (100.0, "subscriptions")
    account.refresh_from_db()
    assert account.arr_manual == 7


def test_an_account_that_is_added_shows_the_revenue_that_was_entered(caller: Caller) -> None:
    made = caller.post("/api/accounts", {"name": "Acme", "arr": 50000}).json()
    assert (made["arr"], made["arr_source"]) == (50000.0, "manual")


@pytest.mark.parametrize(("basis", "value"), [("orders", 50.0), ("deals", 700.0), ("invoices", 0.0)])
def test_the_lifetime_value_of_a_customer_is_the_one_that_the_business_has_chosen(
    caller: Caller, in_scope: Business, basis: str, value: float
) -> None:
    in_scope.settings = {"commerce": {"ltv_basis": basis}}
    in_scope.save()
    customer = make_customer(in_scope)
    make_order(customer, "50.00")
    make_deal(customer, stage="won", amount=Decimal(700))
    make_invoice(customer, amount=Decimal(120))
    shown = caller.get(f"/api/crm/customers/{customer.pk}").json()
    listed = caller.get("/api/crm/customers").json()["data"]
    assert (shown["lifetime_value"], shown["customer_value"]) == (value, 50.0)
    assert [row["lifetime_value"] for row in listed] == [value]
