"""The sign of risk that orders give: the last one lies 90 days or more back, by the business's calendar."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from commerce.panels import dormant_risk
from commerce.queries import is_dormant
from crm.actor import Actor
from crm.models import Business
from customers.models import Customer
from tests.factories import make_business, make_customer

LONDON = ZoneInfo("Europe/London")


def customer_with(business: Business, last_order_at: datetime | None) -> Customer:
    customer = make_customer(business)
    customer.facts.last_order_at = last_order_at
    return customer


@pytest.mark.parametrize(
    ("last", "now", "dormant"),
    [
        (datetime(2026, 6, 1, 23, 59, 59, tzinfo=LONDON), datetime(2026, 8, 30, 0, 0, tzinfo=LONDON), True),
        (datetime(2026, 6, 2, 0, 0, tzinfo=LONDON), datetime(2026, 8, 30, 23, 59, 59, tzinfo=LONDON), False),
        # over the beginning of summer time: 90 calendar days that are 2,159 hours long
        (datetime(2026, 3, 1, 12, 0, tzinfo=LONDON), datetime(2026, 5, 30, 0, 0, tzinfo=LONDON), True),
        (datetime(2026, 3, 1, 0, 0, tzinfo=LONDON), datetime(2026, 5, 29, 23, 59, tzinfo=LONDON), False),
        # over its end: an hour more
        (datetime(2026, 9, 1, 0, 30, tzinfo=LONDON), datetime(2026, 11, 30, 0, 0, tzinfo=LONDON), True),
        (datetime(2026, 9, 1, 0, 30, tzinfo=LONDON), datetime(2026, 11, 29, 23, 59, tzinfo=LONDON), False),
    ],
)
def test_ninety_calendar_days_of_the_business(db: None, last: datetime, now: datetime, dormant: bool) -> None:
    business = make_business(slug="london", time_zone="Europe/London")
    assert is_dormant(customer_with(business, last), now.astimezone(UTC)) is dormant


def test_the_day_is_that_of_the_business(db: None) -> None:
    last, now = datetime(2026, 1, 1, 6, 0, tzinfo=UTC), datetime(2026, 4, 1, 6, 0, tzinfo=UTC)
    here, there = make_business(slug="utc", time_zone="UTC"), make_business(slug="la", time_zone="America/Los_Angeles")
    assert is_dormant(customer_with(here, last), now)
    assert is_dormant(customer_with(there, last), now)  # Dec 31 to Mar 31
    assert not is_dormant(customer_with(there, last.replace(hour=9)), now)  # Jan 1 to Mar 31


def test_who_never_bought_is_not_dormant(in_scope: Business, actor: Actor) -> None:
    customer = customer_with(in_scope, None)
    assert not is_dormant(customer, datetime(2030, 1, 1, tzinfo=UTC))
    assert dormant_risk(actor, customer, datetime(2030, 1, 1, tzinfo=UTC)) == ""
