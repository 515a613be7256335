"""Given the orders of a real shop, when its owner imports them, then every customer is found with what they bought."""

import csv
import re
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from crm.models import Membership
from tests.real_data import real_file

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_owner_imports_the_file_finds_a_customer_and_sees_the_totals_of_the_file(
    visit: Callable[..., Any], worker: None, owner: Membership
) -> None:
    path = real_file("online_retail_dev/online_retail_2010-12.csv")
    spent: dict[str, Decimal] = defaultdict(Decimal)
    orders: dict[str, set[str]] = defaultdict(set)
    with path.open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            spent[row["CustomerID"]] += Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])
            if not row["InvoiceNo"].startswith("C"):
                orders[row["CustomerID"]].add(row["InvoiceNo"])
    best = max((c for c in spent if c), key=lambda c: spent[c])

    it = visit()
    it.sign_in(owner)
    it.tab.get_by_role("link", name="Imports").click()
    it.tab.get_by_role("link", name="Import a file").first.click()
    it.tab.get_by_label("CSV file").set_input_files(path)
    it.tab.get_by_role("button", name="Start import").click()
    expect(it.tab.get_by_role("heading", name="Result")).to_be_visible(timeout=60_000)
    expect(it.tab.get_by_text("42,481").first).to_be_visible()

    it.tab.get_by_role("searchbox", name="Search customers").fill(best)
    it.tab.keyboard.press("Enter")
    it.tab.locator("a.row-link", has_text=f"Customer {best}").click()
    expect(it.tab.get_by_role("heading", level=1, name=f"Customer {best}")).to_be_visible()

    def figure(label: str) -> Locator:
        return it.tab.locator(".stat").filter(
            has=it.tab.locator(".stat-label > :first-child", has_text=re.compile(f"^{label}$"))
        )

    expect(figure("Total spent")).to_contain_text(f"£{spent[best]:,.2f}")
    expect(figure("Orders").locator(".stat-value")).to_have_text(str(len(orders[best])))
    expect(figure("Average order")).to_contain_text(f"£{spent[best] / len(orders[best]):,.2f}")
    assert it.complaints == []


def test_a_faulty_file_is_refused_with_row_column_and_reason(
    visit: Callable[..., Any], worker: None, owner: Membership
) -> None:
    it = visit()
    it.sign_in(owner)
    it.open("/imports/new")
    content = b"order_number,customer_external_id,ordered_at,total\n1,7,2026-01-05,10\n2,7,soon,10\n"
    it.tab.get_by_label("CSV file").set_input_files({"name": "orders.csv", "mimeType": "text/csv", "buffer": content})
    it.tab.get_by_role("button", name="Start import").click()
    row = it.tab.get_by_role("row").filter(has_text="soon")
    expect(row).to_contain_text("3")
    expect(row).to_contain_text("ordered_at")
    expect(row).to_contain_text("Not a date and time")
    it.open("/customers")
    expect(it.tab.get_by_text("No customers yet")).to_be_visible()
