"""Scores of recency, frequency and money: ranges of facts, so that a cell of the grid, the list behind it and the profile agree."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from commerce import services
from commerce.models import OrderPatterns
from commerce.queries.rfm import GROUPS, SCORES, Quintiles, grid_of, group_of, latest_quintiles, of_group, score_words
from crm.actor import Actor
from crm.models import Business
from customers.models import Customer, CustomerFacts
from tests.crm.api.calling import Caller, make_key
from tests.factories import make_customer, make_membership, make_order

SYSTEM = Actor.system("test")
LONDON = ZoneInfo("Europe/London")


def crowd(business: Business, count: int = 90, at: datetime | None = None) -> Quintiles:
    """Customers with figures of all kinds, many of them alike, and their quintiles."""
    now, draw = at or datetime.now(UTC), Random(3)
    Customer.objects.bulk_create(
        Customer(business=business, kind="person", display_name=f"C{n}", lifecycle_stage="active") for n in range(count)
    )
    CustomerFacts.objects.bulk_create(
        CustomerFacts(
            business=business, customer=customer, lifecycle_stage="active", order_count=orders,
            last_order_at=now - timedelta(hours=draw.randrange(1, 9_000)) if orders else None,
            total_spent=Decimal(draw.randrange(0, 40) * 10) if orders else Decimal(0),
        )
        for customer in Customer.objects.order_by("pk")
        for orders in [draw.choice([0, 1, 1, 1, 2, 2, 3, 5, 8])]
    )  # fmt: skip
    services.compute_patterns(actor=SYSTEM, business=business, at=now)
    found = latest_quintiles()
    assert found is not None
    return found


def bounds_in_python(values: list[Any]) -> list[Any]:
    """The smallest value with at least a fifth, two fifths … of all values at or below it."""
    ordered = sorted(values)
    return [ordered[-(-len(ordered) * fifth // 5) - 1] for fifth in range(1, 5)]


def test_every_pair_of_scores_is_in_one_group() -> None:
    for recency, frequency in product(SCORES, SCORES):
        assert sum(group.holds(recency, frequency) for group in GROUPS) == 1
    assert [group_of(*pair).key for pair in ((5, 5), (1, 1), (2, 4), (1, 5), (3, 3), (5, 1))] == [
        "champions", "hibernating", "at_risk", "cannot_lose", "attention", "new",
    ]  # fmt: skip


def test_bounds_and_scores_are_those_of_plain_python(in_scope: Business) -> None:
    quintiles = crowd(in_scope)
    facts = [row for row in CustomerFacts.objects.all() if row.order_count]
    days = [row.last_order_at.astimezone(LONDON).date() for row in facts if row.last_order_at]
    assert list(quintiles.recency) == bounds_in_python(days)
    assert list(quintiles.frequency) == bounds_in_python([row.order_count for row in facts])
    assert list(quintiles.monetary) == bounds_in_python([row.total_spent for row in facts])
    for measure, values in (
        ("frequency", [row.order_count for row in facts]),
        ("monetary", [row.total_spent for row in facts]),
    ):
        bounds = bounds_in_python(values)
        for row, value in zip(facts, values, strict=True):
            scores = quintiles.scores(row)
            assert scores is not None
            assert getattr(scores, measure) == 1 + sum(bound < value for bound in bounds)


def test_each_cell_and_group_is_the_list_that_it_leads_to(in_scope: Business, browser: Client) -> None:
    quintiles = crowd(in_scope)
    grid = grid_of(in_scope, quintiles)
    live = Customer.objects.live()
    by_scores: Counter[tuple[int, int]] = Counter()
    spent: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for facts in CustomerFacts.objects.all():
        scores = quintiles.scores(facts)
        if scores:
            by_scores[scores[:2]] += 1
            spent[scores[:2]] += facts.total_spent
    caller = Caller(make_key(in_scope))
    for place, cell in grid.items():
        recency, frequency = place
        assert (cell.customers, cell.spent) == (by_scores[place], spent[place])
        rows = quintiles.narrowed(
            quintiles.narrowed(live, "recency", recency, recency), "frequency", frequency, frequency
        )
        assert rows.count() == cell.customers
    place = max(grid, key=lambda key: grid[key].customers)
    asked = f"/api/v1/customers?rfm_recency={place[0]}&rfm_frequency={place[1]}&limit=1"
    assert caller.get(asked).json()["total"] == grid[place].customers
    for group in GROUPS:
        assert (
            caller.get(f"/api/v1/customers?rfm_group={group.key}&limit=1").json()["total"]
            == of_group(grid, group).customers
        )
    money = [caller.get(f"/api/v1/customers?rfm_monetary={score}&limit=1").json()["total"] for score in SCORES]
    assert sum(money) == sum(cell.customers for cell in grid.values())
    assert browser.get("/customers?rfm_group=champions").status_code == 200
    assert browser.get("/customers?rfm_recency=6").status_code == 400


def test_scores_change_at_midnight_of_the_business(in_scope: Business) -> None:
    day = date(2026, 6, 10)
    quintiles = Quintiles(LONDON, (day,) * 4, (1, 2, 3, 4), (Decimal(1),) * 4)
    before, after = datetime(2026, 6, 10, 22, 59, 59, tzinfo=UTC), datetime(2026, 6, 10, 23, 0, tzinfo=UTC)
    for moment, score in ((before, 1), (after, 5)):
        facts = CustomerFacts(order_count=1, last_order_at=moment, total_spent=Decimal(1))
        scores = quintiles.scores(facts)
        assert scores is not None
        assert scores.recency == score
    assert quintiles.scores(CustomerFacts(order_count=0)) is None


@pytest.mark.parametrize(
    ("measure", "score", "words"),
    [
        ("recency", 1, "last order up to Jan 1, 2026"),
        ("recency", 3, "last order from Jan 9, 2026 to Jan 15, 2026"),
        ("recency", 5, "last order on Jan 23, 2026 or later"),
        ("frequency", 1, "1 order"),
        ("frequency", 2, "nobody, as equal values have equal scores"),
        ("frequency", 3, "2 to 3 orders"),
        ("frequency", 4, "4 to 7 orders"),
        ("frequency", 5, "8 orders or more"),
        ("monetary", 2, "more than £10.00 and up to £20.50 spent"),
    ],
)
def test_scores_are_explained(measure: str, score: int, words: str) -> None:
    days = tuple(date(2026, 1, 1) + timedelta(days=7 * n) for n in range(4))
    money = (Decimal(10), Decimal("20.5"), Decimal(30), Decimal(40))
    assert score_words(measure, score, Quintiles(LONDON, days, (1, 1, 3, 7), money), "GBP") == words


def test_nobody_is_found_before_scores_were_computed(in_scope: Business, browser: Client) -> None:
    make_order(make_customer(in_scope))
    caller = Caller(make_key(in_scope))
    for asked in ("rfm_recency=5", "rfm_group=new", "rfm_monetary=1"):
        assert caller.get(f"/api/v1/customers?{asked}").json()["total"] == 0
    for name in ("rfm", "retention"):
        assert caller.get(f"/api/v1/reports/{name}").status_code == 404
    assert "Nothing was computed yet" in browser.get("/reports/retention").content.decode()
    OrderPatterns.objects.create(business=in_scope, computed_at=datetime.now(UTC), customer_count=0)
    assert caller.get("/api/v1/reports/rfm").status_code == 404
    assert caller.get("/api/v1/reports/retention").json()["data"] == []


def test_scores_are_not_for_those_who_see_some_customers(in_scope: Business, sign_in: Callable[..., Client]) -> None:
    now = datetime.now(UTC)
    member = make_membership(in_scope, "agent", visibility="own")
    mine = make_customer(in_scope, owner=member.user)
    make_order(mine, ordered_at=now - timedelta(days=3))
    services.compute_patterns(actor=SYSTEM, business=in_scope, at=now)
    browser = sign_in(member)
    assert browser.get("/reports/retention").status_code == 403
    assert browser.get("/customers?rfm_group=new").status_code == 400
    profile = browser.get(f"/customers/{mine.pk}/commerce").content.decode()
    assert "How they order" in profile
    assert "Recency" not in profile
    seen = sign_in(make_membership(in_scope, "agent")).get(f"/customers/{mine.pk}/commerce").content.decode()
    assert "Recency 1 of 5" in seen
    assert "Compared with all customers" in seen


def test_the_api_gives_bounds_cells_and_groups(in_scope: Business) -> None:
    quintiles = crowd(in_scope)
    answer = Caller(make_key(in_scope, "analyst")).get("/api/v1/reports/rfm").json()
    assert answer["bounds"]["frequency"] == list(quintiles.frequency)
    assert len(answer["cells"]) == 25
    live = CustomerFacts.objects.filter(order_count__gt=0).count()
    assert sum(cell["customers"] for cell in answer["cells"]) == live
    assert sum(group["customers"] for group in answer["groups"]) == live
    assert {cell["group"] for cell in answer["cells"]} == {group.key for group in GROUPS}
