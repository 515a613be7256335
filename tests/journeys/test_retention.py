"""How customers order, in a browser: a group leads to its customers; pages with figures on them are accessible and fit a phone."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import expect

from commerce import services
from commerce.models import RevenueDay
from crm import clock
from crm.actor import Actor
from crm.models import Membership
from crm.scope import scope
from tests.factories import make_customer, make_order
from tests.journeys.conftest import Visit
from tests.journeys.test_accessibility import _faults

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def orders(owner: Membership) -> None:
    """Two years of orders, one of whose customers is overdue, computed now."""
    now, draw, business = clock.now(), Random(4), owner.business
    with scope(business):
        for n in range(14):
            customer = make_customer(business, last_name=f"Buyer {n}", owner=owner.user)
            for _m in range(draw.randrange(1, 6)):
                make_order(
                    customer, f"{draw.randrange(10, 300)}.00", ordered_at=now - timedelta(days=draw.randrange(1, 760))
                )
        late = make_customer(business, last_name="Late", owner=owner.user)
        for days in (40, 50, 60):
            make_order(late, ordered_at=now - timedelta(days=days))
        assert RevenueDay.objects.exists()
        services.compute_patterns(actor=Actor.system("test"), business=business, at=now)


def test_a_cell_leads_to_its_customers(visit: Callable[..., Visit], owner: Membership, orders: None) -> None:
    it = visit()
    it.sign_in(owner)
    for path in ("/reports/retention", "/reports/order-gaps"):
        found = _faults(it, path, phone=True)
        if folder := os.environ.get("PICTURES"):
            it.tab.screenshot(path=Path(folder) / f"{path.rpartition('/')[2]}.png", full_page=True)
        assert found == []
    it.open("/reports/retention")
    row = it.tab.locator("#groups tbody tr").filter(has_text="Champions")
    count = row.locator("td").nth(2).inner_text()
    row.get_by_role("link", name="Champions").click()
    expect(it.tab.locator("main tbody tr")).to_have_count(int(count))
    it.open("/reports/order-gaps")
    it.tab.get_by_text("Jordan Late").click()
    expect(it.tab.get_by_role("heading", name="How they order")).to_be_visible()
    expect(it.tab.locator("#patterns")).to_contain_text("Orders every 10 days")
    assert _faults(it, it.tab.url.removeprefix(it.base), phone=True) == []
    if folder := os.environ.get("PICTURES"):
        it.tab.screenshot(path=Path(folder) / "profile.png", full_page=True)
