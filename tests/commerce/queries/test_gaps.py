"""Order gaps: whose order is overdue by cadence, factor and calendar; the row on the page and the rows of the list say the same."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from commerce.panels.patterns import gap_risk
from commerce.queries.gaps import cadence_words, days_late, gaps, is_overdue, not_overdue, overdue
from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import Business
from crm.services import update_business
from customers.models import Customer, CustomerFacts
from tests.crm.api.calling import Caller, make_key
from tests.factories import make_customer, make_membership, make_order

AT = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
BEGINS = datetime(2026, 6, 15, tzinfo=LONDON).astimezone(UTC)


def regular(business: Business, pace: timedelta, last: datetime, orders: int = 3, **fields: Any) -> Customer:
    """A customer who has ordered every `pace` up to `last`."""
    customer = make_customer(business, **fields)
    for n in range(orders):
        make_order(customer, ordered_at=last - n * pace)
    found: Customer = Customer.objects.select_related("facts", "business").get(pk=customer.pk)
    return found


def found(business: Business) -> set[Any]:
    return set(overdue(Customer.objects.live(), business, AT).values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("pace", "since", "expected"),
    [
        (timedelta(days=20), timedelta(days=30), False),  # exactly one and a half times
        (timedelta(days=20), timedelta(days=30, microseconds=1), True),
        (timedelta(days=20), timedelta(days=21), False),  # late, but not by enough
        (timedelta(days=20), timedelta(days=365), True),
        (timedelta(days=20), timedelta(days=365, microseconds=1), False),  # gone
        (timedelta(hours=23), timedelta(days=60), False),  # several orders a day are one occasion
        (timedelta(days=1), timedelta(days=2), True),
    ],
)
def test_overdue_is_a_gap_of_more_than_the_factor(
    in_scope: Business, pace: timedelta, since: timedelta, expected: bool
) -> None:
    customer = regular(in_scope, pace, BEGINS - since)
    assert is_overdue(customer.facts, in_scope, AT) is expected
    assert found(in_scope) == ({customer.pk} if expected else set())


def test_two_orders_make_no_habit(in_scope: Business) -> None:
    two = regular(in_scope, timedelta(days=10), BEGINS - timedelta(days=100), orders=2)
    never = make_customer(in_scope)
    assert not is_overdue(two.facts, in_scope, AT)
    assert not is_overdue(never.facts, in_scope, AT)
    assert found(in_scope) == set()


def test_refunded_orders_and_archived_customers_don_t_count(in_scope: Business) -> None:
    refunded = regular(in_scope, timedelta(days=10), BEGINS - timedelta(days=40), orders=2)
    make_order(refunded, ordered_at=BEGINS - timedelta(days=70), is_refunded=True)
    make_order(refunded, "-20.00", ordered_at=BEGINS - timedelta(days=69))
    archived = regular(in_scope, timedelta(days=10), BEGINS - timedelta(days=40))
    CustomerFacts.objects.filter(pk=archived.pk).update(is_live=False)
    Customer.objects.filter(pk=archived.pk).update(archived_at=AT)
    assert found(in_scope) == set()


def test_the_day_begins_in_the_zone_of_the_business(in_scope: Business) -> None:
    """Half past midnight in London is still the day before in UTC."""
    customer = regular(in_scope, timedelta(days=20), datetime(2026, 5, 15, 22, 30, tzinfo=UTC))
    before = datetime(2026, 6, 14, 22, 59, tzinfo=UTC)
    after = before + timedelta(minutes=1)
    assert not is_overdue(customer.facts, in_scope, before)
    assert is_overdue(customer.facts, in_scope, after)


def test_the_factor_is_a_setting_of_the_business(in_scope: Business, actor: Actor) -> None:
    regular(in_scope, timedelta(days=20), BEGINS - timedelta(days=35))
    assert len(found(in_scope)) == 1
    changed = update_business(actor=actor, business=in_scope, settings={"order_gaps": {"factor": "2.00"}})
    assert found(changed) == set()
    with pytest.raises(InvalidInput):
        update_business(actor=actor, business=in_scope, settings={"order_gaps": {"factor": "0.5"}})


def test_list_and_row_agree_on_anything(in_scope: Business) -> None:
    draw = Random(5)
    customers = [make_customer(in_scope) for _n in range(120)]
    for customer in customers:
        pace = Decimal(draw.randrange(20, 4000)) / 100
        last = BEGINS - timedelta(seconds=draw.randrange(0, 400 * 86_400))
        CustomerFacts.objects.filter(pk=customer.pk).update(
            order_count=draw.randrange(1, 6), days_between_orders=pace, last_order_at=last,
            next_order_on=last.astimezone(LONDON).date() + timedelta(days=round(pace)), average_order_value=Decimal(10),
        )  # fmt: skip
    facts = CustomerFacts.objects.all()
    expected = {row.pk for row in facts if is_overdue(row, in_scope, AT)}
    assert 10 < len(expected) < 110
    assert found(in_scope) == expected
    never = make_customer(in_scope)
    others = set(not_overdue(Customer.objects.live(), in_scope, AT).values_list("pk", flat=True))
    assert others == {customer.pk for customer in customers} - expected | {never.pk}
    summed = gaps(in_scope, AT)
    assert (summed.customers, summed.usual) == (len(expected), Decimal(10 * len(expected)))


def test_cadence_is_told_in_a_sentence(in_scope: Business) -> None:
    customer = regular(in_scope, timedelta(days=32), datetime(2026, 5, 10, 12, tzinfo=UTC))
    assert (
        cadence_words(customer.facts, in_scope, AT) == "Orders every 32 days; next expected Jun 11, 2026; 4 days late."
    )
    on_time = cadence_words(customer.facts, in_scope, AT - timedelta(days=4))
    assert on_time == "Orders every 32 days; next expected Jun 11, 2026."
    assert cadence_words(make_customer(in_scope).facts, in_scope, AT) == ""
    at_once = regular(in_scope, timedelta(minutes=5), datetime(2026, 5, 10, 12, tzinfo=UTC), orders=2)
    assert cadence_words(at_once.facts, in_scope, AT) == "So far less than a day between orders."
    assert days_late(None, AT.date()) == 0


def test_the_profile_names_the_sign_of_risk(in_scope: Business, actor: Actor) -> None:
    late = regular(in_scope, timedelta(days=10), BEGINS - timedelta(days=40))
    words = "The next order was expected on May 16, 2026, 30 days ago, as one came every 10 days."
    assert gap_risk(actor, late, AT) == words
    assert gap_risk(actor, make_customer(in_scope), AT) == ""


def test_who_sees_some_customers_is_told_of_those(in_scope: Business, sign_in: Any) -> None:
    member = make_membership(in_scope, "agent", visibility="own")
    now = datetime.now(UTC)
    mine = regular(in_scope, timedelta(days=10), now - timedelta(days=40), owner=member.user)
    other = regular(in_scope, timedelta(days=10), now - timedelta(days=50))
    browser: Client = sign_in(member)
    page = browser.get("/reports/order-gaps").content.decode()
    assert mine.display_name in page
    assert other.display_name not in page
    listed = browser.get("/customers?overdue_to_order=true&columns=days_between_orders,next_order_on").content.decode()
    assert mine.display_name in listed
    assert other.display_name not in listed
    assert mine.display_name not in browser.get("/customers?overdue_to_order=false").content.decode()


def test_the_api_lists_gaps_and_the_figures_behind_them(in_scope: Business) -> None:
    now = datetime.now(UTC)
    late = regular(in_scope, timedelta(days=10), now - timedelta(days=40))
    later = regular(in_scope, timedelta(days=20), now - timedelta(days=200))
    regular(in_scope, timedelta(days=20), now - timedelta(days=3))
    caller = Caller(make_key(in_scope, "analyst"))
    answer = caller.get("/api/v1/reports/order-gaps").json()
    assert [row["customer"] for row in answer["data"]] == [str(late.pk), str(later.pk)]
    assert answer["data"][0] | {"last_order_at": "", "next_order_on": ""} == {
        "customer": str(late.pk), "name": late.display_name, "owner": None, "last_order_at": "", "days_between_orders": "10",
        "next_order_on": "", "usual_order": "100.00", "currency": "GBP",
    }  # fmt: skip
    assert caller.get("/api/v1/reports/order-gaps?sort=next_order_on").json()["data"][0]["customer"] == str(later.pk)
    shown = caller.get(f"/api/v1/customers/{late.pk}").json()
    assert shown["days_between_orders"] == "10"
    assert shown["next_order_on"] == str(late.facts.next_order_on)
    narrowed = caller.get("/api/v1/customers?overdue_to_order=true&days_between_orders__gte=15").json()
    assert [row["id"] for row in narrowed["data"]] == [str(later.pk)]
    assert caller.get("/api/v1/customers?overdue_to_order=maybe").status_code == 400
