"""What is bought together: support, confidence and lift against an independent count in plain Python, and the bounds of the reckoning."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from commerce import services
from commerce.models import (
    CategoryPair,
    CrossSellRun,
    Order,
    OrderLine,
    Product,
    ProductCategory,
    ProductPair,
    ProductSales,
)
from commerce.services import cross_sell
from commerce.services.cross_sell import floor_of
from crm import work
from crm.actor import Actor
from crm.errors import NotAllowed
from crm.models import Activity, Business
from customers.models import Customer
from tests.factories import make_customer, make_membership

SYSTEM = Actor.system("test")
AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
YESTERDAY = date(2026, 6, 30)
FIRST_DAY = date(2025, 7, 1)
"""365 days, yesterday included."""


def _customers(business: Business, count: int, **fields: Any) -> list[Customer]:
    made = [Customer(business=business, kind="person", display_name=f"Buyer {n}", **fields) for n in range(count)]
    return list(Customer.objects.bulk_create(made))


def _products(business: Business, count: int, categories: int = 0) -> list[Product]:
    kinds = [ProductCategory.objects.create(business=business, name=f"Kind {n}") for n in range(categories)]
    return [
        Product.objects.create(business=business, code=f"P{n:03}", category=kinds[n % categories] if kinds else None)
        for n in range(count)
    ]


def _buy(
    customer: Customer, products: Sequence[Product], at: datetime = AT - timedelta(days=9), **fields: Any
) -> Order:
    business = customer.business
    values: dict[str, Any] = {
        "number": f"N{Order.objects.count()}", "status": "completed", "ordered_at": at, "currency": "GBP",
        "total": Decimal(10 * len(products)), "total_base": Decimal(10 * len(products)),
    }  # fmt: skip
    order: Order = Order.objects.create(business=business, customer=customer, **values | fields)
    OrderLine.objects.bulk_create(
        OrderLine(
            business=business, order=order, position=place, product=product, quantity=1, unit_price=Decimal(10), amount=Decimal(10)
        )
        for place, product in enumerate(products)
    )  # fmt: skip
    return order


def _compute(business: Business) -> CrossSellRun:
    return services.compute_cross_sell(actor=SYSTEM, business=business, at=AT)


def _drawn(business: Business, seed: int) -> None:
    """Orders with a taste for some products, of all kinds of status and times, around the edges of the window as well."""
    dice, zone = Random(seed), ZoneInfo(business.time_zone)
    customers = _customers(business, 60)
    _customers(business, 3, archived_at=AT)
    products = _products(business, 12, categories=4)
    first = datetime.combine(FIRST_DAY, datetime.min.time(), tzinfo=zone)
    for customer in Customer.objects.all():
        taste = dice.randrange(3)
        for _time in range(dice.randrange(5)):
            chosen = [p for n, p in enumerate(products) if dice.random() < (0.6 if n % 3 == taste else 0.1)]
            at = first + timedelta(days=dice.randrange(-3, 368), hours=dice.randrange(24))
            status = dice.choice(["completed"] * 5 + ["pending", "cancelled"])
            _buy(customer, chosen, at, status=status, is_refunded=status == "completed" and dice.random() < 0.1)
    for product in products[:3]:
        _buy(customers[0], [product], first - timedelta(seconds=1))
        _buy(customers[0], [product], first + timedelta(days=365))


def _counted(business: Business, of: str) -> dict[tuple[Any, Any], tuple[Any, ...]]:
    """(first, second) → both, followed, buyers, partner's buyers, support, confidence, lift: counted one by one."""
    zone = ZoneInfo(business.time_zone)
    baskets: dict[Any, dict[Any, date]] = defaultdict(dict)
    anybody = set()
    for line in OrderLine.objects.select_related("order__customer", "product"):
        order, day = line.order, line.order.ordered_at.astimezone(zone).date()
        counts = order.status == "completed" and not order.is_refunded and order.customer.archived_at is None
        if not counts or not FIRST_DAY <= day <= YESTERDAY or line.product is None or line.quantity <= 0:
            continue
        thing = getattr(line.product, of)
        anybody.add(order.customer_id)
        if thing is not None:
            held = baskets[order.customer_id]
            held[thing] = min(day, held.get(thing, day))
    buyers = Counter(thing for held in baskets.values() for thing in held)
    both: Counter[Any] = Counter()
    later: Counter[Any] = Counter()
    for held in baskets.values():
        for a, b in permutations(held, 2):
            both[a, b] += 1
            later[a, b] += held[b] > held[a]
    floor, everybody, found = max(5, min(20, -(-len(anybody) // 100))), len(anybody), {}
    for (a, b), count in both.items():
        confidence = count / buyers[a]
        lift = confidence / (buyers[b] / everybody)
        if count >= floor and lift > 1 + 1e-12:
            found[a, b] = (count, later[a, b], buyers[a], buyers[b], count / everybody, confidence, lift)
    return found


def _stored(model: Any, first: str) -> dict[tuple[Any, Any], tuple[Any, ...]]:
    columns = ("both", "followed", "buyers", "partner_buyers", "support", "confidence", "lift")
    return {(row[0], row[1]): row[2:] for row in model.objects.values_list(f"{first}_id", "partner_id", *columns)}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_pairs_are_what_an_independent_count_says(in_scope: Business, seed: int) -> None:
    _drawn(in_scope, seed)
    run = _compute(in_scope)
    for model, first, of in ((ProductPair, "product", "pk"), (CategoryPair, "category", "category_id")):
        expected, stored = _counted(in_scope, of), _stored(model, first)
        assert stored.keys() == expected.keys()
        for pair, measures in expected.items():
            assert stored[pair] == pytest.approx(measures), pair
    assert run.product_pairs == len(_counted(in_scope, "pk")) > 0
    assert (run.day_from, run.day_to, run.floor) == (FIRST_DAY, YESTERDAY, 5)


def test_slices_make_no_difference(in_scope: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    _drawn(in_scope, 4)
    _compute(in_scope)
    whole = _stored(ProductPair, "product")
    monkeypatch.setattr(cross_sell, "SLICE", 20)
    steps: list[str] = []
    services.compute_cross_sell(
        actor=SYSTEM, business=in_scope, at=AT, report=lambda done, total, step: steps.append(step)
    )
    assert _stored(ProductPair, "product") == whole
    assert len([step for step in steps if step.startswith("Pairs of products ")]) > 3


@pytest.mark.parametrize(
    ("customers", "floor"), [(0, 5), (1, 5), (500, 5), (501, 6), (1_999, 20), (2_000, 20), (1_000_000, 20)]
)
def test_a_pair_needs_a_hundredth_of_the_customers_within_bounds(customers: int, floor: int) -> None:
    assert floor_of(customers) == floor


def test_fewer_customers_than_the_floor_make_no_pair(in_scope: Business) -> None:
    customers = _customers(in_scope, 7)
    a, b, c = _products(in_scope, 3)
    for customer in customers[:5]:
        _buy(customer, [a, b])
    for customer in customers[:4]:
        _buy(customer, [c])
    for customer in customers[5:]:
        _buy(customer, [c])
    assert _compute(in_scope).product_pairs == 2
    assert set(_stored(ProductPair, "product")) == {(a.pk, b.pk), (b.pk, a.pk)}


def test_of_customers_with_very_many_products_those_bought_last_count(
    in_scope: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross_sell, "MOST_PRODUCTS", 2)
    customers = _customers(in_scope, 7)
    old, a, b = _products(in_scope, 3)
    for customer in customers[:6]:
        _buy(customer, [old], AT - timedelta(days=30))
        _buy(customer, [a, b])
    _buy(customers[6], [old])
    run = _compute(in_scope)
    assert (run.customer_count, run.capped_count) == (7, 6)
    assert set(_stored(ProductPair, "product")) == {(a.pk, b.pk), (b.pk, a.pk)}


def test_only_the_best_partners_are_kept(in_scope: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    _drawn(in_scope, 5)
    _compute(in_scope)
    every = _stored(ProductPair, "product")
    monkeypatch.setattr(cross_sell, "MOST_PARTNERS", 1)
    _compute(in_scope)
    kept = _stored(ProductPair, "product")
    for first, partner in kept:
        scores = {b: values[5] * values[6] for (a, b), values in every.items() if a == first}
        assert scores[partner] == max(scores.values())
    assert len(kept) == len({first for first, _partner in every})


def test_sales_are_the_sums_of_the_lines(in_scope: Business) -> None:
    one, two = _customers(in_scope, 2)
    a, b = _products(in_scope, 2)
    order = _buy(one, [a, a, b])
    _buy(two, [a], currency="EUR", total=Decimal(10), total_base=Decimal(5))
    _buy(two, [b], status="cancelled")
    _buy(two, [b], AT)
    refund = _buy(one, [b], status="refund", total=Decimal(-10), total_base=Decimal(-10), refund_of=order)
    OrderLine.objects.filter(order=refund).update(quantity=-1, amount=Decimal(-10))
    _compute(in_scope)
    found = {
        row.product_id: (row.order_count, row.buyer_count, row.quantity, row.revenue, row.average_price)
        for row in ProductSales.objects.all()
    }
    assert found == {
        a.pk: (2, 2, Decimal(3), Decimal(25), Decimal("8.3333")), b.pk: (1, 1, Decimal(0), Decimal(0), Decimal(10)),
    }  # fmt: skip


def test_without_orders_there_is_a_reckoning_of_nothing(in_scope: Business) -> None:
    run = _compute(in_scope)
    assert (run.customer_count, run.product_pairs, run.category_pairs) == (0, 0, 0)
    assert Activity.objects.filter(verb="commerce.cross_sell.computed").count() == 1


def test_a_new_reckoning_replaces_the_old_one_of_its_business_alone(
    in_scope: Business, other_business: Business
) -> None:
    a, b = _products(in_scope, 2)
    for customer in _customers(in_scope, 5):
        _buy(customer, [a, b])
    outsider = make_customer(in_scope)
    _buy(outsider, [_products_of(in_scope, "Z")])
    _compute(in_scope)
    assert ProductPair.objects.count() == 2
    services.compute_cross_sell(actor=SYSTEM, business=other_business, at=AT)
    assert ProductPair.objects.count() == 2
    Order.objects.all().delete()
    _compute(in_scope)
    assert (ProductPair.objects.count(), CrossSellRun.objects.count()) == (0, 1)


def _products_of(business: Business, code: str) -> Product:
    made: Product = Product.objects.create(business=business, code=code)
    return made


def test_the_window_follows_the_setting_of_the_business(in_scope: Business) -> None:
    in_scope.settings = {"cross_sell": {"window_days": 30}}
    in_scope.save()
    run = _compute(in_scope)
    assert (run.day_to - run.day_from).days == 29


def test_the_job_reckons_and_says_what_came_of_it(in_scope: Business) -> None:
    a, b = _products(in_scope, 2)
    for customer in _customers(in_scope, 6):
        _buy(customer, [a, b], datetime.now(UTC) - timedelta(days=3))
    _buy(make_customer(in_scope), [_products_of(in_scope, "Z")], datetime.now(UTC) - timedelta(days=3))
    job = services.ask_for_cross_sell(actor=SYSTEM, business=in_scope)
    assert job is not None
    assert services.ask_for_cross_sell(actor=SYSTEM, business=in_scope) is None
    work.run(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"customers": 7, "pairs": 2, "categories": 0})
    with pytest.raises(NotAllowed):
        services.ask_for_cross_sell(actor=Actor.for_user(make_membership(in_scope, "agent").user), business=in_scope)
