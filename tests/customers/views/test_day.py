"""“My day”: says what waits, for whom, and what to do when nothing does; looking is recorded."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm import clock
from crm.models import AccessRecord, Business, Membership
from customers.models import Signal
from tests.factories import make_contact, make_customer, make_membership


def _shown(browser: Client) -> str:
    answer = browser.get("/my-day")
    assert answer.status_code == 200
    return answer.content.decode()


def test_who_has_no_customers_is_told_how_to_get_some(in_scope: Business, browser: Client) -> None:
    make_customer(in_scope, display_name="Nobody's", lifecycle_stage="churn_risk")
    shown = _shown(browser)
    assert "No customer is yours yet" in shown
    assert "Nobody&#x27;s" not in shown


def test_a_quiet_day(in_scope: Business, browser: Client, owner: Membership) -> None:
    customer = make_customer(in_scope, owner=owner.user)
    type(customer).objects.filter(pk=customer.pk).update(updated_at=clock.now() - timedelta(days=30))
    assert "Nothing waits for you" in _shown(browser)


def test_everything_that_waits_stands_in_its_box(in_scope: Business, browser: Client, owner: Membership) -> None:
    risk = make_customer(in_scope, owner=owner.user, display_name="Risky", lifecycle_stage="churn_risk")
    today = clock.today(in_scope.time_zone, clock.now())
    company = make_customer(
        in_scope, kind="company", owner=owner.user, display_name="Acme", renewal_on=today + timedelta(days=9)
    )
    make_contact(company, display_name="Dana Reyes")
    Signal.objects.create(
        business=in_scope,
        customer=company,
        kind="buying",
        text="Asks for a price",
        source="call",
        seen_on=today,
        strength=4,
    )
    shown = _shown(browser)
    for words in ("The stage is Churn risk.", "Renewal on", "Asks for a price", "Dana Reyes", "In the last 7 days"):
        assert words in shown, words
    seen = AccessRecord.unscoped.filter(what="customers:my_day").latest("id")
    assert {risk.pk, company.pk} <= set(seen.customer_ids)


def test_it_costs_the_same_however_much_waits(in_scope: Business, browser: Client, owner: Membership) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            _shown(browser)
        return len(captured)

    def more() -> None:
        company = make_customer(in_scope, kind="company", owner=owner.user, lifecycle_stage="churn_risk")
        make_contact(company)

    more()
    _shown(browser)
    one = queries()
    for _ in range(5):
        more()
    assert queries() == one
    assert one <= 15


@pytest.mark.parametrize("role", ["agent", "analyst"])
def test_each_sees_their_own(in_scope: Business, owner: Membership, sign_in: Any, role: str) -> None:
    member = make_membership(in_scope, role)
    make_customer(in_scope, owner=owner.user, display_name="The owner's", lifecycle_stage="churn_risk")
    make_customer(in_scope, owner=member.user, display_name="My own one", lifecycle_stage="churn_risk")
    shown = _shown(sign_in(member))
    assert "My own one" in shown
    assert "The owner" not in shown
