"""Taking, correcting and deleting orders: what stands afterwards, and what is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from commerce import services
from commerce.models import Order, OrderLine, OrderStatusChange, Product
from commerce.services import OrderDiffers
from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed, NotFound, StaleVersion
from crm.forms import version_of
from crm.models import Activity, Business, ExchangeRate
from customers.models import Customer, CustomerFacts
from tests.factories import make_customer, make_membership

AT = datetime(2026, 2, 1, 9, 0, tzinfo=UTC)
DAY = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


@pytest.fixture
def customer(in_scope: Business) -> Customer:
    return make_customer(in_scope, external_id="C-1")


@pytest.fixture
def take(in_scope: Business, actor: Actor) -> Any:
    def take(number: str = "1", total: str | None = "10.00", **values: Any) -> Order:
        values.setdefault("ordered_at", DAY)
        asked = {"number": number, **({"total": Decimal(total)} if total is not None else {}), **values}
        return services.create_order(actor=actor, business=in_scope, at=AT, **asked)[0]

    return take


def _facts(customer: Customer) -> tuple[Decimal, int]:
    facts = CustomerFacts.objects.get(pk=customer.pk)
    return facts.total_spent, facts.order_count


def _fault(field: str) -> Any:
    return pytest.raises(InvalidInput, check=lambda refusal: set(refusal.errors) == {field})


def test_an_order_counts_at_once_and_leaves_its_deed_and_status(take: Any, customer: Customer) -> None:
    order = take(customer=customer)
    assert _facts(customer) == (Decimal(10), 1)
    assert (order.status, order.currency, order.total_base) == ("completed", "GBP", Decimal(10))
    deed = Activity.objects.get(verb="commerce.order.created")
    assert (deed.about, deed.subject_id) == (customer.pk, str(order.pk))
    step = OrderStatusChange.objects.get()
    assert (step.before, step.after, step.at) == ("", "completed", AT)


def test_the_same_order_again_is_the_one_that_is_there(
    take: Any, customer: Customer, in_scope: Business, actor: Actor
) -> None:
    asked: dict[str, Any] = {"customer": customer, "lines": [{"product": "P", "quantity": 2, "unit_price": Decimal(5)}]}
    first = take(**asked)
    again, is_new = services.create_order(
        actor=actor, business=in_scope, at=AT, number="1", ordered_at=DAY, total=Decimal(10), **asked
    )
    assert (again.pk, is_new) == (first.pk, False)
    assert _facts(customer) == (Decimal(10), 1)
    assert Activity.objects.filter(verb__startswith="commerce.order.").count() == 1


def test_a_number_with_other_content_is_refused_with_the_difference(take: Any, customer: Customer) -> None:
    take(customer=customer)
    with pytest.raises(OrderDiffers) as refusal:
        take(customer=customer, total="12.00", channel="web")
    assert refusal.value.details["differences"] == {
        "total": (Decimal(10), Decimal(12)), "channel": ("", "web"),
    }  # fmt: skip
    assert _facts(customer) == (Decimal(10), 1)


def test_lines_make_the_total_and_their_products(take: Any, customer: Customer) -> None:
    order = take(
        customer=customer, total=None,
        lines=[
            {"product": "A", "description": "Tea", "quantity": Decimal("1.5"), "unit_price": Decimal("3.333"), "category": "Drinks"},
            {"description": "Delivery", "unit_price": Decimal(4)},
        ],
    )  # fmt: skip
    assert order.total == Decimal("9.00")
    assert list(OrderLine.objects.values_list("position", "amount")) == [(1, Decimal("5.00")), (2, Decimal(4))]
    product = Product.objects.get()
    assert (product.code, product.name, product.category and product.category.name) == ("A", "Tea", "Drinks")


def test_a_total_that_is_not_the_sum_of_the_lines_is_taken_and_flagged(take: Any, customer: Customer) -> None:
    line = {"quantity": 1, "unit_price": Decimal(9)}
    order = take(customer=customer, lines=[line])
    assert (order.total, order.flags) == (Decimal(10), ["total_differs"])


def test_an_unknown_customer_is_made_and_an_unnamed_one_stands_unidentified(take: Any) -> None:
    named = take(customer_external_id="New-7", country="France").customer
    assert (named.external_id, named.country, named.is_live, named.acquired_on) == (
        "New-7",
        "France",
        True,
        date(2026, 1, 15),
    )
    nobody = take("2").customer
    assert (nobody.is_unidentified, nobody.is_live, nobody.external_id) == (True, False, "order:2")
    assert take("3", customer_external_id="New-7").customer_id == named.pk


def test_a_refund_is_linked_takes_the_customer_and_makes_the_visit_none(take: Any, customer: Customer) -> None:
    original = take(customer=customer)
    part = take("2", "-4.00", refund_of_number="1")
    assert (part.refund_of_id, part.customer_id, part.flags) == (original.pk, customer.pk, [])
    assert _facts(customer) == (Decimal(6), 1)
    take("3", "-6.00", refund_of=original)
    assert _facts(customer) == (Decimal(0), 0)
    original.refresh_from_db()
    assert original.is_refunded


def test_refunds_never_give_back_more_than_the_order(take: Any, customer: Customer) -> None:
    take(customer=customer)
    take("2", "-7.00", refund_of_number="1")
    with _fault("total"):
        take("3", "-3.01", refund_of_number="1")
    take("4", "-3.00", refund_of_number="1")


def test_a_correction_never_leaves_less_than_was_given_back(take: Any, customer: Customer, actor: Actor) -> None:
    original = take(customer=customer)
    take("2", "-7.00", refund_of_number="1")
    for field, values in (
        ("total", {"total": Decimal("6.99")}), ("status", {"status": "refund", "total": Decimal(-1)}),
    ):  # fmt: skip
        with _fault(field):
            services.update_order(actor=actor, order=original, at=AT, **values)
    services.update_order(actor=actor, order=original, at=AT, total=Decimal(7))
    assert _facts(customer) == (Decimal(0), 0)


def test_a_refund_of_an_unknown_order_is_flagged_until_that_comes_in(take: Any, customer: Customer) -> None:
    refund = take("R", "-10.00", refund_of_number="late", customer=customer)
    assert (refund.refund_of_id, refund.flags) == (None, ["unlinked_refund"])
    original = take("late", customer=customer)
    refund.refresh_from_db()
    assert (refund.refund_of_id, refund.flags) == (original.pk, [])
    assert _facts(customer) == (Decimal(0), 0)


def test_another_currency_needs_a_rate_of_that_day_or_before(take: Any, customer: Customer, in_scope: Business) -> None:
    with _fault("currency"):
        take(customer=customer, currency="EUR")
    ExchangeRate.objects.create(business=in_scope, currency="EUR", valid_on=date(2026, 1, 15), rate=Decimal("0.8555"))
    assert take(customer=customer, currency="eur").total_base == Decimal("8.56")
    with _fault("currency"):
        take("2", customer=customer, currency="EUR", ordered_at=datetime(2026, 1, 14, 23, 59, tzinfo=UTC))
    with _fault("currency"):
        take("2", customer=customer, currency="XXX")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("status", {"status": "shipped"}),
        ("total", {"total": Decimal(-1), "status": "completed"}),
        ("total", {"total": Decimal(1), "status": "refund"}),
        ("total", {"total": None}),
        ("total", {"total": Decimal(10) ** 13}),
        ("number", {"number": " "}),
        ("ordered_at", {"ordered_at": None}),
        ("refund_of", {"refund_of_number": "1"}),
        ("lines.1.unit_price", {"lines": [{"unit_price": 1}, {"quantity": 10**8, "unit_price": 10**8}]}),
    ],
)  # fmt: skip
def test_what_is_refused_names_its_field(
    in_scope: Business, actor: Actor, customer: Customer, field: str, values: dict[str, Any]
) -> None:
    asked = {"number": "1", "ordered_at": DAY, "total": Decimal(1), "customer": customer} | values
    with _fault(field):
        services.create_order(actor=actor, business=in_scope, at=AT, **asked)
    assert not Order.objects.exists()


def test_customers_deals_and_orders_of_others_are_unknown(
    take: Any, other_business: Business, customer: Customer
) -> None:
    foreign = make_customer(other_business)
    with _fault("customer"):
        take(customer=foreign.pk)
    with _fault("opportunity"):
        take(customer=customer, opportunity=foreign.pk)
    with _fault("refund_of"):
        take("2", "-1.00", customer=customer, refund_of=foreign.pk)


def test_a_correction_moves_the_figures(take: Any, customer: Customer, in_scope: Business, actor: Actor) -> None:
    order, other = take(customer=customer), make_customer(in_scope)
    changed = services.update_order(actor=actor, order=order, at=AT, total=Decimal(12), customer=other)
    assert (_facts(customer), _facts(other)) == ((Decimal(0), 0), (Decimal(12), 1))
    assert changed.number == "1"
    services.update_order(actor=actor, order=order, at=AT, status="cancelled")
    assert _facts(other) == (Decimal(0), 0)
    assert [step.after for step in OrderStatusChange.objects.order_by("id")] == ["completed", "cancelled"]
    deed = Activity.objects.filter(verb="commerce.order.updated").order_by("id").first()
    assert deed is not None
    assert set(deed.detail.changes) == {"customer_id", "total"}


def test_a_correction_of_a_stale_version_is_refused(take: Any, customer: Customer, actor: Actor) -> None:
    order = take(customer=customer)
    version = version_of(order)
    services.update_order(actor=actor, order=order, at=AT, version=version, channel="web")
    with pytest.raises(StaleVersion):
        services.update_order(actor=actor, order=order, at=AT, version=version, channel="shop")
    with _fault("number"):
        services.update_order(actor=actor, order=order, at=AT, number="2")


def test_deleting_an_order_is_as_if_it_had_never_come(take: Any, customer: Customer, actor: Actor) -> None:
    original = take(customer=customer)
    refund = take("2", "-10.00", refund_of_number="1")
    services.delete_order(actor=actor, order=original)
    refund.refresh_from_db()
    assert (refund.refund_of_id, refund.flags) == (None, ["unlinked_refund"])
    assert _facts(customer) == (Decimal(-10), 0)
    take(customer=customer)
    services.delete_order(actor=actor, order=refund)
    assert _facts(customer) == (Decimal(10), 1)
    with pytest.raises(NotFound):
        services.delete_order(actor=actor, order=original)


def test_a_batch_has_a_result_for_each_row(in_scope: Business, actor: Actor, customer: Customer) -> None:
    rows: list[dict[str, Any]] = [
        {"number": "1", "total": Decimal(10), "ordered_at": DAY, "customer": customer},
        {"number": "1", "total": Decimal(10), "ordered_at": DAY, "customer": customer},
        {"number": "2", "total": Decimal(-1), "ordered_at": DAY, "status": "pending"},
        {"number": "3", "total": Decimal(5), "ordered_at": DAY, "customer_external_id": "C-1"},
    ]
    taken = services.take_orders(actor=actor, business=in_scope, rows=rows, at=AT)
    assert [one.status for one in taken] == ["created", "refused", "refused", "created"]
    assert [set(one.faults) for one in taken] == [set(), {"number"}, {"total"}, set()]
    assert _facts(customer) == (Decimal(15), 2)
    rows[0]["total"], rows[2:] = Decimal(11), []
    refused = services.take_orders(actor=actor, business=in_scope, rows=rows[:1], at=AT)[0]
    assert (refused.status, refused.differences) == ("refused", {"total": (Decimal(10), Decimal(11))})
    assert (
        services.take_orders(actor=actor, business=in_scope, rows=rows[:1], at=AT, replace=True)[0].status == "updated"
    )
    assert services.take_orders(actor=actor, business=in_scope, rows=rows[:1], at=AT)[0].status == "unchanged"
    assert _facts(customer) == (Decimal(16), 2)
    deed = Activity.objects.filter(verb="commerce.orders.taken").order_by("id").first()
    assert deed is not None
    assert deed.counts == {"created": 2, "updated": 0, "unchanged": 0, "refused": 2}


def test_a_batch_costs_as_many_queries_as_its_size_is_small(
    in_scope: Business, actor: Actor, customer: Customer, django_assert_max_num_queries: Any
) -> None:
    def rows(first: int, count: int) -> list[dict[str, Any]]:
        return [
            {
                "number": str(n), "total": Decimal(1), "ordered_at": DAY, "customer": customer,
                "lines": [{"product": f"P{n % 7}", "unit_price": 1}],
            }
            for n in range(first, first + count)
        ]  # fmt: skip

    with django_assert_max_num_queries(40):
        services.take_orders(actor=actor, business=in_scope, rows=rows(0, 500), at=AT)
    assert _facts(customer) == (Decimal(500), 500)


def test_who_may_not_take_orders_is_refused(in_scope: Business, customer: Customer) -> None:
    agent = Actor.for_user(make_membership(in_scope, "agent").user)
    with pytest.raises(NotAllowed):
        services.create_order(
            actor=agent, business=in_scope, at=AT, number="1", ordered_at=DAY, total=Decimal(1), customer=customer
        )
